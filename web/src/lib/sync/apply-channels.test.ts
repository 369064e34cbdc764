import { describe, expect, it } from 'vitest';
import type { DurableEvent } from '../api/events';
import {
  aChannel,
  aliceState,
  aMessage,
  aPrivateChannel,
  at,
  deleted,
  PlainState,
  posted,
} from '../../testing/people';
import { apply } from './apply';
import { takePage } from './timeline-fold';

function alice() {
  return new PlainState(aliceState(), at(20));
}

function find(state: PlainState, channel: string) {
  return state.channels.find((entry) => entry.channel === channel);
}

function added(seq: number, members: readonly string[], users: string[]): DurableEvent {
  const channel = aPrivateChannel('private:7', members);
  return { kind: 'members_added', cursor: at(seq), data: { channel, users, by: 'bob' } };
}

function removed(seq: number, user: string, member_count: number): DurableEvent {
  const data = { channel: 'private:7', user, by: user, member_count };
  return { kind: 'member_removed', cursor: at(seq), data };
}

function pinned(seq: number, id: number, on: boolean): DurableEvent {
  const data = { id, channel: 'general', user: 'bob', on, pinned_ts: seq };
  return { kind: 'message_pinned', cursor: at(seq), data };
}

describe('membership', () => {
  it('gives alice the channel to which bob adds her, with counts to be asked for', () => {
    const state = alice();
    apply(state, added(21, ['alice', 'bob'], ['alice']));
    expect(find(state, 'private:7')).toMatchObject({ owner: 'alice', isCountStale: true });
    apply(state, added(22, ['alice', 'bob', 'carol'], ['carol']));
    expect(find(state, 'private:7')?.members).toEqual(['alice', 'bob', 'carol']);
  });

  it('shows alice no channel to which others are added', () => {
    const state = alice();
    apply(state, added(21, ['bob', 'carol'], ['carol']));
    expect(find(state, 'private:7')).toBeUndefined();
  });

  it('asks what alice has not read when a replay brings her a channel that she owns by now', () => {
    const state = alice();
    const channel = aPrivateChannel('private:7', ['alice', 'bob']);
    apply(state, { kind: 'channel_created', cursor: at(21), data: channel });
    expect(find(state, 'private:7')?.isCountStale).toBe(false);
    apply(state, added(22, ['alice', 'bob'], ['alice']));
    expect(find(state, 'private:7')?.isCountStale).toBe(true);
  });

  it('takes everything of a channel away when alice is removed, and only bob when he is', () => {
    const state = alice();
    apply(state, added(21, ['alice', 'bob'], ['alice', 'bob']));
    takePage(state.openTimeline('private:7'), [], 21, 100);
    state.openThread('private:7', 15);
    apply(state, removed(22, 'bob', 1));
    expect(find(state, 'private:7')).toMatchObject({ members: ['alice'], member_count: 1 });
    apply(state, removed(23, 'alice', 0));
    expect(find(state, 'private:7')).toBeUndefined();
    expect(state.timelineOf('private:7')).toBeUndefined();
    expect(state.asidesOf('private:7')).toEqual([]);
  });

  it('shows a new public channel only to whom it belongs or to everybody', () => {
    const state = alice();
    const made = (seq: number, rest: object): DurableEvent => {
      const data = { ...aChannel(`c${seq}`, { is_default: false, ...rest }), by: 'bob' };
      return { kind: 'channel_created', cursor: at(seq), data };
    };
    apply(state, made(21, { owner: 'bob' }));
    apply(state, made(22, { owner: 'alice' }));
    apply(state, made(23, { is_default: true }));
    expect(state.channels.map((entry) => entry.channel)).toEqual(['general', 'c22', 'c23']);
  });
});

describe('what a channel says of itself', () => {
  it('follows its topic, its archiving and its posters, and is not changed by hearing it twice', () => {
    const state = alice();
    const changes = [{ topic: 'Bread' }, { archived_ts: 5 }, { posters: ['bob'] }];
    const tell = () =>
      changes.forEach((change, place) => {
        const data = { channel: 'general', ...change };
        apply(state, { kind: 'channel_changed', cursor: at(21 + place), data });
      });
    tell();
    const once = state.channels;
    state.cursor = at(20);
    tell();
    expect(state.channels).toEqual(once);
    expect(find(state, 'general')).toMatchObject({
      topic: 'Bread',
      archived_ts: 5,
      posters: ['bob'],
      name: 'General',
    });
  });

  it('keeps its pins, the newest first, and lets a deleted message go', () => {
    const state = alice();
    for (const id of [10, 12, 10]) apply(state, pinned(state.cursor.seq + 1, id, true));
    expect(find(state, 'general')?.pins).toEqual([10, 12]);
    apply(state, pinned(24, 12, false));
    expect(find(state, 'general')?.pins).toEqual([10]);
    apply(state, deleted(25, 10));
    expect(find(state, 'general')?.pins).toEqual([]);
  });

  it('has a level of its own for alice', () => {
    const state = alice();
    const data = { channel: 'general', level: 'none', muted: true } as const;
    apply(state, { kind: 'notifications_changed', cursor: at(21), data });
    expect(find(state, 'general')).toMatchObject({ level: 'none', muted: true });
  });

  it('comes back when somebody writes in a conversation that alice closed', () => {
    const state = alice();
    const data = { channel: 'general', on: true };
    apply(state, { kind: 'direct_hidden', cursor: at(21), data });
    expect(find(state, 'general')?.is_hidden).toBe(true);
    apply(state, posted(aMessage(22, 'bob', 'still there?')));
    expect(find(state, 'general')?.is_hidden).toBe(false);
  });

  it('never counts a notice as unread, though a message beside it is', () => {
    const state = alice();
    apply(state, posted(aMessage(21, 'system', 'bob left.', { content_type: 'system' })));
    expect(find(state, 'general')).toMatchObject({ unread: 0, newest_id: 21 });
    apply(state, posted(aMessage(22, 'bob', 'hi')));
    expect(find(state, 'general')?.unread).toBe(1);
  });
});

describe('a direct channel that somebody opened', () => {
  const opened = (by: string): DurableEvent => {
    const direct = { ...aChannel('dm:alice:bob'), kind: 'direct' as const, is_default: false };
    const data = { ...direct, members: ['alice', 'bob'], by };
    return { kind: 'channel_created', cursor: at(21), data };
  };

  it('is listed for who opened it', () => {
    const state = alice();
    apply(state, opened('alice'));
    expect(find(state, 'dm:alice:bob')).toMatchObject({ is_hidden: false });
  });

  it('is hidden from the others until something is said', () => {
    const state = alice();
    apply(state, opened('bob'));
    expect(find(state, 'dm:alice:bob')).toMatchObject({ is_hidden: true });
    apply(state, posted({ ...aMessage(22, 'bob', 'hello'), channel: 'dm:alice:bob' }));
    expect(find(state, 'dm:alice:bob')).toMatchObject({ is_hidden: false });
  });
});
