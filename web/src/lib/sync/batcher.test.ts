import { afterEach, beforeEach, expect, it, vi } from 'vitest';
import { Batcher } from './batcher';

beforeEach(() => void vi.useFakeTimers());
afterEach(() => void vi.useRealTimers());

function aScreen() {
  const redraws: (readonly string[])[] = [];
  return { redraws, batcher: new Batcher<string>((batch) => redraws.push(batch)) };
}

it('shows a single event without waiting', () => {
  const { redraws, batcher } = aScreen();
  batcher.add('a');
  expect(redraws).toEqual([['a']]);
  vi.advanceTimersByTime(1_000);
  batcher.add('b');
  expect(redraws).toEqual([['a'], ['b']]);
});

it('shows a flood in few redraws, in order and complete', () => {
  const { redraws, batcher } = aScreen();
  for (const event of ['a', 'b', 'c', 'd']) batcher.add(event);
  vi.advanceTimersByTime(50);
  batcher.add('e');
  vi.advanceTimersByTime(1_000);
  expect(redraws).toEqual([['a'], ['b', 'c', 'd'], ['e']]);
});

it('forgets what was waiting when the state is thrown away', () => {
  const { redraws, batcher } = aScreen();
  for (const event of ['a', 'b']) batcher.add(event);
  batcher.clear();
  vi.advanceTimersByTime(1_000);
  expect(redraws).toEqual([['a']]);
});
