/** The first wait is short, because most losses are a server that restarts. */
const WAIT_MS_MIN = 500;
/** The last is not long: somebody sits in front of the screen. */
const WAIT_MS_MAX = 15_000;

/**
 * Milliseconds to wait after the `failures`-th failure in a row (1 or more). The upper half is
 * chance, so that a thousand screens do not come back to a restarted server at one instant.
 */
export function backoffMs(failures: number, random: () => number): number {
  const full = Math.min(WAIT_MS_MAX, WAIT_MS_MIN * 2 ** (failures - 1));
  return Math.round(full * (0.5 + random() / 2));
}
