import { expect, it } from 'vitest';
import { latest } from './time';

it('of two times that may not be known, the later counts', () => {
  expect(latest(5, 7)).toBe(7);
  expect(latest(7, 5)).toBe(7);
  expect(latest(null, 5)).toBe(5);
  expect(latest(5, null)).toBe(5);
  expect(latest(null, null)).toBeNull();
});
