/**
 * One live stream for all tabs of a person in one browser, which over HTTP/1.1 has six connections
 * to a server in all.
 *
 * It lives in a SharedWorker, not in a tab chosen by Web Locks: on plain `http://` there are no locks,
 * and a worker is neither frozen with a hidden tab nor closed with one, so nobody has to take over in
 * the middle of a burst. Browsers without it (Chrome on Android) have a relay in each tab (`call.ts`).
 *
 * A tab joins with the cursor of its own state, hears what was said since from `recent.ts`, and then
 * what comes; `line.ts` drops what it has and notices what it lacks. One that answers no ping (frozen,
 * gone without a word) is forgotten, and joins again when it lives. A relay is for one account: the
 * first frame of each connection says whose events follow, and if they are another's, because somebody
 * else has logged in, no tab hears them; all take their state anew.
 */
import { isDurable } from '../api/events';
import { parseCursor } from './cursor';
import { PresenceHeard } from './presence-heard';
import { Recent } from './recent';
import { Stream, type EventSourceLike } from './stream';
import { Viewed, type SayViewed } from './viewed';
import type { Frame, RelayWord, TabWord } from './words';

export const PING_MS = 10_000;
/** A tab that has left so many in a row without an answer is not told any more. */
const PINGS_UNANSWERED_MAX = 3;
/** Ten tabs say at once that the network is back; one new connection is enough. */
const REOPEN_EVERY_MS = 2_000;

/** The relay's end of a wire. */
export interface Tab {
  hear(word: RelayWord): void;
}

export interface RelayPorts {
  connect(url: string): EventSourceLike;
  view: SayViewed;
  now(): number;
  random(): number;
}

interface Listener {
  channel: string | null;
  unanswered: number;
}

export class Relay {
  /** The ones whose channel changed last stand at the end. */
  readonly #tabs = new Map<Tab, Listener>();
  readonly #stream: Stream;
  readonly #viewed: Viewed;
  /** Null while nobody listens. */
  #recent: Recent | null = null;
  #presence = new PresenceHeard();
  #isConnected = false;
  #opened_ms = 0;
  #pings: ReturnType<typeof setInterval> | undefined;

  constructor(
    /** Whose events these are. */
    private readonly user: string,
    private readonly ports: RelayPorts,
  ) {
    this.#viewed = new Viewed(ports.view);
    this.#stream = new Stream({
      ...ports,
      position: () => this.#recent?.position ?? { epoch: '', seq: 0 },
      onframe: (frame) => this.#pass(frame),
      onconnected: () => this.#turn(true),
      ondisconnected: () => this.#turn(false),
      onrefused: () => this.#tell({ say: 'refused' }),
    });
  }

  /** A tab says something. */
  hear(tab: Tab, word: TabWord): void {
    if (word.say === 'join') return this.#join(tab, word.cursor, word.channel);
    const listener = this.#tabs.get(tab);
    if (word.say === 'leave') return this.#forget(tab);
    if (listener === undefined) return tab.hear({ say: 'gone' });
    listener.unanswered = 0;
    if (word.say === 'reopen') this.#reopen();
    if (word.say === 'view') this.#view(tab, { ...listener, channel: word.channel });
  }

  #join(tab: Tab, text: string, channel: string | null): void {
    const cursor = parseCursor(text);
    if (cursor === null) return tab.hear({ say: 'lost' });
    const isFirst = this.#recent === null;
    this.#recent ??= new Recent(cursor);
    // Of two histories one is over, and only the server knows which.
    if (!this.#recent.isOfHistory(cursor)) {
      tab.hear({ say: 'lost' });
      return this.#loseAll();
    }
    const missed = this.#recent.after(cursor);
    if (missed === null) {
      this.#forget(tab);
      return tab.hear({ say: 'lost' });
    }
    this.#view(tab, { channel, unanswered: 0 });
    tab.hear({ say: this.#isConnected ? 'connected' : 'disconnected' });
    for (const { frame, after } of missed) tab.hear({ say: 'event', frame, after });
    const { frame } = this.#presence;
    if (frame !== null) tab.hear({ say: 'signal', frame });
    if (isFirst) this.#begin();
    else if (!this.#isConnected) this.#reopen();
  }

  #begin(): void {
    this.#opened_ms = this.ports.now();
    this.#stream.open();
    this.#pings = setInterval(() => this.#ping(), PING_MS);
  }

  #end(): void {
    clearInterval(this.#pings);
    this.#stream.close();
    this.#viewed.end();
    this.#isConnected = false;
    this.#recent = null;
    this.#presence = new PresenceHeard();
  }

  #reopen(): void {
    const now_ms = this.ports.now();
    if (now_ms - this.#opened_ms < REOPEN_EVERY_MS) return;
    this.#opened_ms = now_ms;
    this.#stream.reopen();
  }

  #forget(tab: Tab): void {
    if (!this.#tabs.delete(tab)) return;
    if (this.#tabs.size === 0) this.#end();
    else this.#sayViewed();
  }

  /** Nobody can go on from what they have. */
  #loseAll(): void {
    const tabs = [...this.#tabs.keys()];
    this.#tabs.clear();
    this.#end();
    for (const tab of tabs) tab.hear({ say: 'lost' });
  }

  #ping(): void {
    for (const [tab, listener] of [...this.#tabs]) {
      const isSilent = listener.unanswered >= PINGS_UNANSWERED_MAX;
      listener.unanswered += 1;
      tab.hear({ say: isSilent ? 'gone' : 'ping' });
      if (isSilent) this.#forget(tab);
    }
  }

  #view(tab: Tab, listener: Listener): void {
    this.#tabs.delete(tab);
    this.#tabs.set(tab, listener);
    this.#sayViewed();
  }

  #sayViewed(): void {
    this.#viewed.set([...this.#tabs.values()].map(({ channel }) => channel).reverse());
  }

  #pass(frame: Frame): void {
    if (frame.event === 'hello') return this.#greet(frame);
    if (frame.event === 'resync') return this.#loseAll();
    if (!isDurable(frame.event)) {
      this.#recent?.moveTo(frame.id);
      if (frame.event === 'presence') this.#presence.add(frame);
      return this.#tell({ say: 'signal', frame });
    }
    const event = this.#recent?.add(frame);
    if (event) this.#tell({ say: 'event', frame, after: event.after });
  }

  #greet(frame: Frame): void {
    const hello = JSON.parse(frame.data) as { stream: string; user?: string };
    if (hello.user !== undefined && hello.user !== this.user) return this.#loseAll();
    this.#viewed.begin(hello.stream);
  }

  #turn(isConnected: boolean): void {
    this.#isConnected = isConnected;
    if (!isConnected) this.#viewed.end();
    this.#tell({ say: isConnected ? 'connected' : 'disconnected' });
  }

  #tell(word: RelayWord): void {
    for (const tab of [...this.#tabs.keys()]) tab.hear(word);
  }
}
