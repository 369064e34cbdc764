/** What one text says that the one before it did not, word by word. */

export interface Piece {
  readonly kind: 'same' | 'added' | 'removed';
  readonly text: string;
}

/** Comparing costs the product of both lengths; beyond this the whole text counts as changed. */
const WORDS_MAX = 800;

export function wordDiff(before: string, after: string): readonly Piece[] {
  const [a, b] = [words(before), words(after)];
  if (a.length > WORDS_MAX || b.length > WORDS_MAX) {
    return joined([
      { kind: 'removed', text: before },
      { kind: 'added', text: after },
    ]);
  }
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
  return joined(pieces);
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
    if (last?.kind === piece.kind) {
      result[result.length - 1] = { kind: piece.kind, text: last.text + piece.text };
    } else if (piece.text !== '') result.push(piece);
  }
  return result;
}
