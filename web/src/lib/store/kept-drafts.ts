/**
 * Drafts that the server does not have yet: what was written while it could not be reached, or after the session had
 * ended. Neighbour: `state/drafts.svelte.ts`.
 */
import type { Row, Shelf } from './shelf';

/** As many as the server keeps of a person; the oldest makes room. */
export const KEPT_DRAFTS_MAX = 200;
/** Longer than any message, and not a book. */
export const KEPT_DRAFT_CHARS_MAX = 40_000;

export interface KeptDraft extends Row {
  readonly channel: string;
  readonly thread_id: number | null;
  readonly text: string;
}

export class KeptDrafts {
  constructor(
    private readonly shelf: Shelf<KeptDraft>,
    private readonly now: () => number,
  ) {}

  keep(user: string, channel: string, thread_id: number | null, text: string): void {
    if (text.length > KEPT_DRAFT_CHARS_MAX) return;
    const row = { user, kept_ms: this.now(), channel, thread_id, text };
    const key = keyOf(user, channel, thread_id);
    this.shelf.add(row, key).catch(() => {});
  }

  /** The server has this one; what another window wrote since stays. */
  drop(user: string, channel: string, thread_id: number | null, text: string): void {
    const change = (rows: readonly (readonly [IDBValidKey, KeptDraft])[]) => {
      const same = rows.filter(
        ([, row]) => row.channel === channel && row.thread_id === thread_id && row.text === text,
      );
      return { drop: same.map(([key]) => key), result: undefined };
    };
    this.shelf.change(user, change).catch(() => {});
  }

  /** What is kept of somebody; more than enough is let go of, the oldest first. */
  async of(user: string): Promise<readonly KeptDraft[]> {
    try {
      return await this.shelf.change(user, (rows) => {
        const newest = [...rows].sort(([, a], [, b]) => b.kept_ms - a.kept_ms);
        const drop = newest.slice(KEPT_DRAFTS_MAX).map(([key]) => key);
        const left = rows.filter(([key]) => !drop.includes(key));
        return { drop, result: left.map(([, row]) => row) };
      });
    } catch {
      return [];
    }
  }

  async erase(user: string): Promise<void> {
    await this.shelf
      .change(user, (rows) => ({ drop: rows.map(([key]) => key), result: undefined }))
      .catch(() => {});
  }
}

function keyOf(user: string, channel: string, thread_id: number | null): IDBValidKey {
  return [user, channel, thread_id ?? 0];
}
