/**
 * A question that is asked again when something has happened that concerns its answer: one at a time, and at a bounded rate.
 * On a busy server something always happens meanwhile, so each answer is taken, and the next question waits longer.
 */
import { backoffMs } from './backoff';

export class PatientQuestion {
  #underway: Promise<void> | null = null;
  /** Something has happened since the answer under way was asked for. */
  #isStale = false;
  /** Questions in a row after which there was something to be asked again. */
  #repeats = 0;
  #pause: ReturnType<typeof setTimeout> | undefined;
  #isOver = false;

  constructor(
    /** Asks, and takes the answer in or says that there is none. */
    private readonly question: () => Promise<void>,
    private readonly random: () => number,
  ) {}

  /** Something has happened: at once where it is calm, or else once after the pause. */
  look(): void {
    if (this.#isOver) return;
    this.#isStale = true;
    if (this.#underway === null && this.#pause === undefined) this.#ask();
  }

  /** Somebody wants it now. */
  hurry(): void {
    this.#endPause();
    this.look();
  }

  /** Another question about the same: after the one that is under way, and before the next. */
  async next(question: () => Promise<void>): Promise<void> {
    while (this.#underway !== null) await this.#underway;
    if (!this.#isOver) await this.#run(question);
  }

  /** Nobody wants to know any more. */
  end(): void {
    this.#isOver = true;
    this.#endPause();
  }

  #ask(): void {
    this.#isStale = false;
    void this.#run(this.question);
  }

  async #run(question: () => Promise<void>): Promise<void> {
    this.#endPause();
    this.#underway = question();
    try {
      await this.#underway;
    } finally {
      this.#underway = null;
      if (!this.#isOver) {
        const wait_ms = backoffMs(this.#repeats + 1, this.random);
        this.#pause = setTimeout(() => this.#goOn(), wait_ms);
      }
    }
  }

  #goOn(): void {
    this.#endPause();
    this.#repeats = this.#isStale ? this.#repeats + 1 : 0;
    if (this.#isStale) this.#ask();
  }

  #endPause(): void {
    clearTimeout(this.#pause);
    this.#pause = undefined;
  }
}
