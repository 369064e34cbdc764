import { DIRECTORY_PAGE } from '../../api/channels-api';
import { asProblem } from '../../api/problem';
import type { DirectoryEntry } from '../../api/schema';

/** Between two letters of a quick hand: half a word is not worth a question. */
const ASK_AFTER_MS = 120;

export interface DirectoryPorts {
  /** Changes with the channels that we are in: whoever joins or leaves on another screen sees it on this one. */
  ours(): unknown;
  ask(query: string, isArchive: boolean, after?: string): Promise<readonly DirectoryEntry[]>;
}

/** The public channels that fit what somebody types, while a component shows them. */
export class Directory {
  query = $state('');
  isArchive = $state(false);
  /** Null until the server has answered for the first time. */
  entries = $state.raw<readonly DirectoryEntry[] | null>(null);
  error = $state<string | null>(null);
  isBusy = $state(false);
  /** The last channel of a page behind which there are more; null when that was all. */
  #last = $state<string | null>(null);
  readonly hasMore: boolean = $derived(this.#last !== null);
  readonly #ours: unknown = $derived.by(() => this.ports.ours());
  /** What the list is of; null when nobody looks at it any more. */
  #wanted: string | null = null;
  /** The newest question, and the newest whose answer is shown. */
  #asked = 0;
  #shown = 0;

  constructor(private readonly ports: DirectoryPorts) {
    // The server: the channels that fit, asked anew with every change of what is wanted.
    $effect(() => {
      this.#wanted = `${this.isArchive} ${this.query}`;
      void this.#ours;
      const timer = setTimeout(() => void this.#ask(null), ASK_AFTER_MS);
      return () => clearTimeout(timer);
    });
    // The component: nobody looks at it any more.
    $effect(() => () => (this.#wanted = null));
  }

  loadMore(): void {
    if (this.#last !== null) void this.#ask(this.#last);
  }

  /** A page, until one of them has something to show: archived channels stand among all others. */
  async #ask(after: string | null): Promise<void> {
    const { query, isArchive } = this;
    const question = (this.#asked += 1);
    const wanted = this.#wanted;
    const before = after === null ? [] : (this.entries ?? []);
    const beside = this.#shown;
    // What comes after a list does not belong to the one in its place.
    const isOfUse = () =>
      wanted !== null &&
      wanted === this.#wanted &&
      (after === null ? question > this.#shown : beside === this.#shown);
    this.isBusy = true;
    try {
      let found: readonly DirectoryEntry[] = [];
      let end = after;
      do {
        const page = await this.ports.ask(query, isArchive, end ?? undefined);
        if (!isOfUse()) return;
        found = page.filter((entry) => (entry.archived_ts !== null) === isArchive);
        end = page.length < DIRECTORY_PAGE ? null : (page.at(-1)?.channel ?? null);
      } while (found.length === 0 && end !== null);
      this.entries = [...before, ...found];
      this.#last = end;
      this.error = null;
      this.#shown = question;
    } catch (failure) {
      if (isOfUse()) this.error = asProblem(failure).sentence;
    } finally {
      if (question === this.#asked) this.isBusy = false;
    }
  }
}
