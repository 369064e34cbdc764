import { expect, it } from 'vitest';
import { choicesOf } from './choices';

it('nothing chosen is what most people want', () => {
  expect(choicesOf({})).toEqual({
    theme: 'system',
    density: 'comfortable',
    clock: null,
    enter: 'send',
    sound: false,
  });
});

it('what alice chose holds, and what nobody understands does not', () => {
  const chosen = { theme: 'dark', density: 'compact', clock: '12', enter: 'break', sound: true };
  expect(choicesOf(chosen)).toEqual(chosen);
  expect(choicesOf({ theme: 'pink', clock: 7, enter: {}, sound: 'yes' })).toEqual(choicesOf({}));
});
