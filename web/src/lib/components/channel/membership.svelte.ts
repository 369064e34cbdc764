import { untrack } from 'svelte';
import type { AppState } from '../../state/app.svelte';
import type { Chat } from '../../state/chat.svelte';
import type { ChannelEntry } from '../../sync/chat-state';

/** Who is in a channel. Of a public one that people join and leave, only the server knows. */
export class Membership {
  /** Null until the server has answered. */
  #asked = $state.raw<readonly string[] | null>(null);
  hasFailed = $state(false);
  /** People may join faster than the server answers: of the numbered questions the newest that was answered counts. */
  #questions = 0;
  #answered = 0;

  /** What the question is about: null where nothing has to be asked, new when somebody comes or goes. */
  readonly #question: string | null = $derived.by(() => {
    const { channel, members, member_count, is_default } = this.entry();
    return members === null && !is_default ? `${channel} ${member_count}` : null;
  });
  /** The usernames, sorted; empty until the server has answered. */
  readonly names: readonly string[] = $derived.by(() =>
    this.#question !== null ? (this.#asked ?? []) : this.chat.membersOf(this.entry()),
  );

  constructor(
    private readonly app: AppState,
    private readonly chat: Chat,
    private readonly entry: () => ChannelEntry,
  ) {
    let isOver = false;
    // The component: nobody looks at it any more.
    $effect(() => () => (isOver = true));
    // The server: who is in it.
    $effect(() => {
      if (this.#question === null) return;
      const { channel } = untrack(this.entry);
      const question = (this.#questions += 1);
      const isOfUse = () =>
        !isOver && question > this.#answered && this.entry().channel === channel;
      this.app.api.channels.members(channel).then(
        (others) => {
          if (!isOfUse()) return;
          this.#answered = question;
          this.#asked = [...others, this.chat.me].sort();
          this.hasFailed = false;
        },
        () => {
          if (isOfUse()) this.hasFailed = true;
        },
      );
    });
  }
}
