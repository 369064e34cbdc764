import type { Timeline } from '../../state/timeline.svelte';
import type { Echo } from '../../sync/chat-state';

interface Said {
  readonly timeline: Timeline | undefined;
  readonly echoes: readonly Echo[];
  readonly me: string;
  /** Something else is being written. */
  readonly isWriting: boolean;
}

/** What one said last and can edit. It may be on its way still: then it is edited as soon as the server has it. */
export class LastSaid {
  #awaited = $state<string | null>(null);

  constructor(private readonly said: () => Said) {
    $effect(() => this.#look());
  }

  /** Begins to edit it; false when there is nothing. */
  edit(): boolean {
    const { timeline, echoes, me } = this.said();
    const sending = echoes.findLast((echo) => echo.status === 'sending');
    const last = timeline?.lastEditable(me);
    if (sending) this.#awaited = sending.client_msg_id;
    else if (timeline && last) timeline.editingId = last.id;
    return sending !== undefined || last !== undefined;
  }

  #look(): void {
    const awaited = this.#awaited;
    if (awaited === null) return;
    const { timeline, echoes, isWriting } = this.said();
    const sent = timeline?.messages.findLast((message) => message.client_msg_id === awaited);
    const is = (echo: Echo) => echo.client_msg_id === awaited && echo.status === 'sending';
    if (timeline && sent && !isWriting) timeline.editingId = sent.id;
    // It failed, or is elsewhere, or its sender goes on writing.
    if (sent || isWriting || !echoes.some(is)) this.#awaited = null;
  }
}
