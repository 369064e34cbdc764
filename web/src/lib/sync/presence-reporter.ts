/** Tells the server whether somebody sits here. Speaks to the window; shows nothing. */
import type { Presence } from '../api/schema';

const IDLE_AFTER_MS = 300_000;
const HEARTBEAT_MS = 30_000;

/** What counts as somebody being there. */
const INPUT_EVENTS = ['keydown', 'pointerdown', 'pointermove', 'wheel', 'touchstart'] as const;

export interface PresencePorts {
  report(state: Presence): void;
  /** Survives the page: for the last word before it is hidden or gone. */
  beacon(state: Presence): void;
  now(): number;
}

export interface PresenceReporter {
  /** Says it once more: a server that has just started knows of nobody. */
  again(): void;
  stop(): void;
}

/** Starts reporting. */
export function reportPresence(page: Window, ports: PresencePorts): PresenceReporter {
  const { document } = page;
  let lastInput_ms = ports.now();
  let said: Presence | null = null;

  const current = (): Presence => {
    if (document.visibilityState === 'hidden') return 'hidden';
    return ports.now() - lastInput_ms >= IDLE_AFTER_MS ? 'idle' : 'active';
  };
  const say = (state: Presence) => {
    said = state;
    if (state === 'hidden' || state === 'offline') ports.beacon(state);
    else ports.report(state);
  };
  const heartbeat = () => say(current());
  const input = () => {
    lastInput_ms = ports.now();
    if (said === 'idle') say('active');
  };
  const focus = () => {
    input();
    heartbeat();
  };
  const leave = () => say('offline');

  const stopping = new AbortController();
  const options = { signal: stopping.signal, passive: true };
  for (const kind of INPUT_EVENTS) page.addEventListener(kind, input, options);
  page.addEventListener('focus', focus, options);
  page.addEventListener('pageshow', focus, options);
  page.addEventListener('pagehide', leave, options);
  document.addEventListener('visibilitychange', heartbeat, options);
  const timer = page.setInterval(heartbeat, HEARTBEAT_MS);
  focus();

  const stop = () => {
    stopping.abort();
    page.clearInterval(timer);
  };
  return { again: heartbeat, stop };
}
