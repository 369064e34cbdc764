import { describe, expect, it } from 'vitest';
import type { Message } from '../api/schema';
import {
  aliceState,
  aMessage,
  at,
  aThread,
  deleted,
  edited,
  landed,
  PlainState,
  posted,
  reacted,
  replied,
} from '../../testing/people';
import { apply, applyAnswer } from './apply';
import { learnFollowed, learnFollowing } from './apply-threads';
import { takeUnread } from './take-threads';
import { takePage, takeRoot } from './timeline-fold';

const ROOT = aMessage(10, 'bob', 'Who bakes?');

function reply(id: number, sender: string, content: string, rest: Partial<Message> = {}) {
  return { ...aMessage(id, sender, content, rest), thread_id: ROOT.id };
}

/** Alice has #general open, and beside it the thread of message 10, as of seq 20. */
function aliceInThread() {
  const state = new PlainState(aliceState(), at(20));
  const timeline = state.openTimeline('general');
  takePage(timeline, [ROOT, aMessage(12, 'carol', 'hm')], 20, 100);
  const thread = state.openThread('general', ROOT.id);
  takeRoot(thread, ROOT, 20);
  takePage(thread, [reply(15, 'carol', 'not me')], 20, 100);
  return { state, timeline, thread };
}

describe('the threads that we follow', () => {
  it('are known from the first answer, so that nothing is asked about the others', () => {
    const threads = { unread: 1, mentions: 0, unread_in: { 12: 1 }, followed: [10, 12] };
    const state = new PlainState({ ...aliceState(), threads }, at(20));
    expect(state.followed.isStale).toBe(false);
    apply(state, replied({ ...reply(21, 'bob', 'elsewhere'), thread_id: 7 }, aThread(1, 21)));
    expect(state.followed).toMatchObject({ unread: 1, isStale: false });
    apply(state, replied(reply(22, 'bob', 'here'), aThread(1, 22)));
    expect(state.followed).toMatchObject({ unread: 2, unreadIn: { 10: 1, 12: 1 }, isStale: false });
    const named = { ...reply(23, 'bob', '@alice?'), mentions: ['alice'], thread_id: 7 };
    apply(state, replied(named, aThread(2, 23)));
    expect(state.followed.isStale).toBe(true);
  });

  it('are not asked for where a reply in another names everyone: who is not named follows nothing', () => {
    const threads = { unread: 0, mentions: 0, unread_in: {}, followed: [10] };
    const state = new PlainState({ ...aliceState(), threads }, at(20));
    const toAll = { ...reply(21, 'bob', '@everyone!', { mentions: ['@everyone'] }), thread_id: 7 };
    apply(state, replied(toAll, aThread(1, 21)));
    expect(state.followed).toMatchObject({ unread: 0, mentions: 0, isStale: false });
    const here = reply(22, 'bob', '@everyone!', { mentions: ['@everyone'] });
    apply(state, replied(here, aThread(1, 22)));
    expect(state.followed).toMatchObject({ unread: 1, mentions: 1, isStale: false });
  });

  it('are not in doubt where everyone is named while a page of one is on its way', () => {
    const toAll = reply(21, 'bob', '@everyone!', { mentions: ['@everyone'] });
    const state = new PlainState(aliceState(), at(20));
    learnFollowing(state, ROOT.id, false, [replied(toAll, aThread(1, 21))]);
    expect(state.followed.is[ROOT.id]).toBe(false);
    const named = reply(22, 'bob', '@alice!', { mentions: ['alice'] });
    learnFollowing(state, 12, false, [replied({ ...named, thread_id: 12 }, aThread(1, 22))]);
    expect(state.followed.is[12]).toBeUndefined();
  });

  it('are asked for where the answer cannot name them all', () => {
    const threads = { unread: 1, mentions: 0, unread_in: {}, followed: null };
    const state = new PlainState({ ...aliceState(), threads }, at(20));
    expect(state.followed.isStale).toBe(true);
  });
});

