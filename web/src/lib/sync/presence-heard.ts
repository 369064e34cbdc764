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
  readonly #users = new Map<string, string>();
  #isWhole = false;
  #last: Frame | null = null;

  add(frame: Frame): void {
    const { users, whole = false } = JSON.parse(frame.data) as Told;
    if (whole) this.#users.clear();
    this.#isWhole ||= whole;
    for (const [user, state] of Object.entries(users)) this.#users.set(user, state);
    this.#last = frame;
  }

  /** All of it as one signal; null where there was none. Of thousands a round comes each second, and a tab seldom. */
  get frame(): Frame | null {
    if (this.#last === null) return null;
    const users = Object.fromEntries(this.#users);
    const told: Told = this.#isWhole ? { users, whole: true } : { users };
    return { ...this.#last, data: JSON.stringify(told) };
  }
}
