import type { Presence } from './schema';

/**
 * What is said to `POST /presence`, and when: the last word of a page that goes may arrive after the first one of the
 * page that comes in its place.
 */
export function presenceWord(state: Presence): { state: Presence; at_ms: number } {
  return { state, at_ms: Date.now() };
}
