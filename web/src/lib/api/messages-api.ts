import type { Echo } from '../sync/chat-state';
import { completedMessage } from './completed';
import { segment, type Read, type Requests } from './request';
import type {
  Explanation,
  Message,
  Pin,
  Reactions,
  Receipt,
  SavedMessage,
  Version,
} from './schema';

export interface NewMessage {
  readonly text: string;
  readonly reply_to_id: number | null;
  readonly client_msg_id: string;
  readonly thread_id?: number;
  readonly also_send_to_channel?: boolean;
}

export interface NewPoll {
  readonly question: string;
  readonly options: readonly string[];
  readonly is_multiple: boolean;
  readonly closes_ts: number | null;
}

/** Questions for one page of mentions: each looks past 4,000 messages that named many others, or 200 that named thousands. */
const MENTIONS_ASKED_MAX = 16;

export class MessagesApi {
  constructor(private readonly requests: Requests) {}

  newest(channel: string, limit: number): Promise<Read<Message[]>> {
    return this.#page(channel, { limit });
  }
  older(channel: string, before_id: number, limit: number): Promise<Read<Message[]>> {
    return this.#page(channel, { before_id, limit });
  }
  newer(channel: string, after_id: number, limit: number): Promise<Read<Message[]>> {
    return this.#page(channel, { after_id, limit });
  }
  /** A page with the message in its middle. */
  around(channel: string, around_id: number, limit: number): Promise<Read<Message[]>> {
    return this.#page(channel, { around_id, limit });
  }
  async find(id: number): Promise<Read<Message>> {
    const { value, cursor } = await this.requests.read<Message>(`/message/${id}`);
    return { value: completedMessage(value), cursor };
  }
  /** Oldest first, the current text last. */
  history(id: number): Promise<Version[]> {
    return this.requests.get(`/message/${id}/history`);
  }
  receipts(id: number): Promise<Receipt[]> {
    return this.requests.get(`/receipts/${id}`);
  }
  why(id: number): Promise<Explanation> {
    return this.requests.get(`/why/${id}`);
  }
  /** The feed of what names us, read or not, newest first. */
  /** A page that is shorter than `limit` is the last, unless very many others were named between. */
  async mentions(page: { before_id?: number; limit: number }): Promise<Message[]> {
    const found: Message[] = [];
    let before_id = page.before_id;
    for (let asked = 0; asked < MENTIONS_ASKED_MAX; asked += 1) {
      const limit = page.limit - found.length;
      const query = { all: true, before_id, limit };
      const { items, more_before } = await this.requests.page<Message>('/mentions', query);
      found.push(...items.map(completedMessage));
      if (more_before === undefined || found.length >= page.limit) break;
      before_id = more_before;
    }
    return found;
  }
  async saved(): Promise<SavedMessage[]> {
    const saved = await this.requests.get<SavedMessage[]>('/saved');
    return saved.map((one) => ({ ...one, message: completedMessage(one.message) }));
  }

  /** Sends what stands on the screen as on its way. */
  sendEcho(echo: Echo): Promise<Message> {
    const { channel, text, reply_to_id, client_msg_id, thread_id, also_send_to_channel } = echo;
    const message = { text, reply_to_id, client_msg_id };
    if (thread_id === null) return this.send(channel, message);
    return this.send(channel, { ...message, thread_id, also_send_to_channel });
  }
  send(channel: string, message: NewMessage): Promise<Message> {
    return this.#message(`/send/${segment(channel)}`, message);
  }
  edit(id: number, text: string, client_msg_id: string): Promise<Message> {
    return this.#message(`/edit/${id}`, { text, client_msg_id });
  }
  /** The stream tells of the tombstone; who is no longer in the channel is shown none. */
  delete(id: number, client_msg_id: string): Promise<void> {
    return this.requests.post(`/delete/${id}`, { client_msg_id });
  }
  react(id: number, reaction: string, on: boolean, client_msg_id: string): Promise<Reactions> {
    return this.requests.post(`/react/${id}`, { reaction, on, client_msg_id });
  }
  /** Moves the read marker to just before it. */
  markUnread(id: number, client_msg_id: string): Promise<void> {
    return this.requests.post(`/mark_unread/${id}`, { client_msg_id });
  }
  pin(id: number, on: boolean, client_msg_id: string): Promise<Pin[]> {
    return this.requests.post(`/pin/${id}`, { on, client_msg_id });
  }
  save(id: number, on: boolean, client_msg_id: string): Promise<void> {
    return this.requests.post(`/save/${id}`, { on, client_msg_id });
  }
  forward(id: number, channel: string, text: string, client_msg_id: string): Promise<Message> {
    return this.#message(`/forward/${id}`, { channel, text, client_msg_id });
  }

  createPoll(channel: string, poll: NewPoll, client_msg_id: string): Promise<Message> {
    return this.#message(`/poll/${segment(channel)}`, { ...poll, client_msg_id });
  }
  /** The places of the chosen options; none takes the vote back. */
  vote(id: number, options: readonly number[], client_msg_id: string): Promise<Message> {
    return this.#message(`/vote/${id}`, { options, client_msg_id });
  }
  closePoll(id: number, client_msg_id: string): Promise<Message> {
    return this.#message(`/close_poll/${id}`, { client_msg_id });
  }

  async #page(channel: string, query: Record<string, number>): Promise<Read<Message[]>> {
    const path = `/messages/${segment(channel)}`;
    const { value, cursor } = await this.requests.read<Message[]>(path, query);
    return { value: value.map(completedMessage), cursor };
  }
  async #message(path: string, body: object): Promise<Message> {
    return completedMessage(await this.requests.post<Message>(path, body));
  }
}
