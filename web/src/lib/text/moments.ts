/** Moments that people mean when they say "later". */
import { dayName, timeOfDay } from './time';

export interface Moment {
  readonly label: string;
  readonly ts: number;
}

const MORNING_HOUR = 9;
const MINUTE_MS = 60_000;

/** When to be reminded, soonest first. */
export function laterMoments(now: Date): readonly Moment[] {
  const inMinutes = (minutes: number) => (now.getTime() + minutes * MINUTE_MS) / 1000;
  const daysToMonday = (8 - now.getDay()) % 7 || 7;
  const moments: Moment[] = [
    { label: 'In 20 minutes', ts: inMinutes(20) },
    { label: 'In 1 hour', ts: inMinutes(60) },
    { label: 'In 3 hours', ts: inMinutes(180) },
    { label: 'Tomorrow', ts: morningAfter(now, 1) },
  ];
  // On a Sunday both are the same morning.
  if (daysToMonday > 1) moments.push({ label: 'Next Monday', ts: morningAfter(now, daysToMonday) });
  return moments;
}

/** A moment of today by the clock alone, another with its day. */
export function momentName(ts: number, now_ms: number): string {
  const day = dayName(ts, now_ms);
  const tomorrow = morningAfter(new Date(now_ms), 1);
  if (day === 'Today') return timeOfDay(ts);
  if (day === dayName(tomorrow, now_ms)) return `tomorrow, ${timeOfDay(ts)}`;
  return `${day === 'Yesterday' ? 'yesterday' : day}, ${timeOfDay(ts)}`;
}

/** As a field for local date and time holds it. */
export function fieldText(ts: number): string {
  const date = new Date(ts * 1000);
  const local = new Date(date.getTime() - date.getTimezoneOffset() * MINUTE_MS);
  return local.toISOString().slice(0, 16);
}
/** Null for a field that names no moment. */
export function fieldTs(text: string): number | null {
  const ms = new Date(text).getTime();
  return Number.isNaN(ms) ? null : ms / 1000;
}

function morningAfter(now: Date, days: number): number {
  const { year, month, day } = {
    year: now.getFullYear(),
    month: now.getMonth(),
    day: now.getDate(),
  };
  return new Date(year, month, day + days, MORNING_HOUR).getTime() / 1000;
}
