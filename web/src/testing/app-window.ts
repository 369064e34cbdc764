/** A browser window without a screen, and the server behind it: the root of the client runs in it as it is. */
import { vi } from 'vitest';
import type { State } from '../lib/api/schema';
import { AppState } from '../lib/state/app.svelte';
import { aliceState, EPOCH } from './people';
import { Server, type Source } from './tabs';

interface Asked {
  readonly path: string;
  readonly body: Readonly<Record<string, unknown>>;
}

class Storage {
  readonly #items = new Map<string, string>();
  getItem(key: string): string | null {
    return this.#items.get(key) ?? null;
  }
  setItem(key: string, value: string): void {
    this.#items.set(key, value);
  }
  removeItem(key: string): void {
    this.#items.delete(key);
  }
}

export class AppWindow {
  readonly asked: Asked[] = [];
  /** What `GET /state` says. */
  state: State = aliceState();
  seq = 20;
  /** What else is answered: by path, a body, or a status alone. */
  readonly answers = new Map<string, unknown>();
  readonly stream = new Server();
  readonly app: AppState;
  #end: (() => void) | undefined;

  constructor(path = '/c/general') {
    const { stream } = this;
    const page = new EventTarget();
    const document = Object.assign(new EventTarget(), {
      visibilityState: 'visible',
      hidden: false,
      hasFocus: () => true,
    });
    const location = new URL(path, 'http://minimost.test');
    const move = (_state: unknown, _title: string, to: string) => {
      location.href = new URL(to, location.href).href;
    };
    vi.stubGlobal('document', document);
    vi.stubGlobal('location', location);
    vi.stubGlobal('history', { pushState: move, replaceState: move });
    vi.stubGlobal('localStorage', new Storage());
    vi.stubGlobal('sessionStorage', new Storage());
    vi.stubGlobal('navigator', { onLine: true, sendBeacon: () => true });
    vi.stubGlobal(
      'BroadcastChannel',
      class {
        postMessage() {}
        close() {}
      },
    );
    vi.stubGlobal('addEventListener', page.addEventListener.bind(page));
    vi.stubGlobal('removeEventListener', page.removeEventListener.bind(page));
    vi.stubGlobal('window', Object.assign(page, { document, setInterval, clearInterval }));
    vi.stubGlobal('EventSource', function (url: string) {
      return stream.connect(url);
    });
    vi.stubGlobal('fetch', (to: string, init: RequestInit) => this.#answer(to, init));
    this.app = new AppState();
  }

  /** The client starts, the stream is let in, and what waits is answered. */
  async settle(ms = 0): Promise<void> {
    this.#end ??= this.app.start();
    await vi.advanceTimersByTimeAsync(ms);
    for (const source of [...this.stream.sources]) if (source.readyState === 0) source.accept();
    await vi.advanceTimersByTimeAsync(0);
  }

  /** Something happens, and the stream says it. */
  say(kind: string, data: object, seq = (this.seq += 1)): void {
    this.#source.say(kind, data, `${EPOCH}.${seq}`);
  }
  signal(kind: string, data: object): void {
    this.#source.say(kind, data);
  }
  /** The connection is lost, and comes back. */
  async stumble(): Promise<void> {
    this.#source.stumble();
    await this.settle();
  }

  /** How often something was asked, and with what. */
  askedFor(path: string): readonly Asked['body'][] {
    return this.asked.filter((one) => one.path === path).map(({ body }) => body);
  }

  close(): void {
    this.#end?.();
    vi.unstubAllGlobals();
  }

  get #source(): Source {
    return [...this.stream.sources].at(-1)!;
  }

  async #answer(to: string, { body }: RequestInit): Promise<Response> {
    const path = to.split('?')[0] ?? to;
    this.asked.push({ path, body: JSON.parse(String(body ?? '{}')) });
    const found = path === '/state' ? this.state : (this.answers.get(path) ?? 204);
    if (found === 204) return new Response(null, { status: 204 });
    const isStatus = typeof found === 'number';
    const headers = { 'Minimost-Cursor': `${EPOCH}.${this.seq}` };
    return new Response(JSON.stringify(isStatus ? {} : found), {
      status: isStatus ? found : 200,
      headers,
    });
  }
}
