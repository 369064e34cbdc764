/**
 * How the answer to a question fits the stream. They are two reads of one log, at cursors that we cannot choose: an answer
 * for P lands while the stream stands at S.
 *
 * - Ahead (P > S): the events in (S, P] will still arrive, although the answer contains them. What it tells keeps its seq
 *   (`as_of`), and an event at or before that is not folded into it again.
 * - Behind (P < S, it travelled slowly): the events in (P, S] have passed. As long as anything is asked they are kept, and
 *   folded over it in the moment in which it lands. So an answer is never thrown away because something happened meanwhile,
 *   and one question is enough however busy the server is.
 *
 * Neighbours: `apply.ts` hands in what passes; `take-state.ts`, `apply-threads.ts` and `timeline-fold.ts` fold it over what
 * they take.
 */
import type { DurableEvent } from '../api/events';
import type { Cursor } from './cursor';

/** No answer is waited for longer than twenty seconds: that is so long at two hundred events a second. */
export const PASSED_EVENTS_MAX = 4_000;
/** Messages may be long. */
export const PASSED_CHARS_MAX = 4_000_000;

/** The events that pass while anything is asked, without holes up to the last one. */
export class Passed {
  #questions = 0;
  /** Two halves, of which the older goes when the newer is full: dropping one by one would cost more. */
  #older: DurableEvent[] = [];
  #newer: DurableEvent[] = [];
  #chars = 0;
  /** Everything after it is held. */
  #from_seq = 0;

  /** Something is asked while the stream stands here. Every call wants a `forget`. */
  expect({ seq }: Cursor): void {
    if (this.#questions === 0) this.#from_seq = seq;
    this.#questions += 1;
  }

  /** The answer has been taken in, or will not come. */
  forget(): void {
    this.#questions -= 1;
    if (this.#questions > 0) return;
    this.#older = [];
    this.#newer = [];
    this.#chars = 0;
  }

  hear(event: DurableEvent): void {
    if (this.#questions === 0) return;
    this.#newer.push(event);
    this.#chars += charsIn(event.data);
    if (this.#newer.length < PASSED_EVENTS_MAX / 2 && this.#chars < PASSED_CHARS_MAX / 2) return;
    this.#from_seq = this.#older.at(-1)?.cursor.seq ?? this.#from_seq;
    this.#older = this.#newer;
    this.#newer = [];
    this.#chars = 0;
  }

  /** What an answer for `seq` does not know; null where more has passed since than is kept. */
  after(seq: number): readonly DurableEvent[] | null {
    if (seq < this.#from_seq) return null;
    return [...this.#older, ...this.#newer].filter((event) => event.cursor.seq > seq);
  }
}

/** An answer in the moment in which it is taken in. */
export interface Landed<T> {
  readonly value: T;
  /** It contains what happened until then. */
  readonly seq: number;
  /** What has passed since; null where that was more than is kept, and the answer is a moment old. */
  readonly passed: readonly DurableEvent[] | null;
}

/** One over which all can be folded that has passed. */
export type Complete<T> = Landed<T> & { readonly passed: readonly DurableEvent[] };

/** What became of a question: an answer of another history was not taken in, and all that is held is void. */
export type Outcome = 'taken' | 'late' | 'elsewhere';

interface Asking {
  readonly cursor: Cursor;
  readonly passed: Passed;
}

/** Asks, and hands the answer to `take` with all that it does not know. */
export async function ask<T>(
  state: Asking,
  question: () => Promise<{ readonly value: T; readonly cursor: Cursor }>,
  take: (landed: Landed<T>) => void,
): Promise<Outcome> {
  state.passed.expect(state.cursor);
  try {
    const { value, cursor } = await question();
    if (cursor.epoch !== state.cursor.epoch) return 'elsewhere';
    const passed = state.passed.after(cursor.seq);
    take({ value, seq: cursor.seq, passed });
    return passed === null ? 'late' : 'taken';
  } finally {
    state.passed.forget();
  }
}

/** An answer that came too late is asked for so often in all, with so long a pause before the second, then twice that. */
const ATTEMPTS_MAX = 3;
const PAUSE_MS = 1_000;

/** For what is of no use if something is missing in it: asks again where more has passed than was kept, a few times. */
export async function askPatiently<T>(
  state: Asking,
  question: () => Promise<{ readonly value: T; readonly cursor: Cursor }>,
  take: (landed: Complete<T>) => void,
  /** Whether anybody is left who wants to know. */
  isOfUse: () => boolean,
): Promise<Outcome> {
  const takeWhole = ({ passed, ...landed }: Landed<T>) => {
    if (passed !== null) take({ ...landed, passed });
  };
  let outcome = await ask(state, question, takeWhole);
  for (let attempt = 1; outcome === 'late' && attempt < ATTEMPTS_MAX; attempt += 1) {
    await new Promise((resolve) => setTimeout(resolve, PAUSE_MS * 2 ** (attempt - 1)));
    if (!isOfUse()) break;
    outcome = await ask(state, question, takeWhole);
  }
  return outcome;
}

/** About how much is kept with an event: its texts, and a little for everything else. */
function charsIn(value: unknown): number {
  if (typeof value === 'string') return value.length;
  if (typeof value !== 'object' || value === null) return 1;
  return Object.values(value).reduce((sum: number, one) => sum + charsIn(one), 1);
}
