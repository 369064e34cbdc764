import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import type { Presence } from '../api/schema';
import { reportPresence, type WindowPresence } from './presence-reporter';

/** A window with as much of a page as the reporter looks at. */
function aWindow() {
  const document = Object.assign(new EventTarget(), { visibilityState: 'visible' });
  const page = Object.assign(new EventTarget(), { document, setInterval, clearInterval });
  const hide = (visibilityState: string) => {
    document.visibilityState = visibilityState;
    document.dispatchEvent(new Event('visibilitychange'));
  };
  return { page: page as unknown as Window, hide };
}

beforeEach(() => void vi.useFakeTimers());
afterEach(() => void vi.useRealTimers());

type Hear = (presence: WindowPresence) => void;

/** With the windows that are open already, if there are others. */
function alicePresent(said: string[] = [], browser = new Map<string, Hear>()) {
  const { page, hide } = aWindow();
  const window = `w${browser.size}`;
  const tell = (state: Presence) =>
    browser.forEach((hear, other) => void (other !== window && hear({ window, state })));
  const { again, stop } = reportPresence(page, {
    report: (state) => said.push(state),
    beacon: (state) => said.push(`${state} by beacon`),
    now: Date.now,
    window,
    tellOthers: ({ state }) => tell(state),
    onother: (hear) => void browser.set(window, hear),
    hangUp: () => void browser.delete(window),
  });
  return { said, page, hide, again, stop, tell };
}

it('says active at once and every half minute', () => {
  const { said } = alicePresent();
  vi.advanceTimersByTime(60_000);
  expect(said).toEqual(['active', 'active', 'active']);
});

it('says idle after five minutes without input, and active with the next key', () => {
  const { said, page } = alicePresent();
  vi.advanceTimersByTime(300_000);
  expect(said.at(-1)).toBe('idle');
  page.dispatchEvent(new Event('keydown'));
  expect(said.at(-1)).toBe('active');
});

it('says hidden and offline by beacon, which survives the page', () => {
  const { said, page, hide } = alicePresent();
  hide('hidden');
  expect(said.at(-1)).toBe('hidden by beacon');
  hide('visible');
  expect(said.at(-1)).toBe('active');
  page.dispatchEvent(new Event('pagehide'));
  expect(said.at(-1)).toBe('offline by beacon');
});

it('says it again to a server that has started anew, as it is now', () => {
  const { said, hide, again } = alicePresent();
  again();
  expect(said).toEqual(['active', 'active']);
  vi.advanceTimersByTime(300_000);
  again();
  expect(said.slice(-2)).toEqual(['idle', 'idle']);
  hide('hidden');
  again();
  expect(said.at(-1)).toBe('hidden by beacon');
});

it('says nothing after it was stopped', () => {
  const { said, page, stop } = alicePresent();
  stop();
  page.dispatchEvent(new Event('focus'));
  vi.advanceTimersByTime(600_000);
  expect(said).toEqual(['active']);
});

describe('many windows', () => {
  function threeWindows() {
    const [said, browser]: [string[], Map<string, Hear>] = [[], new Map()];
    const [first, second, third] = [
      alicePresent(said, browser),
      alicePresent(said, browser),
      alicePresent(said, browser),
    ];
    for (const { hide } of [second, third]) hide('hidden');
    vi.advanceTimersByTime(1_000);
    said.length = 0;
    return { said, first, second, third };
  }

  it('hidden ones do not take back what the one in use says', () => {
    const { said } = threeWindows();
    vi.advanceTimersByTime(60_000);
    expect(said).toEqual(['active', 'active']);
  });

  it('idle ones neither', () => {
    const { said, first, second } = threeWindows();
    second.hide('visible');
    for (let minute = 0; minute < 10; minute += 1) {
      vi.advanceTimersByTime(60_000);
      first.page.dispatchEvent(new Event('keydown'));
    }
    expect([...new Set(said)]).toEqual(['active']);
  });

  it('going from one to another is no absence', () => {
    const { said, first, second } = threeWindows();
    first.hide('hidden');
    second.hide('visible');
    vi.advanceTimersByTime(10_000);
    expect([...new Set(said)]).toEqual(['active']);
  });

  it('the last that is hidden says so, and one of them goes on saying it', () => {
    const { said, first } = threeWindows();
    first.hide('hidden');
    vi.advanceTimersByTime(10_000);
    expect(said).toEqual(['hidden by beacon']);
    vi.advanceTimersByTime(60_000);
    expect(said).toEqual(Array(3).fill('hidden by beacon'));
  });

  it('only the last that is closed says offline', () => {
    const { said, first, second, third } = threeWindows();
    for (const { page, stop } of [first, second, third]) {
      page.dispatchEvent(new Event('pagehide'));
      stop();
    }
    expect(said).toEqual(['hidden by beacon', 'hidden by beacon', 'offline by beacon']);
  });

  it('one that was killed in use counts for a minute, and then no more', () => {
    const { said, first, second, third } = threeWindows();
    // The process is gone: no event, no last word.
    first.stop();
    first.tell('active');
    for (const { hide } of [second, third]) hide('visible');
    vi.advanceTimersByTime(330_000);
    expect(said.at(-1)).toBe('idle');
  });

  it('with the first key again the idle window is active', () => {
    const { said, first } = threeWindows();
    vi.advanceTimersByTime(330_000);
    expect(said.at(-1)).toBe('idle');
    first.page.dispatchEvent(new Event('keydown'));
    expect(said.at(-1)).toBe('active');
  });
});
