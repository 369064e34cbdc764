import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import type { Channel, Presence } from '../api/schema';
import { AppWindow } from '../../testing/app-window';
import { aChannel, anAccount } from '../../testing/people';

vi.mock('../sync/relay-worker?sharedworker', () => ({ default: class {} }));

let page: AppWindow;
beforeEach(() => {
  vi.useFakeTimers();
  page = new AppWindow();
});
afterEach(() => {
  page.close();
  vi.restoreAllMocks();
  vi.useRealTimers();
});

/** Alice's screen, on which something waits for her. */
async function aliceIsAsked() {
  await page.settle();
  const { app } = page;
  app.toasts.say('Bake!', 'news', { isLasting: true, actions: [{ label: 'Done', run: () => {} }] });
  app.ahead.text = 'between us';
  return { app, waits: () => app.toasts.list.length > 0 || app.ahead.text !== '' };
}
const bobsState = () => ({ ...page.state, me: anAccount('bob') });

describe('what waits for alice', () => {
  it('stays while she does, also when her screen is read anew', async () => {
    const { app } = await aliceIsAsked();
    const { chat } = app;
    page.signal('resync', {});
    await page.settle(10_000);
    expect(app.chat).not.toBe(chat);
    expect([app.toasts.list.length, app.ahead.text]).toEqual([1, 'between us']);
  });

  it('is not there for who comes after she has logged out', async () => {
    const { app, waits } = await aliceIsAsked();
    await app.signOut();
    expect(page.app.router.route.screen).toBe('login');
    expect(waits()).toBe(false);
  });

  it('is not there when the server has ended her session', async () => {
    const { app, waits } = await aliceIsAsked();
    page.answers.set('/pins/general', 401);
    await app.api.channels.pins('general').catch(() => {});
    expect(waits()).toBe(false);
  });

  it('is not there for bob, who has logged in in another window', async () => {
    const { app, waits } = await aliceIsAsked();
    page.state = bobsState();
    localStorage.setItem('minimost-account', 'bob');
    window.dispatchEvent(Object.assign(new Event('storage'), { key: 'minimost-account' }));
    await page.settle();
    expect(app.chat?.me).toBe('bob');
    expect(waits()).toBe(false);
  });

  it('is not there for bob, as whom the screen is read anew', async () => {
    const { app, waits } = await aliceIsAsked();
    page.state = bobsState();
    page.signal('resync', {});
    await page.settle(10_000);
    expect(app.chat?.me).toBe('bob');
    expect(waits()).toBe(false);
  });

  it('is not done for bob: a channel that she was entering', async () => {
    const { app } = await aliceIsAsked();
    let answer = (_channel: Channel) => {};
    const entering = app.enter(new Promise<Channel>((resolve) => (answer = resolve)));
    page.state = bobsState();
    page.signal('resync', {});
    await page.settle(10_000);
    app.ahead.text = 'by bob';
    answer(aChannel('garden', { id: 9, is_default: false }));
    await entering;
    expect(app.chat?.channelList.find('garden')).toBeUndefined();
    expect(app.drafts.of('garden').text).toBe('');
    expect(app.ahead.isOpening).toBe(false);
  });
});

it('asks who has read how far when the stream is back: what it told meanwhile is not repeated', async () => {
  page.answers.set('/messages/general', []);
  page.answers.set('/read_markers/general', { markers: {} });
  await page.settle();
  const { app } = page;
  app.open('general');
  await page.settle(10_000);
  expect(page.askedFor('/read_markers/general')).toHaveLength(1);
  const bob = { last_read_id: 21, last_read_ts: 1 };
  page.answers.set('/read_markers/general', { markers: { bob } });
  await page.stumble();
  await page.settle(10_000);
  expect(page.askedFor('/read_markers/general')).toHaveLength(2);
  expect(app.chat?.timelineOf('general')?.markers).toEqual({ bob });
  app.leave();
  await page.stumble();
  await page.settle(10_000);
  expect(page.askedFor('/read_markers/general')).toHaveLength(2);
});

