import { completedFollowed, completedThread } from './completed';
import type { Query, Read, Requests } from './request';
import type { FollowedThread, ThreadPage } from './schema';

export class ThreadsApi {
  constructor(private readonly requests: Requests) {}

  newest(root_id: number, limit: number): Promise<Read<ThreadPage>> {
    return this.#page(root_id, { limit });
  }
  older(root_id: number, before_id: number, limit: number): Promise<Read<ThreadPage>> {
    return this.#page(root_id, { before_id, limit });
  }
  /** Newest activity first. */
  async followed(query: { before_ts?: number; limit?: number } = {}): Promise<FollowedThread[]> {
    const threads = await this.requests.get<FollowedThread[]>('/threads', query);
    return threads.map(completedFollowed);
  }
  /** Those of them in which something is unread. */
  async unread(limit: number): Promise<Read<FollowedThread[]>> {
    const query = { unread: true, limit };
    const { value, cursor } = await this.requests.read<FollowedThread[]>('/threads', query);
    return { value: value.map(completedFollowed), cursor };
  }
  follow(root_id: number, on: boolean, client_msg_id: string): Promise<void> {
    return this.requests.post(`/thread/${root_id}/follow`, { on, client_msg_id });
  }
  markRead(root_id: number, message_id: number): Promise<void> {
    return this.requests.post(`/thread/${root_id}/read`, { message_id });
  }

  async #page(root_id: number, query: Query): Promise<Read<ThreadPage>> {
    const { value, cursor } = await this.requests.read<ThreadPage>(`/thread/${root_id}`, query);
    return { value: completedThread(value), cursor };
  }
}
