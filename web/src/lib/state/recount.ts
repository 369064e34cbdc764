import type { ApiClient } from '../api/client';
import { ask, type Outcome } from '../sync/questions';
import { isStateStale, takeState } from '../sync/take-state';
import { takeThreads, takeUnread } from '../sync/take-threads';
import type { Chat } from './chat.svelte';

const STATE_AFTER_MS = 300;
/** Many talk in threads at once, and their totals are only a number at the side. */
const THREADS_AFTER_MS = 2_000;
/** Where an answer leaves something to be asked, the next question waits twice as long; at most so long. */
const PAUSE_MS_MAX = 60_000;
/** Nobody has more unread threads than this and still reads them one by one. */
const THREADS_MAX = 100;

/** Asks for what events alone could not tell. */
export class Recount {
  #chat: Chat | undefined;
  #timer: ReturnType<typeof setTimeout> | undefined;
  /** Of the first reading of a screen it is not known yet which threads are unread. */
  #knowsThreads = false;
  /** Rounds in a row after which something was still to be asked. */
  #repeats = 0;

  constructor(
    private readonly api: ApiClient,
    /** An answer of another history: the server was restored, and all that we hold is void. */
    private readonly onotherhistory: () => void,
  ) {}

  /** Asks soon, if anything is to be asked. One question answers for all that goes stale meanwhile. */
  look(chat: Chat): void {
    if (chat !== this.#chat) this.end();
    this.#chat = chat;
    const isUrgent = isStateStale(chat);
    if (!isUrgent && !chat.followed.isStale) return;
    const first_ms = isUrgent || !this.#knowsThreads ? STATE_AFTER_MS : THREADS_AFTER_MS;
    const after_ms = Math.min(PAUSE_MS_MAX, first_ms * 2 ** this.#repeats);
    this.#timer ??= setTimeout(() => void this.#ask(chat), after_ms);
  }

  /** What is asked is of no use any more: the state is read anew, or nobody is logged in. */
  end(): void {
    clearTimeout(this.#timer);
    this.#timer = undefined;
    this.#chat = undefined;
    this.#repeats = 0;
  }

  async #ask(chat: Chat): Promise<void> {
    const outcomes: Outcome[] = [];
    try {
      if (isStateStale(chat)) outcomes.push(await this.#askState(chat));
      if (chat.followed.isStale) outcomes.push(await this.#askThreads(chat));
    } catch {
      // It stays marked as stale, and is asked for again.
    }
    if (chat !== this.#chat) return;
    this.#timer = undefined;
    if (outcomes.includes('elsewhere')) return this.onotherhistory();
    const isLeft = isStateStale(chat) || chat.followed.isStale;
    this.#repeats = isLeft ? this.#repeats + 1 : 0;
    this.look(chat);
  }

  #askState(chat: Chat): Promise<Outcome> {
    return ask(
      chat,
      () => this.api.state(),
      (landed) => takeState(chat, landed),
    );
  }

  async #askThreads(chat: Chat): Promise<Outcome> {
    let isCut = false;
    const outcome = await ask(
      chat,
      () => this.api.threads.unread(THREADS_MAX),
      (landed) => {
        isCut = landed.value.length >= THREADS_MAX;
        if (!isCut) takeUnread(chat, landed);
      },
    );
    this.#knowsThreads ||= outcome === 'taken';
    if (!isCut) return outcome;
    // What does not fit in one list is at least counted.
    return ask(
      chat,
      () => this.api.state(),
      (landed) => takeThreads(chat, { ...landed, value: landed.value.threads }),
    );
  }
}
