/**
 * A tab's end of the live stream, which all tabs of this browser share.
 *
 * Neighbours: `relay.ts` is the other end; `call.ts` reaches it; every event goes to `apply.ts`.
 *
 * What is handed on is what the relay says, without what this tab has (its cursor says so) and without
 * a hole: whoever notices one joins again from its own cursor, and takes the state anew where the
 * relay cannot fill it.
 */
import { parseEvent, type StreamEvent } from '../api/events';
import { contains, formatCursor, parseCursor, type Cursor } from './cursor';
import { PING_MS } from './relay';
import type { Call, Frame, RelayWord, Wire } from './words';

/** A worker that has not said a word by now may never do it; long, because ten tabs may open at once. */
export const ANSWER_MS = 10_000;
/** The relay pings more often than this: so long without a word it is not there, or we were asleep. */
export const SILENCE_MS = 4 * PING_MS;
/** How often a tab that is alone looks whether there is a worker now. */
export const KNOCK_EVERY_MS = 60_000;
/** A hole that joining again so often in a row has not filled, will not be. */
const JOINS_IN_VAIN_MAX = 3;
const WATCH_EVERY_MS = 5_000;

export interface LinePorts {
  /** The relay of all tabs; null where a browser has none. */
  readonly shared: Call | null;
  /** One for this tab alone. */
  readonly alone: Call;
  onevent(event: StreamEvent): void;
  onconnected(): void;
  ondisconnected(): void;
  /** The server refused the stream: somebody should find out whether the session has ended. */
  onrefused(): void;
  now(): number;
}

export class Line {
  #wire: Wire | null = null;
  /** Where a tab that is alone waits for a word of a worker that gave no answer: it may be slow, or we are. */
  #knocking: Wire | null = null;
  #knocked_ms = 0;
  #user = '';
  #cursor: Cursor = { epoch: '', seq: 0 };
  #channel: string | null = null;
  #isOpen = false;
  /** Joined again to fill a hole; what is still on its way from before is of no use. */
  #isCatchingUp = false;
  /** Since the last event. */
  #joins = 0;
  #heard_ms = 0;
  #answerTimer: ReturnType<typeof setTimeout> | undefined;
  #watchTimer: ReturnType<typeof setInterval> | undefined;

  constructor(private readonly ports: LinePorts) {}

  /** Listens to what `user` may see after the cursor. */
  open(user: string, cursor: Cursor, channel: string | null): void {
    this.close();
    this.#user = user;
    this.#cursor = cursor;
    this.#channel = channel;
    this.#isOpen = true;
    this.resume();
  }

  /** Says what is open on the screen. */
  view(channel: string | null): void {
    if (this.#channel === channel) return;
    this.#channel = channel;
    this.#wire?.say({ say: 'view', channel });
  }

  /** There is reason to believe that the server can be reached. */
  reopen(): void {
    this.#wire?.say({ say: 'reopen' });
  }

  /** The page goes, and may come back as it is. */
  pause(): void {
    this.#hangUp();
  }

  resume(): void {
    if (this.#isOpen && this.#wire === null) this.#dial(this.ports.shared ?? this.ports.alone);
  }

  close(): void {
    this.#isOpen = false;
    this.pause();
  }

  #dial(call: Call): void {
    this.#hangUp();
    const isAlone = call === this.ports.alone;
    const onbroken = () => {
      if (this.#wire !== wire || isAlone) return;
      this.#dial(this.ports.alone);
      this.#knock(call);
    };
    const hear = (word: RelayWord) => {
      if (this.#wire === wire) this.#hear(word);
    };
    const wire = call(this.#user, hear, onbroken);
    this.#wire = wire;
    this.#heard_ms = this.ports.now();
    if (!isAlone) this.#answerTimer = setTimeout(onbroken, ANSWER_MS);
    this.#watchTimer = setInterval(() => this.#watch(call), WATCH_EVERY_MS);
    this.#join();
  }

  #hangUp(): void {
    clearTimeout(this.#answerTimer);
    clearInterval(this.#watchTimer);
    this.#wire?.say({ say: 'leave' });
    this.#wire?.hangUp();
    this.#knocking?.hangUp();
    this.#wire = null;
    this.#knocking = null;
  }

  /** With the first word of a worker this tab shares. */
  #knock(shared: Call): void {
    this.#knocking?.hangUp();
    this.#knocked_ms = this.ports.now();
    const hear = () => {
      if (this.#knocking === wire) this.#dial(shared);
    };
    const wire = shared(this.#user, hear, () => {});
    this.#knocking = wire;
    // It answers whoever has not joined that they may.
    wire.say({ say: 'here' });
  }

  #join(): void {
    this.#isCatchingUp = true;
    this.#joins += 1;
    const cursor = formatCursor(this.#cursor);
    this.#wire?.say({ say: 'join', cursor, channel: this.#channel });
  }

  #watch(call: Call): void {
    const now_ms = this.ports.now();
    const { shared, alone } = this.ports;
    if (call === alone && shared !== null && now_ms - this.#knocked_ms >= KNOCK_EVERY_MS) {
      this.#knock(shared);
    }
    if (now_ms - this.#heard_ms < SILENCE_MS) return;
    this.ports.ondisconnected();
    this.#dial(call);
  }

  #hear(word: RelayWord): void {
    clearTimeout(this.#answerTimer);
    this.#heard_ms = this.ports.now();
    switch (word.say) {
      case 'event':
        if (this.#isCatchingUp) return;
        return this.#take(word.frame, word.after);
      case 'signal':
        return this.#handOn(word.frame);
      // One of these is the answer to joining.
      case 'connected':
        this.#isCatchingUp = false;
        return this.ports.onconnected();
      case 'disconnected':
        this.#isCatchingUp = false;
        return this.ports.ondisconnected();
      case 'refused':
        return this.ports.onrefused();
      case 'ping':
        return this.#wire?.say({ say: 'here' });
      case 'gone':
        return this.#join();
      case 'lost':
        return this.#lose();
    }
  }

  /** What comes cannot be added to what this tab has. */
  #lose(): void {
    this.#isOpen = false;
    this.#hangUp();
    this.ports.onevent({ kind: 'resync', data: {} });
  }

  #take(frame: Frame, after: string): void {
    const [event, before] = [parseCursor(frame.id), parseCursor(after)];
    if (event === null || contains(this.#cursor, event)) return;
    if (before === null || !contains(this.#cursor, before)) {
      return this.#joins > JOINS_IN_VAIN_MAX ? this.#lose() : this.#join();
    }
    this.#cursor = event;
    this.#joins = 0;
    this.#handOn(frame);
  }

  #handOn(frame: Frame): void {
    const event = parseEvent(frame);
    if (event !== null) this.ports.onevent(event);
  }
}
