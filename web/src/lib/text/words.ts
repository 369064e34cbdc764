/** Small sentences that several places say. */

/** "alice", "alice and bob", "alice, bob and 3 others". */
export function listNames(names: readonly string[], shown_max = 3): string {
  if (names.length <= 1) return names[0] ?? '';
  if (names.length <= shown_max) return `${names.slice(0, -1).join(', ')} and ${names.at(-1)}`;
  const rest = names.length - (shown_max - 1);
  return `${names.slice(0, shown_max - 1).join(', ')} and ${rest} others`;
}

/** Who is typing, in one line; empty when nobody is. */
export function typingLine(names: readonly string[]): string {
  const [first, second] = names;
  if (first === undefined) return '';
  if (second === undefined) return `${first} is typing`;
  if (names.length === 2) return `${first} and ${second} are typing`;
  return 'Several people are typing';
}

/** The beginning of a text on one line, cut at a whole character. */
export function excerpt(text: string, chars_max: number): string {
  const letters = [...text.replace(/\s+/g, ' ').trim()];
  return letters.length <= chars_max
    ? letters.join('')
    : `${letters.slice(0, chars_max).join('')}…`;
}

/** A number for a badge: beyond 99 nobody counts. */
export function badge(count: number): string {
  return count > 99 ? '99+' : String(count);
}
