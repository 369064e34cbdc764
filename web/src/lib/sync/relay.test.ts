import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { Browser } from '../../testing/tabs';
import { ANSWER_MS, KNOCK_EVERY_MS, SILENCE_MS } from './line';
import { RECENT_EVENTS_MAX } from './recent';
import { PING_MS } from './relay';

beforeEach(() => void vi.useFakeTimers());
afterEach(() => void vi.useRealTimers());

/** Time passes, and everything arrives. */
async function wait(browser: Browser, ms: number): Promise<void> {
  for (let passed = 0; passed < ms; passed += 1_000) {
    await vi.advanceTimersByTimeAsync(1_000);
    browser.settle();
  }
}

function tenTabs() {
  const browser = new Browser();
  const tabs = Array.from({ length: 10 }, () => browser.open());
  browser.settle();
  return { browser, server: browser.server, tabs };
}

describe('one stream for all tabs', () => {
  it('ten tabs hear everything over one connection', () => {
    const { browser, server, tabs } = tenTabs();
    server.post();
    server.signal('typing', { channel: 'general', user: 'bob' });
    browser.settle();
    expect(server.sources.size).toBe(1);
    expect(server.opened).toBe(1);
    for (const tab of tabs) {
      expect(tab.heard.map(({ kind }) => kind)).toEqual(['reminder_ended', 'typing']);
      expect(tab.said).toContain('connected');
    }
  });

  it('a tab that opens later goes on from its own state, behind or ahead of the others', () => {
    const { browser, server } = tenTabs();
    for (let n = 0; n < 5; n += 1) server.post();
    const behind = browser.open(3);
    browser.settle();
    expect(behind.known).toEqual(server.log);
    // Its state knows already what the stream is only about to say.
    const [source] = server.sources;
    source!.stumble();
    server.post();
    const ahead = browser.open();
    server.post();
    browser.settle();
    expect(ahead.known).toEqual(server.log);
    expect(ahead.states + behind.states).toBe(2);
  });

  it('a tab that opens later hears who has come since its own state', () => {
    const { browser, server } = tenTabs();
    server.signal('presence', { users: { bob: 'active', carol: 'active' } });
    server.signal('presence', { users: { bob: 'idle' } });
    browser.settle();
    const late = browser.open();
    browser.settle();
    expect(late.heard.at(-1)?.data).toEqual({ users: { bob: 'idle', carol: 'active' } });
    server.signal('presence', { users: { carol: 'active' }, whole: true });
    browser.settle();
    const last = browser.open();
    browser.settle();
    expect(last.heard.at(-1)?.data).toEqual({ users: { carol: 'active' }, whole: true });
  });

  it('who needs more than is held takes the state anew, alone', () => {
    const { browser, server, tabs } = tenTabs();
    for (let n = 0; n < RECENT_EVENTS_MAX + 10; n += 1) server.post();
    const late = browser.open(RECENT_EVENTS_MAX + 5);
    browser.settle();
    expect(late.states).toBe(2);
    expect(late.known).toEqual(server.log);
    expect(tabs[0]!.states).toBe(1);
    expect(server.opened).toBe(1);
  });

  it('a browser without shared workers has a stream in each tab', () => {
    const browser = new Browser();
    browser.hasWorkers = false;
    const tabs = [browser.open(), browser.open()];
    browser.settle();
    browser.server.post();
    expect(browser.server.sources.size).toBe(2);
    for (const tab of tabs) expect(tab.known).toEqual(browser.server.log);
    browser.close(tabs[0]!);
    expect(browser.server.sources.size).toBe(1);
  });

  it('a worker that never answers is done without', async () => {
    const browser = new Browser();
    browser.isStuck = true;
    const tab = browser.open();
    browser.server.post();
    await wait(browser, ANSWER_MS);
    expect(tab.known).toEqual(browser.server.log);
    expect(browser.server.sources.size).toBe(1);
  });

  it('a worker that is only slow is shared again, and nothing comes twice', async () => {
    const browser = new Browser();
    const tabs = [browser.open(), browser.open()];
    for (const tab of tabs) tab.isFrozen = true;
    await wait(browser, ANSWER_MS);
    browser.server.post();
    expect(browser.server.sources.size).toBeGreaterThan(1);
    for (const tab of tabs) tab.isFrozen = false;
    browser.settle();
    browser.server.post();
    browser.settle();
    expect(browser.server.sources.size).toBe(1);
    for (const tab of tabs) expect(tab.known).toEqual(browser.server.log);
  });

  it('the last tab that leaves ends the stream, and the next begins another', () => {
    const { browser, server, tabs } = tenTabs();
    for (const tab of tabs) browser.close(tab);
    browser.settle();
    expect(server.sources.size).toBe(0);
    server.post();
    const next = browser.open();
    server.post();
    browser.settle();
    expect(next.known).toEqual(server.log);
    expect(server.sources.size).toBe(1);
  });
});

