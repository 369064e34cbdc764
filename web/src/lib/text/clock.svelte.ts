/** How this person reads clocks; a rune, so that every time on the screen follows when it changes. */

/** Null: as the browser does. */
export type ClockHours = '12' | '24' | null;

class Clock {
  hours = $state<ClockHours>(null);
}

export const clock = new Clock();