describe('a thread', () => {
  it('takes in its replies, of which the channel shows only the number', () => {
    const { state, timeline, thread } = aliceInThread();
    apply(state, replied(reply(21, 'bob', 'so I do'), aThread(2, 21)));
    expect(thread.texts).toEqual(['not me', 'so I do']);
    expect(timeline.texts).toEqual(['Who bakes?', 'hm']);
    expect(timeline.messages[0]?.thread).toEqual(aThread(2, 21));
    expect(thread.root?.message.thread).toEqual(aThread(2, 21));
    expect(state.channels[0]?.unread).toBe(0);
  });

  it('shows a reply that was sent to the channel too in both', () => {
    const { state, timeline, thread } = aliceInThread();
    const both = { ...reply(21, 'bob', 'I do'), root_thread: aThread(2, 21) };
    apply(state, posted(both));
    expect(timeline.texts).toEqual(['Who bakes?', 'hm', 'I do']);
    expect(thread.texts).toEqual(['not me', 'I do']);
    expect(timeline.messages[0]?.thread?.replies).toBe(2);
    expect(state.channels[0]?.unread).toBe(1);
  });

  it('takes in nothing of another thread or of the channel', () => {
    const { state, thread } = aliceInThread();
    apply(state, posted(aMessage(21, 'bob', 'elsewhere')));
    apply(state, replied({ ...reply(22, 'bob', 'other'), thread_id: 12 }, aThread(1, 22)));
    expect(thread.texts).toEqual(['not me']);
  });

  it('follows what happens to its root and its replies', () => {
    const { state, thread } = aliceInThread();
    apply(state, edited(21, 10, 'Who bakes today?'));
    apply(state, reacted(22, 15, 'bob', true));
    apply(state, deleted(23, 15));
    apply(state, {
      kind: 'thread_changed',
      cursor: at(23),
      data: { id: 10, channel: 'general', thread: null },
    });
    expect(thread.root?.message.content).toBe('Who bakes today?');
    expect(thread.messages[0]?.deleted).toBe(true);
  });

  it('is not changed by hearing everything twice', () => {
    const { state, timeline, thread } = aliceInThread();
    const story = [
      replied(reply(21, 'bob', 'I do'), aThread(2, 21)),
      reacted(22, 21, 'carol', true),
      reacted(23, 10, 'carol', true),
    ];
    story.forEach((event) => apply(state, event));
    const once = structuredClone([timeline.messages, thread.messages, thread.root]);
    state.cursor = at(20);
    story.forEach((event) => apply(state, event));
    expect(structuredClone([timeline.messages, thread.messages, thread.root])).toEqual(once);
  });

  it('misses nothing that passes while its page is on the way', () => {
    const state = new PlainState(aliceState(), at(20));
    const thread = state.openThread('general', ROOT.id);
    state.passed.expect(state.cursor);
    apply(state, edited(21, 10, 'Who bakes today?'));
    apply(state, replied(reply(22, 'bob', 'I do'), aThread(2, 22)));
    takeRoot(thread, ROOT, 20);
    takePage(thread, [reply(15, 'carol', 'not me')], 20, 100, state.passed.after(20)!);
    expect(thread.root?.message).toMatchObject({
      content: 'Who bakes today?',
      thread: aThread(2, 22),
    });
    expect(thread.texts).toEqual(['not me', 'I do']);
  });

  it('puts the summary of an older page right when a reply passed meanwhile', () => {
    const state = new PlainState(aliceState(), at(20));
    const timeline = state.openTimeline('general');
    takePage(timeline, [aMessage(12, 'carol', 'hm')], 20, 1);
    state.passed.expect(state.cursor);
    apply(state, replied(reply(21, 'bob', 'I do'), aThread(1, 21)));
    takePage(timeline, [ROOT], 20, 100, state.passed.after(20)!);
    expect(timeline.messages[0]?.thread).toEqual(aThread(1, 21));
  });

  it('shows our own reply from the answer to its sending, once', () => {
    const { state, timeline, thread } = aliceInThread();
    const mine = reply(21, 'alice', 'mine', { client_msg_id: 'a1' });
    applyAnswer(state, mine, { also_send_to_channel: false });
    apply(state, replied(mine, aThread(2, 21)));
    expect(thread.texts).toEqual(['not me', 'mine']);
    expect(timeline.texts).toEqual(['Who bakes?', 'hm']);
    const both = reply(22, 'alice', 'to all', { client_msg_id: 'a2' });
    applyAnswer(state, both, { also_send_to_channel: true });
    expect(timeline.texts.at(-1)).toBe('to all');
  });
});

