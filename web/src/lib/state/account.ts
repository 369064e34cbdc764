/**
 * Who is logged in in this browser, as all its tabs know it at once: the session is a cookie that they share, and what alice
 * has not sent yet must not go out in bob's name when he logs in beside her window.
 */
const KEY = 'minimost-account';
/** While somebody knocks at the door: the cookie may be theirs at any moment. */
const KNOCKING = '?';

export class AccountMark {
  constructor(private readonly storage: () => Storage = () => localStorage) {}

  /** Null when nobody is; undefined when that cannot be told. */
  get who(): string | null | undefined {
    try {
      const who = this.storage().getItem(KEY);
      return who === KNOCKING ? null : who;
    } catch {
      return undefined;
    }
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
    const before = this.who ?? null;
    this.set(KNOCKING);
    try {
      const account = await wish();
      this.set(account.username);
      return account;
    } catch (failure) {
      this.set(before);
      throw failure;
    }
  }

  /** Tells of what another tab has done: who is logged in now, null for nobody. */
  listen(onchange: (who: string | null) => void, signal: AbortSignal): void {
    const hear = ({ key, newValue }: StorageEvent) => {
      if (key === KEY && newValue !== KNOCKING) onchange(newValue);
    };
    addEventListener('storage', hear, { signal });
  }
}
