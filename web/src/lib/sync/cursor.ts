/** A place in the log's order: which history (epoch), and the last event of it that is known. */
export interface Cursor {
  readonly epoch: string;
  readonly seq: number;
  /**
   * What the server knows that event by, for the server alone: after a restore another event may
   * have its number. Absent before the first event, and from a server of before.
   */
  readonly sum?: string;
}

/** Reads `<epoch>.<seq>.<sum>`, or without a sum; null for anything else. */
export function parseCursor(text: string | null | undefined): Cursor | null {
  const parts = /^([^.]+)\.(\d{1,15})(?:\.([0-9a-f]{8}))?$/.exec(text ?? '');
  if (parts === null) return null;
  const [, epoch = '', seq, sum] = parts;
  return sum === undefined ? { epoch, seq: Number(seq) } : { epoch, seq: Number(seq), sum };
}

export function formatCursor({ epoch, seq, sum }: Cursor): string {
  return sum === undefined ? `${epoch}.${seq}` : `${epoch}.${seq}.${sum}`;
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
