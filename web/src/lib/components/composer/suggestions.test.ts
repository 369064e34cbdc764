import { expect, it } from 'vitest';
import { namesFor, type Nameable } from './suggestions';

const general: Nameable = {
  members: ['alice', 'bob', 'carol'],
  groups: [{ id: 1, handle: 'devs', name: 'Developers', members: ['alice', 'bob'] }],
  nameOf: (user) => (user === 'bob' ? 'Robert Baker' : user),
};
const words = (query: string) => namesFor(query, general).map(({ word }) => word);

it('offers people, groups, here and everyone', () => {
  expect(words('')).toEqual(['@alice', '@carol', '@bob', '@devs', '@here', '@everyone']);
  expect(namesFor('dev', general)[0]).toEqual({
    word: '@devs',
    label: 'devs',
    person: null,
    note: 'Developers · 2 people',
  });
});

it('finds bob by what he is called and names him by his username', () => {
  expect(namesFor('rober', general)[0]).toMatchObject({ word: '@bob', label: 'Robert Baker' });
  expect(words('bo')[0]).toBe('@bob');
});

it('finds people in any script and without their accents', () => {
  const called: Readonly<Record<string, string>> = {
    ines: 'Inês',
    asa: 'Åsa Nyström',
    farhad: 'فرهاد',
  };
  const there = {
    ...general,
    members: Object.keys(called),
    nameOf: (user: string) => called[user] ?? user,
  };
  for (const [query, user] of [
    ['Inê', '@ines'],
    ['Nyström', '@asa'],
    ['nystrom', '@asa'],
    ['فر', '@farhad'],
  ] as const) {
    expect(namesFor(query, there)[0]?.word, query).toBe(user);
  }
  expect(
    namesFor('', there)
      .map(({ label }) => label)
      .slice(0, 3),
  ).toEqual(['Åsa Nyström', 'Inês', 'فرهاد']);
});

it('leaves a whole name alone', () => {
  expect(words('bob')).toEqual([]);
  expect(words('here')).toEqual([]);
});
