import { expect, it } from 'vitest';
import {
  endOfToday,
  endOfWeek,
  fieldOf,
  fieldTs,
  inMinutes,
  mondayMorning,
  tomorrowMorning,
} from './when';

const local = (text: string) => new Date(text).getTime();
const seconds = (text: string) => local(text) / 1000;

it('tomorrow begins at nine, whatever the hour is now', () => {
  expect(tomorrowMorning(local('2026-11-23T00:10'))).toBe(seconds('2026-11-24T09:00'));
  expect(tomorrowMorning(local('2026-12-31T23:50'))).toBe(seconds('2027-01-01T09:00'));
});

it('Monday is the next one, on a Monday too', () => {
  expect(mondayMorning(local('2026-11-22T12:00'))).toBe(seconds('2026-11-23T09:00'));
  expect(mondayMorning(local('2026-11-23T08:00'))).toBe(seconds('2026-11-30T09:00'));
  expect(mondayMorning(local('2026-11-25T08:00'))).toBe(seconds('2026-11-30T09:00'));
});

it('a day ends before midnight and a week before Monday', () => {
  expect(endOfToday(local('2026-11-23T10:00'))).toBe(seconds('2026-11-24T00:00') - 1);
  expect(endOfWeek(local('2026-11-23T10:00'))).toBe(seconds('2026-11-30T00:00') - 1);
  expect(endOfWeek(local('2026-11-29T10:00'))).toBe(seconds('2026-11-30T00:00') - 1);
});

it('in an hour is never a moment too early', () => {
  expect(inMinutes(60, 1_700_000_000_400)).toBe(1_700_003_601);
});

it('a field gives back the moment that was put into it, and nothing when it is empty', () => {
  const ts = seconds('2026-02-03T04:05');
  expect(fieldOf(ts)).toBe('2026-02-03T04:05');
  expect(fieldTs(fieldOf(ts))).toBe(ts);
  expect(fieldTs('')).toBeNull();
  expect(fieldTs('2026-02-')).toBeNull();
});
