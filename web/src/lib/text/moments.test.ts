import { expect, it } from 'vitest';
import { fieldText, fieldTs, laterMoments, momentName } from './moments';

const wednesday = new Date(2024, 4, 15, 14, 30);
const labels = (now: Date) => laterMoments(now).map(({ label }) => label);

it('offers moments from soon to next week, each in the future', () => {
  const moments = laterMoments(wednesday);
  expect(moments.map(({ ts }) => ts)).toEqual([...moments.map(({ ts }) => ts)].sort());
  expect(moments.at(-1)).toEqual({
    label: 'Next Monday',
    ts: new Date(2024, 4, 20, 9).getTime() / 1000,
  });
});

it('does not offer Monday twice on a Sunday, and means the next one on a Monday', () => {
  const sunday = new Date(2024, 4, 19, 12);
  expect(labels(sunday)).not.toContain('Next Monday');
  const monday = laterMoments(new Date(2024, 4, 20, 12));
  expect(monday.at(-1)?.ts).toBe(new Date(2024, 4, 27, 9).getTime() / 1000);
});

it('names a moment by what is not said already', () => {
  const now = wednesday.getTime();
  const at = (day: number) => new Date(2024, 4, day, 9).getTime() / 1000;
  expect(momentName(at(15), now)).not.toMatch(/,/);
  expect(momentName(at(16), now)).toMatch(/^tomorrow, /);
  expect(momentName(at(14), now)).toMatch(/^yesterday, /);
  expect(momentName(at(20), now)).toMatch(/20/);
});

it('reads a field as it fills it', () => {
  const ts = wednesday.getTime() / 1000;
  expect(fieldTs(fieldText(ts))).toBe(ts);
  expect(fieldTs('')).toBeNull();
});
