import { Scanner } from './scanner';

/** What is being completed at the caret: a name after `@`, an emoji after `:`. */
export interface Completion {
  readonly kind: 'mention' | 'emoji';
  readonly query: string;
  /** Where the sign stands; what is chosen replaces the text from here to the caret. */
  readonly start: number;
}

/** One letter after a colon is rather a smiley made of characters. */
const EMOJI_LETTERS_MIN = 2;

/** No name and no emoji is longer; what is, is looked for in thousands of names at each key. */
const QUERY_LETTERS_MAX = 64;

/** People are called something in every script. */
const IN_QUERY = /[\p{L}\p{M}\p{N}_+-]/u;
const EMOJI_NAME = /^[\w+-]*$/;
/** What an `@` stands after is no mention, to the server neither: in an address, in a word. */
const BEFORE_NO_NAME = /[\p{L}\p{M}\p{N}_@/]/u;
/** A time of day, an address. */
const BEFORE_NO_EMOJI = /[\p{L}\p{M}\p{N}_:/]/u;

export function completionAt(
  text: string,
  caret: number,
  scanner = new Scanner(text),
): Completion | null {
  const farthest = Math.max(0, caret - QUERY_LETTERS_MAX);
  const begin = scanner.startOf(caret, (letter) => IN_QUERY.test(letter), farthest);
  const start = begin - 1;
  const sign = scanner.before(begin);
  if (sign !== '@' && sign !== ':') return null;
  const barred = sign === '@' ? BEFORE_NO_NAME : BEFORE_NO_EMOJI;
  if (start > 0 && barred.test(scanner.before(start))) return null;
  const query = text.slice(begin, caret);
  if (sign === '@') return { kind: 'mention', query, start };
  if (query.length < EMOJI_LETTERS_MIN || !EMOJI_NAME.test(query)) return null;
  return { kind: 'emoji', query, start };
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
