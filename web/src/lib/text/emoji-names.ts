/**
 * What a written `:name:` means. Slack's and GitHub's names come first: a person who writes `:tada:`
 * means 🎉, although the reaction that is stored as `tada` has always been 🎊.
 */
import type { Emoji } from '../api/schema';
import { fuzzyRank } from './fuzzy';
import { Scanner } from './scanner';

/** No name is longer, so that a colon alone costs little. */
const NAME_LETTERS_MAX = 64;
const IN_NAME = /[\w+-]/;
/** Not in a time of day, an address or a word. */
const BEFORE_NO_NAME = /[\p{L}\p{M}\p{N}_:/]/u;
const AFTER_NO_NAME = /[\p{L}\p{N}_]/u;
const FENCE = '```';

/** Whether a text may have something to convert: then the list of emoji is worth having. */
export function mayNameEmoji(text: string): boolean {
  return /:[\w+-]{1,64}:/.test(text);
}

export class EmojiNames {
  readonly #meant = new Map<string, Emoji>();
  readonly #byChar = new Map<string, Emoji>();

  constructor(private readonly list: readonly Emoji[]) {
    for (const emoji of list) {
      for (const name of emoji.aliases) this.#meant.set(name, emoji);
    }
    for (const emoji of list) {
      if (!this.#meant.has(emoji.name)) this.#meant.set(emoji.name, emoji);
      if (!this.#byChar.has(emoji.char)) this.#byChar.set(emoji.char, emoji);
    }
  }

  /** As it may be written: `:party: :tada:`. */
  written(emoji: Emoji): string {
    const names = [emoji.name, ...emoji.aliases];
    const own = names.filter((name) => this.#meant.get(name)?.char === emoji.char);
    return own.map((name) => `:${name}:`).join(' ');
  }

  /** The same of a character in a text; empty for what is none that we know. */
  writtenAs(char: string): string {
    const plain = char.replace(/[\u{1F3FB}-\u{1F3FF}]/gu, '');
    const emoji = this.#byChar.get(plain) ?? this.#byChar.get(`${plain}\u{FE0F}`);
    return emoji === undefined ? '' : this.written(emoji);
  }

  /**
   * A text with emoji in the place of their names. What stands between backticks is somebody's
   * code, and stays.
   */
  converted(text: string, scanner = new Scanner(text)): string {
    const pieces: string[] = [];
    let from = 0;
    /** Where the last name ended: the next may begin right there. */
    let after = -1;
    for (let at = 0; at < text.length;) {
      const letter = scanner.at(at);
      const end = letter === ':' ? this.#endOfName(scanner, at, after) : null;
      if (end !== null) {
        pieces.push(text.slice(from, at), this.#meant.get(text.slice(at + 1, end - 1))?.char ?? '');
        from = after = at = end;
      } else {
        at = letter === '`' ? endOfCode(scanner, at) : at + letter.length;
      }
    }
    return pieces.join('') + text.slice(from);
  }

  /** Best first. What a name means when it is written stands before what merely is stored by it. */
  search(query: string): readonly Emoji[] {
    const wanted = query.trim().replaceAll('_', ' ');
    const found = fuzzyRank(wanted, this.list, ({ name, aliases }) =>
      [name, ...aliases].map((one) => one.replaceAll('_', ' ')),
    );
    const meant = this.#meant.get(query.trim().replaceAll(' ', '_').toLowerCase());
    if (meant === undefined || meant === found[0]) return found;
    return [meant, ...found.filter((emoji) => emoji !== meant)];
  }

  /** Where a name ends that begins with the colon at `start`; null where none does. */
  #endOfName(scanner: Scanner, start: number, after: number): number | null {
    if (start !== after && BEFORE_NO_NAME.test(scanner.before(start))) return null;
    const farthest = Math.min(scanner.length, start + 1 + NAME_LETTERS_MAX);
    const end = scanner.endOf(start + 1, (letter) => IN_NAME.test(letter), farthest);
    const isName = scanner.at(end) === ':' && this.#meant.has(scanner.text.slice(start + 1, end));
    return isName && !AFTER_NO_NAME.test(scanner.at(end + 1)) ? end + 1 : null;
  }
}

/** Behind the code that begins with the backtick at `start`, or behind that where none does. */
function endOfCode(scanner: Scanner, start: number): number {
  const { text } = scanner;
  if (text.startsWith(FENCE, start)) {
    const end = text.indexOf(FENCE, start + FENCE.length);
    return end < 0 ? text.length : end + FENCE.length;
  }
  const end = scanner.endOf(start + 1, (letter) => letter !== '`' && letter !== '\n');
  return text[end] === '`' ? end + 1 : start + 1;
}
