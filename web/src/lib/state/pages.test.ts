import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import type { ApiClient } from '../api/client';
import type { DurableEvent } from '../api/events';
import { apply } from '../sync/apply';
import { PASSED_EVENTS_MAX } from '../sync/questions';
import { aliceState, aMessage, at, aThread, edited, posted, replied } from '../../testing/people';
import { Chat } from './chat.svelte';
import { Pages } from './pages';

beforeEach(() => void vi.useFakeTimers());
afterEach(() => void vi.useRealTimers());

/** Alice's screen at 20, and a server that says `meanwhile` between each question and its answer. */
function aliceOnABusyServer(meanwhile: () => readonly DurableEvent[]) {
  const chat = new Chat(aliceState(), at(20), { echoes: [] });
  let asked = 0;
  const answer = async <T>(value: T) => {
    asked += 1;
    const cursor = at(20);
    for (const event of meanwhile()) apply(chat, event);
    return { value, cursor };
  };
  const root = aMessage(10, 'bob', 'Who bakes?');
  const thread = { id: 10, root, replies: [], following: false, last_read_id: null, unread: 0 };
  const api = {
    messages: {
      newest: () => answer([aMessage(10, 'bob', 'one'), aMessage(12, 'bob', 'two')]),
      around: () => answer([aMessage(10, 'bob', 'one'), aMessage(12, 'bob', 'two')]),
      find: () => answer(aMessage(3, 'bob', 'long ago')),
    },
    threads: { newest: () => answer(thread) },
  };
  let opened = 'general';
  const leave = () => (opened = '');
  const pages = new Pages(api as unknown as ApiClient, {
    isShown: () => true,
    isOpen: (channel) => channel === opened,
    onotherhistory: () => {},
  });
  return { chat, pages, leave, asked: () => asked };
}

describe('on a server where something always happens meanwhile', () => {
  it('a page is asked for once, and knows it', async () => {
    const { chat, pages, asked } = aliceOnABusyServer(() => [
      edited(21, 12, 'two (now)'),
      posted(aMessage(22, 'bob', 'three')),
    ]);
    const timeline = chat.addTimeline('general');
    await pages.loadNewest(chat, timeline);
    expect(timeline.messages.map(({ content }) => content)).toEqual(['one', 'two (now)', 'three']);
    expect(asked()).toBe(1);
  });

  it('so are the surroundings of a message, which nobody sees before', async () => {
    const { chat, pages } = aliceOnABusyServer(() => [edited(21, 12, 'two (now)')]);
    expect(await pages.openContext(chat, 'general', 12)).toBe(true);
    expect(chat.contextOf('general')?.find(12)?.content).toBe('two (now)');
  });

  it('they are of no use when alice has left the channel by then', async () => {
    const { chat, pages, leave } = aliceOnABusyServer(() => []);
    const arriving = pages.openContext(chat, 'general', 12);
    leave();
    expect(await arriving).toBe(true);
    expect(chat.contextOf('general')).toBeUndefined();
  });

  it('so is a quote', async () => {
    const { chat, pages, asked } = aliceOnABusyServer(() => [edited(21, 3, 'longer ago')]);
    const timeline = chat.addTimeline('general');
    await pages.loadQuoted(chat, timeline, 3);
    expect(timeline.quoted[3]?.content).toBe('longer ago');
    expect(asked()).toBe(1);
  });

  it('so is a thread, and whether alice follows it', async () => {
    const reply = { ...aMessage(21, 'bob', 'I do'), thread_id: 10 };
    const { chat, pages } = aliceOnABusyServer(() => [replied(reply, aThread(1, 21))]);
    const thread = chat.addThread('general', 10);
    await pages.loadNewest(chat, thread);
    expect(thread.messages.map(({ content }) => content)).toEqual(['I do']);
    expect(thread.root?.message.thread?.replies).toBe(1);
    expect(chat.followed.is[10]).toBe(false);
  });

  it('what she says of following it meanwhile is newer', async () => {
    const data = { id: 10, channel: 'general', on: true };
    const followed: DurableEvent = { kind: 'thread_followed', cursor: at(21), data };
    const { chat, pages } = aliceOnABusyServer(() => [followed]);
    await pages.loadNewest(chat, chat.addThread('general', 10));
    expect(chat.followed.is[10]).toBe(true);
  });
});

it('says so where more happens than can be kept', async () => {
  let seq = 20;
  const { chat, pages, asked } = aliceOnABusyServer(() =>
    Array.from({ length: PASSED_EVENTS_MAX }, () => posted(aMessage((seq += 1), 'bob', 'hi'))),
  );
  const timeline = chat.addTimeline('general');
  const loading = pages.loadNewest(chat, timeline);
  await vi.runAllTimersAsync();
  await loading;
  expect(asked()).toBe(3);
  expect([timeline.isLoaded, timeline.isLoadingPage]).toEqual([false, false]);
  expect(timeline.failure).toContain('too slow');
});
