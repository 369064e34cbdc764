import type { ApiClient } from '../api/client';
import type { StreamEvent } from '../api/events';
import { spreadMs } from '../sync/backoff';
import { ask, type Outcome } from '../sync/questions';
import { isStateStale, staleIn, takeState } from '../sync/take-state';
import { takeThreads, takeUnread } from '../sync/take-threads';
import type { Chat } from './chat.svelte';

const STATE_AFTER_MS = 300;
/** Many talk in threads at once, and their totals are only a number at the side. */
const THREADS_AFTER_MS = 2_000;
/** One event may send everybody who hears it here: among so much time they are spread, and among more the more often. */
const SPREAD_MS = 3_000;
/** Nobody has more unread threads than this and still reads them one by one. */
const THREADS_MAX = 100;

/** More people than these are a crowd, and do not ask for something at one moment. */
const FEW = 20;

/** Whether `me` has been added to a channel, with few others. */
export function isAmongFewAdded(event: StreamEvent, me: string): boolean {
  if (event.kind !== 'members_added') return false;
  const { users } = event.data;
  return users.includes(me) && users.length <= FEW;
}

/** So long after the last question nothing of it counts any more: asked again and again, it is asked seldom. */
const CALM_MS = 60_000;

/** Asks for what events alone could not tell. */
export class Recount {
  #chat: Chat | undefined;
  #pause: ReturnType<typeof setTimeout> | undefined;
  /** The pause is before a question for the state, and not for threads alone. */
  #isForState = false;
  /** The person has just done what is to be asked for. */
  #isHurried = false;
  /** The pause is as short as it gets: what happens meanwhile does not begin it anew. */
  #isShort = false;
  /** The questions under way; null where there are none whose answer is wanted. */
  #round: object | null = null;
  /** Of the first reading of a screen it is not known yet which threads are unread. */
  #knowsThreads = false;
  /** Questions in a row without a calm between them, and when the last of them was over. */
  readonly #repeats = { state: 0, threads: 0 };
  readonly #asked_ms = { state: -Infinity, threads: -Infinity };

  constructor(
    private readonly api: ApiClient,
    /** An answer of another history: the server was restored, and all that we hold is void. */
    private readonly onotherhistory: () => void,
    private readonly random: () => number,
    private readonly now: () => number = Date.now,
  ) {}

  /** Asks soon, if anything is to be asked. One question answers for all that goes stale meanwhile. */
  look(chat: Chat): void {
    this.#listenTo(chat);
    if (this.#round !== null) return;
    const isForState = isStateStale(chat);
    if (!isForState && !chat.followed.isStale) {
      this.#isHurried = false;
      return;
    }
    // What is asked for seldom keeps nothing waiting that is urgent.
    const isSooner = this.#isHurried ? !this.#isShort : isForState && !this.#isForState;
    if (this.#pause !== undefined && !isSooner) return;
    this.#endPause();
    this.#isForState = isForState;
    this.#isShort = this.#isHurried;
    this.#pause = setTimeout(() => void this.#ask(chat), this.#waitMs(isForState));
  }

  /** The same for what the person has just done, or others for them: hardly anybody else asks at that moment. */
  hurry(chat: Chat): void {
    this.#listenTo(chat);
    this.#isHurried = true;
    this.look(chat);
  }

  /** The server is in reach again: however often it was asked in vain, it is asked soon. */
  wake(): void {
    this.#forgetRepeats();
    const chat = this.#chat;
    if (chat === undefined || this.#pause === undefined) return;
    this.#endPause();
    this.look(chat);
  }

  /** What is asked is of no use any more: the state is read anew, or nobody is logged in. */
  end(): void {
    this.#endPause();
    this.#chat = undefined;
    this.#round = null;
    this.#isHurried = false;
    this.#forgetRepeats();
  }

  #listenTo(chat: Chat): void {
    if (chat !== this.#chat) this.end();
    this.#chat = chat;
  }

  #waitMs(isForState: boolean): number {
    if (this.#isHurried) return STATE_AFTER_MS;
    const first_ms = isForState || !this.#knowsThreads ? STATE_AFTER_MS : THREADS_AFTER_MS;
    const of = isForState ? 'state' : 'threads';
    const isCalm = this.now() - this.#asked_ms[of] > CALM_MS;
    const repeats = isCalm ? 0 : this.#repeats[of];
    this.#repeats[of] = repeats;
    return first_ms + spreadMs(repeats + 1, this.random, SPREAD_MS);
  }

  async #ask(chat: Chat): Promise<void> {
    this.#pause = undefined;
    this.#isHurried = false;
    const round = (this.#round = {});
    const isWanted = () => this.#round === round;
    const outcomes: Outcome[] = [];
    try {
      if (isStateStale(chat)) {
        outcomes.push(await this.#counted('state', this.#askState(chat)));
      }
      // Of whoever has logged out meanwhile it would be refused, and lead to another door.
      if (isWanted() && chat.followed.isStale) {
        outcomes.push(await this.#counted('threads', this.#askThreads(chat, isWanted)));
      }
    } catch {
      // It stays marked as stale, and is asked for again.
    }
    if (!isWanted()) return;
    this.#round = null;
    if (outcomes.includes('elsewhere')) return this.onotherhistory();
    this.look(chat);
  }

  async #counted(of: 'state' | 'threads', question: Promise<Outcome>): Promise<Outcome> {
    this.#repeats[of] += 1;
    try {
      return await question;
    } finally {
      this.#asked_ms[of] = this.now();
    }
  }

  #askState(chat: Chat): Promise<Outcome> {
    const asked = staleIn(chat);
    return ask(
      chat,
      () => this.api.state(),
      (landed) => takeState(chat, landed, asked),
    );
  }

  async #askThreads(chat: Chat, isWanted: () => boolean): Promise<Outcome> {
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
    if (!isCut || !isWanted()) return outcome;
    // What does not fit in one list is at least counted.
    return ask(
      chat,
      () => this.api.state(),
      (landed) => takeThreads(chat, { ...landed, value: landed.value.threads }),
    );
  }

  #endPause(): void {
    clearTimeout(this.#pause);
    this.#pause = undefined;
  }

  #forgetRepeats(): void {
    this.#repeats.state = 0;
    this.#repeats.threads = 0;
  }
}