describe('the totals of followed threads', () => {
  it('count what others reply where alice is known to follow, and nothing where not', () => {
    const { state } = aliceInThread();
    learnFollowed(state, { 10: true, 12: false });
    apply(state, replied(reply(21, 'bob', 'one'), aThread(2, 21)));
    apply(state, replied(reply(22, 'alice', 'mine'), aThread(3, 22)));
    const named = reply(23, 'bob', '@alice', { mentions: ['alice'] });
    apply(state, replied(named, aThread(4, 23)));
    const elsewhere = { ...reply(24, 'bob', 'other'), thread_id: 12 };
    apply(state, replied(elsewhere, aThread(1, 24)));
    expect(state.followed).toMatchObject({ unread: 2, mentions: 1, isStale: false });
    expect(state.followed.unreadIn).toEqual({ 10: 2 });
  });

  it('are asked for anew where events cannot tell', () => {
    const { state } = aliceInThread();
    apply(state, replied(reply(21, 'bob', 'one'), aThread(2, 21)));
    expect(state.followed).toMatchObject({ unread: 0, isStale: true });
  });

  it('are asked for once about a thread that alice does not follow, not at each reply', () => {
    const { state } = aliceInThread();
    const heard = (id: number) => apply(state, replied(reply(id, 'bob', 'and'), aThread(id, id)));
    heard(21);
    takeUnread(state, landed([], 21));
    heard(22);
    expect(state.followed).toMatchObject({ unread: 0, isStale: false, is: { 10: false } });
    // Whoever follows is told of it, and counts from then on.
    learnFollowed(state, { 10: true });
    heard(23);
    expect(state.followed).toMatchObject({ unread: 1, isStale: false });
  });

  it('stay followed though an answer was ahead of what is heard of them', () => {
    const place = { id: ROOT.id, channel: 'general' };
    for (const heard of ['thread_read', 'thread_unread'] as const) {
      const { state } = aliceInThread();
      apply(state, replied(reply(21, 'bob', 'I do'), aThread(2, 21)));
      // Read on another screen at 22, which the answer knows already.
      takeUnread(state, landed([], 30));
      expect(state.followed.is[ROOT.id]).toBe(false);
      const data = { ...place, last_read_id: 21, from_id: 21 };
      apply(state, { kind: heard, cursor: at(22), data });
      expect(state.followed.is[ROOT.id]).toBe(true);
    }
    const { state } = aliceInThread();
    apply(state, replied(reply(21, 'bob', 'I do'), aThread(2, 21)));
    takeUnread(state, landed([], 30));
    apply(state, deleted(22, 21));
    expect(state.followed.is[ROOT.id]).toBeUndefined();
  });

  it('are asked for anew where what was doubted is not there any more', () => {
    const { state } = aliceInThread();
    apply(state, replied(reply(21, 'bob', 'one'), aThread(2, 21)));
    apply(state, deleted(22, 21));
    takeUnread(state, landed([], 22));
    apply(state, replied(reply(23, 'bob', 'two'), aThread(2, 23)));
    expect(state.followed.isStale).toBe(true);
  });

  it('are asked for anew when alice reads a part or stops to follow', () => {
    const { state } = aliceInThread();
    const place = { id: 10, channel: 'general' };
    apply(state, { kind: 'thread_read', cursor: at(21), data: { ...place, last_read_id: 15 } });
    expect(state.followed.isStale).toBe(false);
    apply(state, { kind: 'thread_read', cursor: at(22), data: { ...place, last_read_id: 14 } });
    expect(state.followed.isStale).toBe(true);
    apply(state, { kind: 'thread_followed', cursor: at(23), data: { ...place, on: false } });
    expect(state.followed.is[10]).toBe(false);
  });

  it('are asked for anew when alice reads all of one whose page is not here yet', () => {
    const threads = { unread: 1, mentions: 0, unread_in: { 10: 1 }, followed: [10] };
    const state = new PlainState({ ...aliceState(), threads }, at(20));
    state.openThread('general', ROOT.id);
    const data = { id: 10, channel: 'general', last_read_id: 15 };
    apply(state, { kind: 'thread_read', cursor: at(21), data });
    expect(state.followed).toMatchObject({ unread: 1, isStale: true });
  });

  it('are asked for anew when alice marks a reply unread', () => {
    const { state } = aliceInThread();
    const data = { id: 10, channel: 'general', from_id: 15 };
    apply(state, { kind: 'thread_unread', cursor: at(21), data });
    expect(state.followed.isStale).toBe(true);
  });
});

