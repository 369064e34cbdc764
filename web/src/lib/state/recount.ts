import type { ApiClient } from '../api/client';
import { learnUnread } from '../sync/apply-threads';
import { isStateStale, takeState } from '../sync/take-state';
import type { Chat } from './chat.svelte';

const STATE_AFTER_MS = 300;
/** Many talk in threads at once, and their totals are only a number at the side. */
const THREADS_AFTER_MS = 2_000;
/** Nobody has more unread threads than this and still reads them one by one. */
const THREADS_MAX = 100;

/** Asks for what events alone could not tell. */
export class Recount {
  #timer: ReturnType<typeof setTimeout> | undefined;
  /** Of the first reading of a screen it is not known yet which threads are unread. */
  #knowsThreads = false;

  constructor(private readonly api: ApiClient) {}

  /** Asks soon, if anything is to be asked. One question answers for all that goes stale meanwhile. */
  look(chat: Chat): void {
    const isUrgent = isStateStale(chat);
    if (!isUrgent && !chat.followed.isStale) return;
    const after_ms = isUrgent || !this.#knowsThreads ? STATE_AFTER_MS : THREADS_AFTER_MS;
    this.#timer ??= setTimeout(() => void this.#ask(chat), after_ms);
  }

  async #ask(chat: Chat): Promise<void> {
    let isAnswered = true;
    try {
      if (isStateStale(chat)) isAnswered = await this.#askState(chat);
      if (chat.followed.isStale) isAnswered = (await this.#askThreads(chat)) && isAnswered;
    } catch {
      // It stays marked as stale; the next event asks again.
    } finally {
      this.#timer = undefined;
    }
    // An answer was overtaken by an event. The next one is not likely to be.
    if (!isAnswered) this.look(chat);
  }

  async #askState(chat: Chat): Promise<boolean> {
    const { value, cursor } = await this.api.state();
    return takeState(chat, value, cursor);
  }

  async #askThreads(chat: Chat): Promise<boolean> {
    const { value, cursor } = await this.api.threads.unread(THREADS_MAX);
    // Of what does not fit in one answer at least the totals are known.
    const totals = value.length < THREADS_MAX ? undefined : (await this.api.state()).value.threads;
    const isAnswered = learnUnread(chat, value, cursor, totals);
    this.#knowsThreads ||= isAnswered;
    return isAnswered;
  }
}
