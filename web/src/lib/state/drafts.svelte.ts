import type { Message } from '../api/schema';

/** What somebody began to write in one channel. */
export class Draft {
  text = $state('');
  replyTo = $state.raw<Message | null>(null);
}

/** One draft per channel, kept while the person looks elsewhere. */
export class DraftsState {
  readonly #drafts = new Map<string, Draft>();

  clear(): void {
    this.#drafts.clear();
  }

  of(channel: string): Draft {
    const draft = this.#drafts.get(channel) ?? new Draft();
    this.#drafts.set(channel, draft);
    return draft;
  }
}
