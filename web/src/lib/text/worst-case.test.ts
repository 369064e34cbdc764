/**
 * The worst text that a message can hold, through everything that goes over one, under a bound of
 * steps: one message must not stop the window of everybody who opens the channel.
 */
import { describe, expect, it } from 'vitest';
import { namesFor } from '../components/composer/suggestions';
import { completionAt } from './completion';
import { compared } from './diff';
import { EmojiNames } from './emoji-names';
import { isEmojiOnly } from './emoji-only';
import { fuzzyScore } from './fuzzy';
import { namesOf } from './names';
import { noticePieces } from './notice';
import { Scanner } from './scanner';
import { tokenize } from './tokens';
import { excerpt } from './words';

/** What a message may have, docs/api.md. */
const CHARS = 10_000;

/** As much of `piece` as a message holds, with `end` behind it. */
function hostile(piece: string, end = ''): string {
  return piece.repeat(Math.floor((CHARS - end.length) / piece.length)) + end;
}

const TEXTS: Readonly<Record<string, string>> = {
  'skin-toned emoji and an x': hostile('👍🏽', 'x'),
  'emoji of families': hostile('👩‍👩‍👧‍👦', 'x'),
  'flags cut in half': hostile('🇩🇪', '🇩'),
  'keycaps and digits': hostile('1️⃣', '1'),
  'white space': hostile(' '),
  'white space and an end': hostile(' \n', 'x'),
  'a link with dots behind it': `https://a${hostile('.').slice(9)}`,
  'a link with brackets behind it': `https://a/${hostile(')').slice(10)}`,
  'a link with dots and brackets behind it': `https://a/${hostile('.)').slice(10)}`,
  'a link with two kinds of brackets': `https://a/${hostile(')]').slice(10)}`,
  'a link that opens and closes': `https://a/${hostile('(.)').slice(10)}`,
  'beginnings of links': hostile('h'),
  'links that are none': hostile('https://'),
  'links to nowhere': hostile('https://[ '),
  'at signs': hostile('@'),
  'at signs apart': hostile(' @'),
  'names with dashes behind them': `@a${hostile('-').slice(2)}`,
  'names with dashes in them': `@a${hostile('-').slice(3)}b`,
  'many names': hostile('@a '),
  'many names of everyone': hostile('@everyone '),
  'half surrogates': hostile('\uD83D'),
  letters: hostile('a'),
  colons: hostile(':'),
  'colons and letters': hostile(`:${'a'.repeat(63)}`),
  'names of emoji': hostile(':joy:'),
  'half names of emoji': hostile(':joy: :jo'),
  backticks: hostile('`'),
  'backticks on lines of their own': hostile('`\n'),
  'code that does not end': `\`\`\`${hostile(':joy:').slice(5)}`,
};

const EMOJI = new EmojiNames([{ name: 'laugh', char: '😂', group: 'x', aliases: ['joy'] }]);

/** Each letter is looked at a few times at most, whatever stands around it. */
const STEPS_PER_CHAR = 8;
const STEPS_MAX = STEPS_PER_CHAR * CHARS;