describe('tabs and workers that fall asleep or die', () => {
  it('a tab that answers no ping is forgotten, and goes on from where it was', async () => {
    const { browser, server, tabs } = tenTabs();
    const [sleeper, ...others] = tabs;
    sleeper!.isFrozen = true;
    await wait(browser, 6 * PING_MS);
    for (let n = 0; n < 20; n += 1) server.post();
    browser.settle();
    const waiting = browser.wires.find(({ window }) => window === sleeper)!.toTab;
    expect(waiting.map(({ say }) => say)).toEqual(['ping', 'ping', 'ping', 'gone']);
    sleeper!.isFrozen = false;
    browser.settle();
    for (const tab of [sleeper!, ...others]) {
      expect(tab.known).toEqual(server.log);
      expect(tab.states).toBe(1);
    }
  });

  it('a tab that was killed counts for nothing any more', async () => {
    const { browser, server, tabs } = tenTabs();
    tabs[3]!.line.view('random');
    browser.settle();
    await vi.advanceTimersByTimeAsync(0);
    expect(server.viewed.at(-1)).toEqual(['random', 'general']);
    browser.close(tabs[3]!, true);
    await wait(browser, 5 * PING_MS);
    expect(server.viewed.at(-1)).toEqual(['general']);
  });

  it('the worker dies: its tabs notice the silence and have another', async () => {
    const { browser, server, tabs } = tenTabs();
    server.post();
    browser.settle();
    browser.crash();
    server.post();
    await wait(browser, SILENCE_MS + 10_000);
    server.post();
    browser.settle();
    expect(server.sources.size).toBe(1);
    for (const tab of tabs) {
      expect(tab.known).toEqual(server.log);
      expect(tab.said.slice(1)).toContain('disconnected');
      expect(tab.said.at(-1)).toBe('connected');
    }
  });

  it('a lost word is noticed by the next', () => {
    const { browser, server, tabs } = tenTabs();
    const wire = browser.wires.find(({ window }) => window === tabs[0])!;
    server.post();
    expect(wire.toTab.pop()?.say).toBe('event');
    server.post();
    server.post();
    browser.settle();
    expect(tabs[0]!.known).toEqual(server.log);
    expect(tabs[0]!.states).toBe(1);
  });

  it('a page that the browser keeps says good bye, and comes back as it was', () => {
    const { browser, server, tabs } = tenTabs();
    tabs[0]!.line.pause();
    server.post();
    browser.settle();
    expect(tabs[0]!.heard).toEqual([]);
    tabs[0]!.line.resume();
    browser.settle();
    expect(tabs[0]!.known).toEqual(server.log);
    expect(tabs[0]!.states).toBe(1);
  });

  it('ten tabs that find the network again make one connection, where all stood', () => {
    const { browser, server, tabs } = tenTabs();
    vi.setSystemTime(Date.now() + 60_000);
    // What these tabs may not see has moved the stream on.
    server.post();
    for (let n = 0; n < 5; n += 1) server.post(2_000);
    browser.settle();
    for (const tab of tabs) tab.line.reopen();
    browser.settle();
    expect(server.opened).toBe(2);
    for (const tab of tabs) expect(tab.said.slice(-2)).toEqual(['disconnected', 'connected']);
  });
});

