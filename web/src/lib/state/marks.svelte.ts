import { SvelteMap, SvelteSet } from 'svelte/reactivity';
import type { Place } from '../sync/chat-state';

/** How we look at what is read, beyond what the server has told: what we have just read, and what is to stay unread. */
export class Marks {
  /** Up to where we asked to be marked: its event may be a second away, or the request was lost. */
  readonly #asked = new SvelteMap<Place, number>();
  /** What we marked as unread, here or elsewhere, and have neither left nor read since. */
  readonly #kept = new SvelteSet<Place>();

  /** The last message that we asked to be marked and of which nothing was told; 0 for none. */
  askedFor(place: Place): number {
    return this.#asked.get(place) ?? 0;
  }
  ask(place: Place, message_id: number): void {
    this.#asked.set(place, message_id);
  }

  /** Whether something here is not read by being on the screen. */
  isKept(place: Place): boolean {
    return this.#kept.has(place);
  }
  /** What was read shall count again. */
  keep(place: Place): void {
    this.#asked.delete(place);
    this.#kept.add(place);
  }
  /** Somebody comes to it anew. */
  release(place: Place): void {
    this.#kept.delete(place);
  }

  /** The server has marked as read up to there; `isAll` when that was the newest. */
  told(place: Place, last_read_id: number, isAll: boolean): void {
    if (last_read_id >= this.askedFor(place)) this.#asked.delete(place);
    if (isAll) this.release(place);
  }
}
