import { segment, type Requests } from './request';
import type { Reminder, Scheduled } from './schema';

export interface NewScheduled {
  readonly text: string;
  readonly send_at_ts: number;
  readonly thread_id?: number;
}

export interface NewReminder {
  readonly message_id?: number;
  readonly text?: string;
  readonly due_ts: number;
}

export class LaterApi {
  constructor(private readonly requests: Requests) {}

  /** An empty text clears it. */
  saveDraft(
    channel: string,
    thread_id: number | null,
    text: string,
    isParting = false,
  ): Promise<void> {
    const place = thread_id === null ? {} : { thread_id };
    return this.requests.post(`/drafts/${segment(channel)}`, { text, ...place }, isParting);
  }

  schedule(channel: string, message: NewScheduled, client_msg_id: string): Promise<Scheduled> {
    return this.requests.post(`/schedule/${segment(channel)}`, { ...message, client_msg_id });
  }
  reschedule(
    id: number,
    change: { text?: string; send_at_ts?: number },
    client_msg_id: string,
  ): Promise<Scheduled> {
    return this.requests.post(`/scheduled/${id}`, { ...change, client_msg_id });
  }
  cancelScheduled(id: number, client_msg_id: string): Promise<void> {
    return this.requests.post(`/scheduled/${id}/cancel`, { client_msg_id });
  }

  remind(reminder: NewReminder, client_msg_id: string): Promise<Reminder> {
    return this.requests.post('/remind', { ...reminder, client_msg_id });
  }
  finishReminder(id: number, client_msg_id: string): Promise<void> {
    return this.requests.post(`/reminders/${id}/done`, { client_msg_id });
  }
}
