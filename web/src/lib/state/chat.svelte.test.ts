import { afterEach, beforeEach, expect, it, vi } from 'vitest';
import type { DurableEvent } from '../api/events';
import type { State } from '../api/schema';
import { apply } from '../sync/apply';
import { heldMarkers, takeMarkers } from '../sync/read-markers';
import { takePage, trim } from '../sync/timeline-fold';
import {
  aliceState,
  aMessage,
  aProfile,
  at,
  deleted,
  edited,
  PlainState,
  posted,
  reacted,
  read,
} from '../../testing/people';
import { Chat } from './chat.svelte';

beforeEach(() => void vi.useFakeTimers());
afterEach(() => void vi.useRealTimers());

const STORY: readonly DurableEvent[] = [
  posted(aMessage(21, 'bob', 'hi @alice', { mentions: ['alice'] })),
  edited(22, 21, 'hi'),
  posted(aMessage(23, 'carol', 'morning')),
  reacted(24, 12, 'carol', true),
  deleted(25, 12),
  read(26, 'alice', 21),
];

it('shows with runes what the fold makes of plain objects', () => {
  const page = [aMessage(10, 'bob', 'one'), aMessage(12, 'bob', 'two')];
  const chat = new Chat(aliceState(), at(20), { echoes: [] });
  const plain = new PlainState(aliceState(), at(20));
  const timeline = chat.addTimeline('general');
  takePage(timeline, page, 20, 100);
  takePage(plain.openTimeline('general'), page, 20, 100);
  for (const event of STORY) {
    apply(chat, event);
    apply(plain, event);
  }
  expect(timeline.messages).toEqual(plain.timelineOf('general')?.messages);
  expect(chat.channels).toEqual(plain.channels);
  expect(chat.channelList.unread).toBe(1);
});

it('hides the count of what is being read before its event is here', () => {
  const chat = new Chat(aliceState(), at(20), { echoes: [] });
  apply(chat, posted(aMessage(21, 'bob', 'hi')));
  chat.marks.ask('general', 21);
  expect(chat.channelList.unread).toBe(0);
  apply(chat, posted(aMessage(22, 'bob', 'there')));
  expect(chat.channelList.unread).toBe(2);
});

it('counts nothing of a channel that was closed until something new is said there', () => {
  const chat = new Chat(aliceState(), at(20), { echoes: [] });
  apply(chat, posted(aMessage(21, 'bob', 'hi')));
  const closed = { channel: 'general', on: true };
  apply(chat, { kind: 'direct_hidden', cursor: at(22), data: closed });
  expect(chat.channelList.unread).toBe(0);
  apply(chat, posted(aMessage(23, 'bob', 'there')));
  expect(chat.channelList.unread).toBe(2);
});

it('lets typing expire, but not while bob goes on', () => {
  const chat = new Chat(aliceState(), at(20), { echoes: [] });
  const bobTypes = { kind: 'typing', data: { channel: 'general', user: 'bob' } } as const;
  apply(chat, bobTypes);
  vi.advanceTimersByTime(4_000);
  apply(chat, bobTypes);
  vi.advanceTimersByTime(4_000);
  expect(chat.people.typingIn('general')).toEqual(['bob']);
  vi.advanceTimersByTime(1_000);
  expect(chat.people.typingIn('general')).toEqual([]);
});

it('knows who has read a message by the time of their marker', () => {
  const chat = new Chat(aliceState(), at(20), { echoes: [] });
  const timeline = chat.addTimeline('general');
  const mine = aMessage(21, 'alice', 'mine');
  takePage(timeline, [mine], 21, 100);
  const bob = { last_read_id: 21, last_read_ts: mine.ts };
  const carol = { last_read_id: 20, last_read_ts: mine.ts - 1 };
  apply(chat, { kind: 'read_markers', data: { channel: 'general', markers: { bob, carol } } });
  expect(timeline.readersOf(mine)).toEqual(['bob']);
});

