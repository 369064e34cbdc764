/** The preferences that follow a person, as the types of what they change. */
import type { Preferences } from '../api/schema';
import type { ClockHours } from '../text/clock.svelte';

export type Theme = 'system' | 'light' | 'dark';
export type Density = 'comfortable' | 'compact';
/** What Enter does in the composer; with Ctrl it always sends. */
export type EnterKey = 'send' | 'break';

export interface Choices {
  readonly theme: Theme;
  readonly density: Density;
  readonly clock: ClockHours;
  readonly enter: EnterKey;
  readonly sound: boolean;
}

/** Another version of this client may have written anything; what is not understood counts as not chosen. */
export function choicesOf(preferences: Preferences): Choices {
  const one = <T extends string>(key: string, values: readonly T[]): T | undefined =>
    values.find((value) => value === preferences[key]);
  return {
    theme: one('theme', ['light', 'dark']) ?? 'system',
    density: one('density', ['compact']) ?? 'comfortable',
    clock: one<'12' | '24'>('clock', ['12', '24']) ?? null,
    enter: one('enter', ['break']) ?? 'send',
    sound: preferences['sound'] === true,
  };
}
