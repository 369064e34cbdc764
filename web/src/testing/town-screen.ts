/** Alice's screen of a town: what it asks is counted, and answered when a test wants it. */
import { Recount } from '../lib/state/recount';
import type { ApiClient, Read } from '../lib/api/client';
import type { FollowedThread, State } from '../lib/api/schema';
import type { Chat } from '../lib/state/chat.svelte';
import { apply } from '../lib/sync/apply';
import { isStateStale } from '../lib/sync/take-state';
import { PlainState } from './people';
import type { Town } from './town';

/** Alice's screen, on a wire where a test decides what comes when. */
export class Screen {
  readonly state: PlainState;
  asked: string[] = [];
  /** What happens on the server, and is heard, while an answer is on its way. */
  meanwhile = () => {};
  /** Answers under way that a test brings itself. */
  readonly underway: (() => void)[] = [];
  isSlow = false;
  /** What chance says. */
  luck = 0.5;
  readonly recount: Recount;
  #heard = 0;

  constructor(
    readonly town: Town,
    private readonly isWhole = true,
  ) {
    this.state = new PlainState(town.state(isWhole), town.cursor);
    this.#heard = town.log.length;
    const api = {
      state: () => this.#answer('/state', () => town.state(this.isWhole)),
      threads: { unread: () => this.#answer('/threads', () => town.unreadThreads()) },
    };
    this.recount = new Recount(
      api as unknown as ApiClient,
      () => {},
      () => this.luck,
    );
  }

  hear(count = Infinity): void {
    const events = this.town.log.slice(this.#heard, this.#heard + count);
    this.#heard += events.length;
    for (const event of events) apply(this.state, event);
    this.recount.look(this.chat);
  }

  get chat(): Chat {
    return this.state as unknown as Chat;
  }

  get isStale(): boolean {
    return isStateStale(this.state) || this.state.followed.isStale;
  }

  /** What counts: what is unread, and what is kept. */
  get shown() {
    const { channels, followed, saved } = this.state;
    const counts = channels.map(
      ({ isCountStale: _stale, as_of: _as_of, members_seq: _seq, ...rest }) => rest,
    );
    const unreadIn = Object.entries(followed.unreadIn).filter(([, count]) => count > 0);
    return {
      channels: counts.toSorted((a, b) => a.id - b.id),
      threads: [followed.unread, followed.mentions, Object.fromEntries(unreadIn)],
      saved,
    };
  }

  #answer<T extends State | FollowedThread[]>(path: string, tell: () => T): Promise<Read<T>> {
    this.asked.push(path);
    const read = { value: tell(), cursor: this.town.cursor };
    if (this.isSlow) return new Promise((resolve) => this.underway.push(() => resolve(read)));
    this.meanwhile();
    return Promise.resolve(read);
  }
}
