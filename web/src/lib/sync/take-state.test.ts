import { describe, expect, it } from 'vitest';
import type { DurableEvent } from '../api/events';
import type { ChannelSummary, State } from '../api/schema';
import {
  aChannel,
  aliceState,
  aMessage,
  aPrivateChannel,
  at,
  landed,
  PlainState,
  posted,
} from '../../testing/people';
import { apply } from './apply';
import { isStateStale, staleIn, takeState } from './take-state';
import { freshEntry } from './unread';

const LUNCH = aChannel('lunch', { id: 9, is_default: false, owner: 'bob' });

/** Alice's state, with another channel in it. */
function stateWith(summary: Partial<ChannelSummary>, rest: Partial<State> = {}): State {
  const state = aliceState();
  return { ...state, ...rest, channels: [...state.channels, { ...freshEntry(LUNCH), ...summary }] };
}

function joined(seq: number): DurableEvent {
  const data = { channel: LUNCH, users: ['alice'], by: 'alice' };
  return { kind: 'members_added', cursor: at(seq), data };
}

function soup(seq: number): DurableEvent {
  return posted(aMessage(seq, 'bob', 'soup?', { channel: 'lunch' }));
}

function aliceJoined() {
  const state = new PlainState(aliceState(), at(20));
  apply(state, joined(21));
  return { state, lunch: () => state.channels.find((entry) => entry.channel === 'lunch') };
}

describe('a later answer', () => {
  it('says what is unread where alice has come, and leaves the rest as it is', () => {
    const { state, lunch } = aliceJoined();
    apply(state, posted(aMessage(22, 'bob', 'hi')));
    expect(isStateStale(state)).toBe(true);
    takeState(state, landed(stateWith({ unread: 2, pins: [10] }), 22));
    expect(lunch()).toMatchObject({ unread: 2, pins: [10], isCountStale: false });
    expect(state.channels[0]?.unread).toBe(1);
    expect(isStateStale(state)).toBe(false);
  });

  it('is asked for although alice has read to the end meanwhile', () => {
    const { state, lunch } = aliceJoined();
    apply(state, soup(22));
    const read = { channel: 'lunch', user: 'alice', last_read_id: 22, last_read_ts: 1 };
    apply(state, { kind: 'channel_read', cursor: at(23), data: read });
    expect(lunch()?.unread).toBe(0);
    expect(isStateStale(state)).toBe(true);
  });

  it('that is behind knows what passed while it was on its way', () => {
    const { state, lunch } = aliceJoined();
    state.passed.expect(state.cursor);
    apply(state, soup(22));
    apply(state, {
      kind: 'channel_changed',
      cursor: at(23),
      data: { channel: 'lunch', topic: 'Soup' },
    });
    takeState(state, { value: stateWith({ unread: 0 }), seq: 21, passed: state.passed.after(21) });
    expect(lunch()).toMatchObject({ unread: 1, topic: 'Soup', newest_id: 22, isCountStale: false });
  });

  it('is taken for what it is worth where more has passed than is kept, and asked for again', () => {
    const { state, lunch } = aliceJoined();
    const topic = { channel: 'lunch', topic: 'Soup' };
    apply(state, { kind: 'channel_changed', cursor: at(22), data: topic });
    takeState(state, { value: stateWith({ unread: 3 }, { saved: [12] }), seq: 21, passed: null });
    expect(lunch()).toMatchObject({ unread: 3, topic: 'Soup', isCountStale: true });
    expect(isStateStale(state)).toBe(true);
  });

  it('says again which threads alice follows, when she has left a channel', () => {
    const state = new PlainState(aliceState(), at(20));
    const left = { channel: 'lunch', user: 'alice', by: 'alice', member_count: 1 };
    apply(state, { kind: 'member_removed', cursor: at(21), data: left });
    expect(state.followed.isStale).toBe(true);
    const threads = { unread: 2, mentions: 0, unread_in: { 10: 2 }, followed: [10, 12] };
    takeState(state, landed(stateWith({}, { threads }), 21));
    expect(state.followed).toMatchObject({ unread: 2, isWhole: true, isStale: false });
    expect(state.followed.is).toEqual({ 10: true, 12: true });
  });

  it('takes away a channel that it does not name, unless alice has come there since it was asked for', () => {
    const { state, lunch } = aliceJoined();
    const timeline = state.openTimeline('lunch');
    takeState(state, landed(aliceState(), 21));
    expect(lunch()).toMatchObject({ isCountStale: true });
    expect(state.timelineOf('lunch')).toBe(timeline);
    takeState(state, { value: aliceState(), seq: 21, passed: null }, staleIn(state));
    expect(lunch()).toBeDefined();
    takeState(state, landed(aliceState(), 21), staleIn(state));
    expect(lunch()).toBeUndefined();
    expect(state.timelineOf('lunch')).toBeUndefined();
    expect(isStateStale(state)).toBe(false);
  });

  it('ahead of the stream counts nothing twice and undoes nothing', () => {
    const { state, lunch } = aliceJoined();
    takeState(state, landed(stateWith({ unread: 1, newest_id: 23, topic: 'Soup' }), 23));
    const topic = { channel: 'lunch', topic: 'Bread' };
    apply(state, { kind: 'channel_changed', cursor: at(22), data: topic });
    apply(state, soup(23));
    expect(lunch()).toMatchObject({ unread: 1, topic: 'Soup' });
    apply(state, soup(24));
    expect(lunch()?.unread).toBe(2);
  });
});

describe('what alice keeps and puts off', () => {
  const draft = { channel: 'lunch', thread_id: null, text: 'I thi', ts: 1 };

  it('is asked for when she leaves a channel, of which she is shown nothing any more', () => {
    const state = new PlainState(stateWith({}, { saved: [12], drafts: [draft] }), at(20));
    const left = { channel: 'lunch', user: 'alice', by: 'alice', member_count: 1 };
    apply(state, { kind: 'member_removed', cursor: at(21), data: left });
    expect(isStateStale(state)).toBe(true);
    takeState(state, landed(aliceState(), 21));
    expect([state.saved, state.drafts]).toEqual([[], []]);
    expect(isStateStale(state)).toBe(false);
  });

  it('is asked for when she comes back', () => {
    const { state } = aliceJoined();
    takeState(state, landed(stateWith({}, { saved: [12], drafts: [draft] }), 21));
    expect([state.saved, state.drafts]).toEqual([[12], [draft]]);
  });

  it('stays when bob comes and goes', () => {
    const state = new PlainState(aliceState(), at(20));
    const channel = aPrivateChannel('private:7', ['alice', 'bob']);
    const users = { channel, users: ['bob'], by: 'alice' };
    apply(state, { kind: 'members_added', cursor: at(21), data: users });
    expect(isStateStale(state)).toBe(false);
  });
});
