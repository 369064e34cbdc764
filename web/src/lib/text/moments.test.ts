import { expect, it } from 'vitest';
import { laterMoments, momentName } from './moments';

const ms = (day: number, hour: number) => new Date(2024, 4, day, hour).getTime();
const ts = (day: number, hour: number) => ms(day, hour) / 1000;
const WEDNESDAY = 15;
const SUNDAY = 19;
const MONDAY = 20;

it('offers moments from soon to next week, each in the future', () => {
  const now_ms = ms(WEDNESDAY, 14);
  const moments = laterMoments(now_ms).map((moment) => moment.ts);
  expect(moments).toEqual([...moments].sort());
  expect(moments[0]).toBeGreaterThan(now_ms / 1000);
  expect(moments.at(-1)).toBe(ts(MONDAY, 9));
});

it('does not offer Monday twice on a Sunday', () => {
  const labels = (now_ms: number) => laterMoments(now_ms).map(({ label }) => label);
  expect(labels(ms(MONDAY, 12))).toContain('Next Monday');
  expect(labels(ms(SUNDAY, 12))).not.toContain('Next Monday');
});

it('names a moment by what is not said already', () => {
  const now_ms = ms(WEDNESDAY, 14);
  expect(momentName(ts(WEDNESDAY, 9), now_ms)).not.toMatch(/,/);
  expect(momentName(ts(WEDNESDAY + 1, 9), now_ms)).toMatch(/^tomorrow, /);
  expect(momentName(ts(WEDNESDAY - 1, 9), now_ms)).toMatch(/^yesterday, /);
  expect(momentName(ts(MONDAY, 9), now_ms)).toMatch(/20/);
});
