/**
 * Who is logged in in this browser, as all its tabs know it at once: the session is a cookie that they share, and what alice
 * has not sent yet must not go out in bob's name when he logs in beside her window.
 */
const KEY = 'minimost-account';
/** While somebody knocks at the door: the cookie may be theirs at any moment. Behind it stands until when, in milliseconds. */
const KNOCKING = '?';

/** A little longer than any request is waited for: nobody is at that door any more. */
export const KNOCK_MS_MAX = 25_000;

export class AccountMark {
  constructor(
    private readonly storage: () => Storage = () => localStorage,
    private readonly now: () => number = Date.now,
    private readonly page: () => EventTarget = () => window,
  ) {}

  /** Null when nobody is; undefined when that cannot be told. */
  get who(): string | null | undefined {
    const mark = this.#read();
    return mark?.startsWith(KNOCKING) ? null : mark;
  }

  /** For how long somebody may still be knocking: 0 when only the server knows who is in; null when nobody knocks. */
  get knocking_ms(): number | null {
    const mark = this.#read();
    if (!mark?.startsWith(KNOCKING)) return null;
    const left_ms = Number(mark.slice(KNOCKING.length)) - this.now();
    // A clock that was put back must not make it longer.
    return left_ms > 0 && left_ms <= KNOCK_MS_MAX ? left_ms : 0;
  }

  /** Whether what `user` wrote may be sent by the session that there is. */
  mayBe(user: string): boolean {
    const { who } = this;
    return who === undefined || who === user;
  }

  set(user: string | null): void {
    try {
      if (user === null) this.storage().removeItem(KEY);
      else this.storage().setItem(KEY, user);
    } catch {
      // Then each tab knows only what it has heard itself.
    }
  }

  /** Somebody tries to come in: until it is known who has, nothing is sent in anybody's name. */
  async knock<T extends { readonly username: string }>(wish: () => Promise<T>): Promise<T> {
    const before = this.#read() ?? null;
    this.set(`${KNOCKING}${this.now() + KNOCK_MS_MAX}`);
    // Whoever goes in the middle of it leaves a question.
    const part = () => this.set(`${KNOCKING}0`);
    this.page().addEventListener('pagehide', part);
    try {
      const account = await wish();
      this.set(account.username);
      return account;
    } catch (failure) {
      this.set(before);
      throw failure;
    } finally {
      this.page().removeEventListener('pagehide', part);
    }
  }

  /** Tells that another tab has changed it. */
  listen(onchange: () => void, signal: AbortSignal): void {
    const hear = ({ key }: StorageEvent) => key === KEY && onchange();
    addEventListener('storage', hear, { signal });
  }

  #read(): string | null | undefined {
    try {
      return this.storage().getItem(KEY);
    } catch {
      return undefined;
    }
  }
}
