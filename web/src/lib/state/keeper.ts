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
import { WindowName } from '../store/window-name';
import type { Echo } from '../sync/chat-state';
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
  readonly #tabs = new Tabs(new WindowName(), () => void this.#adopt());
  readonly #messages = new BrowserShelf<KeptEcho>('outbox');
  readonly #kept = new KeptOutbox(this.#messages, {
    tab: () => this.#tabs.name,
    living: (tabs) => this.#tabs.living(tabs),
    took: () => this.#tabs.took(),
    now: Date.now,
  });
  readonly #texts = new BrowserShelf<KeptDraft>('drafts');
  readonly #drafts = new KeptDrafts(this.#texts, Date.now);
  readonly outbox = new OutboxState(this.#kept);
  #user: string | null = null;
  /** Its session has not ended, as far as this window knows. */
  #isIn = false;
  /** While somebody knocks at the door. */
  #waiting: ReturnType<typeof setTimeout> | undefined;

  constructor(private readonly ports: KeeperPorts) {}

  /** Listens to the window and to the other tabs, until `signal`: at the door a window holds nothing and takes nothing. */
  start(signal: AbortSignal): void {
    const forgotten_ms = Date.now() - KEPT_DAYS * 24 * 3_600_000;
    for (const shelf of [this.#messages, this.#texts]) shelf.forget(forgotten_ms).catch(() => {});
    this.#tabs.open();
    const looking = setInterval(() => this.#look(), LOOK_EVERY_MS);
    signal.addEventListener('abort', () => {
      clearInterval(looking);
      clearTimeout(this.#waiting);
      this.#isIn = false;
      this.#tabs.close();
    });
    addEventListener('pagehide', () => this.#tabs.close(), { signal });
    addEventListener('pageshow', ({ persisted }) => persisted && this.#comeBack(), { signal });
    const ask = (event: BeforeUnloadEvent) => this.outbox.wouldLose && event.preventDefault();
    addEventListener('beforeunload', ask, { signal });
    this.#mark.listen(() => this.#hear(), signal);
  }

  /** It is known whose session this is: what they left goes on, what somebody else left stays where it is. */
  async belongTo(user: string, saved: readonly SavedDraft[]): Promise<void> {
    if (this.#user !== user) this.#leave();
    this.#user = user;
    this.#isIn = true;
    // Whoever knocks may be somebody else already.
    if (this.#mark.knocking_ms) this.#hear();
    else this.#mark.set(user);
    this.outbox.belongTo(user);
    await Promise.all([this.#adopt(), this.#restore(user, saved)]);
  }

  /** Asks in the name of whoever wrote it, or not at all. */
  async inOwnName<T>(wish: () => Promise<T>): Promise<T> {
    const isOwn = this.#user !== null && this.#isIn && this.#mark.mayBe(this.#user);
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
    this.#isIn = false;
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

  /** Another tab has logged in or out, or is about to. */
  #hear(): void {
    if (this.#user === null) return;
    clearTimeout(this.#waiting);
    const { knocking_ms } = this.#mark;
    if (knocking_ms === 0) return void this.#ask();
    if (knocking_ms !== null) {
      this.#waiting = setTimeout(() => this.#hear(), knocking_ms);
    } else if (this.#mark.mayBe(this.#user)) {
      this.ports.resume();
      this.ports.drafts().saveAgain();
    } else {
      this.#leave();
      this.ports.onother();
    }
  }

  /** Nobody here knows who is in: somebody knocked, and went before the answer came. */
  async #ask(): Promise<void> {
    try {
      const { username } = await this.ports.api.me();
      if (this.#mark.knocking_ms !== 0) return;
      this.#mark.set(username);
      this.#hear();
    } catch {
      // A 401 has been heard where all are; anything else is asked again at the next look.
    }
  }

  #look(): void {
    if (this.#mark.knocking_ms === 0) this.#hear();
    void this.#adopt();
  }

  /** The page was put away and is shown again. */
  #comeBack(): void {
    this.#tabs.open();
    this.#hear();
    void this.#adopt();
  }

  #leave(): void {
    this.#user = null;
    this.outbox.leave();
    this.ports.drafts().clear();
  }

  async #adopt(): Promise<void> {
    if (!this.#isIn || !this.#tabs.isOpen) return;
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
