/** Tells the server what is open on the screens behind one stream. */

/** The server takes no more (`POST /viewing`). */
export const VIEWED_MAX = 20;

/** Says it to the server. */
export type SayViewed = (stream: string, channels: readonly string[]) => Promise<void>;

export class Viewed {
  #stream: string | null = null;
  #channels: readonly string[] = [];
  #said: string | null = null;
  #isBusy = false;

  constructor(private readonly say: SayViewed) {}

  /** A stream knows of nothing when it begins. */
  begin(stream: string): void {
    this.#stream = stream;
    this.#said = null;
    void this.#tell();
  }

  end(): void {
    this.#stream = null;
  }

  /** The channels of all screens; those that were opened last come first. */
  set(channels: readonly (string | null)[]): void {
    const named = channels.filter((channel) => channel !== null);
    this.#channels = [...new Set(named)].slice(0, VIEWED_MAX);
    void this.#tell();
  }

  /** One request at a time, so that the last one to arrive is the newest. */
  async #tell(): Promise<void> {
    if (this.#isBusy) return;
    this.#isBusy = true;
    while (this.#stream !== null) {
      const wish = JSON.stringify([this.#stream, [...this.#channels].sort()]);
      if (wish === this.#said) break;
      this.#said = wish;
      // Lost, it is said again with the next change or the next stream: then typing does not show, and nothing else.
      await this.say(this.#stream, this.#channels).catch(() => {});
    }
    this.#isBusy = false;
  }
}
