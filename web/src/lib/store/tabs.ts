/**
 * The tabs of this browser that are still there. Each answers when it is asked for, while somebody is logged in in it; one
 * that is closed, or asleep, or stands at the login page does not. Neighbour: `kept-outbox.ts`, which must be right even
 * when one that lives is late with its answer.
 */
import type { WindowName } from './window-name';

const LINE = 'minimost-tabs';

/** Messages between pages are not slowed down as timers are; a page that is busy for longer is silent. */
const ANSWER_WITHIN_MS = 300;

/** A tab that is silent for so long is gone. One that is only being reloaded is back before. */
export const GONE_AFTER_MS = 5_000;

type Word =
  | { readonly ask: readonly string[] }
  | { readonly here: string }
  /** A tab begins; whoever has this name already says so. */
  | { readonly open: string }
  /** A tab goes, and may leave something. */
  | { readonly left: string }
  /** A tab has taken over what was another's. */
  | { readonly took: string };

export class Tabs {
  readonly #line: BroadcastChannel | undefined;
  /** One for each question that waits for answers. */
  readonly #waiting = new Set<Set<string>>();
  /** By tab: since when it has not answered. */
  readonly #silent = new Map<string, number>();
  #looking: ReturnType<typeof setTimeout> | undefined;
  #isOpen = false;

  constructor(
    private readonly window: Pick<WindowName, 'value' | 'renew'>,
    /** It is time to look for what others have left or taken. */
    private readonly onchange: () => void,
    private readonly now: () => number = Date.now,
    line = typeof BroadcastChannel === 'undefined' ? undefined : new BroadcastChannel(LINE),
  ) {
    this.#line = line;
    if (line !== undefined) line.onmessage = ({ data }: MessageEvent<Word>) => this.#hear(data);
  }

  get name(): string {
    return this.window.value;
  }
  get isOpen(): boolean {
    return this.#isOpen;
  }

  /** From now on this tab answers. */
  open(): void {
    this.#isOpen = true;
    this.#say({ open: this.name });
  }

  /** Says that this one goes, and holds nothing any more. */
  close(): void {
    if (!this.#isOpen) return;
    this.#isOpen = false;
    clearTimeout(this.#looking);
    this.#looking = undefined;
    this.#say({ left: this.name });
  }

  /** Which of these are still there, or were until just now; when they are gone, `onchange` is called. */
  async living(tabs: readonly string[]): Promise<ReadonlySet<string>> {
    const heard = new Set<string>();
    this.#waiting.add(heard);
    this.#say({ ask: tabs });
    await new Promise((resolve) => setTimeout(resolve, ANSWER_WITHIN_MS));
    this.#waiting.delete(heard);
    const now_ms = this.now();
    for (const tab of tabs) {
      if (heard.has(tab)) continue;
      const since_ms = this.#silentSince(tab);
      if (now_ms - since_ms >= GONE_AFTER_MS) continue;
      heard.add(tab);
      this.#lookIn(since_ms + GONE_AFTER_MS - now_ms);
    }
    return heard;
  }

  /** Says that others may show something that is this one's now. */
  took(): void {
    this.#say({ took: this.name });
  }

  #hear(word: Word): void {
    if ('here' in word) {
      this.#silent.delete(word.here);
      for (const heard of this.#waiting) heard.add(word.here);
      // A window was duplicated while no page was alive in it.
      if (word.here === this.name && this.#isOpen) this.window.renew();
    } else if ('open' in word) {
      this.#silent.delete(word.open);
      this.#answer([word.open]);
    } else if ('ask' in word) {
      this.#answer(word.ask);
    } else if ('left' in word) {
      this.#silent.set(word.left, this.now());
      this.#lookIn(GONE_AFTER_MS);
    } else if (this.#isOpen) this.onchange();
  }

  #answer(asked: readonly string[]): void {
    if (this.#isOpen && asked.includes(this.name)) this.#say({ here: this.name });
  }

  #silentSince(tab: string): number {
    const since_ms = this.#silent.get(tab) ?? this.now();
    this.#silent.set(tab, since_ms);
    return since_ms;
  }

  /** One look at a time: it finds out itself when the next is due. */
  #lookIn(ms: number): void {
    if (!this.#isOpen) return;
    this.#looking ??= setTimeout(() => {
      this.#looking = undefined;
      this.onchange();
    }, ms);
  }

  #say(word: Word): void {
    this.#line?.postMessage(word);
  }
}
