/**
 * Carries messages to the server: shown at once as a local echo, sent in order, repeated after a
 * lost answer, and honest about failure.
 *
 * Neighbours: `components/composer/Composer.svelte` hands in the text, `api/client.ts` posts it to
 * the server's `api/messages.rs`, and `apply.ts` takes the echo away when the event arrives.
 */
import { asProblem, type ApiProblem } from '../api/problem';
import type { Message } from '../api/schema';
import { backoffMs } from './backoff';
import type { Turn } from '../store/kept-outbox';
import type { Echo } from './chat-state';

/** About half a minute. Then the message says that it failed, and its sender decides. */
const ATTEMPTS_MAX = 7;

/** While the server can store nothing: it asks little of it, and the message goes soon after. */
const STOPPED_WAIT_MS_MAX = 5_000;

/** How long a message waits for one before it that another tab is still sending. */
const TURN_AFTER_MS = 500;

/** A server that asks for more patience than this gets an honest failure instead of a spinner. */
const RETRY_AFTER_SECONDS_MAX = 60;

/** Where the echoes live: the chat state, from which `apply` removes the confirmed. */
export interface Outbox {
  echoes: readonly Echo[];
}

/** Where in a thread a message goes. */
export type ThreadPlace = Pick<Echo, 'also_send_to_channel'> & { readonly thread_id: number };

export interface SenderPorts {
  post(echo: Echo): Promise<Message>;
  /** Whether it may go now: other tabs send too, and each message once. */
  turn(echo: Echo): Promise<Turn>;
  /** Another tab has it: it is not this one's to show any more, and not to be given up. */
  onelsewhere(echo: Echo): void;
  /** The answer to a send, which may be here before its event. */
  onposted(message: Message, echo: Echo): void;
  newId(): string;
  /** Milliseconds. */
  now(): number;
  random(): number;
}

export class Sender {
  /** Channels that have a message on its way: one at a time, or the order could turn around. */
  readonly #busy = new Set<string>();
  /** The channels that wait between two attempts: why, and what ends the waiting early. */
  readonly #waiting = new Map<string, { problem: ApiProblem | null; wake: () => void }>();

  constructor(
    private readonly outbox: Outbox,
    private readonly ports: SenderPorts,
  ) {}

  send(
    channel: string,
    text: string,
    reply_to_id: number | null,
    thread: ThreadPlace | null = null,
  ): void {
    const echo: Echo = {
      client_msg_id: this.ports.newId(),
      channel,
      text,
      reply_to_id,
      thread_id: thread?.thread_id ?? null,
      also_send_to_channel: thread?.also_send_to_channel ?? false,
      ts: this.ports.now() / 1000,
      status: 'sending',
      reason: null,
    };
    this.outbox.echoes = [...this.outbox.echoes, echo];
    void this.#drain(channel);
  }

  /** Tries a message again now, under the same id: if it did arrive, it is not doubled. */
  retry(client_msg_id: string): void {
    const echo = this.#change(client_msg_id, { status: 'sending', reason: null });
    if (echo === undefined) return;
    this.#waiting.get(echo.channel)?.wake();
    void this.#drain(echo.channel);
  }

  /** Gives a message up. What waited behind it goes at once. */
  discard(client_msg_id: string): void {
    const echo = this.outbox.echoes.find((one) => one.client_msg_id === client_msg_id);
    if (echo === undefined) return;
    this.outbox.echoes = this.outbox.echoes.filter((one) => one !== echo);
    this.#waiting.get(echo.channel)?.wake();
  }

  /** Tries at once what waits for its next attempt: the connection is back. */
  wake(): void {
    for (const { wake } of [...this.#waiting.values()]) wake();
  }

  /** Sends what is there to be sent: it was left by a reload, a closed tab, or the end of a session. */
  resume(): void {
    const channels = new Set(this.outbox.echoes.map((echo) => echo.channel));
    for (const channel of channels) void this.#drain(channel);
  }

  /** Somebody's message was stored, so ours can be. A server that is only busy keeps its rest. */
  writingWorks(): void {
    for (const { problem, wake } of [...this.#waiting.values()]) if (problem?.isStopped) wake();
  }

  async #drain(channel: string): Promise<void> {
    if (this.#busy.has(channel)) return;
    this.#busy.add(channel);
    let failures = 0;
    for (let echo = this.#next(channel); echo !== undefined; echo = this.#next(channel)) {
      const turn = await this.ports.turn(echo);
      // It was given up, or confirmed, while that was asked.
      if (!this.outbox.echoes.includes(echo)) continue;
      if (turn === 'never') {
        this.ports.onelsewhere(echo);
        continue;
      }
      if (turn === 'later') {
        await this.#pause(channel, null, TURN_AFTER_MS);
        continue;
      }
      try {
        this.ports.onposted(await this.ports.post(echo), echo);
        // Even if nobody recognised the answer, this wish is fulfilled.
        this.discard(echo.client_msg_id);
        failures = 0;
      } catch (failure) {
        const problem = asProblem(failure);
        // It waits for the next log-in of whoever wrote it.
        if (problem.status === 401) break;
        const waitSeconds = problem.retryAfterSeconds ?? 0;
        failures += 1;
        if (!problem.isPassing) {
          this.#fail(echo, problem.sentence);
          failures = 0;
        } else if (
          waitSeconds > RETRY_AFTER_SECONDS_MAX ||
          (failures >= ATTEMPTS_MAX && !problem.isStopped)
        ) {
          // Those behind it fail too: sent alone they would stand before it.
          this.#failAll(channel, problem.sentence);
          failures = 0;
        } else {
          this.#change(echo.client_msg_id, { status: 'sending', reason: problem.title });
          const wait_ms = backoffMs(failures, this.ports.random);
          const own_ms = problem.isStopped ? Math.min(wait_ms, STOPPED_WAIT_MS_MAX) : wait_ms;
          await this.#pause(channel, problem, Math.max(waitSeconds * 1000, own_ms));
        }
      }
    }
    this.#busy.delete(channel);
  }

  #next(channel: string): Echo | undefined {
    return this.outbox.echoes.find((echo) => echo.channel === channel && echo.status === 'sending');
  }

  #failAll(channel: string, reason: string): void {
    for (let echo = this.#next(channel); echo !== undefined; echo = this.#next(channel)) {
      this.#fail(echo, reason);
    }
  }

  #fail(echo: Echo, reason: string): void {
    this.#change(echo.client_msg_id, { status: 'failed', reason });
  }

  #change(client_msg_id: string, change: Pick<Echo, 'status' | 'reason'>): Echo | undefined {
    const { echoes } = this.outbox;
    const place = echoes.findIndex((echo) => echo.client_msg_id === client_msg_id);
    const echo = echoes[place];
    // It was confirmed by its event in the meantime.
    if (echo === undefined) return undefined;
    const changed = { ...echo, ...change };
    this.outbox.echoes = echoes.with(place, changed);
    return changed;
  }

  #pause(channel: string, problem: ApiProblem | null, wait_ms: number): Promise<void> {
    return new Promise((resolve) => {
      const wake = () => {
        clearTimeout(timer);
        this.#waiting.delete(channel);
        resolve();
      };
      const timer = setTimeout(wake, wait_ms);
      this.#waiting.set(channel, { problem, wake });
    });
  }
}
