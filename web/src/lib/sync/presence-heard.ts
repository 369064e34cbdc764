/**
 * The presence that a stream has told, for tabs that come later: their own state may be a moment older.
 */
import type { Frame } from './words';

interface Told {
  readonly users: Readonly<Record<string, string>>;
  /** Whoever is not among them is offline. */
  readonly whole?: boolean;
}

export class PresenceHeard {
  /** All of it as one signal; null where there was none. */
  frame: Frame | null = null;
  #told: Told = { users: {} };

  add({ event, data, id }: Frame): void {
    const told = JSON.parse(data) as Told;
    this.#told = told.whole
      ? told
      : { ...this.#told, users: { ...this.#told.users, ...told.users } };
    this.frame = { event, data: JSON.stringify(this.#told), id };
  }
}
