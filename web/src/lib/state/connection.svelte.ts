/** A connection that comes back sooner than this was not worth a word. */
const LATE_AFTER_MS = 2_000;

/** Whether what the screen shows is live. */
export class ConnectionState {
  isOnline = $state(navigator.onLine);
  #isLate = $state(false);
  #timer: ReturnType<typeof setTimeout> | undefined;

  /** What to tell the person; null while all is well. */
  readonly banner: string | null = $derived(
    this.isOnline ? (this.#isLate ? 'Reconnecting' : null) : 'You are offline',
  );

  readonly isLive: boolean = $derived(this.banner === null);

  lost(): void {
    this.#timer ??= setTimeout(() => (this.#isLate = true), LATE_AFTER_MS);
  }

  found(): void {
    clearTimeout(this.#timer);
    this.#timer = undefined;
    this.#isLate = false;
  }
}
