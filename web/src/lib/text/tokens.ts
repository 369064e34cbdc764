/**
 * Message text as pieces: plain text, links, mentions. The pieces are shown as text nodes and
 * elements, never as HTML.
 */
import { EVERYONE } from '../sync/unread';
import type { Names } from './names';
import { Scanner } from './scanner';

export type Token =
  | { readonly kind: 'text'; readonly text: string }
  | { readonly kind: 'link'; readonly text: string; readonly href: string }
  | { readonly kind: 'mention'; readonly text: string; readonly user: string };

/** Sticky and without repetition, as the scanner wants them. */
const SCHEME = /https?:\/\//iy;
const AFTER_LINK = /[\s<>"]/;
/** What ends a sentence rather than a link. */
const PUNCTUATION = /[.,;:!?'"*_~]/;
/** An `@` after one of these is in an address or a link, for the server as well. */
const BEFORE_NO_NAME = /[\p{L}\p{N}_@/]/u;
const IN_NAME = /[\w-]/;

const BRACKETS: Readonly<Record<string, string>> = { ')': '(', ']': '[' };

/**
 * Cuts `text` into pieces. A name is a mention when `names` has it (the casing of the account
 * wins) or is everyone. Each letter is looked at a few times at most.
 */
export function tokenize(
  text: string,
  names: Names,
  scanner = new Scanner(text),
): readonly Token[] {
  const tokens: Token[] = [];
  let told = 0;
  let place = 0;
  while (place < scanner.length) {
    const { end, found } = pieceAt(scanner, place, names);
    if (found !== null) {
      if (place > told) tokens.push({ kind: 'text', text: text.slice(told, place) });
      tokens.push(found.token);
      told = found.end;
    }
    place = end;
  }
  if (told < text.length) tokens.push({ kind: 'text', text: text.slice(told) });
  return tokens;
}

interface Found {
  readonly token: Token;
  /** Where it ends in the text. */
  readonly end: number;
}

interface Piece {
  /** Where to go on. */
  readonly end: number;
  readonly found: Found | null;
}

function pieceAt(scanner: Scanner, place: number, names: Names): Piece {
  const letter = scanner.at(place);
  if (letter === '@' && !BEFORE_NO_NAME.test(scanner.before(place))) {
    const end = scanner.endOf(place + 1, (one) => IN_NAME.test(one));
    return { end, found: mention(scanner, place, end, names) };
  }
  if (letter === 'h' || letter === 'H') {
    const scheme = scanner.match(SCHEME, place);
    if (scheme > 0) {
      const end = scanner.endOf(place + scheme, (one) => !AFTER_LINK.test(one));
      return { end, found: end > place + scheme ? link(scanner, place, end) : null };
    }
  }
  return { end: place + letter.length, found: null };
}

function mention(scanner: Scanner, start: number, end: number, names: Names): Found | null {
  // A dash at the end belongs to the sentence unless the name has one.
  for (const last of [end, scanner.startOf(end, (letter) => letter === '-', start + 1)]) {
    const written = scanner.text.slice(start + 1, last);
    const user = `@${written.toLowerCase()}` === EVERYONE ? EVERYONE : names.find(written);
    if (user === null) continue;
    const text = user === EVERYONE ? EVERYONE : `@${user}`;
    return { token: { kind: 'mention', text, user }, end: last };
  }
  return null;
}

function link(scanner: Scanner, start: number, end: number): Found | null {
  const last = endOfLink(scanner, start, end);
  const href = scanner.text.slice(start, last);
  if (!URL.canParse(href)) return null;
  return { token: { kind: 'link', text: href, href }, end: last };
}

/**
 * Without what belongs to the sentence around it: "(see https://a.example/b)" keeps its bracket
 * outside, "https://a.example/b_(c)" inside.
 */
function endOfLink(scanner: Scanner, start: number, end: number): number {
  const count = new Map<string, number>();
  scanner.endOf(
    start,
    (letter) => {
      count.set(letter, (count.get(letter) ?? 0) + 1);
      return true;
    },
    end,
  );
  return scanner.startOf(
    end,
    (letter) => {
      if (PUNCTUATION.test(letter)) return true;
      const open = BRACKETS[letter];
      const closing = count.get(letter) ?? 0;
      if (open === undefined || closing <= (count.get(open) ?? 0)) return false;
      count.set(letter, closing - 1);
      return true;
    },
    start,
  );
}
