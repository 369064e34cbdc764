import { expect, it } from 'vitest';
import { byName, folded } from './fold';
import { fuzzyRank, fuzzyScore } from './fuzzy';

it('finds names whatever their accents and case, in both directions', () => {
  for (const [query, name] of [
    ['ines', 'Inês'],
    ['Inê', 'Inês Rodrigues'],
    ['nystrom', 'Åsa Nyström'],
    ['NYSTRÖM', 'Åsa Nystrom'],
    ['lodz', 'Łódź'],
    ['strasse', 'Straße'],
    ['فر', 'فرهاد'],
    ['истанбул', 'ИСТАНБУЛ'],
  ] as const) {
    expect(fuzzyScore(query, name), `${query} in ${name}`).not.toBeNull();
  }
  expect(folded('İstanbul')).toBe('istanbul');
  expect(fuzzyScore('zoe', 'Inês')).toBeNull();
});

it('takes the best of several names, and the beginning of a word in any script for one', () => {
  const people = [
    { handle: 'bob', name: 'Zoë Ärger' },
    { handle: 'zoe', name: 'Bob' },
  ];
  const found = fuzzyRank('zoe', people, ({ handle, name }) => [name, handle]);
  expect(found.map(({ handle }) => handle)).toEqual(['zoe', 'bob']);
  // The letter after a dot of another script begins no word; the one after a space does.
  expect(fuzzyScore('хя', 'ха я') ?? 0).toBeGreaterThan(fuzzyScore('хя', 'хааяа') ?? 0);
});

it('sorts names as people look for them', () => {
  expect(['zoe', 'Ana', 'Émile', 'ana', 'emil', 'a10', 'a9'].sort(byName)).toEqual([
    'a9',
    'a10',
    'Ana',
    'ana',
    'emil',
    'Émile',
    'zoe',
  ]);
});
