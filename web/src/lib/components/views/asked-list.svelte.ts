import { untrack } from 'svelte';
import { asProblem } from '../../api/problem';
import { PatientQuestion } from '../../sync/patient-question';

/** So many pages of a list that somebody has opened are asked for again; what was behind them is to be opened anew. */
const PAGES_AGAIN_MAX = 10;

export interface ListPorts<T> {
  /** Whose list it is: of another, nothing is shown. */
  of(): string;
  /** Changes when something happens that concerns the list. */
  version(): unknown;
  load(): Promise<readonly T[]>;
  /** What comes after the last item; undefined where `load` brings all. */
  more(): ((last: T) => Promise<readonly T[]>) | undefined;
  /** How many `load` and `more` bring when there are more. */
  page_max(): number;
  keyOf(item: T): string | number;
  random(): number;
}

interface Held<T> {
  readonly of: string;
  readonly items: readonly T[];
  readonly hasMore: boolean;
}

/**
 * A list that the server is asked for while a component shows it. Each answer is shown: it is whole, as of a moment that may
 * be over, and what has happened since is asked for a little later.
 */
export class AskedList<T> {
  #held = $state.raw<Held<T> | null>(null);
  /** Why the list could not be read anew: what is shown is old until it is. */
  #failure = $state<string | null>(null);
  /** The same for the page after it. */
  #moreFailure = $state<string | null>(null);
  isLoadingMore = $state(false);
  #asking: { readonly of: string; readonly question: PatientQuestion } | null = null;

  readonly #of: string = $derived.by(() => this.ports.of());
  readonly #version: unknown = $derived.by(() => this.ports.version());
  readonly #shown: Held<T> | null = $derived(this.#held?.of === this.#of ? this.#held : null);
  /** Null until the server has answered. */
  readonly items: readonly T[] | null = $derived(this.#shown?.items ?? null);
  readonly hasMore: boolean = $derived(this.#shown?.hasMore ?? false);
  /** Stays until an answer has been taken: whoever goes to what is offered then does not lose it under the hand. */
  readonly failure: string | null = $derived(this.#failure ?? this.#moreFailure);

  constructor(private readonly ports: ListPorts<T>) {
    // The server: the list, and again when something has happened to it.
    $effect(() => {
      const of = this.#of;
      void this.#version;
      untrack(() => this.#look(of));
    });
    // The component: nobody looks at it any more.
    $effect(() => () => this.#end());
  }

  /** Asks again for what could not be had. */
  retry(): void {
    this.#asking?.question.hurry();
  }

  async loadMore(): Promise<void> {
    const asking = this.#asking;
    if (asking === null || this.isLoadingMore) return;
    this.isLoadingMore = true;
    await asking.question.next(() => this.#askMore(asking.of));
    if (this.#asking === asking) this.isLoadingMore = false;
  }

  #look(of: string): void {
    if (this.#asking?.of !== of) {
      this.#end();
      const question = new PatientQuestion(() => this.#askAll(of), this.ports.random);
      this.#asking = { of, question };
    }
    this.#asking.question.look();
  }

  #end(): void {
    this.#asking?.question.end();
    this.#asking = null;
    this.#say(null);
    this.isLoadingMore = false;
  }

  #say(failure: string | null): void {
    this.#failure = failure;
    this.#moreFailure = null;
  }

  #askAll(of: string): Promise<void> {
    const read = (isOfUse: () => boolean) => this.#read(isOfUse);
    return this.#ask(of, read, (failure) => this.#say(failure));
  }

  /** A page more does not make new what is shown above it. */
  #askMore(of: string): Promise<void> {
    const read = () => this.#readMore();
    return this.#ask(of, read, (failure) => (this.#moreFailure = failure));
  }

  /** Takes what `read` finds and says how it went, unless somebody looks at another list by then. */
  async #ask(
    of: string,
    read: (isOfUse: () => boolean) => Promise<Omit<Held<T>, 'of'> | null>,
    say: (failure: string | null) => void,
  ): Promise<void> {
    const asking = this.#asking;
    const isOfUse = () => asking !== null && this.#asking === asking;
    try {
      const found = await read(isOfUse);
      if (!isOfUse()) return;
      if (found !== null) this.#held = { of, ...found };
      say(null);
    } catch (problem) {
      if (isOfUse()) say(asProblem(problem).sentence);
    }
  }

  /** The list, with as many pages as somebody has opened. */
  async #read(isOfUse: () => boolean): Promise<Omit<Held<T>, 'of'>> {
    const { load } = this.ports;
    let page = await load();
    let items = page;
    const isEnd = () => page.length < this.ports.page_max();
    for (let pages = 1; pages < PAGES_AGAIN_MAX && isOfUse() && !isEnd(); pages += 1) {
      if (items.length >= (this.items?.length ?? 0)) break;
      page = await this.#pageAfter(items);
      items = this.#joined(items, page);
    }
    return { items, hasMore: !isEnd() };
  }

  async #readMore(): Promise<Omit<Held<T>, 'of'> | null> {
    const { items } = this;
    if (items === null) return null;
    const page = await this.#pageAfter(items);
    return { items: this.#joined(items, page), hasMore: page.length >= this.ports.page_max() };
  }

  async #pageAfter(items: readonly T[]): Promise<readonly T[]> {
    const last = items.at(-1);
    const more = this.ports.more();
    return last === undefined || more === undefined ? [] : more(last);
  }

  #joined(items: readonly T[], page: readonly T[]): readonly T[] {
    const known = new Set(items.map(this.ports.keyOf));
    return [...items, ...page.filter((item) => !known.has(this.ports.keyOf(item)))];
  }
}
