import { SvelteMap } from 'svelte/reactivity';
import type { Presence } from '../api/schema';

interface Typist {
  readonly channel: string;
  readonly user: string;
}

/** Who is here, and who is typing: signals, which expire by themselves. */
export class PresenceState {
  /**
   * Of thousands a round comes each second: only who is on the screen and changes is drawn anew. So everybody is in it,
   * also who is offline: whoever asks for a name that is absent hears of each name that is set.
   */
  readonly #users: SvelteMap<string, Presence>;
  #typing = $state.raw<readonly Typist[]>([]);
  readonly #timers = new Map<string, ReturnType<typeof setTimeout>>();

  constructor(
    everybody: readonly string[],
    /** Those who are not offline. */
    users: Readonly<Record<string, Presence>>,
    private readonly typing_ms: number,
  ) {
    const offline = everybody.map((user): [string, Presence] => [user, 'offline']);
    this.#users = new SvelteMap([...offline, ...Object.entries(users)]);
  }

  of(user: string): Presence {
    return this.#users.get(user) ?? 'offline';
  }

  /** Of a whole round whoever is not in it is offline. */
  told(users: Readonly<Record<string, Presence>>, isWhole: boolean): void {
    if (isWhole) {
      for (const user of this.#users.keys()) {
        if (!Object.hasOwn(users, user)) this.#set(user, 'offline');
      }
    }
    for (const [user, presence] of Object.entries(users)) this.#set(user, presence);
  }

  #set(user: string, presence: Presence): void {
    if (this.#users.get(user) !== presence) this.#users.set(user, presence);
  }

  typingIn(channel: string): readonly string[] {
    return this.#typing.filter((typist) => typist.channel === channel).map(({ user }) => user);
  }

  typingStarted(channel: string, user: string): void {
    const key = `${channel} ${user}`;
    clearTimeout(this.#timers.get(key));
    this.#timers.set(
      key,
      setTimeout(() => this.typingEnded(channel, user), this.typing_ms),
    );
    if (!this.typingIn(channel).includes(user)) this.#typing = [...this.#typing, { channel, user }];
  }

  typingEnded(channel: string, user: string): void {
    const key = `${channel} ${user}`;
    if (!this.#timers.has(key)) return;
    clearTimeout(this.#timers.get(key));
    this.#timers.delete(key);
    this.#typing = this.#typing.filter((one) => one.channel !== channel || one.user !== user);
  }
}
