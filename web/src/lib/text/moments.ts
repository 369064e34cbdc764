/** What people call moments: those they choose from, and those they read. */
import { dayName, timeOfDay } from './time';
import { inMinutes, mondayMorning, tomorrowMorning } from './when';

export interface Moment {
  readonly label: string;
  readonly ts: number;
}

/** When to be reminded, soonest first. */
export function laterMoments(now_ms: number): readonly Moment[] {
  const tomorrow = tomorrowMorning(now_ms);
  const monday = mondayMorning(now_ms);
  const moments: Moment[] = [
    { label: 'In 20 minutes', ts: inMinutes(20, now_ms) },
    { label: 'In 1 hour', ts: inMinutes(60, now_ms) },
    { label: 'In 3 hours', ts: inMinutes(180, now_ms) },
    { label: 'Tomorrow', ts: tomorrow },
  ];
  // On a Sunday both are the same morning.
  return monday === tomorrow ? moments : [...moments, { label: 'Next Monday', ts: monday }];
}

/** In the middle of a sentence: a moment of today by the clock alone, another with its day. */
export function momentName(ts: number, now_ms: number): string {
  const day = dayName(ts, now_ms);
  const time = timeOfDay(ts);
  if (day === 'Today') return time;
  if (day === 'Yesterday') return `yesterday, ${time}`;
  const isTomorrow = day === dayName(tomorrowMorning(now_ms), now_ms);
  return `${isTomorrow ? 'tomorrow' : day}, ${time}`;
}
