/** The routes of docs/api.md that the client uses, one method each. The only caller of fetch. */
import { parseCursor, type Cursor } from '../sync/cursor';
import { ApiProblem } from './problem';
import type {
  Account,
  Channel,
  Emoji,
  Message,
  Override,
  Presence,
  Reactions,
  State,
} from './schema';

/** A read, and the head of the log that it answers for. */
export interface Read<T> {
  readonly value: T;
  readonly cursor: Cursor;
}

/** How long an answer may take. Beyond it the request counts as lost, and repeating is safe. */
const REQUEST_TIMEOUT_MS = 20_000;

/** Here a 401 says that a password was wrong. That ends no session. */
const ASKS_FOR_PASSWORD: ReadonlySet<string> = new Set(['/login', '/change-password']);

export class ApiClient {
  constructor(
    private readonly request: typeof fetch,
    /** Called on 401: the session ended, whatever we were doing. */
    private readonly onunauthorized: () => void = () => {},
  ) {}

  login(username: string, password: string): Promise<Account> {
    return this.post('/login', { username, password });
  }
  signup(username: string, password: string, confirm_password: string): Promise<Account> {
    return this.post('/signup', { username, password, confirm_password });
  }
  logout(): Promise<void> {
    return this.post('/logout', {});
  }
  changePassword(current: string, next: string, confirmation: string): Promise<void> {
    return this.post('/change-password', {
      current_password: current,
      new_password: next,
      confirm_password: confirmation,
    });
  }

  me(): Promise<Account> {
    return this.get('/me');
  }
  state(): Promise<Read<State>> {
    return this.read('/state');
  }
  newestMessages(channel: string, limit: number): Promise<Read<Message[]>> {
    return this.read(`/messages/${segment(channel)}?limit=${limit}`);
  }
  olderMessages(channel: string, before_id: number, limit: number): Promise<Read<Message[]>> {
    return this.read(`/messages/${segment(channel)}?before_id=${before_id}&limit=${limit}`);
  }
  message(id: number): Promise<Read<Message>> {
    return this.read(`/message/${id}`);
  }
  /** Per member the time of the last message read. */
  readReceipts(channel: string): Promise<Record<string, number>> {
    return this.get(`/read_receipts/${segment(channel)}`);
  }
  emoji(): Promise<Emoji[]> {
    return this.get('/emoji');
  }

  send(
    channel: string,
    body: { text: string; reply_to_id: number | null; client_msg_id: string },
  ): Promise<Message> {
    return this.post(`/send/${segment(channel)}`, body);
  }
  edit(id: number, text: string, client_msg_id: string): Promise<Message> {
    return this.post(`/edit/${id}`, { text, client_msg_id });
  }
  delete(id: number, client_msg_id: string): Promise<Message> {
    return this.post(`/delete/${id}`, { client_msg_id });
  }
  react(id: number, reaction: string, on: boolean, client_msg_id: string): Promise<Reactions> {
    return this.post(`/react/${id}`, { reaction, on, client_msg_id });
  }
  markRead(channel: string, message_id: number): Promise<void> {
    return this.post(`/mark_read/${segment(channel)}`, { message_id });
  }

  createChannel(channel: string, name: string, client_msg_id: string): Promise<Channel> {
    return this.post('/channels', { channel, name, client_msg_id });
  }
  renameChannel(channel: string, name: string, client_msg_id: string): Promise<Channel> {
    return this.post(`/channels/${segment(channel)}/rename`, { name, client_msg_id });
  }
  openDirect(users: readonly string[], client_msg_id: string): Promise<Channel> {
    return this.post('/dms', { users, client_msg_id });
  }

  typing(channel: string): Promise<void> {
    return this.post(`/typing/${segment(channel)}`, {});
  }
  viewing(stream: string, channel: string | null): Promise<void> {
    return this.post('/viewing', { stream, channel });
  }
  presence(state: Presence): Promise<void> {
    return this.post('/presence', { state });
  }
  override(override: Override | null): Promise<void> {
    return this.post('/presence/override', { override });
  }

  private async get<T>(path: string): Promise<T> {
    const response = await this.ask(path, { method: 'GET' });
    return (await response.json()) as T;
  }

  private async read<T>(path: string): Promise<Read<T>> {
    const response = await this.ask(path, { method: 'GET' });
    const value = (await response.json()) as T;
    const cursor = parseCursor(response.headers.get('Minimost-Cursor'));
    // Without it nobody could say which events the answer contains.
    if (cursor === null) throw ApiProblem.withoutCursor(path);
    return { value, cursor };
  }

  private async post<T>(path: string, body: object): Promise<T> {
    const response = await this.ask(path, {
      method: 'POST',
      headers: { 'Content-Type': 'application/json' },
      body: JSON.stringify(body),
    });
    return (response.status === 204 ? undefined : await response.json()) as T;
  }

  private async ask(path: string, init: RequestInit): Promise<Response> {
    let response: Response;
    try {
      response = await this.request(path, {
        ...init,
        headers: { Accept: 'application/json', ...init.headers },
        signal: AbortSignal.timeout(REQUEST_TIMEOUT_MS),
      });
    } catch {
      throw ApiProblem.unreachable();
    }
    if (response.ok) return response;
    if (response.status === 401 && !ASKS_FOR_PASSWORD.has(path)) this.onunauthorized();
    throw await ApiProblem.fromResponse(response);
  }
}

/** A channel as a path segment. A colon may stand in a path, and `dm:alice:bob` reads better so. */
export function segment(channel: string): string {
  return encodeURIComponent(channel).replaceAll('%3A', ':');
}
