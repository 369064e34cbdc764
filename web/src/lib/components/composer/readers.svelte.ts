import type { ChannelsApi } from '../../api/channels-api';
import type { ChannelEntry } from '../../sync/chat-state';
import { PatientQuestion } from '../../sync/patient-question';

/** Whom one can name in a channel. Of a public one that people join, the server is asked with an `@`. */
export class Readers {
  #joined = $state.raw<readonly string[] | null>(null);
  /** What the last answer is of. */
  #known = '';
  /** Each answer names all: while many join it is asked for seldom. */
  readonly #question = new PatientQuestion(() => this.#ask(), Math.random);

  constructor(
    private readonly channels: ChannelsApi,
    private readonly entry: () => ChannelEntry,
  ) {}

  ask(): void {
    const entry = this.entry();
    const isAsked = entry.kind === 'public' && !entry.is_default;
    if (isAsked && this.#known !== membersOf(entry)) this.#question.look();
  }

  /** Nobody writes here any more. */
  end(): void {
    this.#question.end();
  }

  /** Those who have joined; all of these while that is not known. */
  among(all: readonly string[]): readonly string[] {
    return this.#joined ?? all;
  }

  async #ask(): Promise<void> {
    const entry = this.entry();
    // The answer before has come since this was wished for.
    if (this.#known === membersOf(entry)) return;
    try {
      this.#joined = await this.channels.members(entry.channel);
      this.#known = membersOf(entry);
    } catch {
      // Everybody is proposed, as before; the next `@` asks again.
    }
  }
}

/** The same for as long as nobody comes or goes. */
function membersOf({ channel, members_seq }: ChannelEntry): string {
  return `${channel} ${members_seq}`;
}
