import type { ApiClient } from '../api/client';
import { learnUnread } from '../sync/apply-threads';
import { countAsked } from '../sync/unread';
import type { Chat } from './chat.svelte';

const CHANNELS_AFTER_MS = 300;
/** Many talk in threads at once, and their totals are only a number at the side. */
const THREADS_AFTER_MS = 2_000;
/** Nobody has more unread threads than this and still reads them one by one. */
const THREADS_MAX = 100;

/** Asks for counts that events alone could not tell. */
export class Recount {
  #timer: ReturnType<typeof setTimeout> | undefined;
  /** Of the first reading of a screen it is not known yet which threads are unread. */
  #knowsThreads = false;

  constructor(private readonly api: ApiClient) {}

  /** Asks soon, if anything is to be asked. One question answers for all that goes stale meanwhile. */
  look(chat: Chat): void {
    const isChannelStale = chat.channels.some((entry) => entry.isCountStale);
    if (!isChannelStale && !chat.followed.isStale) return;
    const isUrgent = isChannelStale || !this.#knowsThreads;
    const after_ms = isUrgent ? CHANNELS_AFTER_MS : THREADS_AFTER_MS;
    this.#timer ??= setTimeout(() => void this.#ask(chat), after_ms);
  }

  async #ask(chat: Chat): Promise<void> {
    try {
      const isThreadStale = chat.followed.isStale;
      const { value, cursor } = await this.api.state();
      const fresh = new Map(value.channels.map((summary) => [summary.channel, summary]));
      chat.channels = chat.channels.map((entry) => {
        const summary = fresh.get(entry.channel);
        return entry.isCountStale && summary ? countAsked(entry, summary) : entry;
      });
      // An answer behind the stream lacks replies that were counted already.
      if (!isThreadStale || cursor.seq < chat.cursor.seq) return;
      const threads =
        value.threads.unread === 0
          ? []
          : await this.api.threads.followed({ unread: true, limit: THREADS_MAX });
      learnUnread(chat, value.threads, threads);
      this.#knowsThreads = true;
    } catch {
      // The counts stay marked as stale; the next event asks again.
    } finally {
      this.#timer = undefined;
    }
  }
}
