import { createSubscriber } from 'svelte/reactivity';

const EVERY_MS = 20_000;

const subscribe = createSubscriber((update) => {
  const timer = setInterval(update, EVERY_MS);
  return () => clearInterval(timer);
});

/** Now, in milliseconds. Whatever shows it is drawn again as the minutes pass. */
export function nowMs(): number {
  subscribe();
  return Date.now();
}
