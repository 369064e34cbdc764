/**
 * The outbox on disk: what was sent and has not arrived outlives a reload, a closed tab and the end of a session, for the
 * same account alone.
 *
 * Why a message goes once and in its order: each belongs to one tab, which asks here before it sends ("is it mine, and is
 * nothing before it in its channel?"), in one step with taking over what a tab left that is gone. Should that tab live
 * after all, it learns of it here; were both to send, the same `client_msg_id` makes one message of it.
 *
 * Neighbours: `state/outbox.svelte.ts` tells what changes, `sync/sender.ts` asks, `tabs.ts` knows who lives.
 */
import type { Echo } from '../sync/chat-state';
import type { Entry, Row, Shelf } from './shelf';

/** Of one window. What is more is kept in memory, and the window asks before it closes. */
export const KEPT_MESSAGES_MAX = 200;
export const KEPT_CHARS_MAX = 500_000;

/** What an account left here that never came back is erased after so long. */
export const KEPT_DAYS = 60;

export interface KeptEcho extends Row {
  /** Whose it is to send. */
  readonly tab: string;
  /** In which it was written, if that is another: there it goes back to when that one lives again. */
  readonly home?: string;
  readonly echo: Echo;
}

/** Whether a message may be sent now. */
export type Turn =
  | 'now'
  /** Another tab has it, or it is not to be sent any more. */
  | 'never'
  /** One before it in its channel is another tab's, which is still there. */
  | 'later';

export interface KeptOutboxPorts {
  tab(): string;
  /** Which of these tabs are still there. */
  living(tabs: readonly string[]): Promise<ReadonlySet<string>>;
  /** This tab has taken over what others may still show. */
  took(): void;
  now(): number;
}

export class KeptOutbox {
  /** What the disk did not take: it lives as long as this window. */
  readonly #unkept = new Set<string>();
  /** By id: what is on its way to the disk. */
  readonly #writing = new Map<string, Promise<void>>();
  /** By id: what this window has on the disk, as characters. */
  readonly #kept = new Map<string, number>();
  #chars = 0;

  constructor(
    private readonly shelf: Shelf<KeptEcho>,
    private readonly ports: KeptOutboxPorts,
  ) {}

