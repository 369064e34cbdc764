import type { ApiClient } from '../api/client';
import type { Emoji } from '../api/schema';
import { fuzzyRank } from '../text/fuzzy';

/** The reactions that exist. Loaded when somebody first needs them. */
export class EmojiState {
  list = $state.raw<readonly Emoji[]>([]);
  #byName = $derived(new Map(this.list.map((emoji) => [emoji.name, emoji.char])));
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

  /** The character of a name; the name itself while it is not known. */
  charOf(name: string): string {
    return this.#byName.get(name) ?? `:${name}:`;
  }

  /** Undefined while it is not known. */
  find(name: string): string | undefined {
    return this.#byName.get(name);
  }

  search(query: string): readonly Emoji[] {
    return fuzzyRank(query, this.list, (emoji) => emoji.name.replaceAll('_', ' '));
  }
}
