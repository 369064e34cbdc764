import { flushSync } from 'svelte';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { markSeen } from '../components/timeline/mark-seen.svelte';
import { TimelineView } from '../components/timeline/view.svelte';
import { AppWindow } from '../../testing/app-window';
import { aliceState, aMessage, aThread } from '../../testing/people';
import type { Timeline } from './timeline.svelte';

vi.mock('../sync/relay-worker?sharedworker', () => ({ default: class {} }));

const GENERAL = '/mark_read/general';
const THREAD = '/thread/10/read';

let page: AppWindow;
let leave: () => void;
beforeEach(() => {
  vi.useFakeTimers();
  leave = () => {};
  page = new AppWindow();
  const threads = { unread: 0, mentions: 0, unread_in: {}, followed: [10] };
  page.state = { ...aliceState(10), threads };
  page.answers.set('/messages/general', [aMessage(10, 'bob', 'Who bakes?')]);
  page.answers.set('/read_markers/general', { markers: {} });
  const root = aMessage(10, 'bob', 'Who bakes?');
  const rest = { following: true, last_read_id: 10, unread: 0 };
  page.answers.set('/thread/10', { id: 10, root, replies: [], ...rest });
});
afterEach(() => {
  leave();
  page.close();
  vi.useRealTimers();
});

/** Alice looks at the newest there is in #general, or in a thread of it. */
async function aliceLooks(root_id: number | null = null) {
  await page.settle();
  const { app } = page;
  const chat = app.chat!;
  app.open('general');
  let timeline: Timeline = chat.timelineOf('general')!;
  if (root_id !== null) timeline = app.openThread('general', root_id)!;
  await page.settle();
  const view = new TimelineView(chat, () => timeline, app.pages, app.toasts);
  const entry = () => chat.channelList.find('general')!;
  leave = $effect.root(() => markSeen({ app, chat, view, timeline: () => timeline, entry }));
  flushSync();
  return { app, chat };
}

async function hear(kind: string, data: object): Promise<void> {
  page.say(kind, data);
  await page.settle(60);
  flushSync();
}
const post = () => hear('message_posted', aMessage(page.seq + 1, 'bob', 'hi'));
const reply = (mentions: string[] = []) => {
  const id = page.seq + 1;
  const message = { ...aMessage(id, 'bob', 'I do', { mentions }), thread_id: 10 };
  return hear('thread_replied', { ...message, root_thread: aThread(1, id) });
};
const readUpTo = (last_read_id: number) =>
  hear('channel_read', { channel: 'general', user: 'alice', last_read_id, last_read_ts: 1 });
const threadRead = (last_read_id: number) =>
  hear('thread_read', { id: 10, channel: 'general', last_read_id });
const pass = async (ms: number) => {
  await page.settle(ms);
  flushSync();
};

describe('what alice marks as unread on her phone', () => {
  it('is unread here too, and stays so when the stream comes back', async () => {
    const { app, chat } = await aliceLooks();
    leave();
    await post();
    app.markRead('general', 21);
    await readUpTo(21);
    expect(chat.channelList.unread).toBe(0);
    await readUpTo(20);
    expect(chat.channelList.unread).toBe(1);
    await page.stumble();
    await pass(60_000);
    expect(page.askedFor(GENERAL)).toEqual([{ message_id: 21 }]);
  });

  it('is not read by being on this screen, until she has read it there', async () => {
    const { chat } = await aliceLooks();
    await post();
    expect(page.askedFor(GENERAL)).toHaveLength(1);
    await readUpTo(21);
    await readUpTo(20);
    await post();
    await pass(5_000);
    expect(page.askedFor(GENERAL)).toHaveLength(1);
    expect(chat.channelList.unread).toBe(2);
    await readUpTo(23);
    await readUpTo(24);
    await post();
    expect(page.askedFor(GENERAL)).toHaveLength(2);
  });

  it('is read when she comes to the channel anew', async () => {
    const { app } = await aliceLooks();
    await post();
    await readUpTo(21);
    await readUpTo(20);
    await pass(5_000);
    expect(page.askedFor(GENERAL)).toHaveLength(1);
    app.leave();
    app.open('general');
    await pass(0);
    expect(page.askedFor(GENERAL)).toHaveLength(2);
  });

  it('is not read by being in a thread that is open here', async () => {
    await aliceLooks(10);
    await reply();
    await threadRead(21);
    await hear('thread_unread', { id: 10, channel: 'general', from_id: 21 });
    await reply();
    await pass(5_000);
    expect(page.askedFor(THREAD)).toEqual([{ message_id: 21 }]);
  });
});

