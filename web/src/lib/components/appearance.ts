/** Dresses the whole document: theme and density are attributes that `app.css` reads. */
import type { Choices, Theme } from '../state/choices';
import { clock } from '../text/clock.svelte';

const THEME_KEY = 'minimost-theme';

/** Before anybody is known here: as the last person on this computer had it, so that nothing flashes. */
export function dressAsBefore(): void {
  try {
    wear(localStorage.getItem(THEME_KEY));
  } catch {
    // Without storage the system's theme has to do.
  }
}

export function dress({ theme, density, clock: hours }: Choices): void {
  wear(theme);
  document.documentElement.dataset['density'] = density;
  clock.hours = hours;
  try {
    localStorage.setItem(THEME_KEY, theme satisfies Theme);
  } catch {
    // The next start is dressed as the system is.
  }
}

function wear(theme: string | null): void {
  const isChosen = theme === 'light' || theme === 'dark';
  if (isChosen) document.documentElement.dataset['theme'] = theme;
  else delete document.documentElement.dataset['theme'];
}