describe('whose stream it is', () => {
  it('a tab of alice hears nothing of carol, who has logged in beside her', () => {
    const { browser, server, tabs } = tenTabs();
    server.user = 'carol';
    const [source] = server.sources;
    source!.stumble();
    server.post();
    source!.accept();
    while (browser.deliver());
    // Every tab has taken the state anew: it is carol's now, and so is its relay.
    for (const tab of tabs) {
      expect(tab.states).toBe(2);
      expect(tab.heard).toEqual([]);
    }
    browser.settle();
    expect(server.sources.size).toBe(1);
    server.post();
    browser.settle();
    for (const tab of tabs) expect(tab.known).toEqual(server.log);
  });

  it('every tab hears that the server refused', () => {
    const { browser, server, tabs } = tenTabs();
    for (const source of [...server.sources]) source.refuse();
    browser.settle();
    for (const tab of tabs) expect(tab.said.slice(-2)).toEqual(['disconnected', 'refused']);
  });

  it('all take the state anew where the server says so', () => {
    const { browser, server, tabs } = tenTabs();
    server.restore();
    server.post();
    browser.settle();
    for (const tab of tabs) {
      expect(tab.states).toBe(2);
      expect(tab.known).toEqual(server.log);
    }
    expect(server.sources.size).toBe(1);
  });

  it('tells the server what is open on all screens, twenty at most, the latest first', async () => {
    const browser = new Browser();
    for (let n = 0; n < 25; n += 1) browser.open(0, `c${n}`);
    browser.settle();
    await vi.advanceTimersByTimeAsync(0);
    const latest = Array.from({ length: 20 }, (_, n) => `c${24 - n}`);
    expect(browser.server.viewed.at(-1)).toEqual(latest);
    browser.windows[0]!.line.view('c1');
    browser.settle();
    await vi.advanceTimersByTimeAsync(0);
    expect(browser.server.viewed.at(-1)?.slice(0, 3)).toEqual(['c1', 'c24', 'c23']);
  });
});

/** Numbers that look like chance and are the same each time (mulberry32). */
function chance(seed: number): (below: number) => number {
  let state = seed;
  return (below) => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) % below;
  };
}

describe('whatever happens in a burst', () => {
  it.each(Array.from({ length: 150 }, (_, seed) => seed))(
    'no tab misses anything or hears it twice (%i)',
    async (seed) => {
      const roll = chance(seed);
      const browser = new Browser();
      const { server } = browser;
      browser.open();
      for (let step = 0; step < 400; step += 1) {
        const { windows } = browser;
        const tab = windows[roll(windows.length)];
        const [source] = server.sources;
        const what = roll(100);
        if (what < 40) server.post(roll(3));
        else if (what < 75) browser.deliver(roll(20));
        else if (what < 80 && windows.length < 12) browser.open(roll(4));
        else if (what < 83 && tab && windows.length > 1) browser.close(tab, roll(2) === 0);
        else if (what < 86 && tab) tab.isFrozen = !tab.isFrozen;
        else if (what < 90) source?.accept();
        else if (what < 92) source?.stumble();
        else if (what < 93) source?.refuse();
        else if (what < 94) server.beat();
        else if (what < 95) tab?.line.reopen();
        else if (what < 96) browser.crash();
        else if (what < 97 && tab && !tab.isFrozen) tab.line.pause();
        else if (what < 98 && tab && !tab.isFrozen) tab.line.resume();
        else await vi.advanceTimersByTimeAsync(roll(20_000));
      }
      for (const tab of browser.windows) tab.isFrozen = false;
      for (const tab of browser.windows) tab.line.resume();
      await wait(browser, KNOCK_EVERY_MS + SILENCE_MS + 30_000);
      server.post();
      browser.settle();
      for (const tab of browser.windows) expect(tab.known).toEqual(server.log);
      expect(server.sources.size).toBe(1);
    },
  );
});
