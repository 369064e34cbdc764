/**
 * A name for this window that a reload does not change. It lies in `sessionStorage` only while no page of the window is
 * alive: a window that is duplicated gets a copy of that storage, and finds no name in it.
 * Neighbour: `tabs.ts`, which asks whether another has the name all the same.
 */
import { newClientMsgId } from '../sync/client-msg-id';

const KEY = 'minimost-window';

export class WindowName {
  #value: string;

  constructor(private readonly storage: () => Storage = () => sessionStorage) {
    this.#value = this.#take() ?? newClientMsgId();
    addEventListener('pagehide', () => this.#leave());
    // Out of the cache of pages: it lives again.
    addEventListener('pageshow', ({ persisted }) => persisted && this.#take());
  }

  get value(): string {
    return this.#value;
  }

  /** Another window has it already. */
  renew(): void {
    this.#value = newClientMsgId();
  }

  #take(): string | null {
    try {
      const name = this.storage().getItem(KEY);
      this.storage().removeItem(KEY);
      return name;
    } catch {
      return null;
    }
  }

  #leave(): void {
    try {
      this.storage().setItem(KEY, this.#value);
    } catch {
      // Then a reload makes another window of it, which waits until this one counts as gone.
    }
  }
}
