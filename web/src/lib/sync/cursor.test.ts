import { expect, it } from 'vitest';
import { contains, formatCursor, later, parseCursor } from './cursor';

it('reads an epoch and a seq, and writes them back', () => {
  expect(parseCursor('9f2c.17')).toEqual({ epoch: '9f2c', seq: 17 });
  expect(formatCursor({ epoch: '9f2c', seq: 17 })).toBe('9f2c.17');
});

it('gives back the sum that the server put behind it', () => {
  const cursor = { epoch: '9f2c', seq: 17, sum: '0badcafe' };
  expect(parseCursor('9f2c.17.0badcafe')).toEqual(cursor);
  expect(formatCursor(cursor)).toBe('9f2c.17.0badcafe');
  const next = { epoch: '9f2c', seq: 18, sum: '00000001' };
  expect(later(cursor, next)).toBe(next);
  expect(later(next, cursor)).toBe(next);
});

it('refuses what is not a cursor', () => {
  const wrong = ['', '17', '.17', 'e.', 'e.x', 'e.-1', 'e.1e3', 'e.1.', 'e.1.17', 'e.1.0badcafe.1'];
  for (const text of [null, undefined, ...wrong]) {
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
