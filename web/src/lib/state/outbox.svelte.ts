import type { Echo } from '../sync/chat-state';

/** Our messages that the server has not confirmed yet. */
export class OutboxState {
  echoes = $state.raw<readonly Echo[]>([]);

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
