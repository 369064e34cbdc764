import type { Echo } from '../sync/chat-state';

/** Our messages that the server has not confirmed yet. */
export class OutboxState {
  echoes = $state.raw<readonly Echo[]>([]);

  in(channel: string): readonly Echo[] {
    return this.echoes.filter((echo) => echo.channel === channel);
  }
}
