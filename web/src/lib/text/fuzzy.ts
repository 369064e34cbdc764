/** Finds what somebody means from a few of its letters, in their order, whatever their case and accents. */
import { folded } from './fold';
import { Scanner } from './scanner';

/** How well `query` fits `text`; null when it does not. Higher is better. */
export function fuzzyScore(
  query: string,
  text: string,
  scanner = new Scanner(folded(text)),
): number | null {
  return score(folded(query.trim()), scanner);
}

/**
 * Those of `items` that fit, best first; equally good ones stay in their order. An item may be
 * called by several names: the one that fits best counts.
 */
export function fuzzyRank<T>(
  query: string,
  items: readonly T[],
  namesOf: (item: T) => string | readonly string[],
): readonly T[] {
  const wanted = folded(query.trim());
  if (wanted === '') return items;
  return items
    .map((item, place) => ({ item, place, score: best(wanted, [namesOf(item)].flat()) }))
    .filter((found) => found.score !== null)
    .sort((a, b) => (b.score ?? 0) - (a.score ?? 0) || a.place - b.place)
    .map((found) => found.item);
}

function best(wanted: string, names: readonly string[]): number | null {
  const scores = names
    .map((name) => score(wanted, new Scanner(folded(name))))
    .filter((one) => one !== null);
  return scores.length === 0 ? null : Math.max(...scores);
}

function score(wanted: string, scanner: Scanner): number | null {
  const letters = scanner.text;
  // Its letters cannot all be there.
  if (wanted.length > letters.length) return null;
  if (wanted === '') return 0;
  if (letters === wanted) return 1000;
  // A shorter text leaves less unsaid.
  if (letters.startsWith(wanted)) return 500 - letters.length;

  let sum = 0;
  let place = -1;
  for (const letter of wanted) {
    const next = scanner.endOf(place + 1, (other) => other !== letter);
    if (next >= letters.length) return null;
    const startsWord = next === 0 || /[^\p{L}\p{N}]/u.test(letters[next - 1] ?? '');
    sum += next === place + 1 ? 8 : startsWord ? 6 : 1;
    place = next + letter.length - 1;
  }
  return sum - letters.length / 10;
}