it('asks who has read how far when a crowd is none any more', async () => {
  page.answers.set('/messages/general', []);
  page.answers.set('/read_markers/general', { markers: {}, counts: { 21: 50 } });
  await page.settle();
  const { app } = page;
  app.open('general');
  await page.settle(10_000);
  const asked = () => page.askedFor('/read_markers/general').length;
  page.signal('read_markers', { channel: 'general', markers: {}, counts: { 21: 51 } });
  await page.settle(10_000);
  expect([asked(), app.chat?.timelineOf('general')?.readCounts]).toEqual([1, { 21: 51 }]);
  const bob = { last_read_id: 21, last_read_ts: 1 };
  const carol = { last_read_id: 21, last_read_ts: 2 };
  page.answers.set('/read_markers/general', { markers: { bob, carol } });
  for (let times = 0; times < 5; times += 1) {
    page.signal('read_markers', { channel: 'general', markers: { bob } });
  }
  await page.settle(10_000);
  expect(asked()).toBe(2);
  expect(app.chat?.timelineOf('general')).toMatchObject({ markers: { bob, carol } });
  expect(app.chat?.timelineOf('general')?.readCounts).toBeNull();
});

it('forgets a draft that was sent elsewhere while the state was read anew, and not what is written here', async () => {
  page.state = {
    ...page.state,
    drafts: [{ channel: 'general', thread_id: null, text: 'Go', ts: 1 }],
  };
  await page.settle();
  const { drafts } = page.app;
  expect(drafts.of('general').text).toBe('Go');
  page.state = { ...page.state, drafts: [] };
  vi.spyOn(Math, 'random').mockReturnValue(1);
  page.signal('resync', {});
  await page.settle(1_500);
  drafts.of('lunch').text = 'Soup';
  await page.settle(10_000);
  expect([drafts.of('general').text, drafts.of('lunch').text]).toEqual(['', 'Soup']);
});

describe('how alice appears, which she has chosen elsewhere', () => {
  const asked = () => page.askedFor('/presence/override').length;
  const told = async (users: Record<string, Presence>, whole = false) => {
    page.signal('presence', { users, whole });
    await page.settle(60);
  };
  const calm = () => page.settle(2_000);

  it('is shown here when others see it', async () => {
    await page.settle();
    const { session } = page.app.chat!;
    await told({ alice: 'active' });
    page.answers.set('/presence/override', { override: 'offline' });
    await told({ bob: 'active' }, true);
    await calm();
    expect(session.override).toBe('offline');
    page.answers.set('/presence/override', { override: null });
    await told({ alice: 'active' });
    await calm();
    expect(session.override).toBeNull();
    expect(asked()).toBe(2);
  });

  it('is not asked for where nothing speaks for it', async () => {
    await page.settle();
    await told({ alice: 'active', bob: 'idle' }, true);
    await told({ bob: 'offline' });
    // The server has started anew: it knows of nobody until they have said that they are here.
    await told({}, true);
    await told({ alice: 'active' });
    await calm();
    expect(asked()).toBe(0);
    page.answers.set('/presence/override', { override: null });
    for (let times = 0; times < 5; times += 1) await told({ alice: 'idle' });
    await calm();
    expect(asked()).toBe(1);
  });
});

it('says what could not be done when logging out, and goes on', async () => {
  const { app } = await aliceIsAsked();
  page.answers.set('/logout', 503);
  await app.signOut();
  await page.settle();
  expect(app.toasts.list.map(({ kind }) => kind)).toEqual(['trouble']);
  expect(app.chat?.me).toBe('alice');
});

it('says nothing of who is here while somebody logs out, and again when that has failed', async () => {
  await page.settle();
  const said = () => page.askedFor('/presence').length;
  const before = said();
  expect(before).toBeGreaterThan(0);
  await page.app.signOut();
  await page.settle(120_000);
  expect(said()).toBe(before);
  page.answers.set('/logout', 503);
  await page.app.signOut();
  await page.settle(120_000);
  expect(said()).toBeGreaterThan(before);
});
