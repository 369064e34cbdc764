import type { Draft, Reminder, Scheduled, State } from '../api/schema';
import type { LaterData } from '../sync/chat-state';

/** What this person keeps and puts off. */
export class LaterState implements LaterData {
  saved = $state.raw<readonly number[]>([]);
  drafts = $state.raw<readonly Draft[]>([]);
  scheduled = $state.raw<readonly Scheduled[]>([]);
  reminders = $state.raw<readonly Reminder[]>([]);
  isLaterStale = false;

  readonly #savedSet: ReadonlySet<number> = $derived(new Set(this.saved));
  /** Channels, not threads in them, in which a message was begun. */
  readonly #begun: ReadonlySet<string> = $derived(
    new Set(
      this.drafts.filter(({ thread_id }) => thread_id === null).map(({ channel }) => channel),
    ),
  );
  /** Reminders whose time has come. */
  readonly due: readonly Reminder[] = $derived(
    this.reminders.filter((reminder) => reminder.fired_ts !== null),
  );

  constructor(state: State) {
    this.saved = state.saved;
    this.drafts = state.drafts;
    this.scheduled = state.scheduled;
    this.reminders = state.reminders;
  }

  isSaved(id: number): boolean {
    return this.#savedSet.has(id);
  }

  hasDraft(channel: string): boolean {
    return this.#begun.has(channel);
  }
}
