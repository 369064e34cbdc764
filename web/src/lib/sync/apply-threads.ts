/**
 * What is unread in the threads that we follow. An event says exactly what changes only where we
 * know whether we follow the thread; elsewhere the totals are marked stale and asked for again.
 */
import type { ThreadEvent } from '../api/events';
import type { FollowedThread, Message, ThreadTotals } from '../api/schema';
import type { ChatState } from './chat-state';
import { isCounted, namesUser } from './unread';

export function applyThreadEvent(state: ChatState, event: ThreadEvent): void {
  const { id } = event.data;
  switch (event.kind) {
    case 'thread_followed':
      return learnFollowed(state, { [id]: event.data.on }, true);
    case 'thread_read':
      return threadRead(state, event.data);
    case 'thread_unread':
      // It moves our marker back or not at all: how much is unread now only the server knows.
      return followedChanged(state, id);
  }
}

/** Our marker in a thread moved. Where it stands at the end of what is held, nothing is unread. */
function threadRead(
  state: ChatState,
  { id, channel, last_read_id }: { id: number; channel: string; last_read_id: number },
): void {
  const { followed } = state;
  const thread = state.asidesOf(channel).find((aside) => aside.thread_id === id);
  const isAllRead = thread !== undefined && last_read_id >= (thread.messages.at(-1)?.id ?? 0);
  const { [id]: known = 0, ...others } = followed.unreadIn;
  state.followed = isAllRead
    ? {
        ...followed,
        unread: Math.max(0, followed.unread - known),
        unreadIn: others,
        isStale: true,
      }
    : { ...followed, isStale: true };
}

/** Takes in the totals, and all threads in which something is unread. */
export function learnUnread(
  state: ChatState,
  totals: ThreadTotals,
  threads: readonly FollowedThread[],
): void {
  const is = threads.map(({ root }): [number, boolean] => [root.id, true]);
  const unreadIn = threads.map(({ root, unread }): [number, number] => [root.id, unread]);
  state.followed = {
    ...totals,
    is: { ...state.followed.is, ...Object.fromEntries(is) },
    unreadIn: Object.fromEntries(unreadIn),
    isStale: false,
  };
}

/** Takes in which threads we follow: from a page, a list, or our own wish. */
export function learnFollowed(
  state: ChatState,
  is: Readonly<Record<number, boolean>>,
  isStale = false,
): void {
  const { followed } = state;
  state.followed = {
    ...followed,
    is: { ...followed.is, ...is },
    isStale: followed.isStale || isStale,
  };
}

/** A reply was posted in a thread. */
export function countReplied(state: ChatState, message: Message): void {
  const { followed, me } = state;
  if (message.thread_id === null || !isCounted(message, me)) return;
  const isNamed = namesUser(message, me);
  const isFollowed = followed.is[message.thread_id];
  if (isFollowed === true) {
    const mentions = followed.mentions + (isNamed ? 1 : 0);
    const known = followed.unreadIn[message.thread_id] ?? 0;
    const unreadIn = { ...followed.unreadIn, [message.thread_id]: known + 1 };
    state.followed = { ...followed, unread: followed.unread + 1, mentions, unreadIn };
  } else if (isFollowed === undefined || isNamed) {
    // Who is named in a thread follows it from then on.
    state.followed = { ...followed, isStale: true };
  }
}

/** Something went on in a thread of which events do not say what it does to our totals. */
export function followedChanged(state: ChatState, root_id: number): void {
  const { followed } = state;
  if (followed.is[root_id] !== false) state.followed = { ...followed, isStale: true };
}
