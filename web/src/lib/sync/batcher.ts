/** A screen that redraws this often is live to the eye, and a flood costs it twenty redraws a second. */
const BATCH_MS = 50;

/**
 * Hands on what comes in: at once when it is quiet, together when much comes. Each event is a task
 * of its own to the browser, and would otherwise be a redraw of its own.
 */
export class Batcher<T> {
  #waiting: T[] = [];
  #timer: ReturnType<typeof setTimeout> | undefined;

  constructor(private readonly onbatch: (batch: readonly T[]) => void) {}

  add(item: T): void {
    this.#waiting.push(item);
    if (this.#timer === undefined) this.#flush();
  }

  /** Forgets what is waiting. */
  clear(): void {
    clearTimeout(this.#timer);
    this.#timer = undefined;
    this.#waiting = [];
  }

  #flush(): void {
    const batch = this.#waiting;
    this.#waiting = [];
    this.#timer = undefined;
    if (batch.length === 0) return;
    this.#timer = setTimeout(() => this.#flush(), BATCH_MS);
    this.onbatch(batch);
  }
}
