import type { Status } from '../api/schema';
import { dayAndTime, timeOfDay, dayName } from './time';

/** What a status says; the name of its emoji where it has no words. */
export function statusWords(status: Status): string {
  return status.text || (status.emoji ?? '').replaceAll('_', ' ');
}

/** "until 14:30", "until Tomorrow at 09:00"; empty for one that stays. */
export function statusEnd(status: Status, now_ms: number): string {
  if (status.until_ts === null) return '';
  const isToday = dayName(status.until_ts, now_ms) === 'Today';
  return `until ${isToday ? timeOfDay(status.until_ts) : dayAndTime(status.until_ts, now_ms)}`;
}
