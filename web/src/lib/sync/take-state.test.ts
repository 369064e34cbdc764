import { describe, expect, it } from 'vitest';
import type { DurableEvent } from '../api/events';
import type { ChannelSummary, State } from '../api/schema';
import {
  aChannel,
  aliceState,
  aMessage,
  aPrivateChannel,
  at,
  PlainState,
  posted,
} from '../../testing/people';
import { apply } from './apply';
import { isStateStale, takeState } from './take-state';
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
    expect(takeState(state, stateWith({ unread: 2, pins: [10] }), at(22))).toBe(true);
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

  it('is not taken when it is behind what was heard since', () => {
    const { state, lunch } = aliceJoined();
    apply(state, soup(22));
    expect(takeState(state, stateWith({ unread: 0 }), at(21))).toBe(false);
    expect(lunch()).toMatchObject({ unread: 1, isCountStale: true });
  });

  it('ahead of the stream counts nothing twice and undoes nothing', () => {
    const { state, lunch } = aliceJoined();
    takeState(state, stateWith({ unread: 1, newest_id: 23, topic: 'Soup' }), at(23));
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
    takeState(state, aliceState(), at(21));
    expect([state.saved, state.drafts]).toEqual([[], []]);
    expect(isStateStale(state)).toBe(false);
  });

  it('is asked for when she comes back', () => {
    const { state } = aliceJoined();
    takeState(state, stateWith({}, { saved: [12], drafts: [draft] }), at(21));
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
