/** All that a screen shows of a history: as it was folded, and as the server says it at the end. */
import {
  completed,
  completedFollowed,
  completedMessage,
  completedThread,
} from '../lib/api/completed';
import type {
  ChannelSummary,
  FollowedThread,
  Message,
  Pin,
  Preferences,
  State,
  ThreadPage,
} from '../lib/api/schema';
import type { ChannelEntry } from '../lib/sync/chat-state';
import type { PlainState } from './people';

type Answers = Readonly<Record<string, unknown>>;

/** What the client shows, from its state. */
export function shownBy(state: PlainState) {
  const { followed, timelines, threads } = state;
  const active = state.profiles.filter((profile) => !profile.is_deactivated).length;
  return {
    channels: byName(state.channels.map((entry) => channelOf(entry, active))),
    pages: Object.fromEntries(
      [...timelines].map(([channel, timeline]) => [channel, timeline.messages.map(shown)]),
    ),
    threads: Object.fromEntries(
      threads.map((thread) => [
        thread.thread_id,
        { root: rootOf(thread.root?.message ?? null), replies: thread.messages.map(shown) },
      ]),
    ),
    followed: {
      unread: followed.unread,
      mentions: followed.mentions,
      unreadIn: nonZero(followed.unreadIn),
    },
    ownChoices: choicesOf(state, state.profiles),
    later: laterOf(state),
  };
}

/** The same by the server's answers at the end, of what the client has opened. */
export function seenOf(expected: Answers, state: PlainState): ReturnType<typeof shownBy> {
  const told = completed(expected['/state'] as State);
  const unread = (expected['/threads?unread=true&limit=100'] as FollowedThread[]).map(
    completedFollowed,
  );
  const page = (channel: string) =>
    (expected[`/messages/${channel}?limit=200`] as Message[]).map(completedMessage).map(shown);
  const thread = (id: number | null) => {
    const { root, replies } = completedThread(expected[`/thread/${id}?limit=200`] as ThreadPage);
    return { root: rootOf(root), replies: replies.map(shown) };
  };
  return {
    channels: byName(told.channels),
    pages: Object.fromEntries([...state.timelines.keys()].map((name) => [name, page(name)])),
    threads: Object.fromEntries(
      state.threads.map(({ thread_id }) => [thread_id, thread(thread_id)]),
    ),
    followed: {
      unread: told.threads.unread,
      mentions: told.threads.mentions,
      unreadIn: Object.fromEntries(unread.map(({ id, unread: count }) => [id, count])),
    },
    ownChoices: choicesOf(told, told.people),
    later: laterOf(told),
  };
}

/** Who pinned what, as far as the client knows it; and as the server says it of the same. */
export function pinnersOf(expected: Answers, state: PlainState) {
  const pins = state.channels.flatMap(
    ({ channel }) => expected[`/pins/${channel}`] as readonly Pin[],
  );
  const known = pins.filter(({ id }) => id in state.pinners);
  return {
    shown: known.map(({ id }) => [id, state.pinners[id]]),
    seen: known.map(({ id, pinned_by }) => [id, pinned_by]),
  };
}

/** Everybody is in a default channel: their number is not told anew whenever somebody comes. */
function channelOf(entry: ChannelEntry, active: number): ChannelSummary {
  const { isCountStale: _stale, as_of: _as_of, members_seq: _seq, ...summary } = entry;
  return summary.is_default ? { ...summary, member_count: active } : summary;
}

function byName(channels: readonly ChannelSummary[]): Record<string, ChannelSummary> {
  return Object.fromEntries(channels.map((channel) => [channel.channel, channel]));
}

function choicesOf(
  state: Pick<
    State,
    'users' | 'groups' | 'settings' | 'preferences' | 'keywords' | 'do_not_disturb'
  >,
  people: State['people'],
) {
  const { users, groups, settings, preferences, keywords, do_not_disturb } = state;
  // The event by which the recording found its end.
  const { 'the-end': _end, ...chosen } = preferences as Preferences;
  return { users, people, groups, settings, preferences: chosen, keywords, do_not_disturb };
}

function laterOf(state: Pick<State, 'saved' | 'drafts' | 'scheduled' | 'reminders'>) {
  const { saved, drafts, scheduled, reminders } = state;
  return { saved, drafts, scheduled, reminders };
}

function nonZero(counts: Readonly<Record<number, number>>): Record<string, number> {
  return Object.fromEntries(Object.entries(counts).filter(([, count]) => count > 0));
}

function rootOf(root: Message | null): Partial<Message> | null {
  return root === null ? null : shown(root);
}

/**
 * What a screen shows of a message. Of a deleted one it shows that it is gone; what happened to it
 * before is known to those who were there, and is not replayed to those who were not.
 */
function shown(message: Message): Partial<Message> {
  if (!message.deleted) return message;
  const { edited: _edited, edited_ts: _edited_ts, reactions_ts: _reactions_ts, ...rest } = message;
  return rest;
}
