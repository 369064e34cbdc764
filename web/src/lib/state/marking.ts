import { asProblem } from '../api/problem';
import { backoffMs } from '../sync/backoff';
import type { Place } from '../sync/chat-state';

/** The server keeps markers to one a second; saying it more often changes nothing. */
const SAY_EVERY_MS = 1_000;

export interface MarkingPorts {
  /** Up to where the server has yet to tell us that we have read; null where there is nothing to wait for. */
  unheard(place: Place): number | null;
  say(place: Place, message_id: number): Promise<void>;
  random(): number;
}

interface Said {
  readonly message_id: number;
  /** In a row, of the same. */
  readonly repeats: number;
  /** The next word may not be said yet. */
  isTooSoon: boolean;
  /** It has not been answered: one that comes after the next would set the marker back. */
  isUnderWay: boolean;
  timer: ReturnType<typeof setTimeout>;
}

/** Says to the server how far we have read, and says it again until an event has told so: a request may be lost. */
export class Marking {
  readonly #said = new Map<Place, Said>();

  constructor(private readonly ports: MarkingPorts) {}

  /** What is read while the last word is fresh goes out together after it. */
  mark(place: Place, message_id: number): void {
    if (this.#said.get(place)?.isTooSoon) return;
    this.#say(place, message_id, 0);
  }

  /** The server is in reach again: what was read elsewhere meanwhile is heard first, or our word would set it back. */
  again(): void {
    for (const [place, said] of this.#said) {
      clearTimeout(said.timer);
      said.timer = setTimeout(() => this.#repeat(place, said, 0), SAY_EVERY_MS);
    }
  }

  /** Nobody is here any more. */
  end(): void {
    for (const { timer } of this.#said.values()) clearTimeout(timer);
    this.#said.clear();
  }

  #say(place: Place, message_id: number, repeats: number): void {
    this.#drop(place);
    const timer = setTimeout(() => this.#look(place, said), SAY_EVERY_MS);
    const said: Said = { message_id, repeats, isTooSoon: true, isUnderWay: true, timer };
    this.#said.set(place, said);
    const answered = (): void => {
      said.isUnderWay = false;
    };
    this.ports.say(place, message_id).then(answered, (failure: unknown) => {
      answered();
      // What was refused will be refused again.
      if (!asProblem(failure).isPassing && this.#said.get(place) === said) this.#drop(place);
    });
  }

  #look(place: Place, said: Said): void {
    const message_id = this.ports.unheard(place);
    if (message_id === null) return this.#drop(place);
    if (said.isUnderWay) {
      said.timer = setTimeout(() => this.#look(place, said), SAY_EVERY_MS);
      return;
    }
    if (message_id > said.message_id) return this.#say(place, message_id, 0);
    said.isTooSoon = false;
    // The event may be about to come: the server holds back a second word for a second.
    const wait_ms = backoffMs(said.repeats + 2, this.ports.random);
    said.timer = setTimeout(() => this.#repeat(place, said, said.repeats + 1), wait_ms);
  }

  #repeat(place: Place, said: Said, repeats: number): void {
    const message_id = this.ports.unheard(place);
    if (message_id === null) this.#drop(place);
    else if (said.isUnderWay) {
      said.timer = setTimeout(() => this.#repeat(place, said, repeats), SAY_EVERY_MS);
    } else this.#say(place, message_id, repeats);
  }

  #drop(place: Place): void {
    clearTimeout(this.#said.get(place)?.timer);
    this.#said.delete(place);
  }
}