describe('the totals of threads in which something is unread', () => {
  function aliceWaits() {
    const { state } = aliceInThread();
    const thread = { id: 10, channel: 'general', root: ROOT, unread: 1, mentions: 1 };
    takeUnread(
      state,
      landed([{ ...thread, last_read_id: null, last_reply_ts: 1 }], state.cursor.seq),
    );
    return state;
  }

  it('are asked for anew when a reply is edited or deleted, held or not', () => {
    for (const event of [edited(21, 15, 'still not me'), edited(21, 14, 'who?'), deleted(21, 15)]) {
      const state = aliceWaits();
      apply(state, event);
      expect(state.followed.isStale).toBe(true);
    }
  });

  it('are as they were when a reply is edited that did not name alice and does not now', () => {
    const { state } = aliceInThread();
    const thread = { id: 10, channel: 'general', root: ROOT, unread: 1, mentions: 0 };
    const told = [{ ...thread, last_read_id: null, last_reply_ts: 1 }];
    takeUnread(state, landed(told, state.cursor.seq));
    apply(state, edited(21, 15, 'still not me'));
    apply(state, edited(22, 14, 'who?', ['carol']));
    expect(state.followed).toMatchObject({ unread: 1, mentions: 0, isStale: false });
    apply(state, edited(23, 15, 'and you?', ['alice']));
    expect(state.followed.isStale).toBe(true);
  });

  it('are as they were when a message of the channel is edited', () => {
    const state = aliceWaits();
    apply(state, edited(21, 12, 'hm?'));
    expect(state.followed).toMatchObject({ unread: 1, mentions: 1, isStale: false });
  });

  it('are asked for anew when alice leaves the channel, where she then follows nothing', () => {
    const state = aliceWaits();
    const data = { channel: 'general', user: 'alice', by: 'alice', member_count: 1 };
    apply(state, { kind: 'member_removed', cursor: at(21), data });
    expect(state.followed).toMatchObject({ is: {}, unreadIn: {}, isStale: true });
  });

  it('count no reply that an answer ahead of the stream knew, and each that an answer behind it did not', () => {
    const { state } = aliceInThread();
    learnFollowed(state, { 10: true });
    const thread = { id: 10, channel: 'general', root: ROOT, unread: 1, mentions: 0 };
    const threads = [{ ...thread, last_read_id: null, last_reply_ts: 1 }];
    takeUnread(state, landed(threads, 21));
    apply(state, replied(reply(21, 'bob', 'one'), aThread(2, 21)));
    expect(state.followed.unread).toBe(1);
    state.passed.expect(state.cursor);
    apply(state, replied(reply(22, 'bob', 'two'), aThread(3, 22)));
    expect(state.followed.unread).toBe(2);
    takeUnread(state, { value: threads, seq: 21, passed: state.passed.after(21) });
    expect(state.followed.unread).toBe(2);
  });

  it('know a thread of which alice does not see the root', () => {
    const { state } = aliceInThread();
    const hidden = { id: 5, channel: 'general', root: null, unread: 2, mentions: 0 };
    takeUnread(state, landed([{ ...hidden, last_read_id: 1, last_reply_ts: 1 }], state.cursor.seq));
    expect(state.followed).toMatchObject({ unread: 2, unreadIn: { 5: 2 }, is: { 5: true } });
  });
});

describe('what is unread in one thread', () => {
  const place = { id: 10, channel: 'general' };

  it('is nothing once alice has read to its end, and asked for when she goes back', () => {
    const { state } = aliceInThread();
    const thread = { id: 10, channel: 'general', root: ROOT, unread: 1, mentions: 0 };
    takeUnread(
      state,
      landed([{ ...thread, last_read_id: null, last_reply_ts: 1 }], state.cursor.seq),
    );
    apply(state, replied(reply(21, 'bob', 'one'), aThread(2, 21)));
    expect(state.followed).toMatchObject({ unread: 2, unreadIn: { 10: 2 } });
    apply(state, { kind: 'thread_read', cursor: at(22), data: { ...place, last_read_id: 15 } });
    expect(state.followed).toMatchObject({ unread: 2, unreadIn: { 10: 2 }, isStale: true });
    apply(state, { kind: 'thread_read', cursor: at(23), data: { ...place, last_read_id: 21 } });
    expect(state.followed).toMatchObject({ unread: 0, unreadIn: {} });
  });
});

describe('a poll', () => {
  const poll = {
    question: 'Bread?',
    options: ['rye', 'wheat'].map((text) => ({ text, voters: [] })),
    is_multiple: false,
    closes_ts: null,
    closed_ts: null,
  };

  it('knows the last word of each voter, and its end', () => {
    const { state, timeline } = aliceInThread();
    apply(state, posted(aMessage(21, 'bob', 'Bread?', { poll })));
    const vote = (seq: number, user: string, options: number[]) => {
      const data = { id: 21, channel: 'general', user, options };
      apply(state, { kind: 'poll_voted', cursor: at(seq), data });
    };
    vote(22, 'carol', [0]);
    vote(23, 'bob', [0]);
    vote(24, 'carol', [1]);
    const voters = () => timeline.messages.at(-1)?.poll?.options.map((option) => option.voters);
    expect(voters()).toEqual([['bob'], ['carol']]);
    vote(25, 'carol', []);
    expect(voters()).toEqual([['bob'], []]);
    const end = { id: 21, channel: 'general', closed_ts: 9 };
    apply(state, { kind: 'poll_closed', cursor: at(26), data: end });
    expect(timeline.messages.at(-1)?.poll?.closed_ts).toBe(9);
  });
});
