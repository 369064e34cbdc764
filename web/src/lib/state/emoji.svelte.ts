import type { ApiClient } from '../api/client';
import type { Emoji } from '../api/schema';
import { EmojiNames, mayNameEmoji } from '../text/emoji-names';

/** A text does not wait for longer for what its names mean. */
const MEANT_WITHIN_MS = 2_000;

/** The reactions that exist. Loaded when somebody first needs them. */
export class EmojiState {
  list = $state.raw<readonly Emoji[]>([]);
  #byName = $derived(new Map(this.list.map((emoji) => [emoji.name, emoji])));
  readonly names = $derived(new EmojiNames(this.list));
  #loading: Promise<void> | null = null;

  constructor(private readonly api: ApiClient) {}

  load(): Promise<void> {
    this.#loading ??= this.api.emoji().then(
      (list) => void (this.list = list),
      (failure: unknown) => {
        // The next who needs them asks again.
        this.#loading = null;
        throw failure;
      },
    );
    return this.#loading;
  }

  /** A text as it is sent, with its names as what they mean; without a list they stay names. */
  async meant(text: string): Promise<string> {
    if (this.list.length === 0 && mayNameEmoji(text)) {
      const late = new Promise((resolve) => setTimeout(resolve, MEANT_WITHIN_MS));
      await Promise.race([this.load().catch(() => {}), late]);
    }
    return this.names.converted(text);
  }

  /** The character of a stored reaction; its name while it is not known. */
  charOf(name: string): string {
    return this.find(name) ?? `:${name}:`;
  }

  /** The same; undefined while it is not known. */
  find(name: string): string | undefined {
    return this.#byName.get(name)?.char;
  }

  /** How a stored reaction may be written: `:thumbsup: :+1:`. */
  writtenOf(name: string): string {
    const emoji = this.#byName.get(name);
    return emoji === undefined ? name.replaceAll('_', ' ') : this.names.written(emoji);
  }

  search(query: string): readonly Emoji[] {
    return this.names.search(query);
  }
}
