/** What is not said yet. */

export interface Draft {
  readonly channel: string;
  readonly thread_id: number | null;
  /** Empty when it was cleared. */
  readonly text: string;
  readonly ts: number;
}

export interface Scheduled {
  readonly id: number;
  readonly channel: string;
  readonly thread_id: number | null;
  readonly text: string;
  readonly send_at_ts: number;
  readonly created_ts: number;
  /** Why it could not be sent, for its author to read. */
  readonly failure: string | null;
}

export interface Reminder {
  readonly id: number;
  readonly message_id: number | null;
  /** Where that message is. */
  readonly channel: string | null;
  readonly text: string;
  readonly due_ts: number;
  readonly fired_ts: number | null;
}
