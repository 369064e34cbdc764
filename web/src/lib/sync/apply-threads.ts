/**
 * What is unread in the threads that we follow. An event says exactly what changes only where we
 * know whether we follow the thread; elsewhere the totals are marked stale and asked for again.
 */
import type { DurableEvent, MessageDeleted, MessageEdited, ThreadEvent } from '../api/events';
import type { Message, ThreadsState } from '../api/schema';
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
      state.unreadTold(id);
      // It moves our marker back or not at all: how much is unread now only the server knows.
      return learnFollowed(state, { [id]: true }, event.cursor.seq);
  }
}

/** What the first answer says: most often all that there is to know. */
export function followedAtFirst(threads: ThreadsState, { seq }: Cursor): Followed {
  const { unread, unread_in, followed } = threads;
  const nothing = { unread: 0, mentions: 0, unreadIn: {}, is: {}, doubted: {}, as_of: 0 };
  const told = followedFrom({ ...nothing, isWhole: false, isStale: true }, threads, seq);
  // A server that does not say in which of them.
  const isStale = followed === null && sumOf(Object.values(unread_in)) !== unread;
  return { ...told, isStale };
}

/** Whether we follow a thread; undefined when we do not know. */
export function follows({ is, isWhole }: Followed, root_id: number): boolean | undefined {
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
  const thread = state.asidesOf(channel).find((aside) => aside.thread_id === id);
  const newest_id = thread?.spans.length ? (thread.messages.at(-1)?.id ?? 0) : Infinity;
  const isAll = last_read_id >= newest_id;
  state.readTold(id, last_read_id, isAll);
  if (seq <= followed.as_of) return;
  const known = unreadIn(followed, id);
  if (!isAll || known === null) return askAgain(state, seq);
  const { [id]: _read, ...others } = followed.unreadIn;
  // An old answer may say less than what is known of the single threads.
  const unread = Math.max(0, followed.unread - known);
  // What names us is unread somewhere.
  const mentions = Math.min(followed.mentions, unread);
  state.followed = { ...followed, unread, mentions, unreadIn: others };
  if (mentions > 0) askAgain(state, seq);
}

/** How many replies in a thread are unread; null where events have not told it. */
export function unreadIn(followed: Followed, root_id: number): number | null {
  if (follows(followed, root_id) === false) return 0;
  const known = followed.unreadIn[root_id] ?? 0;
  if (known > 0) return known;
  const areAllKnown = sumOf(Object.values(followed.unreadIn)) === followed.unread;
  return followed.isStale || !areAllKnown ? null : 0;
}

/** What is unread in threads and which of them we follow, as an answer for `seq` tells it. */
export function followedFrom(before: Followed, threads: ThreadsState, seq: number): Followed {
  const { unread, mentions, unread_in, followed } = threads;
  const told = { unread, mentions, unreadIn: unread_in, doubted: {}, isStale: false, as_of: seq };
  const named = followed ?? Object.keys(unread_in);
  const is = Object.fromEntries(named.map((id): [number, boolean] => [Number(id), true]));
  if (followed !== null) return { ...told, is, isWhole: true };
  // What was replied until then is unread in every thread that we follow, so one that is not here is not ours.
  const areAllHere = sumOf(Object.values(unread_in)) === unread;
  const doubted = Object.entries(before.doubted).map(([id]) => Number(id));
  const judged = doubted.filter((id) => areAllHere && (before.doubted[id] ?? seq) <= seq);
  const isNot = judged.map((id): [number, boolean] => [id, before.is[id] ?? false]);
  const known = { ...before.is, ...Object.fromEntries(isNot), ...is };
  return { ...told, is: known, isWhole: before.isWhole };
}

export function sumOf(counts: readonly number[]): number {
  return counts.reduce((total, count) => total + count, 0);
}

/** Takes in which threads we follow: by an event at `seq`, or from a page. */
export function learnFollowed(
  state: ChatState,
  is: Readonly<Record<number, boolean>>,
  seq?: number,
): void {
  state.followed = { ...state.followed, is: { ...state.followed.is, ...is } };
  if (seq !== undefined) askAgain(state, seq);
}

/** Takes in from a page of a thread whether we follow it, unless what has passed since said something of it. */
export function learnFollowing(
  state: ChatState,
  root_id: number,
  isFollowed: boolean,
  passed: readonly DurableEvent[],
): void {
  const isNews = (event: DurableEvent) => saysWhoFollows(event, root_id, state.me);
  if (!passed.some(isNews)) learnFollowed(state, { [root_id]: isFollowed });
}

function saysWhoFollows(event: DurableEvent, root_id: number, me: string): boolean {
  switch (event.kind) {
    case 'thread_followed':
    case 'thread_read':
    case 'thread_unread':
      return event.data.id === root_id;
    case 'message_posted':
    case 'thread_replied':
      return event.data.thread_id === root_id && makesFollow(event.data, me);
    case 'member_removed':
      return event.data.user === me;
    default:
      return false;
  }
}

/** Who is named in a thread follows it from then on; who is only meant with everyone does not. */
function makesFollow({ mentions }: Pick<Message, 'mentions'>, me: string): boolean {
  return mentions.includes(me);
}

/** A reply was posted in a thread. */
export function countReplied(state: ChatState, message: Message, seq: number): void {
  const { followed, me } = state;
  if (message.thread_id === null || !isCounted(message, me) || seq <= followed.as_of) return;
  const isFollowed = follows(followed, message.thread_id);
  if (isFollowed === true) {
    const mentions = followed.mentions + (namesUser(message, me) ? 1 : 0);
    const known = followed.unreadIn[message.thread_id] ?? 0;
    const unreadIn = { ...followed.unreadIn, [message.thread_id]: known + 1 };
    state.followed = { ...followed, unread: followed.unread + 1, mentions, unreadIn };
  } else if (isFollowed === undefined || makesFollow(message, me)) {
    // The first of them is enough to know by.
    const doubted = { [message.thread_id]: seq, ...followed.doubted };
    state.followed = { ...followed, doubted };
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
  const { unread, mentions, isStale, isWhole, as_of, is } = state.followed;
  if (event.kind === 'message_deleted' && !isWhole) {
    // A reply that is gone is unread nowhere, whether we follow its thread or not: neither what will be answered nor an
    // answer that was ahead of this says that we do not.
    const isKnown = event.cursor.seq > as_of ? is : onlyFollowed(is);
    state.followed = { ...state.followed, doubted: {}, is: isKnown };
  }
  if (unread === 0 && !isStale) return;
  // An edit leaves as many unread, and takes a mention only from where there is one.
  const isEdit = event.kind === 'message_edited';
  if (isEdit && !isStale && mentions === 0 && !namesUser(event.data, state.me)) return;
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
  const unknown = { is: {}, isWhole: false, unreadIn: {}, doubted: {} };
  state.followed = { ...state.followed, ...unknown, isStale: true };
}

function onlyFollowed(is: Followed['is']): Followed['is'] {
  return Object.fromEntries(Object.entries(is).filter(([, isFollowed]) => isFollowed));
}

function askAgain(state: ChatState, seq: number): void {
  if (seq > state.followed.as_of) state.followed = { ...state.followed, isStale: true };
}
