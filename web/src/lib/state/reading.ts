import { asProblem, type ApiProblem } from '../api/problem';
import { backoffMs, spreadMs } from '../sync/backoff';

/** Sent back later than this after the last reading, it was for another reason. */
const CALM_MS = 120_000;

export interface ReadingPorts<T> {
  read(): Promise<T>;
  /** The world as it is now. */
  take(answer: T): Promise<void>;
  /** It will be tried again. */
  onfailure(problem: ApiProblem): void;
  now(): number;
  random(): number;
}

/**
 * When the state is read: at the start, and anew where the server says that what we hold is void. It says that to everybody at
 * one moment (it was restored), or to one again and again (something is wrong with it): nobody comes back at once, and
 * whoever was sent back just now waits longer each time.
 */
export class Reading<T> {
  /** An answer to an older one is of no use. */
  #turn = 0;
  #isUnderway = false;
  #timer: ReturnType<typeof setTimeout> | undefined;
  /** In a row. */
  #failures = 0;
  #sentBack = 0;
  #taken_ms = -Infinity;

  constructor(private readonly ports: ReadingPorts<T>) {}

  /** At once: somebody waits in front of an empty screen. */
  begin(): void {
    this.end();
    void this.#read();
  }

  /** What we hold is void, but can be looked at meanwhile. */
  again(): void {
    if (this.#isUnderway || this.#timer !== undefined) return;
    const isCalm = this.ports.now() - this.#taken_ms > CALM_MS;
    this.#sentBack = isCalm ? 1 : this.#sentBack + 1;
    this.#wait(spreadMs(this.#sentBack, this.ports.random));
  }

  /** The server may be in reach again. */
  wake(): void {
    if (this.#timer === undefined || this.#failures === 0) return;
    this.#failures = 0;
    void this.#read();
  }

  /** Nobody is here any more. */
  end(): void {
    this.#turn += 1;
    this.#isUnderway = false;
    this.#stopWaiting();
    this.#failures = 0;
  }

  async #read(): Promise<void> {
    this.#stopWaiting();
    const turn = (this.#turn += 1);
    this.#isUnderway = true;
    try {
      const answer = await this.ports.read();
      if (turn !== this.#turn) return;
      this.#isUnderway = false;
      this.#taken_ms = this.ports.now();
      await this.ports.take(answer);
      if (turn === this.#turn) this.#failures = 0;
    } catch (failure) {
      if (turn !== this.#turn) return;
      this.#isUnderway = false;
      const problem = asProblem(failure);
      // Nobody is logged in.
      if (problem.status === 401) return;
      this.#failures += 1;
      this.ports.onfailure(problem);
      this.#wait(backoffMs(this.#failures, this.ports.random));
    }
  }

  #wait(wait_ms: number): void {
    this.#stopWaiting();
    this.#timer = setTimeout(() => void this.#read(), wait_ms);
  }

  #stopWaiting(): void {
    clearTimeout(this.#timer);
    this.#timer = undefined;
  }
}
