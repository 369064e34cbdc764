import type { AppState } from '../../state/app.svelte';
import type { Chat } from '../../state/chat.svelte';
import type { ChannelEntry } from '../../sync/chat-state';

/** Who is in a channel. Of a public one that people join and leave, only the server knows. */
export class Membership {
  /** Null until the server has answered. */
  #asked = $state.raw<readonly string[] | null>(null);
  hasFailed = $state(false);

  readonly #isAsked: boolean = $derived.by(() => {
    const { members, is_default } = this.entry();
    return members === null && !is_default;
  });
  /** The usernames, sorted; empty until the server has answered. */
  readonly names: readonly string[] = $derived.by(() =>
    this.#isAsked ? (this.#asked ?? []) : this.chat.membersOf(this.entry()),
  );

  constructor(
    private readonly app: AppState,
    private readonly chat: Chat,
    private readonly entry: () => ChannelEntry,
  ) {
    // The server: asked anew whenever somebody comes or goes.
    $effect(() => {
      const { channel, member_count } = this.entry();
      if (!this.#isAsked || member_count < 0) return;
      let isOver = false;
      this.app.api.channels.members(channel).then(
        (others) => {
          if (isOver) return;
          this.#asked = [...others, this.chat.me].sort();
          this.hasFailed = false;
        },
        () => (this.hasFailed = !isOver),
      );
      return () => (isOver = true);
    });
  }
}
