/**
 * Message text as pieces: plain text, links, mentions. The pieces are shown as text nodes and
 * elements, never as HTML.
 */
import { EVERYONE } from '../sync/unread';

export type Token =
  | { readonly kind: 'text'; readonly text: string }
  | { readonly kind: 'link'; readonly text: string; readonly href: string }
  | { readonly kind: 'mention'; readonly text: string; readonly user: string };

/** A link, or an `@name` where the server finds one: not after a letter, a digit, `_`, `@` or `/`. */
const PIECE = /https?:\/\/[^\s<>"]+|(?<![\p{L}\p{N}_@/])@[\w-]+/giu;

/** What ends a sentence rather than a link. */
const TRAILING_PUNCTUATION = /[.,;:!?'"*_~]+$/;

/**
 * Cuts `text` into pieces. A name is a mention when it is in `names` (the casing of the account
 * wins) or is everyone.
 */
export function tokenize(text: string, names: readonly string[]): readonly Token[] {
  const tokens: Token[] = [];
  let end = 0;
  for (const match of text.matchAll(PIECE)) {
    const token = match[0].startsWith('@') ? mention(match[0], names) : link(match[0]);
    if (token === null) continue;
    if (match.index > end) tokens.push({ kind: 'text', text: text.slice(end, match.index) });
    tokens.push(token.token);
    end = match.index + token.length;
  }
  if (end < text.length) tokens.push({ kind: 'text', text: text.slice(end) });
  return tokens;
}

interface Found {
  readonly token: Token;
  /** How much of the text it takes. */
  readonly length: number;
}

function mention(found: string, names: readonly string[]): Found | null {
  const name = found.slice(1);
  // A dash at the end belongs to the sentence unless the name has one.
  for (const candidate of [name, name.replace(/-+$/, '')]) {
    const user = resolve(candidate, names);
    if (user === null) continue;
    const text = user === EVERYONE ? EVERYONE : `@${user}`;
    return { token: { kind: 'mention', text, user }, length: candidate.length + 1 };
  }
  return null;
}

function resolve(name: string, names: readonly string[]): string | null {
  const lower = name.toLowerCase();
  if (lower === EVERYONE.slice(1)) return EVERYONE;
  if (names.includes(name)) return name;
  return names.find((known) => known.toLowerCase() === lower) ?? null;
}

function link(found: string): Found | null {
  let href = found;
  for (;;) {
    const shorter = withoutLooseBracket(href.replace(TRAILING_PUNCTUATION, ''));
    if (shorter === href) break;
    href = shorter;
  }
  if (!URL.canParse(href)) return null;
  return { token: { kind: 'link', text: href, href }, length: href.length };
}

/** "(see https://a.example/b)" keeps its bracket outside, "https://a.example/b_(c)" inside. */
function withoutLooseBracket(href: string): string {
  for (const [open, close] of [
    ['(', ')'],
    ['[', ']'],
  ] as const) {
    if (!href.endsWith(close)) continue;
    if (href.split(close).length > href.split(open).length) return href.slice(0, -1);
  }
  return href;
}