describe.each(Object.entries(TEXTS))('a message of %s', (_, text) => {
  it('is as long as a message can be, and not longer', () => {
    expect([...text].length).toBeLessThanOrEqual(CHARS);
    expect(text.length).toBeGreaterThan(CHARS - 20);
  });

  it('is cut into pieces that are the text', () => {
    const scanner = new Scanner(text);
    const tokens = tokenize(text, namesOf(['a', 'b']), scanner);
    expect(tokens.map((token) => token.text).join('')).toBe(text);
    expect(scanner.steps).toBeLessThanOrEqual(STEPS_MAX);
    // A bound that nothing is counted against would hold for anything.
    expect(scanner.steps).toBeGreaterThanOrEqual([...text].length / 2);
  });

  it('is no gesture', () => {
    const scanner = new Scanner(text);
    expect(isEmojiOnly(text, scanner)).toBe(false);
    expect(scanner.steps).toBeLessThanOrEqual(STEPS_MAX);
  });

  it('is quoted in a line', () => {
    const scanner = new Scanner(text);
    expect([...excerpt(text, 100, scanner)].length).toBeLessThanOrEqual(101);
    expect(scanner.steps).toBeLessThanOrEqual(STEPS_MAX);
  });

  it('has its emoji put in the place of their names', () => {
    const scanner = new Scanner(text);
    expect(EMOJI.converted(text, scanner).length).toBeLessThanOrEqual(text.length);
    // At each colon a name is looked for, and after each backtick the other one.
    expect(scanner.steps).toBeLessThanOrEqual(STEPS_MAX);
  });

  it('is completed at any caret', () => {
    for (const caret of [0, 1, 5_000, text.length]) {
      const scanner = new Scanner(text);
      completionAt(text, caret, scanner);
      expect(scanner.steps).toBeLessThanOrEqual(100);
    }
  });

  it('is looked for, and looked in', () => {
    const inText = new Scanner(text.toLowerCase());
    fuzzyScore('xyz', text, inText);
    const forText = new Scanner('alice');
    fuzzyScore(text, 'alice', forText);
    expect(inText.steps).toBeLessThanOrEqual(STEPS_MAX);
    expect(forText.steps).toBeLessThanOrEqual(STEPS_MAX);
  });

  it('is compared with what it was before', () => {
    for (const before of [text, 'x', `${text.slice(5_000)}x`, hostile('a b ')]) {
      const { pieces, steps } = compared(before, text);
      const told = (kind: string) =>
        pieces
          .filter((piece) => piece.kind !== kind)
          .map((piece) => piece.text)
          .join('');
      expect(told('added')).toBe(before);
      expect(told('removed')).toBe(text);
      expect(steps).toBeLessThanOrEqual(15 * CHARS);
    }
  });
});

describe('what counts its steps', () => {
  it('finds what it found before', () => {
    expect(isEmojiOnly('👍🏽 🎉\n👩‍👩‍👧‍👦')).toBe(true);
    expect(isEmojiOnly('👍'.repeat(6))).toBe(true);
    expect(isEmojiOnly('👍'.repeat(7))).toBe(false);
    expect(isEmojiOnly(' ')).toBe(false);
    const [, link] = tokenize('(https://a.example/b_(c)).]', namesOf([]));
    expect(link?.text).toBe('https://a.example/b_(c)');
    expect(completionAt(`@${'a'.repeat(64)}`, 65)?.query).toHaveLength(64);
    expect(completionAt(`@${'a'.repeat(65)}`, 66)).toBeNull();
    expect(excerpt('  a  b  ', 3)).toBe('a b');
    expect(excerpt('abcd', 3)).toBe('abc…');
  });

  it('compares two texts of different words within its bound, and says what differs', () => {
    const words = (letter: string) =>
      Array.from({ length: 1_000 }, (_, place) => `${letter}${place} `).join('');
    const same = words('s');
    const { pieces, steps } = compared(`${same}${words('a')}`, `${same}${words('b')}`);
    expect(pieces.map(({ kind }) => kind)).toEqual(['same', 'removed', 'added', 'same']);
    expect(steps).toBeLessThanOrEqual(15 * CHARS);
  });

  it('says a notice about thousands of people in a few pieces', () => {
    let reads = 0;
    const users = new Proxy(
      Array.from({ length: CHARS }, (_, place) => `user${place}`),
      {
        get(target, key, receiver) {
          reads += 1;
          return Reflect.get(target, key, receiver) as unknown;
        },
      },
    );
    const metadata = { notice: 'members_added', actor: 'alice', users };
    expect(noticePieces(metadata, 'me', (user) => user)?.length).toBeLessThan(20);
    expect(reads).toBeLessThanOrEqual(STEPS_PER_CHAR * CHARS);
  });

  it('suggests among thousands of people for a word that is no name', () => {
    let asked = 0;
    const members = Array.from({ length: 5_000 }, (_, place) => `user${place}`);
    const nameOf = (user: string) => {
      asked += 1;
      return user;
    };
    namesFor('u'.repeat(64), { members, groups: [], nameOf });
    expect(asked).toBe(5_000);
  });
});
