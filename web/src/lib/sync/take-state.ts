/** A later answer of `GET /state`, taken in where events alone could not tell. */
import type { State } from '../api/schema';
import { followedFrom } from './apply-threads';
import type { ChannelEntry, ChatState } from './chat-state';
import type { Landed } from './questions';
import { Told } from './told';

/** Whether something is to be asked for that `GET /state` answers. */
export function isStateStale(state: ChatState): boolean {
  return state.isLaterStale || state.channels.some((entry) => entry.isCountStale);
}

/** The channels that are to be asked for. */
export function staleIn(state: ChatState): ReadonlySet<string> {
  const stale = state.channels.filter((entry) => entry.isCountStale);
  return new Set(stale.map(({ channel }) => channel));
}

/**
 * Takes in what went stale, and leaves the rest as it is. An answer may be ahead of the stream: then what it knows is not
 * folded into it again. What events that passed since do not say stays stale: how much is unread after our marker was
 * moved among messages that are not held, or after one of these was deleted; what is shown to us of a channel into which we
 * came, or of what we keep. A channel that was stale when it was asked for and is not named is not ours any more: it may have
 * been taken in by the answer to our joining it, after the event by which somebody removed us.
 */
export function takeState(
  state: ChatState,
  { value, seq, passed }: Landed<State>,
  asked: ReadonlySet<string> = new Set(),
): void {
  const told = Told.of(state, value, seq, followedFrom(state.followed, value.threads, seq));
  if (passed === null) return takeOld(state, told);
  told.hear(passed);
  const entries = new Map(told.channels.map((entry) => [entry.channel, entry]));
  state.channels = state.channels.map((entry) =>
    entry.isCountStale ? (entries.get(entry.channel) ?? entry) : entry,
  );
  const isGone = ({ channel, isCountStale }: ChannelEntry) =>
    isCountStale && asked.has(channel) && !entries.has(channel);
  const gone = state.channels.filter(isGone);
  if (gone.length > 0) state.channels = state.channels.filter((entry) => !isGone(entry));
  for (const { channel } of gone) state.dropTimelines(channel);
  if (state.isLaterStale) {
    // Of an answer that is ahead events will repeat a part, which is harmless.
    state.saved = told.saved;
    state.drafts = told.drafts;
    state.scheduled = told.scheduled;
    state.reminders = told.reminders;
    state.isLaterStale = told.isLaterStale;
  }
  // One question for all of it, where the answer names all threads that we follow.
  if (state.followed.isStale && value.threads.followed !== null) state.followed = told.followed;
}

/** More has passed since than was kept: counts that are a moment old are better than none, and stay to be asked for. */
function takeOld(state: ChatState, told: Told): void {
  const entries = new Map(told.channels.map((entry) => [entry.channel, entry]));
  const counted = (entry: ChannelEntry): ChannelEntry => {
    const { unread, mentions } = entries.get(entry.channel) ?? entry;
    return { ...entry, unread, mentions };
  };
  state.channels = state.channels.map((entry) => (entry.isCountStale ? counted(entry) : entry));
}
