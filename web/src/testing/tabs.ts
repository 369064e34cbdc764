/**
 * A server with a log, a browser with a worker that may die, and tabs that come, freeze and go, all in
 * memory and in the order that a test wants: a word is under way until `deliver` brings it.
 */
import type { StreamEvent } from '../lib/api/events';
import { parseCursor } from '../lib/sync/cursor';
import { Line } from '../lib/sync/line';
import { Relay, type Tab } from '../lib/sync/relay';
import type { EventSourceLike } from '../lib/sync/stream';
import type { Call, RelayWord, TabWord } from '../lib/sync/words';

/** One EventSource: what the server has sent is heard at once. */
export class Source implements EventSourceLike {
  readyState = 0;
  onopen: EventSourceLike['onopen'] = null;
  onerror: EventSourceLike['onerror'] = null;
  #lastEventId = '';
  readonly #listeners = new Map<string, (event: MessageEvent<string>) => void>();

  constructor(
    private readonly server: Server,
    private readonly cursor: string,
  ) {}

  addEventListener(kind: string, listener: (event: MessageEvent<string>) => void): void {
    this.#listeners.set(kind, listener);
  }
  close(): void {
    this.readyState = 2;
    this.server.sources.delete(this);
  }
  /** The server accepts it; again, after it broke, from the last id. */
  accept(): void {
    this.readyState = 1;
    this.onopen?.(new Event('open'));
    this.server.greet(this, this.#lastEventId || this.cursor);
  }
  stumble(): void {
    this.readyState = 0;
    this.onerror?.(new Event('error'));
  }
  refuse(): void {
    this.close();
    this.onerror?.(new Event('error'));
  }
  say(kind: string, data: object, id?: string): void {
    if (this.readyState !== 1) return;
    this.#lastEventId = id ?? this.#lastEventId;
    const message = { data: JSON.stringify(data), lastEventId: this.#lastEventId };
    this.#listeners.get(kind)?.(new MessageEvent(kind, message));
  }
  /** A frame with an id alone. */
  beat(id: string): void {
    if (this.readyState === 1) this.#lastEventId = id;
  }
}

export class Server {
  readonly sources = new Set<Source>();
  readonly viewed: string[][] = [];
  opened = 0;
  /** Whose cookie the browser has. */
  user = 'alice';
  epoch = 'e1';
  log: number[] = [];
  #head = 10;
  #streams = 0;

  connect(url: string, isDead = false): Source {
    const cursor = new URLSearchParams(url.split('?')[1]).get('cursor') ?? '';
    const source = new Source(this, cursor);
    if (isDead) return source;
    this.sources.add(source);
    this.opened += 1;
    return source;
  }

  cursor(): string {
    return `${this.epoch}.${this.#head}`;
  }

  /** Something happens that everybody may see; `skipped` events before it they may not. */
  post(skipped = 0): void {
    this.#head += 1 + skipped;
    this.log.push(this.#head);
    for (const source of this.sources) this.#tell(source, this.#head);
  }

  beat(): void {
    for (const source of this.sources) source.beat(this.cursor());
  }

  signal(kind: string, data: object): void {
    for (const source of this.sources) source.say(kind, data);
  }

  /** Another history: nothing of before counts. */
  restore(): void {
    this.epoch += 'x';
    for (const source of [...this.sources]) source.stumble();
  }

  greet(source: Source, text: string): void {
    const cursor = parseCursor(text);
    this.#streams += 1;
    source.say('hello', { stream: `s${this.#streams}`, user: this.user, cursor: text });
    if (cursor?.epoch !== this.epoch) return source.say('resync', {});
    for (const seq of this.log) if (seq > cursor.seq) this.#tell(source, seq);
  }

  #tell(source: Source, seq: number): void {
    source.say('reminder_ended', { id: seq }, `${this.epoch}.${seq}`);
  }
}

/** What is under way on one wire, in both directions. */
interface Post {
  readonly toTab: RelayWord[];
  readonly toRelay: TabWord[];
  readonly window: Window;
  deliver: (word: RelayWord) => void;
  arrive: (word: TabWord) => void;
  isCut: boolean;
}

/** A tab: its state has every event of the log up to its cursor, then those that it hears. */
export class Window {
  known: number[] = [];
  readonly heard: StreamEvent[] = [];
  readonly said: string[] = [];
  isFrozen = false;
  isKilled = false;
  /** Ends the stream that it had for itself. */
  onkilled = () => {};
  #awake_ms = Date.now();
  states = 0;
  readonly line: Line;

  constructor(
    private readonly browser: Browser,
    call: Call | null,
    alone: Call,
  ) {
    this.line = new Line({
      shared: call,
      alone,
      onevent: (event) => this.#hear(event),
      onconnected: () => this.said.push('connected'),
      ondisconnected: () => this.said.push('disconnected'),
      onrefused: () => this.said.push('refused'),
      now: () => this.#now_ms(),
    });
  }

  /** No time passes for who is frozen. */
  #now_ms(): number {
    if (!this.isFrozen) this.#awake_ms = Date.now();
    return this.#awake_ms;
  }

  /** Takes the state, as it was a few events ago: the answer may have been long on its way. */
  load(late = 0, channel: string | null = 'general'): void {
    const { server } = this.browser;
    this.states += 1;
    this.known = late === 0 ? [...server.log] : server.log.slice(0, -late);
    const seq = late === 0 ? parseCursor(server.cursor())!.seq : (this.known.at(-1) ?? 10);
    this.line.open(server.user, { epoch: server.epoch, seq }, channel);
  }

  #hear(event: StreamEvent): void {
    if (event.kind === 'resync') return this.load();
    this.heard.push(event);
    if (event.kind === 'reminder_ended') this.known.push(event.data.id);
  }
}

