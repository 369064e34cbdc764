/** Finds what somebody means from a few of its letters, in their order. */
import { Scanner } from './scanner';

/** How well `query` fits `text`; null when it does not. Higher is better. */
export function fuzzyScore(
  query: string,
  text: string,
  scanner = new Scanner(text.toLowerCase()),
): number | null {
  const wanted = query.trim().toLowerCase();
  const letters = scanner.text;
  // Its letters cannot all be there.
  if (wanted.length > letters.length) return null;
  if (wanted === '') return 0;
  if (letters === wanted) return 1000;
  // A shorter text leaves less unsaid.
  if (letters.startsWith(wanted)) return 500 - letters.length;

  let score = 0;
  let place = -1;
  for (const letter of wanted) {
    const next = scanner.endOf(place + 1, (other) => other !== letter);
    if (next >= letters.length) return null;
    const startsWord = next === 0 || /[^a-z0-9]/.test(letters[next - 1] ?? '');
    score += next === place + 1 ? 8 : startsWord ? 6 : 1;
    place = next;
  }
  return score - letters.length / 10;
}

/** Those of `items` that fit, best first; equally good ones stay in their order. */
export function fuzzyRank<T>(
  query: string,
  items: readonly T[],
  textOf: (item: T) => string,
): readonly T[] {
  return items
    .map((item, place) => ({ item, place, score: fuzzyScore(query, textOf(item)) }))
    .filter((found) => found.score !== null)
    .sort((a, b) => (b.score ?? 0) - (a.score ?? 0) || a.place - b.place)
    .map((found) => found.item);
}
