/** What is unread in threads, asked for where events alone could not tell. */
import type { FollowedThread, ThreadsState } from '../api/schema';
import { followedFrom, sumOf } from './apply-threads';
import type { ChatState } from './chat-state';
import type { Landed } from './questions';
import { Told } from './told';

/** Takes in all threads in which something is unread. */
export function takeUnread(state: ChatState, landed: Landed<readonly FollowedThread[]>): void {
  const threads = landed.value;
  const unread_in = Object.fromEntries(threads.map(({ id, unread }) => [id, unread]));
  const unread = sumOf(threads.map((thread) => thread.unread));
  const mentions = sumOf(threads.map((thread) => thread.mentions));
  takeThreads(state, { ...landed, value: { unread, mentions, unread_in, followed: null } });
}

/**
 * The same as `GET /state` tells it. What events that passed since do not say stays stale: a reply in a thread of which it
 * is not known whether we follow it, a marker of ours that moved back or to the middle, a reply that was edited or deleted.
 */
export function takeThreads(state: ChatState, landed: Landed<ThreadsState>): void {
  const { value: threads, seq, passed } = landed;
  if (passed === null) {
    // More has passed since than was kept: totals that are a moment old are better than none, and stay to be asked for.
    const { unread, mentions } = threads;
    state.followed = { ...state.followed, unread, mentions, isStale: true };
    return;
  }
  const told = new Told(state, seq, followedFrom(state.followed, threads, seq));
  told.hear(passed);
  state.followed = told.followed;
}