export class Browser {
  readonly windows: Window[] = [];
  readonly wires: Post[] = [];
  readonly #relays = new Map<string, Relay>();
  #lives = 0;
  /** Of the workers. */
  readonly #sources: Source[] = [];
  hasWorkers = true;
  /** A worker that never begins. */
  isStuck = false;

  constructor(readonly server = new Server()) {}

  open(late = 0, channel: string | null = 'general'): Window {
    const window: Window = new Window(
      this,
      this.hasWorkers ? (user, hear) => this.#call(window, user, hear) : null,
      (user, hear) => this.#callAlone(window, user, hear),
    );
    this.windows.push(window);
    window.load(late, channel);
    return window;
  }

  /** With a last word, or without one. */
  close(window: Window, isKilled = false): void {
    this.windows.splice(this.windows.indexOf(window), 1);
    if (!isKilled) return window.line.close();
    window.isFrozen = true;
    window.isKilled = true;
    window.onkilled();
    for (const wire of this.wires) if (wire.window === window) wire.isCut = true;
  }

  /** The worker is gone, with all that it had to say. */
  crash(): void {
    this.#lives += 1;
    for (const source of this.#sources.splice(0)) source.close();
    for (const wire of this.wires.splice(0)) wire.isCut = true;
    this.#relays.clear();
  }

  /** Brings one word of the `place`-th wire that has any. False when all is quiet. */
  deliver(place = 0): boolean {
    const busy = this.wires.filter(
      ({ toTab, toRelay, window }) => toRelay.length > 0 || (toTab.length > 0 && !window.isFrozen),
    );
    const wire = busy[place % Math.max(busy.length, 1)];
    if (wire === undefined) return false;
    const word = wire.toRelay.shift();
    if (word !== undefined) wire.arrive(word);
    else if (!wire.window.isFrozen) wire.deliver(wire.toTab.shift()!);
    return true;
  }

  /** Everything arrives, and who connects is let in. */
  settle(): void {
    do {
      for (const source of [...this.server.sources]) if (source.readyState === 0) source.accept();
      while (this.deliver());
    } while ([...this.server.sources].some((source) => source.readyState === 0));
  }

  #relay(user: string, isWorker: boolean): Relay {
    const life = this.#lives;
    return new Relay(user, {
      // The timers of a dead one go on here, and reach nobody.
      connect: (url) => {
        const source = this.server.connect(url, isWorker && life !== this.#lives);
        if (isWorker && life === this.#lives) this.#sources.push(source);
        return source;
      },
      view: async (_stream, channels) => void this.server.viewed.push([...channels]),
      now: Date.now,
      random: () => 1,
    });
  }

  #call(window: Window, user: string, hear: (word: RelayWord) => void): ReturnType<Call> {
    const relay = this.#relays.get(user) ?? this.#relay(user, true);
    this.#relays.set(user, relay);
    const isStuck = this.isStuck;
    const wire: Post = {
      toTab: [],
      toRelay: [],
      window,
      deliver: hear,
      arrive: (word) => void (isStuck || relay.hear(tab, word)),
      // Nor do the timers of a dead tab.
      isCut: window.isKilled,
    };
    const tab: Tab = { hear: (word) => void (wire.isCut || wire.toTab.push(word)) };
    this.wires.push(wire);
    return {
      say: (word) => void (wire.isCut || wire.toRelay.push(word)),
      // What was said before is still brought.
      hangUp: () => void (wire.isCut = true),
    };
  }

  #callAlone(window: Window, user: string, hear: (word: RelayWord) => void): ReturnType<Call> {
    if (window.isKilled) return { say: () => {}, hangUp: () => {} };
    const relay = this.#relay(user, false);
    const tab: Tab = { hear };
    window.onkilled = () => relay.hear(tab, { say: 'leave' });
    return {
      say: (word) => relay.hear(tab, word),
      hangUp: () => relay.hear(tab, { say: 'leave' }),
    };
  }
}
