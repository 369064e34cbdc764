/**
 * Drafts that the server does not have yet: what was written while it could not be reached, or after the session had
 * ended. Neighbour: `state/drafts.svelte.ts`.
 */
import type { Row, Shelf } from './shelf';

/** As many as the server keeps of a person; the oldest makes room. */
export const KEPT_DRAFTS_MAX = 200;
/** Far longer than any message: what is too long to be sent is not lost before it is shortened. */
export const KEPT_DRAFT_CHARS_MAX = 200_000;
/** Of all drafts of a person together; the oldest makes room. */
export const KEPT_DRAFTS_CHARS_MAX = 2_000_000;

export interface KeptDraft extends Row {
  readonly channel: string;
  readonly thread_id: number | null;
  readonly text: string;
  /** Marks of the texts of the server's that this one has seen, and follows. */
  readonly bases?: readonly string[];
}

/** A text in a few characters, to tell it from others: which of two drafts is newer must not hang on two clocks. */
export function markOf(text: string): string {
  let hash = 0x811c9dc5;
  for (let at = 0; at < text.length; at += 1) {
    hash = Math.imul(hash ^ text.charCodeAt(at), 0x01000193);
  }
  return `${text.length}.${hash >>> 0}`;
}

/** Whether a draft of this browser goes on from what the server has, and is not older than it. */
export function follows(kept: Pick<KeptDraft, 'bases'>, saved: string): boolean {
  return (kept.bases ?? [markOf('')]).includes(markOf(saved));
}

export class KeptDrafts {
  constructor(
    private readonly shelf: Shelf<KeptDraft>,
    private readonly now: () => number,
  ) {}

  keep(
    user: string,
    channel: string,
    thread_id: number | null,
    text: string,
    bases: readonly string[] = [],
  ): void {
    if (text.length > KEPT_DRAFT_CHARS_MAX) return;
    const row = { user, kept_ms: this.now(), channel, thread_id, text, bases };
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
        let chars = 0;
        const isTooMuch = ([, row]: (typeof newest)[number], at: number) => {
          chars += row.text.length;
          return at >= KEPT_DRAFTS_MAX || chars > KEPT_DRAFTS_CHARS_MAX;
        };
        const drop = newest.filter(isTooMuch).map(([key]) => key);
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
