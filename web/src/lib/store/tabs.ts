/**
 * The tabs of this browser that are still there. Each answers when it is asked for; one that is closed, or asleep, does not.
 * Neighbour: `kept-outbox.ts`, which must be right even when one that lives is late with its answer.
 */

const LINE = 'minimost-tabs';

/** Messages between pages are not slowed down as timers are; a page that is busy for longer is taken for gone. */
const ANSWER_WITHIN_MS = 300;

type Word =
  | { readonly ask: readonly string[] }
  | { readonly here: string }
  /** A tab goes, and may leave something. */
  | { readonly left: string };

export class Tabs {
  readonly #line: BroadcastChannel | undefined;
  /** One for each question that waits for answers. */
  readonly #waiting = new Set<Set<string>>();

  constructor(
    readonly name: string,
    onleft: () => void,
    line = typeof BroadcastChannel === 'undefined' ? undefined : new BroadcastChannel(LINE),
  ) {
    this.#line = line;
    if (line === undefined) return;
    line.onmessage = ({ data }: MessageEvent<Word>) => {
      if ('ask' in data) {
        if (data.ask.includes(name)) this.#say({ here: name });
      } else if ('here' in data) {
        for (const heard of this.#waiting) heard.add(data.here);
      } else onleft();
    };
  }

  /** Which of these are still there. */
  async living(tabs: readonly string[]): Promise<ReadonlySet<string>> {
    const heard = new Set<string>();
    this.#waiting.add(heard);
    this.#say({ ask: tabs });
    await new Promise((resolve) => setTimeout(resolve, ANSWER_WITHIN_MS));
    this.#waiting.delete(heard);
    return heard;
  }

  /** Says that this one goes. */
  leave(): void {
    this.#say({ left: this.name });
  }

  #say(word: Word): void {
    this.#line?.postMessage(word);
  }
}
