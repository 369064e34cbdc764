import type { ChannelsApi } from '../../api/channels-api';
import type { ChannelEntry } from '../../sync/chat-state';

/** Whom one can name in a channel. Of a public one that people join, the server is asked with the first `@`. */
export class Readers {
  #joined = $state.raw<readonly string[] | null>(null);
  #isAsked = false;

  constructor(
    private readonly channels: ChannelsApi,
    private readonly entry: () => ChannelEntry,
  ) {}

  async ask(): Promise<void> {
    const { kind, is_default, channel } = this.entry();
    if (kind !== 'public' || is_default || this.#isAsked) return;
    this.#isAsked = true;
    try {
      this.#joined = await this.channels.members(channel);
    } catch {
      // Everybody is proposed, as before; the next `@` asks again.
      this.#isAsked = false;
    }
  }

  /** Those who have joined; all of these while that is not known. */
  among(all: readonly string[]): readonly string[] {
    return this.#joined ?? all;
  }
}
