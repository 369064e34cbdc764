/** The first wait is short, because most losses are a server that restarts. */
const WAIT_MS_MIN = 500;
/** The last is not long: somebody sits in front of the screen. */
const WAIT_MS_MAX = 15_000;

/** Among so much time all people are spread whom one word sends back at one moment. */
const SPREAD_MS_MIN = 2_000;
/** What has failed so often is no help to anybody, and costs the server a whole state each time. */
const SPREAD_MS_MAX = 60_000;

/**
 * Milliseconds to wait after the `failures`-th failure in a row (1 or more). The upper half is
 * chance, so that a thousand screens do not come back to a restarted server at one instant.
 */
export function backoffMs(failures: number, random: () => number): number {
  const full = Math.min(WAIT_MS_MAX, WAIT_MS_MIN * 2 ** (failures - 1));
  return Math.round(full * (0.5 + random() / 2));
}

/** The same for a screen that is sent back for the `times`-th time in a row. The first wait is chance alone. */
export function spreadMs(times: number, random: () => number, first_ms = SPREAD_MS_MIN): number {
  const full = Math.min(SPREAD_MS_MAX, first_ms * 2 ** (times - 1));
  const least = times === 1 ? 0 : full / 2;
  return Math.round(least + (full - least) * random());
}