  /** Whether closing the window would lose one of these. */
  wouldLose(echoes: readonly Echo[]): boolean {
    return echoes.some((echo) => this.#unkept.has(echo.client_msg_id));
  }

  /** Writes a new message down, at the moment at which it is shown. */
  keep(user: string, echo: Echo): void {
    const id = echo.client_msg_id;
    const isFull =
      this.#kept.size >= KEPT_MESSAGES_MAX || this.#chars + echo.text.length > KEPT_CHARS_MAX;
    if (isFull) return void this.#unkept.add(id);
    this.#count(echo);
    const row = { user, kept_ms: this.ports.now(), tab: this.ports.tab(), echo };
    const writing = this.shelf.add(row).catch(() => {
      this.#uncount(id);
      this.#unkept.add(id);
    });
    this.#writing.set(id, writing);
    void writing.then(() => this.#writing.delete(id));
  }

  /** Failed, tried again: what its sender is told of it after a reload too. */
  update(user: string, echo: Echo): void {
    if (this.#unkept.has(echo.client_msg_id)) return;
    const change = (rows: readonly Entry<KeptEcho>[]) => {
      const found = rows.find(([, row]) => row.echo.client_msg_id === echo.client_msg_id);
      if (found === undefined) return { result: undefined };
      return { put: [[found[0], { ...found[1], echo }] as const], result: undefined };
    };
    this.shelf.change(user, change).catch(() => {});
  }

  /** It has arrived, or was given up. */
  drop(user: string, echo: Echo): void {
    const id = echo.client_msg_id;
    this.#uncount(id);
    if (this.#unkept.delete(id)) return;
    const change = (rows: readonly Entry<KeptEcho>[]) => {
      const found = rows.filter(([, row]) => row.echo.client_msg_id === id);
      return { drop: found.map(([key]) => key), result: undefined };
    };
    this.shelf.change(user, change).catch(() => {});
  }

  /** Whether it is this window's turn to send a message. */
  async turn(user: string, echo: Echo): Promise<Turn> {
    const id = echo.client_msg_id;
    await this.#writing.get(id);
    if (this.#unkept.has(id)) return 'now';
    try {
      return await this.shelf.change(user, (rows) => ({
        result: turnOf(rows, id, this.ports.tab()),
      }));
    } catch {
      // The disk has left us since: it is in memory, and goes.
      return 'now';
    }
  }

  /** Whether this is still this window's to show: it has not been told of what another has taken. */
  holds(echo: Echo): boolean {
    return this.#unkept.has(echo.client_msg_id) || this.#kept.has(echo.client_msg_id);
  }

  /**
   * Takes over what tabs have left that are gone, and what another took while this one was away. All that is this tab's
   * now, oldest first; null when the disk does not say.
   */
  async adopt(user: string): Promise<readonly Echo[] | null> {
    try {
      const others = await this.shelf.change(user, (rows) => ({
        result: [...new Set(rows.map(([, row]) => row.tab))].filter(
          (one) => one !== this.ports.tab(),
        ),
      }));
      const living = others.length === 0 ? new Set<string>() : await this.ports.living(others);
      const tab = this.ports.tab();
      // Whoever came after the question is there.
      const isLeft = (row: KeptEcho) => others.includes(row.tab) && !living.has(row.tab);
      const { own, taken } = await this.shelf.change(user, (rows) => {
        const left = rows.filter(([, row]) => row.tab !== tab && (isLeft(row) || row.home === tab));
        const put = left.map(([key, row]) => {
          const { home = row.tab, ...rest } = row;
          return [key, home === tab ? { ...rest, tab } : { ...rest, tab, home }] as const;
        });
        const own = rows.filter((one) => one[1].tab === tab || left.includes(one));
        return { put, result: { own: own.map(([, row]) => row.echo), taken: left.length } };
      });
      if (taken > 0) this.ports.took();
      this.#recount(own);
      return own;
    } catch {
      return null;
    }
  }

  /** The messages of an account that have not arrived, of all its windows here; `echoes` are this one's. */
  async unsent(user: string, echoes: readonly Echo[]): Promise<readonly Echo[]> {
    try {
      const kept = await this.shelf.change(user, (rows) => ({
        result: rows.map(([, row]) => row.echo),
      }));
      const ids = new Set(kept.map((echo) => echo.client_msg_id));
      return [...kept, ...echoes.filter((echo) => !ids.has(echo.client_msg_id))];
    } catch {
      return echoes;
    }
  }

  /** Deletes everything of an account. */
  async erase(user: string): Promise<void> {
    this.forgetCounts();
    await this.shelf
      .change(user, (rows) => ({ drop: rows.map(([key]) => key), result: undefined }))
      .catch(() => {});
  }

  /** Somebody else sits here now: what is on the disk is not this window's any more. */
  forgetCounts(): void {
    this.#kept.clear();
    this.#unkept.clear();
    this.#chars = 0;
  }

  #count(echo: Echo): void {
    this.#uncount(echo.client_msg_id);
    this.#kept.set(echo.client_msg_id, echo.text.length);
    this.#chars += echo.text.length;
  }
  /** What another tab has taken is not this one's any more; what is only being written is. */
  #recount(own: readonly Echo[]): void {
    const ids = new Set(own.map((echo) => echo.client_msg_id));
    for (const id of [...this.#kept.keys()]) {
      if (!ids.has(id) && !this.#writing.has(id)) this.#uncount(id);
    }
    for (const echo of own) this.#count(echo);
  }
  #uncount(id: string): void {
    this.#chars -= this.#kept.get(id) ?? 0;
    this.#kept.delete(id);
  }
}

function turnOf(rows: readonly Entry<KeptEcho>[], id: string, tab: string): Turn {
  const own = rows.find(([, row]) => row.echo.client_msg_id === id)?.[1];
  if (own === undefined || own.tab !== tab) return 'never';
  const { channel } = own.echo;
  const first = rows.find(
    ([, row]) => row.echo.channel === channel && row.echo.status === 'sending',
  )?.[1];
  return first === undefined || first.tab === tab ? 'now' : 'later';
}
