/** How a question is put to the server. The only caller of fetch. */
import { parseCursor, type Cursor } from '../sync/cursor';
import { ApiProblem } from './problem';

/** A read, and the head of the log that it answers for. */
export interface Read<T> {
  readonly value: T;
  readonly cursor: Cursor;
}

/** A page, and where the next one begins when this one ends before its limit. */
export interface Page<T> {
  readonly items: readonly T[];
  readonly more_before: number | undefined;
}

/** How long an answer may take. Beyond it the request counts as lost, and repeating is safe. */
const REQUEST_TIMEOUT_MS = 20_000;

/** Here a 401 says that a password was wrong. That ends no session. */
const ASKS_FOR_PASSWORD: ReadonlySet<string> = new Set(['/login', '/change-password']);

export type Query = Readonly<Record<string, string | number | boolean | undefined>>;

export class Requests {
  constructor(
    private readonly request: typeof fetch,
    /** Called on 401: the session ended, whatever we were doing. The problem says why. */
    private readonly onunauthorized: (problem: ApiProblem) => void = () => {},
  ) {}

  async get<T>(path: string, query: Query = {}): Promise<T> {
    const response = await this.#ask(path + queryText(query), { method: 'GET' });
    return (await response.json()) as T;
  }

  async read<T>(path: string, query: Query = {}): Promise<Read<T>> {
    const response = await this.#ask(path + queryText(query), { method: 'GET' });
    const value = (await response.json()) as T;
    const cursor = parseCursor(response.headers.get('Minimost-Cursor'));
    // Without it nobody could say which events the answer contains.
    if (cursor === null) throw ApiProblem.withoutCursor(path);
    return { value, cursor };
  }

  /** A list that may end before its limit, and then says where to go on. */
  async page<T>(path: string, query: Query = {}): Promise<Page<T>> {
    const response = await this.#ask(path + queryText(query), { method: 'GET' });
    const items = (await response.json()) as T[];
    const more = response.headers.get('Minimost-More-Before');
    return { items, more_before: more === null ? undefined : Number(more) };
  }

  /** With `isParting` it is carried out even if the page goes: at most 64 KiB of such are on their way at once. */
  async post<T = void>(path: string, body: object = {}, isParting = false): Promise<T> {
    const response = await this.#ask(path, {
      method: 'POST',
      keepalive: isParting,
      headers: { 'Content-Type': 'application/json' },
      body: JSON.stringify(body),
    });
    return (response.status === 204 ? undefined : await response.json()) as T;
  }

  async #ask(path: string, init: RequestInit): Promise<Response> {
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
    const problem = await ApiProblem.fromResponse(response);
    if (problem.status === 401 && !ASKS_FOR_PASSWORD.has(path)) this.onunauthorized(problem);
    throw problem;
  }
}

/** A channel as a path segment. A colon may stand in a path, and `dm:alice:bob` reads better so. */
export function segment(channel: string): string {
  return encodeURIComponent(channel).replaceAll('%3A', ':');
}

function queryText(query: Query): string {
  const given = Object.entries(query).filter(([, value]) => value !== undefined);
  const text = new URLSearchParams(given.map(([key, value]) => [key, String(value)])).toString();
  return text === '' ? '' : `?${text}`;
}
