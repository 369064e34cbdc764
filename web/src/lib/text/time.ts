/** Times as people read them, in the reader's locale and zone. All take Unix seconds. */

const clock = new Intl.DateTimeFormat(undefined, { hour: '2-digit', minute: '2-digit' });
const longDate = new Intl.DateTimeFormat(undefined, {
  weekday: 'long',
  day: 'numeric',
  month: 'long',
});
const longDateWithYear = new Intl.DateTimeFormat(undefined, { dateStyle: 'full' });
const full = new Intl.DateTimeFormat(undefined, { dateStyle: 'full', timeStyle: 'medium' });

export function timeOfDay(ts: number): string {
  return clock.format(ts * 1000);
}

/** Without "AM": for the narrow margin, where the times around it say the rest. */
export function shortTimeOfDay(ts: number): string {
  const parts = clock.formatToParts(ts * 1000).filter((part) => part.type !== 'dayPeriod');
  return parts
    .map((part) => part.value)
    .join('')
    .trim();
}

export function fullTime(ts: number): string {
  return full.format(ts * 1000);
}

/** "Today", "Yesterday" or the date; the year only where it is not this one. */
export function dayName(ts: number, now_ms: number): string {
  const day = startOfDay(new Date(ts * 1000));
  const today = startOfDay(new Date(now_ms));
  if (day.getTime() === today.getTime()) return 'Today';
  // Not 24 hours back: a day in which the clock changes has 23 or 25.
  const yesterday = new Date(today.getFullYear(), today.getMonth(), today.getDate() - 1);
  if (day.getTime() === yesterday.getTime()) return 'Yesterday';
  return (day.getFullYear() === today.getFullYear() ? longDate : longDateWithYear).format(day);
}

/** From midnight, inclusive, to midnight, exclusive. */
export interface Day {
  readonly start_ts: number;
  readonly end_ts: number;
}

export function dayOf(ts: number): Day {
  const start = startOfDay(new Date(ts * 1000));
  const end = new Date(start.getFullYear(), start.getMonth(), start.getDate() + 1);
  return { start_ts: start.getTime() / 1000, end_ts: end.getTime() / 1000 };
}

function startOfDay(date: Date): Date {
  return new Date(date.getFullYear(), date.getMonth(), date.getDate());
}
