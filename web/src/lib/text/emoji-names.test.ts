import { expect, it } from 'vitest';
import type { Emoji } from '../api/schema';
import { EmojiNames, mayNameEmoji } from './emoji-names';

const emoji = (char: string, name: string, ...aliases: string[]): Emoji => {
  return { char, name, group: 'objects', aliases };
};
const names = new EmojiNames([
  emoji('😂', 'laugh', 'joy'),
  emoji('👍', 'thumbsup', '+1'),
  emoji('🎊', 'tada', 'confetti_ball'),
  emoji('🎉', 'party', 'tada'),
  emoji('💯', 'hundred', '100'),
  emoji('❤️', 'heart'),
  emoji('🃏', 'joker'),
]);

it('sends an emoji where somebody wrote its name, as Slack and GitHub know it or by the old one', () => {
  expect(names.converted(':tada: shipped :+1:')).toBe('🎉 shipped 👍');
  expect(names.converted(':party::joy: (:100:), :laugh:!')).toBe('🎉😂 (💯), 😂!');
});

it('leaves alone what is no name, a time, an address and code', () => {
  for (const text of [
    ':nosuchthing:',
    'at 10:100:30',
    'http://host:100:x',
    'a:100:',
    ':100:th',
    'write `:tada:` or\n```\n:tada:\n```',
    '::tada:',
  ]) {
    expect(names.converted(text)).toBe(text);
  }
});

it('finds the emoji that a name means before the one that is stored by it', () => {
  const chars = (query: string) => names.search(query).map(({ char }) => char);
  expect(chars('tada').slice(0, 2)).toEqual(['🎉', '🎊']);
  expect(chars('joy')[0]).toBe('😂');
  expect(chars('100')[0]).toBe('💯');
  expect(chars('+1')[0]).toBe('👍');
  expect(chars('confetti ball')[0]).toBe('🎊');
  expect(chars('')).toHaveLength(7);
});

it('says by which names an emoji can be written', () => {
  expect(names.writtenAs('🎉')).toBe(':party: :tada:');
  expect(names.writtenAs('🎊')).toBe(':confetti_ball:');
  expect(names.writtenAs('👍🏽')).toBe(':thumbsup: :+1:');
  expect(names.writtenAs('x')).toBe('');
});

it('looks at a long text once', () => {
  const long = [':a'.repeat(5_000), ':'.repeat(10_000), '`'.repeat(9_999), ':a:'.repeat(3_000)];
  for (const text of long) expect(names.converted(text)).toBe(text);
  expect(mayNameEmoji(':'.repeat(10_000))).toBe(false);
  expect(mayNameEmoji('oh :joy: oh')).toBe(true);
});
