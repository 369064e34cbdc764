/** Times as people read them, in the reader's locale and zone. All take Unix seconds. */
import { clock, type ClockHours } from './clock.svelte';

const longDate = new Intl.DateTimeFormat(undefined, {
  weekday: 'long',
  day: 'numeric',
  month: 'long',
});
const longDateWithYear = new Intl.DateTimeFormat(undefined, { dateStyle: 'full' });

interface ClockFormats {
  readonly short: Intl.DateTimeFormat;
  readonly full: Intl.DateTimeFormat;
}
/** Making a format is dear, and there are three ways to read a clock. */
const clockFormats = new Map<ClockHours, ClockFormats>();

function formats(): ClockFormats {
  const { hours } = clock;
  const known = clockFormats.get(hours);
  if (known !== undefined) return known;
  const { hour, ...style } = cycleOf(hours);
  const made = {
    short: new Intl.DateTimeFormat(undefined, { hour, minute: '2-digit', ...style }),
    full: new Intl.DateTimeFormat(undefined, { dateStyle: 'full', timeStyle: 'medium', ...style }),
  };
  clockFormats.set(hours, made);
  return made;
}

/** "9:00 AM", but "09:00". */
function cycleOf(hours: ClockHours): Intl.DateTimeFormatOptions {
  const own = new Intl.DateTimeFormat(undefined, { hour: 'numeric' }).resolvedOptions().hour12;
  const isHalved = hours === null ? own : hours === '12';
  const cycle: Intl.DateTimeFormatOptions =
    hours === null ? {} : { hourCycle: isHalved ? 'h12' : 'h23' };
  return { hour: isHalved ? 'numeric' : '2-digit', ...cycle };
}

export function timeOfDay(ts: number): string {
  return formats().short.format(ts * 1000);
}

/** Without "AM": for the narrow margin, where the times around it say the rest. */
export function shortTimeOfDay(ts: number): string {
  const all = formats().short.formatToParts(ts * 1000);
  const parts = all.filter((part) => part.type !== 'dayPeriod');
  return parts
    .map((part) => part.value)
    .join('')
    .trim();
}

export function fullTime(ts: number): string {
  return formats().full.format(ts * 1000);
}

/** The time of day where somebody else is; null for a zone that this browser does not know. */
export function timeIn(time_zone: string, ts: number): string | null {
  try {
    const format = new Intl.DateTimeFormat(undefined, {
      ...cycleOf(clock.hours),
      minute: '2-digit',
      timeZone: time_zone,
    });
    return format.format(ts * 1000);
  } catch {
    return null;
  }
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

/** "today", "yesterday" or "on" the date: the end of a sentence. */
export function onDay(ts: number, now_ms: number): string {
  const day = dayName(ts, now_ms);
  return day === 'Today' || day === 'Yesterday' ? day.toLowerCase() : `on ${day}`;
}

/** "tomorrow at 09:00", "Monday 30 November at 09:00": for what is to come. */
export function dayAndTime(ts: number, now_ms: number): string {
  const day = startOfDay(new Date(ts * 1000));
  const today = startOfDay(new Date(now_ms));
  const tomorrow = new Date(today.getFullYear(), today.getMonth(), today.getDate() + 1);
  const name = day.getTime() === tomorrow.getTime() ? 'Tomorrow' : dayName(ts, now_ms);
  return `${name} at ${timeOfDay(ts)}`;
}

/** "just now", "5 minutes ago", "3 days ago": for what is past. */
export function ago(ts: number, now_ms: number): string {
  const minutes = Math.floor((now_ms / 1000 - ts) / 60);
  if (minutes < 1) return 'just now';
  if (minutes < 60) return relative.format(-minutes, 'minute');
  const hours = Math.floor(minutes / 60);
  if (hours < 24) return relative.format(-hours, 'hour');
  return relative.format(-Math.floor(hours / 24), 'day');
}
const relative = new Intl.RelativeTimeFormat('en', { numeric: 'always' });

/** Of two times the later; null where neither is known. */
export function latest(a: number | null, b: number | null): number | null {
  return a === null || b === null ? (a ?? b) : Math.max(a, b);
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
