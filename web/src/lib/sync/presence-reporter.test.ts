import { afterEach, beforeEach, expect, it, vi } from 'vitest';
import { reportPresence } from './presence-reporter';

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

function alicePresent() {
  const said: string[] = [];
  const { page, hide } = aWindow();
  const { again, stop } = reportPresence(page, {
    report: (state) => said.push(state),
    beacon: (state) => said.push(`${state} by beacon`),
    now: Date.now,
  });
  return { said, page, hide, again, stop };
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
