import { expect, it } from 'vitest';
import type { DurableEvent } from '../api/events';
import {
  aliceState,
  aMessage,
  aThread,
  at,
  deleted,
  edited,
  PlainState,
  posted,
  reacted,
  read,
  replied,
} from '../../testing/people';
import { apply } from './apply';

const GENERAL = { id: 10, channel: 'general' };

function reply(seq: number, mentions: string[] = [], thread_id = 10): DurableEvent {
  const message = { ...aMessage(seq, 'bob', 'I do', { mentions }), thread_id };
  return replied(message, aThread(1, seq));
}

/** How the lists that alice may look at have changed by what happens, in one breath. */
function changedBy(...events: readonly DurableEvent[]) {
  const threads = { unread: 0, mentions: 0, unread_in: {}, followed: [10] };
  const state = new PlainState({ ...aliceState(), threads }, at(20));
  const before = state.changed;
  for (const event of events) apply(state, event);
  return {
    mentions: state.changed.mentions > before.mentions,
    threads: state.changed.threads > before.threads,
    unread: state.channels[0]!.mentions + state.followed.unread,
  };
}

it('what names alice changes her mentions, also when she has read it in the same breath', () => {
  const named = posted(aMessage(21, 'bob', '@alice', { mentions: ['alice'] }));
  expect(changedBy(named, read(22, 'alice', 21))).toMatchObject({ mentions: true, unread: 0 });
  const toAll = posted(aMessage(21, 'bob', '@everyone', { mentions: ['@everyone'] }));
  expect(changedBy(toAll)).toMatchObject({ mentions: true, threads: false });
  expect(changedBy(reply(21, ['alice'], 7))).toMatchObject({ mentions: true });
  const others = posted(aMessage(21, 'bob', '@carol', { mentions: ['carol'] }));
  expect(changedBy(others, reacted(22, 21, 'carol', true))).toMatchObject({ mentions: false });
});

it('so does what may have named her, or was hers', () => {
  expect(changedBy(edited(21, 12, 'hm'))).toMatchObject({ mentions: true, threads: false });
  expect(changedBy(deleted(21, 12, 'alice', 'carol'))).toMatchObject({ mentions: true });
});

it('a reply changes the threads that she follows, also when she has read it in the same breath', () => {
  const data = { ...GENERAL, last_read_id: 21 };
  const threadRead: DurableEvent = { kind: 'thread_read', cursor: at(22), data };
  expect(changedBy(reply(21))).toEqual({ mentions: false, threads: true, unread: 1 });
  expect(changedBy(reply(21), threadRead)).toMatchObject({ threads: true });
  expect(changedBy(reply(21, [], 7))).toMatchObject({ threads: false });
});

it('so does whether she follows one, and what becomes of its replies', () => {
  const follow = (seq: number, on: boolean): DurableEvent => ({
    kind: 'thread_followed',
    cursor: at(seq),
    data: { ...GENERAL, id: 7, on },
  });
  expect(changedBy(follow(21, true))).toMatchObject({ threads: true });
  expect(changedBy(follow(21, true), follow(22, false))).toMatchObject({ threads: true });
  const shorter = (id: number): DurableEvent => ({
    kind: 'thread_changed',
    cursor: at(21),
    data: { ...GENERAL, id, thread: null },
  });
  expect(changedBy(shorter(10))).toMatchObject({ threads: true });
  expect(changedBy(shorter(7))).toMatchObject({ threads: false });
});

it('both are others where she is taken out of a channel', () => {
  const data = { channel: 'general', user: 'alice', by: 'bob', member_count: null };
  const removed: DurableEvent = { kind: 'member_removed', cursor: at(21), data };
  const state = new PlainState(aliceState(), at(20));
  apply(state, removed);
  expect(state.changed).toEqual({ mentions: 21, threads: 21 });
  const carol = { ...removed, data: { ...data, user: 'carol' } } as DurableEvent;
  expect(changedBy(carol)).toMatchObject({ mentions: false, threads: false });
});
