/**
 * What a written `:name:` means. Slack's and GitHub's names come first: a person who writes `:tada:`
 * means 🎉, although the reaction that is stored as `tada` has always been 🎊.
 */
import type { Emoji } from '../api/schema';
import { fuzzyRank } from './fuzzy';

/**
 * One name after the other, without anything between; not in a time of day, an address or a word.
 * What stands between backticks is somebody's code.
 */
const NAMES_OR_CODE =
  /```[^]*?(?:```|$)|`[^`\n]+`|(?<![\p{L}\p{N}_:/])(?::[\w+-]+:)+(?![\p{L}\p{N}_])/gu;
const NAME = /:([\w+-]+):/g;

/** Whether a text may have something to convert: then the list of emoji is worth having. */
export function mayNameEmoji(text: string): boolean {
  return /:[\w+-]+:/.test(text);
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

  find(name: string): Emoji | undefined {
    return this.#meant.get(name);
  }

  /** As it may be written, the way most people know it first: `:tada: :party:`. */
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

  /** A text with emoji in the place of their names. */
  converted(text: string): string {
    return text.replace(NAMES_OR_CODE, (found) =>
      found.startsWith('`')
        ? found
        : found.replace(NAME, (name, inner: string) => this.#meant.get(inner)?.char ?? name),
    );
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
}