it('counts a crowd without us, and names the few of whom it was told', () => {
  const chat = new Chat(aliceState(), at(20), { echoes: [] });
  const timeline = chat.addTimeline('general');
  const [first, second, third] = [21, 25, 29].map((id) => aMessage(id, 'alice', `${id}`));
  if (!first || !second || !third) throw new Error('there are three');
  takePage(timeline, [first, second, third], 29, 100);
  const dora = { last_read_id: 21, last_read_ts: first.ts };
  apply(chat, { kind: 'read_markers', data: { channel: 'general', markers: { dora } } });
  expect(timeline.countReadersOf(first, null)).toBe(1);

  const bob = { last_read_id: 25, last_read_ts: second.ts };
  const counts = { 22: 900, 27: 60 };
  apply(chat, { kind: 'read_markers', data: { channel: 'general', markers: { bob }, counts } });
  const count = (last_read_id: number | null) =>
    [first, second, third].map((message) => timeline.countReadersOf(message, last_read_id));
  expect(count(null)).toEqual([900, 60, 0]);
  expect(count(22)).toEqual([899, 60, 0]);
  expect(count(29)).toEqual([899, 59, 0]);
  expect(timeline.readersOf(first)).toEqual(['bob']);

  // Somebody marked it unread: what comes is the whole.
  const carol = { last_read_id: 22, last_read_ts: first.ts };
  const fewer = { 22: 900 };
  apply(chat, {
    kind: 'read_markers',
    data: { channel: 'general', markers: { carol }, counts: fewer },
  });
  expect(count(null)).toEqual([900, 0, 0]);
  expect(timeline.readersOf(second)).toEqual([]);
});

it('takes an answer about a crowd unless the stream has told of it meanwhile', () => {
  const chat = new Chat(aliceState(), at(20), { echoes: [] });
  const timeline = chat.addTimeline('general');
  takeMarkers(timeline, { markers: {}, counts: { 21: 70 } }, heldMarkers(timeline));
  expect(timeline.readCounts).toEqual({ 21: 70 });
  const before = heldMarkers(timeline);
  const data = { channel: 'general', markers: {}, counts: { 21: 71 } };
  apply(chat, { kind: 'read_markers', data });
  takeMarkers(timeline, { markers: {}, counts: { 21: 70 } }, before);
  expect(timeline.readCounts).toEqual({ 21: 71 });
  // It is no crowd any more.
  const bob = { last_read_id: 21, last_read_ts: 5 };
  takeMarkers(timeline, { markers: { bob } }, heldMarkers(timeline));
  expect(timeline.readCounts).toBeNull();
  expect(timeline.markers).toEqual({ bob });
});

it('lets go of old messages of a channel left, and loads them again by the same rules', () => {
  const chat = new Chat(aliceState(), at(20), { echoes: [] });
  const timeline = chat.addTimeline('general');
  const page = [10, 11, 12, 13].map((id) => aMessage(id, 'bob', `${id}`));
  takePage(timeline, page, 20, 100);
  trim(timeline, 2);
  expect(timeline.messages.map((message) => message.id)).toEqual([12, 13]);
  expect(timeline.hasOlder).toBe(true);
  apply(chat, edited(21, 11, 'edited while away'));
  takePage(
    timeline,
    [aMessage(10, 'bob', '10'), aMessage(11, 'bob', 'edited while away')],
    21,
    100,
  );
  expect(timeline.messages.map((message) => message.content)).toEqual([
    '10',
    'edited while away',
    '12',
    '13',
  ]);
});

it('offers to delete what others said where alice looks after the channel', () => {
  const admin = { ...aliceState(), people: [aProfile('alice', { is_admin: true })] };
  const hers = { channel: 'general', sender: 'bob' };
  const may = (state: State, message = hers) =>
    new Chat(state, at(20), { echoes: [] }).mayModerate(message);
  expect(may(admin)).toBe(true);
  expect(may(aliceState())).toBe(false);
  expect(may({ ...admin, moderation: false })).toBe(false);
  expect(may(admin, { ...hers, sender: 'alice' })).toBe(false);
  expect(may(admin, { ...hers, channel: 'dm:alice:bob' })).toBe(false);
});
