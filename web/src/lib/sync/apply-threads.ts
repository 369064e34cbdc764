/**
 * What is unread in the threads that we follow. An event says exactly what changes only where we
 * know whether we follow the thread; elsewhere the totals are marked stale and asked for again.
 */
import type { MessageDeleted, MessageEdited, ThreadEvent } from '../api/events';
import type { FollowedThread, Message, ThreadsState, ThreadTotals } from '../api/schema';
import type { ChatState, Followed } from './chat-state';
import type { Cursor } from './cursor';
import { isCounted, namesUser } from './unread';

export function applyThreadEvent(state: ChatState, event: ThreadEvent): void {
  const { id } = event.data;
  switch (event.kind) {
    case 'thread_followed':
      return learnFollowed(state, { [id]: event.data.on }, event.cursor.seq);
    case 'thread_read':
      return threadRead(state, event.data, event.cursor.seq);
    case 'thread_unread':
      // It moves our marker back or not at all: how much is unread now only the server knows.
      return learnFollowed(state, { [id]: true }, event.cursor.seq);
  }
}

/** What the first answer says: most often all that there is to know. */
export function followedAtFirst(threads: ThreadsState, { seq }: Cursor): Followed {
  const { unread, mentions, unread_in, followed } = threads;
  const isWhole = followed !== null;
  return {
    unread,
    mentions,
    unreadIn: unread_in,
    is: Object.fromEntries((followed ?? []).map((id): [number, boolean] => [id, true])),
    isWhole,
    doubted: [],
    isStale: !isWhole && unread > 0,
    as_of: seq,
  };
}

/** Whether we follow a thread; undefined when we do not know. */
function follows({ is, isWhole }: Followed, root_id: number): boolean | undefined {
  return is[root_id] ?? (isWhole ? false : undefined);
}

/** Our marker in a thread moved. Where it stands at the end of what is held, nothing is unread. */
function threadRead(
  state: ChatState,
  { id, channel, last_read_id }: { id: number; channel: string; last_read_id: number },
  seq: number,
): void {
  // Only who follows a thread has a marker in it. An answer that was ahead may have seemed to say otherwise.
  learnFollowed(state, { [id]: true });
  const { followed } = state;
  if (seq <= followed.as_of) return;
  const thread = state.asidesOf(channel).find((aside) => aside.thread_id === id);
  const isAllRead = thread !== undefined && last_read_id >= (thread.messages.at(-1)?.id ?? 0);
  const { [id]: known = 0, ...others } = followed.unreadIn;
  if (isAllRead) {
    const unread = Math.max(0, followed.unread - known);
    state.followed = { ...state.followed, unread, unreadIn: others };
  }
  askAgain(state, seq);
}

/**
 * Takes in all threads in which something is unread; with `totals`, as many of them as fit in an
 * answer. False when the answer is behind what was heard since: it lacks what was counted already.
 */
export function learnUnread(
  state: ChatState,
  threads: readonly FollowedThread[],
  { seq }: Cursor,
  totals: ThreadTotals = sumOf(threads),
): boolean {
  if (seq < state.cursor.seq) return false;
  const is = threads.map(({ id }): [number, boolean] => [id, true]);
  const unreadIn = threads.map(({ id, unread }): [number, number] => [id, unread]);
  const { is: before, isWhole, doubted } = state.followed;
  // What was replied is unread in every thread that we follow, so one that is not here is not ours.
  const areAllHere = totals.unread === sumOf(threads).unread;
  const isNot = areAllHere ? doubted.map((id): [number, boolean] => [id, before[id] ?? false]) : [];
  const { unread, mentions } = totals;
  state.followed = {
    unread,
    mentions,
    is: { ...before, ...Object.fromEntries(isNot), ...Object.fromEntries(is) },
    isWhole,
    unreadIn: Object.fromEntries(unreadIn),
    doubted: [],
    isStale: false,
    as_of: seq,
  };
  return true;
}

function sumOf(threads: readonly FollowedThread[]): ThreadTotals {
  const sum = (of: (thread: FollowedThread) => number) =>
    threads.reduce((total, thread) => total + of(thread), 0);
  return { unread: sum(({ unread }) => unread), mentions: sum(({ mentions }) => mentions) };
}

/** Takes in which threads we follow: by an event at `seq`, or from a page that is not behind. */
export function learnFollowed(
  state: ChatState,
  is: Readonly<Record<number, boolean>>,
  seq?: number,
): void {
  state.followed = { ...state.followed, is: { ...state.followed.is, ...is } };
  if (seq !== undefined) askAgain(state, seq);
}

/** A reply was posted in a thread. */
export function countReplied(state: ChatState, message: Message, seq: number): void {
  const { followed, me } = state;
  if (message.thread_id === null || !isCounted(message, me) || seq <= followed.as_of) return;
  const isNamed = namesUser(message, me);
  const isFollowed = follows(followed, message.thread_id);
  if (isFollowed === true) {
    const mentions = followed.mentions + (isNamed ? 1 : 0);
    const known = followed.unreadIn[message.thread_id] ?? 0;
    const unreadIn = { ...followed.unreadIn, [message.thread_id]: known + 1 };
    state.followed = { ...followed, unread: followed.unread + 1, mentions, unreadIn };
  } else if (isFollowed === undefined || isNamed) {
    // Who is named in a thread follows it from then on.
    state.followed = { ...followed, doubted: [...followed.doubted, message.thread_id] };
    askAgain(state, seq);
  }
}

/** Something went on in a thread of which events do not say what it does to our totals. */
export function followedChanged(state: ChatState, root_id: number, seq: number): void {
  if (follows(state.followed, root_id) !== false) askAgain(state, seq);
}

/** A message was edited or deleted, and may be an unread reply, or name us no more. */
export function replyAmended(state: ChatState, event: MessageEdited | MessageDeleted): void {
  const { id, channel } = event.data;
  const { unread, isStale, isWhole, as_of, is } = state.followed;
  if (event.kind === 'message_deleted' && !isWhole) {
    // A reply that is gone is unread nowhere, whether we follow its thread or not: neither what will be answered nor an
    // answer that was ahead of this says that we do not.
    const isKnown = event.cursor.seq > as_of ? is : onlyFollowed(is);
    state.followed = { ...state.followed, doubted: [], is: isKnown };
  }
  if (unread === 0 && !isStale) return;
  const timelines = [state.timelineOf(channel), ...state.asidesOf(channel)];
  const found = timelines.flatMap((timeline) => timeline?.messages ?? []);
  const message = found.find((one) => one.id === id);
  // What is not held may be a reply in any thread.
  if (message?.thread_id === null) return;
  if (message === undefined) return askAgain(state, event.cursor.seq);
  followedChanged(state, message.thread_id, event.cursor.seq);
}

/** With a channel we lose its threads; which of them we know were there nobody has noted. */
export function leftChannel(state: ChatState): void {
  const unknown = { is: {}, isWhole: false, unreadIn: {}, doubted: [] };
  state.followed = { ...state.followed, ...unknown, isStale: true };
}

function onlyFollowed(is: Followed['is']): Followed['is'] {
  return Object.fromEntries(Object.entries(is).filter(([, isFollowed]) => isFollowed));
}

function askAgain(state: ChatState, seq: number): void {
  if (seq > state.followed.as_of) state.followed = { ...state.followed, isStale: true };
}
