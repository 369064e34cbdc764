/** A later answer of `GET /state`, taken in where events alone could not tell. */
import type { State } from '../api/schema';
import type { ChatState } from './chat-state';
import type { Cursor } from './cursor';
import { asEntry } from './unread';

/** Whether something is to be asked for that `GET /state` answers. */
export function isStateStale(state: ChatState): boolean {
  return state.isLaterStale || state.channels.some((entry) => entry.isCountStale);
}

/**
 * Takes in what went stale. An answer may be ahead of the stream: then what it knows is not folded
 * into it again. False when it is behind, and lacks what was heard since: ask again.
 */
export function takeState(state: ChatState, fresh: State, { seq }: Cursor): boolean {
  if (seq < state.cursor.seq) return false;
  const summaries = new Map(fresh.channels.map((summary) => [summary.channel, summary]));
  state.channels = state.channels.map((entry) => {
    const summary = summaries.get(entry.channel);
    return entry.isCountStale && summary ? asEntry(summary, seq) : entry;
  });
  if (state.isLaterStale) {
    // Applying their events twice is harmless.
    state.saved = fresh.saved;
    state.drafts = fresh.drafts;
    state.scheduled = fresh.scheduled;
    state.reminders = fresh.reminders;
    state.isLaterStale = false;
  }
  return true;
}