describe('a mark whose request is lost', () => {
  it('is said again until it is told, more and more seldom', async () => {
    const { chat } = await aliceLooks();
    page.answers.set(GENERAL, 503);
    await post();
    await pass(2_000);
    expect(page.askedFor(GENERAL).length).toBeGreaterThan(1);
    for (let second = 0; second < 300; second += 1) await pass(1_000);
    expect(page.askedFor(GENERAL).length).toBeGreaterThan(15);
    expect(page.askedFor(GENERAL).length).toBeLessThan(50);
    await readUpTo(21);
    const { length } = page.askedFor(GENERAL);
    await pass(60_000);
    expect(page.askedFor(GENERAL)).toHaveLength(length);
    expect(chat.channelList.unread).toBe(0);
  });

  it('is said again although something new came that she has not seen', async () => {
    await aliceLooks();
    page.answers.set(GENERAL, 503);
    await post();
    leave();
    page.answers.delete(GENERAL);
    await post();
    await pass(20_000);
    const marks = page.askedFor(GENERAL);
    expect(marks.length).toBeGreaterThan(1);
    expect(marks.at(-1)).toEqual({ message_id: 21 });
  });

  it('is said again in a thread, and soon when the stream is back', async () => {
    await aliceLooks(10);
    page.answers.set(THREAD, 503);
    await reply();
    for (let second = 0; second < 60; second += 1) await pass(1_000);
    expect(page.askedFor(THREAD).length).toBeGreaterThan(3);
    const { length } = page.askedFor(THREAD);
    await page.stumble();
    await pass(1_000);
    expect(page.askedFor(THREAD)).toHaveLength(length + 1);
    await threadRead(21);
    await page.stumble();
    await pass(60_000);
    expect(page.askedFor(THREAD)).toHaveLength(length + 1);
  });

  it('is not said again where it was refused', async () => {
    await aliceLooks();
    page.answers.set(GENERAL, 404);
    await post();
    await pass(60_000);
    expect(page.askedFor(GENERAL)).toHaveLength(1);
  });
});

describe('a thread in which much is said', () => {
  it('is marked once a second, and the last reply in the end', async () => {
    await aliceLooks(10);
    for (let count = 0; count < 30; count += 1) await reply();
    await pass(1_000);
    const marks = page.askedFor(THREAD);
    expect(marks.length).toBeGreaterThan(1);
    expect(marks.length).toBeLessThanOrEqual(4);
    expect(marks.at(-1)).toEqual({ message_id: 50 });
  });

  it('is not asked for when she has read it', async () => {
    const { chat } = await aliceLooks(10);
    await reply();
    expect(chat.followed.unread).toBe(1);
    await threadRead(21);
    expect(chat.followed).toMatchObject({ unread: 0, unreadIn: {}, isStale: false });
    await reply(['alice']);
    await threadRead(23);
    expect(chat.followed).toMatchObject({ unread: 0, mentions: 0, isStale: false });
  });

  it('is not marked by somebody who does not follow it', async () => {
    const root = aMessage(10, 'bob', 'Who bakes?');
    const rest = { following: false, last_read_id: null, unread: 0 };
    page.answers.set('/thread/10', { id: 10, root, replies: [], ...rest });
    const threads = { unread: 0, mentions: 0, unread_in: {}, followed: [] };
    page.state = { ...page.state, threads };
    const { chat } = await aliceLooks(10);
    await reply();
    expect(chat.threadOf(10)?.newestId).toBe(21);
    expect(page.askedFor(THREAD)).toEqual([]);
    await hear('thread_followed', { id: 10, channel: 'general', on: true });
    await reply();
    await pass(1_000);
    expect(page.askedFor(THREAD).at(-1)).toEqual({ message_id: 23 });
  });
});
