import type { ThreadsApi } from '../../api/threads-api';
import { once } from './once';

/** What people do to whole threads. */
export class ThreadsCommands {
  constructor(private readonly api: ThreadsApi) {}

  follow(root_id: number, on: boolean): Promise<void> {
    return once((key) => this.api.follow(root_id, on, key));
  }
}
