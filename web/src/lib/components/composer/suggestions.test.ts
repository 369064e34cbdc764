import { expect, it } from 'vitest';
import { namesFor, type Nameable } from './suggestions';

const general: Nameable = {
  members: ['alice', 'bob', 'carol'],
  groups: [{ id: 1, handle: 'devs', name: 'Developers', members: ['alice', 'bob'] }],
  nameOf: (user) => (user === 'bob' ? 'Robert Baker' : user),
};
const words = (query: string) => namesFor(query, general).map(({ word }) => word);

it('offers people, groups, here and everyone', () => {
  expect(words('')).toEqual(['@alice', '@bob', '@carol', '@devs', '@here', '@everyone']);
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

it('leaves a whole name alone', () => {
  expect(words('bob')).toEqual([]);
  expect(words('here')).toEqual([]);
});
