/**
 * Tells the server whether somebody sits here. Speaks to the window; shows nothing.
 *
 * A person has one presence and many windows in one browser: what is said is how it is in the best of
 * them, so a hidden window does not take back what the one in use has said.
 */
import type { Presence } from '../api/schema';

const IDLE_AFTER_MS = 300_000;
const HEARTBEAT_MS = 30_000;
/** A window of which nothing was heard for this long is frozen, or gone: hidden ones may wake once a minute. */
const FRESH_MS = 75_000;
/** Another window that comes to the front in place of this one says so within this time. */
const SETTLE_MS = 500;

/** What counts as somebody being there. */
const INPUT_EVENTS = ['keydown', 'pointerdown', 'pointermove', 'wheel', 'touchstart'] as const;

const FROM_BEST: readonly Presence[] = ['active', 'idle', 'hidden', 'offline'];

/** How it is in one window, for the others. */
export interface WindowPresence {
  readonly window: string;
  readonly state: Presence;
}

export interface PresencePorts {
  report(state: Presence): void;
  /** Survives the page: for the last word before it is hidden or gone. */
  beacon(state: Presence): void;
  now(): number;
  /** The name of this window among those of the browser. */
  readonly window: string;
  tellOthers(presence: WindowPresence): void;
  onother(heard: (presence: WindowPresence) => void): void;
  /** Nothing is told or heard any more. */
  hangUp(): void;
}

export interface PresenceReporter {
  /** Says it once more: a server that has just started knows of nobody. */
  again(): void;
  stop(): void;
}

/** Starts reporting. */
export function reportPresence(page: Window, ports: PresencePorts): PresenceReporter {
  const { document } = page;
  const others = new Others(ports.now);
  let lastInput_ms = ports.now();
  let told: Presence | null = null;
  let settling: ReturnType<typeof setTimeout> | undefined;

  const current = (): Presence => {
    if (document.visibilityState === 'hidden') return 'hidden';
    return ports.now() - lastInput_ms >= IDLE_AFTER_MS ? 'idle' : 'active';
  };
  const tell = (state: Presence) => {
    told = state;
    ports.tellOthers({ window: ports.window, state });
  };
  const say = (state: Presence) => {
    if (state === 'hidden' || state === 'offline') ports.beacon(state);
    else ports.report(state);
  };
  const look = () => {
    clearTimeout(settling);
    tell(current());
    say(better(current(), others.best()?.state));
  };
  const heartbeat = () => {
    const state = current();
    tell(state);
    const best = others.best();
    const isSaidByOther =
      best !== undefined &&
      (isBetter(best.state, state) || (best.state === state && best.window < ports.window));
    if (!isSaidByOther) say(state);
  };
  const input = () => {
    lastInput_ms = ports.now();
    if (told === 'idle') look();
  };
  const focus = () => {
    lastInput_ms = ports.now();
    look();
  };
  const turn = () => {
    if (document.visibilityState !== 'hidden' || others.best() === undefined) return look();
    tell('hidden');
    clearTimeout(settling);
    settling = setTimeout(look, SETTLE_MS);
  };
  const leave = () => {
    clearTimeout(settling);
    tell('offline');
    say(others.best()?.state ?? 'offline');
  };

  const stopping = new AbortController();
  const options = { signal: stopping.signal, passive: true };
  for (const kind of INPUT_EVENTS) page.addEventListener(kind, input, options);
  page.addEventListener('focus', focus, options);
  page.addEventListener('pageshow', focus, options);
  page.addEventListener('pagehide', leave, options);
  document.addEventListener('visibilitychange', turn, options);
  const timer = page.setInterval(heartbeat, HEARTBEAT_MS);
  ports.onother((presence) => others.hear(presence));
  focus();

  const stop = () => {
    stopping.abort();
    clearTimeout(settling);
    page.clearInterval(timer);
    tell('offline');
    ports.hangUp();
  };
  return { again: heartbeat, stop };
}

/** The other windows of this browser, as far as they were heard of lately. */
class Others {
  readonly #heard = new Map<string, { state: Presence; at_ms: number }>();

  constructor(private readonly now: () => number) {}

  hear({ window, state }: WindowPresence): void {
    if (state === 'offline') this.#heard.delete(window);
    else this.#heard.set(window, { state, at_ms: this.now() });
  }

  /** The one that is most in use; of two alike the one whose name comes first. */
  best(): WindowPresence | undefined {
    let best: WindowPresence | undefined;
    for (const [window, { state, at_ms }] of this.#heard) {
      if (this.now() - at_ms > FRESH_MS) this.#heard.delete(window);
      else if (best === undefined || isBetter(state, best.state)) best = { window, state };
      else if (state === best.state && window < best.window) best = { window, state };
    }
    return best;
  }
}

function isBetter(a: Presence, b: Presence): boolean {
  return FROM_BEST.indexOf(a) < FROM_BEST.indexOf(b);
}

function better(a: Presence, b: Presence | undefined): Presence {
  return b !== undefined && isBetter(b, a) ? b : a;
}
