import type { ApiClient } from '../api/client';
import type { Override } from '../api/schema';
import { spreadMs } from '../sync/backoff';
import type { Chat } from './chat.svelte';

/** How the person wishes to appear, which they may choose on any of their screens. */
export class OwnOverride {
  #looking: ReturnType<typeof setTimeout> | undefined;

  constructor(
    private readonly api: ApiClient,
    private readonly chat: () => Chat | null,
    private readonly random: () => number,
  ) {}

  async choose(override: Override | null): Promise<void> {
    await this.api.override(override);
    const session = this.chat()?.session;
    if (session) session.override = override;
  }

  /** Others see us otherwise now. No event says what was chosen elsewhere, so it is asked where that may be why. */
  look(): void {
    // A server that has just started sees nobody, until all have said that they are here.
    this.#looking ??= setTimeout(() => void this.#ask(), spreadMs(1, this.random));
  }

  async #ask(): Promise<void> {
    this.#looking = undefined;
    const chat = this.chat();
    if (!chat?.session.isDoubtedBy(chat.people.of(chat.me))) return;
    const { session } = chat;
    const { override } = session;
    const found = await this.api.ownOverride().catch(() => override);
    // What was chosen here meanwhile is newer.
    if (session.override === override) session.override = found;
  }
}
