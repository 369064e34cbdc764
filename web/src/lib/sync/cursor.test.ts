import { expect, it } from 'vitest';
import { contains, formatCursor, later, parseCursor } from './cursor';

it('reads an epoch and a seq, and writes them back', () => {
  expect(parseCursor('9f2c.17')).toEqual({ epoch: '9f2c', seq: 17 });
  expect(formatCursor({ epoch: '9f2c', seq: 17 })).toBe('9f2c.17');
});

it('refuses what is not a cursor', () => {
  for (const text of [null, undefined, '', '17', '.17', 'e.', 'e.x', 'e.-1', 'e.1e3']) {
    expect(parseCursor(text)).toBeNull();
  }
});

it('contains its own past, and nothing of another history', () => {
  const known = { epoch: 'a', seq: 17 };
  expect(contains(known, { epoch: 'a', seq: 17 })).toBe(true);
  expect(contains(known, { epoch: 'a', seq: 18 })).toBe(false);
  expect(contains(known, { epoch: 'b', seq: 1 })).toBe(false);
  expect(later(known, { epoch: 'a', seq: 18 }).seq).toBe(18);
});
