import type { LaterApi, NewReminder, NewScheduled } from '../../api/later-api';
import type { Reminder, Scheduled } from '../../api/schema';
import { once } from './once';

/** What people put off. */
export class LaterCommands {
  constructor(private readonly api: LaterApi) {}

  schedule(channel: string, message: NewScheduled): Promise<Scheduled> {
    return once((key) => this.api.schedule(channel, message, key));
  }
  reschedule(id: number, change: { text?: string; send_at_ts?: number }): Promise<Scheduled> {
    return once((key) => this.api.reschedule(id, change, key));
  }
  cancelScheduled(id: number): Promise<void> {
    return once((key) => this.api.cancelScheduled(id, key));
  }
  remind(reminder: NewReminder): Promise<Reminder> {
    return once((key) => this.api.remind(reminder, key));
  }
  finishReminder(id: number): Promise<void> {
    return once((key) => this.api.finishReminder(id, key));
  }
}
