/** What is being completed at the caret: a name after `@`, an emoji after `:`. */
export interface Completion {
  readonly kind: 'mention' | 'emoji';
  readonly query: string;
  /** Where the sign stands; what is chosen replaces the text from here to the caret. */
  readonly start: number;
}

/** One letter after a colon is rather a smiley made of characters. */
const EMOJI_LETTERS_MIN = 2;

export function completionAt(text: string, caret: number): Completion | null {
  const match = /(?:^|\s)([@:])([\w+-]*)$/.exec(text.slice(0, caret));
  const [, sign, query] = match ?? [];
  if (sign === undefined || query === undefined) return null;
  const start = caret - query.length - 1;
  if (sign === '@') return { kind: 'mention', query, start };
  return query.length < EMOJI_LETTERS_MIN ? null : { kind: 'emoji', query, start };
}

/** The text with the completed word in place, and where the caret goes. */
export function complete(
  text: string,
  caret: number,
  completion: Completion,
  word: string,
): { text: string; caret: number } {
  const after = text.slice(caret);
  const space = after.startsWith(' ') ? '' : ' ';
  const before = `${text.slice(0, completion.start)}${word}`;
  return { text: `${before}${space}${after}`, caret: before.length + 1 };
}
