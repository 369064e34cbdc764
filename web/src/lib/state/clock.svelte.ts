import { createSubscriber } from 'svelte/reactivity';

const TELL_EVERY_MS = 30_000;

/** The time, told anew now and then to whatever shows it, and to nobody else. */
class Clock {
  readonly #subscribe = createSubscriber((update) => {
    const timer = setInterval(update, TELL_EVERY_MS);
    return () => clearInterval(timer);
  });

  get now_ms(): number {
    this.#subscribe();
    return Date.now();
  }
}

export const clock = new Clock();
