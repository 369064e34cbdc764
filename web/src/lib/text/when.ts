/** Moments that people mean when they say "later". All give Unix seconds, by the clock of this computer. */

/** The hour at which a working day begins. */
const MORNING_HOUR = 9;

export function inMinutes(minutes: number, now_ms: number): number {
  return Math.ceil(now_ms / 1000) + minutes * 60;
}

export function tomorrowMorning(now_ms: number): number {
  return morning(now_ms, 1);
}

/** Of the next week, when it is Monday already. */
export function mondayMorning(now_ms: number): number {
  // Sunday is 0.
  return morning(now_ms, (8 - new Date(now_ms).getDay()) % 7 || 7);
}

export function endOfToday(now_ms: number): number {
  return at(now_ms, 1, 0) - 1;
}

/** The last second of Sunday. */
export function endOfWeek(now_ms: number): number {
  return at(now_ms, ((7 - new Date(now_ms).getDay()) % 7) + 1, 0) - 1;
}

/** What a `datetime-local` field holds, in the zone of this computer. */
export function fieldOf(ts: number): string {
  const date = new Date(ts * 1000);
  const two = (number: number) => String(number).padStart(2, '0');
  const day = `${date.getFullYear()}-${two(date.getMonth() + 1)}-${two(date.getDate())}`;
  return `${day}T${two(date.getHours())}:${two(date.getMinutes())}`;
}

/** Null for a field that is empty or half filled in. */
export function fieldTs(value: string): number | null {
  // Some engines read a moment into almost anything.
  if (!/^\d{4,}-\d\d-\d\dT\d\d:\d\d/.test(value)) return null;
  const ms = new Date(value).getTime();
  return Number.isNaN(ms) ? null : Math.floor(ms / 1000);
}

function morning(now_ms: number, days: number): number {
  return at(now_ms, days, MORNING_HOUR);
}

/** Not so many times 24 hours: a day in which the clock changes has 23 or 25. */
function at(now_ms: number, days: number, hour: number): number {
  const now = new Date(now_ms);
  return new Date(now.getFullYear(), now.getMonth(), now.getDate() + days, hour).getTime() / 1000;
}
