/**
 * What people do to messages and channels, other than posting. Each wish has one id and is
 * repeated under it when its answer is lost; the result comes back as an event.
 */
import type { ApiClient } from '../api/client';
import { asProblem } from '../api/problem';
import type { Channel } from '../api/schema';
import { backoffMs } from './backoff';
import { newClientMsgId } from './client-msg-id';

/** A person waits for this, so patience is short. */
const ATTEMPTS_MAX = 3;

export class Commands {
  constructor(private readonly api: ApiClient) {}

  async edit(id: number, text: string): Promise<void> {
    await once((key) => this.api.edit(id, text, key));
  }
  async delete(id: number): Promise<void> {
    await once((key) => this.api.delete(id, key));
  }
  async react(id: number, emoji: string, on: boolean): Promise<void> {
    await once((key) => this.api.react(id, emoji, on, key));
  }
  createChannel(channel: string, name: string): Promise<Channel> {
    return once((key) => this.api.createChannel(channel, name, key));
  }
  renameChannel(channel: string, name: string): Promise<Channel> {
    return once((key) => this.api.renameChannel(channel, name, key));
  }
  openDirect(users: readonly string[]): Promise<Channel> {
    return once((key) => this.api.openDirect(users, key));
  }
}

async function once<T>(wish: (client_msg_id: string) => Promise<T>): Promise<T> {
  const key = newClientMsgId();
  for (let attempt = 1; ; attempt += 1) {
    try {
      return await wish(key);
    } catch (failure) {
      const problem = asProblem(failure);
      const isLost = problem.status === 0 || problem.status === 503;
      if (!isLost || attempt === ATTEMPTS_MAX) throw problem;
      const wait_ms = backoffMs(attempt, Math.random);
      await new Promise((resolve) => setTimeout(resolve, wait_ms));
    }
  }
}
