import type { AppState } from '../../state/app.svelte';
import type { Chat } from '../../state/chat.svelte';
import type { ChannelEntry } from '../../sync/chat-state';
import { AskedList } from '../views/asked-list.svelte';

/** Who is in a channel. Of a public one that people join and leave, only the server knows. */
export class Membership {
  readonly #isAsked: boolean = $derived.by(() => {
    const { members, is_default } = this.entry();
    return members === null && !is_default;
  });
  /** The others. Each answer names all of them: while thousands join, it is asked for one at a time, and seldom. */
  readonly #others: AskedList<string>;
  /** The usernames, sorted; empty until the server has answered. */
  readonly names: readonly string[] = $derived.by(() => {
    if (!this.#isAsked) return this.chat.membersOf(this.entry());
    const others = this.#others.items;
    return others === null ? [] : [...others, this.chat.me].sort();
  });

  constructor(
    app: AppState,
    private readonly chat: Chat,
    private readonly entry: () => ChannelEntry,
  ) {
    this.#others = new AskedList<string>({
      of: () => (this.#isAsked ? this.entry().channel : ''),
      version: () => this.entry().members_seq,
      // Where it is known, there is nothing to be asked.
      load: async () => (this.#isAsked ? app.api.channels.members(this.entry().channel) : []),
      more: () => undefined,
      page_max: () => Infinity,
      keyOf: (name) => name,
      random: Math.random,
    });
  }

  /** Why who is in it is not known, or only as of a while ago. */
  get failure(): string | null {
    return this.#others.failure;
  }

  /** Asks again for what could not be had. */
  retry(): void {
    this.#others.retry();
  }
}
