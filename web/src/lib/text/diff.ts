/** What one text says that the one before it did not, word by word. */

export interface Piece {
  readonly kind: 'same' | 'added' | 'removed';
  readonly text: string;
}

/**
 * Comparing costs the product of both lengths, and a page shows two hundred versions; beyond this
 * all of what differs counts as changed.
 */
const CELLS_MAX = 100_000;

/** What a comparison came to, and how many words it looked at. */
export interface Compared {
  readonly pieces: readonly Piece[];
  readonly steps: number;
}

export function wordDiff(before: string, after: string): readonly Piece[] {
  return compared(before, after).pieces;
}

export function compared(before: string, after: string): Compared {
  const [a, b] = [words(before), words(after)];
  let steps = a.length + b.length;
  let start = 0;
  while (start < a.length && a[start] === b[start]) start += 1;
  let end = 0;
  const shorter = Math.min(a.length, b.length) - start;
  while (end < shorter && a[a.length - 1 - end] === b[b.length - 1 - end]) end += 1;
  steps += start + end;
  const [from, to] = [a.slice(start, a.length - end), b.slice(start, b.length - end)];
  const isComparable = from.length * to.length <= CELLS_MAX;
  if (isComparable) steps += from.length * to.length + from.length + to.length;
  const pieces = joined([
    { kind: 'same', text: a.slice(0, start).join('') },
    ...(isComparable ? changes(from, to) : replaced(from, to)),
    { kind: 'same', text: a.slice(a.length - end).join('') },
  ]);
  return { pieces, steps };
}

function replaced(a: readonly string[], b: readonly string[]): readonly Piece[] {
  return [
    { kind: 'removed', text: a.join('') },
    { kind: 'added', text: b.join('') },
  ];
}

function changes(a: readonly string[], b: readonly string[]): readonly Piece[] {
  const common = commonLengths(a, b);
  const pieces: Piece[] = [];
  let [i, j] = [0, 0];
  while (i < a.length || j < b.length) {
    if (i < a.length && a[i] === b[j]) {
      pieces.push({ kind: 'same', text: a[i] ?? '' });
      [i, j] = [i + 1, j + 1];
    } else if (i < a.length && (j === b.length || at(common, i + 1, j) >= at(common, i, j + 1))) {
      pieces.push({ kind: 'removed', text: a[i] ?? '' });
      i += 1;
    } else {
      pieces.push({ kind: 'added', text: b[j] ?? '' });
      j += 1;
    }
  }
  return pieces;
}

/** Words, and the white space between them. */
function words(text: string): readonly string[] {
  return text.match(/\s+|[^\s]+/gu) ?? [];
}

/** At [i][j]: how many words the rests of both texts from there on have in common. */
function commonLengths(a: readonly string[], b: readonly string[]): readonly (readonly number[])[] {
  const lengths = Array.from({ length: a.length + 1 }, () =>
    new Array<number>(b.length + 1).fill(0),
  );
  for (let i = a.length - 1; i >= 0; i -= 1) {
    const row = lengths[i] ?? [];
    for (let j = b.length - 1; j >= 0; j -= 1) {
      row[j] =
        a[i] === b[j]
          ? at(lengths, i + 1, j + 1) + 1
          : Math.max(at(lengths, i + 1, j), at(lengths, i, j + 1));
    }
  }
  return lengths;
}

function at(lengths: readonly (readonly number[])[], i: number, j: number): number {
  return lengths[i]?.[j] ?? 0;
}

function joined(pieces: readonly Piece[]): readonly Piece[] {
  const result: Piece[] = [];
  for (const piece of pieces) {
    const last = result.at(-1);
    if (piece.text === '') continue;
    if (last?.kind === piece.kind) {
      result[result.length - 1] = { kind: piece.kind, text: last.text + piece.text };
    } else result.push(piece);
  }
  return result;
}
