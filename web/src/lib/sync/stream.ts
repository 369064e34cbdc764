/**
 * The live stream: an EventSource that comes back. It knows nothing of chat.
 *
 * Neighbours: the server's `api/stream.rs` writes, `relay.ts` opens it, for all tabs of this browser.
 *
 * A connection that breaks is reopened by the browser with `Last-Event-ID`. That id is better than
 * ours: heartbeats move it, and we hear of them only with the next signal. Only when the browser gives
 * up (any answer but 200), when it says that the network is back, or when the computer has slept, is a
 * new EventSource made, from where the last one stood.
 */
import { EVENT_KINDS } from '../api/events';
import { backoffMs } from './backoff';
import { formatCursor, type Cursor } from './cursor';
import type { Frame } from './words';

/** A timer that fires this late means that the computer slept: the connection is likely dead. */
const SLEPT_MS = 20_000;
const PULSE_MS = 5_000;

/** The part of EventSource that we use; the tests have their own. */
export interface EventSourceLike {
  readonly readyState: number;
  onopen: ((event: Event) => void) | null;
  onerror: ((event: Event) => void) | null;
  addEventListener(kind: string, listener: (event: MessageEvent<string>) => void): void;
  close(): void;
}

const CLOSED = 2;

export interface StreamPorts {
  connect(url: string): EventSourceLike;
  /** Where to continue. */
  position(): Cursor;
  onframe(frame: Frame): void;
  onconnected(): void;
  ondisconnected(): void;
  /** The server refused the stream: somebody should find out whether the session has ended. */
  onrefused(): void;
  now(): number;
  random(): number;
}

export class Stream {
  #source: EventSourceLike | null = null;
  #failures = 0;
  #retryTimer: ReturnType<typeof setTimeout> | undefined;
  #pulseTimer: ReturnType<typeof setInterval> | undefined;

  constructor(private readonly ports: StreamPorts) {}

  open(): void {
    this.close();
    this.#watchForSleep();
    const query = new URLSearchParams({ cursor: formatCursor(this.ports.position()) });
    const source = this.ports.connect(`/events?${query}`);
    this.#source = source;

    source.onopen = () => {
      this.#failures = 0;
      this.ports.onconnected();
    };
    source.onerror = () => {
      this.ports.ondisconnected();
      if (source.readyState === CLOSED) this.#reopenLater();
    };
    for (const kind of EVENT_KINDS) {
      source.addEventListener(kind, (message) => {
        // A closed source may still have an event on the way; its successor will bring it again.
        if (this.#source !== source) return;
        this.ports.onframe({ event: kind, data: message.data, id: message.lastEventId });
      });
    }
  }

  /** Opens again at once: there is reason to believe that it will work now. */
  reopen(): void {
    this.#failures = 0;
    this.ports.ondisconnected();
    this.open();
  }

  close(): void {
    clearTimeout(this.#retryTimer);
    clearInterval(this.#pulseTimer);
    this.#source?.close();
    this.#source = null;
  }

  #reopenLater(): void {
    this.close();
    this.#failures += 1;
    this.#retryTimer = setTimeout(() => this.open(), backoffMs(this.#failures, this.ports.random));
    this.ports.onrefused();
  }

  #watchForSleep(): void {
    let last_ms = this.ports.now();
    this.#pulseTimer = setInterval(() => {
      const slept_ms = this.ports.now() - last_ms - PULSE_MS;
      last_ms = this.ports.now();
      if (slept_ms > SLEPT_MS) this.reopen();
    }, PULSE_MS);
  }
}
