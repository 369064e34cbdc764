/**
 * Whose this window is, and what this browser keeps for them: the unsent messages and drafts of one account are sent and
 * shown in its name alone, whoever logs in beside it or after it.
 *
 * Neighbours: `store/` has the disk, `account.ts` what all tabs know, `app.svelte.ts` asks when it loads and when a 401 comes.
 */
import type { ApiClient } from '../api/client';
import { ApiProblem, asProblem } from '../api/problem';
import type { Account, Draft as SavedDraft } from '../api/schema';
import { follows, KeptDrafts, type KeptDraft } from '../store/kept-drafts';
import { KEPT_DAYS, KeptOutbox, type KeptEcho, type Turn } from '../store/kept-outbox';
import { BrowserShelf } from '../store/shelf';
import { Tabs } from '../store/tabs';
import type { Echo } from '../sync/chat-state';
import { newClientMsgId } from '../sync/client-msg-id';
import { AccountMark } from './account';
import type { DraftsState } from './drafts.svelte';
import { OutboxState } from './outbox.svelte';

/** How often a window looks for what another left that did not say that it goes. */
const LOOK_EVERY_MS = 15_000;

const REVOKED = '/problems/session-revoked';
export const NOT_LOGGED_IN = '/problems/not-logged-in';
export const EXPIRED = '/problems/session-expired';

export interface KeeperPorts {
  readonly api: ApiClient;
  readonly drafts: () => DraftsState;
  /** There may be something to send. */
  resume(): void;
  /** Another account has logged in in this browser: the window is theirs. */
  onother(): void;
}

export class Keeper {
  readonly #mark = new AccountMark();
  readonly #tabs = new Tabs(newClientMsgId(), () => void this.#adopt());
  readonly #messages = new BrowserShelf<KeptEcho>('outbox');
  readonly #kept = new KeptOutbox(this.#messages, {
    tab: this.#tabs.name,
    living: (tabs) => this.#tabs.living(tabs),
    now: Date.now,
  });
  readonly #texts = new BrowserShelf<KeptDraft>('drafts');
  readonly #drafts = new KeptDrafts(this.#texts, Date.now);
  readonly outbox = new OutboxState(this.#kept);
  #user: string | null = null;
  /** The session has ended, and nobody has come in since. */
  #isOut = false;

  constructor(private readonly ports: KeeperPorts) {}

  /** Listens to the window and to the other tabs, until `signal`. */
  start(signal: AbortSignal): void {
    const forgotten_ms = Date.now() - KEPT_DAYS * 24 * 3_600_000;
    for (const shelf of [this.#messages, this.#texts]) shelf.forget(forgotten_ms).catch(() => {});
    const looking = setInterval(() => void this.#adopt(), LOOK_EVERY_MS);
    signal.addEventListener('abort', () => clearInterval(looking));
    addEventListener('pagehide', () => this.#tabs.leave(), { signal });
    const ask = (event: BeforeUnloadEvent) => this.outbox.wouldLose && event.preventDefault();
    addEventListener('beforeunload', ask, { signal });
    this.#mark.listen((who) => this.#hear(who), signal);
  }

  /** It is known whose session this is: what they left goes on, what somebody else left stays where it is. */
  async belongTo(user: string, saved: readonly SavedDraft[]): Promise<void> {
    if (this.#user !== user) this.#leave();
    this.#user = user;
    this.#isOut = false;
    this.#mark.set(user);
    this.outbox.belongTo(user);
    await Promise.all([this.#adopt(), this.#restore(user, saved)]);
  }

  /** Asks in the name of whoever wrote it, or not at all. */
  async inOwnName<T>(wish: () => Promise<T>): Promise<T> {
    const isOwn = this.#user !== null && !this.#isOut && this.#mark.mayBe(this.#user);
    if (!isOwn) throw ApiProblem.otherSession();
    return wish();
  }

  /** Logs in or signs up. */
  enter(wish: () => Promise<Account>): Promise<Account> {
    return this.#mark.knock(wish);
  }

  async turn(echo: Echo): Promise<Turn> {
    if (this.#user === null) return 'never';
    const turn = await this.#kept.turn(this.#user, echo);
    // Whoever has what is before it may be gone without a word.
    if (turn === 'later') void this.#adopt();
    return turn;
  }

  keepDraft(...draft: readonly [string, number | null, string, readonly string[]]): void {
    if (this.#user !== null) this.#drafts.keep(this.#user, ...draft);
  }
  dropDraft(channel: string, thread_id: number | null, text: string): void {
    if (this.#user !== null) this.#drafts.drop(this.#user, channel, thread_id, text);
  }

  /** A 401: nobody comes back to an account that was taken away, so nothing of it stays here. */
  async refused(problem: ApiProblem): Promise<void> {
    this.#isOut = true;
    if (problem.type === REVOKED) await this.erase();
  }

  /** Deletes what this browser keeps of the account that is or was logged in. */
  async erase(): Promise<void> {
    const user = this.#user ?? this.#mark.who;
    this.#leave();
    this.#mark.set(null);
    if (user) await Promise.all([this.#kept.erase(user), this.#drafts.erase(user)]);
  }

  /** Why there is no session, as the `type` of a problem; null when there is one, or never was. */
  async whyOut(): Promise<string | null> {
    try {
      await this.ports.api.me();
      return null;
    } catch (failure) {
      const { type, status } = asProblem(failure);
      if (status !== 401) return null;
      if (type !== NOT_LOGGED_IN) return type;
      // The cookie lasts as long as the session: the browser has thrown it away when the time came.
      return this.#mark.who ? EXPIRED : null;
    }
  }

  #hear(who: string | null): void {
    if (this.#user === null) return;
    if (who === this.#user) return this.ports.resume();
    this.#leave();
    this.ports.onother();
  }

  #leave(): void {
    this.#user = null;
    this.outbox.leave();
    this.ports.drafts().clear();
  }

  async #adopt(): Promise<void> {
    await this.outbox.adopt();
    this.ports.resume();
  }

  async #restore(user: string, saved: readonly SavedDraft[]): Promise<void> {
    const kept = await this.#drafts.of(user);
    if (this.#user !== user) return;
    for (const draft of kept) {
      const { channel, thread_id, text } = draft;
      const same = saved.find((one) => one.channel === channel && one.thread_id === thread_id);
      const there = same?.text ?? '';
      // Written elsewhere since: that is the newer one.
      if (text === there || !follows(draft, there)) this.dropDraft(channel, thread_id, text);
      else this.ports.drafts().restore(draft);
    }
  }
}
