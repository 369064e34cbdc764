import type { KeptOutbox } from '../store/kept-outbox';
import type { Echo } from '../sync/chat-state';

/**
 * Our messages that the server has not confirmed yet. Whatever changes here changes on the disk in the same breath, so that
 * nobody who sends, confirms or gives up has to think of it.
 */
export class OutboxState {
  #echoes = $state.raw<readonly Echo[]>([]);
  /** Whose they are. */
  #user: string | null = null;

  constructor(private readonly kept: KeptOutbox) {}

  get echoes(): readonly Echo[] {
    return this.#echoes;
  }
  set echoes(echoes: readonly Echo[]) {
    const before = new Map(this.#echoes.map((echo) => [echo.client_msg_id, echo]));
    this.#echoes = echoes;
    if (this.#user === null) return;
    for (const echo of echoes) {
      const old = before.get(echo.client_msg_id);
      if (old === undefined) this.kept.keep(this.#user, echo);
      else if (old !== echo) this.kept.update(this.#user, echo);
      before.delete(echo.client_msg_id);
    }
    for (const gone of before.values()) this.kept.drop(this.#user, gone);
  }

  /** Begins to speak for somebody. */
  belongTo(user: string): void {
    this.#user = user;
  }

  /** Stops; what is on the disk stays there for its owner. */
  leave(): void {
    this.#user = null;
    this.#echoes = [];
    this.kept.forgetCounts();
  }

  /** Another tab has this one. */
  release(echo: Echo): void {
    this.#echoes = this.#echoes.filter((one) => one !== echo);
  }

  /** Takes in what was left on the disk, in its order among what is here. */
  async adopt(): Promise<void> {
    const user = this.#user;
    if (user === null) return;
    const own = await this.kept.adopt(user);
    if (this.#user !== user || own === null) return;
    const place = new Map(own.map((echo, at) => [echo.client_msg_id, at]));
    // What another tab has taken in the meantime is shown there.
    const staying = this.#echoes.filter((echo) => this.kept.holds(echo));
    const here = new Set(staying.map((echo) => echo.client_msg_id));
    const found = own.filter((echo) => !here.has(echo.client_msg_id));
    if (found.length === 0 && staying.length === this.#echoes.length) return;
    const at = (echo: Echo) => place.get(echo.client_msg_id) ?? Infinity;
    this.#echoes = [...found, ...staying].sort((a, b) => at(a) - at(b) || 0);
  }

  /** All there are, in all tabs of this browser. */
  async everywhere(): Promise<readonly Echo[]> {
    return this.#user === null ? [] : this.kept.unsent(this.#user, this.#echoes);
  }

  /** Whether closing the window would lose one. */
  get wouldLose(): boolean {
    return this.kept.wouldLose(this.#echoes);
  }

  /** Those that will stand in the channel itself. */
  in(channel: string): readonly Echo[] {
    return this.echoes.filter(
      (echo) => echo.channel === channel && (echo.thread_id === null || echo.also_send_to_channel),
    );
  }
  inThread(root_id: number): readonly Echo[] {
    return this.echoes.filter((echo) => echo.thread_id === root_id);
  }
}
