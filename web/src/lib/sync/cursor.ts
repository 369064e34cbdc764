/** A place in the log's order: which history (epoch), and the last event of it that is known. */
export interface Cursor {
  readonly epoch: string;
  readonly seq: number;
}

/** Reads `<epoch>.<seq>`; null for anything else. */
export function parseCursor(text: string | null | undefined): Cursor | null {
  if (!text) return null;
  const dot = text.lastIndexOf('.');
  if (dot < 1) return null;
  const seq = text.slice(dot + 1);
  if (!/^\d{1,15}$/.test(seq)) return null;
  return { epoch: text.slice(0, dot), seq: Number(seq) };
}

export function formatCursor(cursor: Cursor): string {
  return `${cursor.epoch}.${cursor.seq}`;
}

/**
 * True when `known` already contains the event at `event`. Another epoch is never contained:
 * its numbers count a different history.
 */
export function contains(known: Cursor, event: Cursor): boolean {
  return known.epoch === event.epoch && event.seq <= known.seq;
}

/** The later of two places in one history. */
export function later(a: Cursor, b: Cursor): Cursor {
  return contains(a, b) ? a : b;
}
