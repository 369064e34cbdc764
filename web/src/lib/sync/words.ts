/**
 * What a tab and the relay say to each other. Neighbours: `line.ts` is the tab's end, `relay.ts` the other.
 */

/** A frame of the live stream as EventSource hands it on. */
export interface Frame {
  readonly event: string;
  readonly data: string;
  /** The last event id: of a durable event its own, with a signal where the stream stands. */
  readonly id: string;
}

export type TabWord =
  /** Listens from here on: the cursor of what the tab has. Said again, it goes on from there. */
  | { readonly say: 'join'; readonly cursor: string; readonly channel: string | null }
  /** What is open on its screen now. */
  | { readonly say: 'view'; readonly channel: string | null }
  /** There is reason to believe that the server can be reached again. */
  | { readonly say: 'reopen' }
  /** The answer to a ping. */
  | { readonly say: 'here' }
  | { readonly say: 'leave' };

export type RelayWord =
  /** `after` is the event before it: who does not have that one has missed something. */
  | { readonly say: 'event'; readonly frame: Frame; readonly after: string }
  | { readonly say: 'signal'; readonly frame: Frame }
  | { readonly say: 'connected' }
  | { readonly say: 'disconnected' }
  /** The server refused the stream: perhaps the session has ended. */
  | { readonly say: 'refused' }
  /** It cannot be gone on from what the tab has, or the session is another account's: take the state anew. */
  | { readonly say: 'lost' }
  | { readonly say: 'ping' }
  /** The tab was not heard of for long, and was not told what came since: it may join again. */
  | { readonly say: 'gone' };

/** One connection of a tab to a relay. */
export interface Wire {
  say(word: TabWord): void;
  /** Nothing is heard after it. */
  hangUp(): void;
}

/** Opens a wire to the relay of an account; `onbroken` when there will be no answer. */
export type Call = (user: string, hear: (word: RelayWord) => void, onbroken: () => void) => Wire;
