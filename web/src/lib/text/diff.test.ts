import { expect, it } from 'vitest';
import { wordDiff } from './diff';

const told = (before: string, after: string) =>
  wordDiff(before, after)
    .map(({ kind, text }) => ({ same: text, added: `+${text}+`, removed: `-${text}-` })[kind])
    .join('');

it('marks what an edit took away and what it brought', () => {
  expect(told('lunch at noon', 'lunch at one')).toBe('lunch at -noon-+one+');
  expect(told('lunch', 'late lunch')).toBe('+late +lunch');
  expect(told('a  b', 'a  b')).toBe('a  b');
  expect(told('', 'all new')).toBe('+all new+');
});

it('gives both texts back whole', () => {
  const [before, after] = ['the old tower by the sea', 'an old house by the blue sea'];
  const pieces = wordDiff(before, after);
  const text = (without: string) =>
    pieces
      .filter(({ kind }) => kind !== without)
      .map((piece) => piece.text)
      .join('');
  expect(text('added')).toBe(before);
  expect(text('removed')).toBe(after);
});

it('does not compare what is too long to compare', () => {
  const long = 'word '.repeat(2_000);
  expect(wordDiff(long, `${long}more`)).toHaveLength(2);
});
