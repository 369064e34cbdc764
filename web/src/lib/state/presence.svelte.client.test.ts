import { flushSync } from 'svelte';
import { afterEach, beforeEach, expect, it } from 'vitest';
import type { Presence } from '../api/schema';
import { apply } from '../sync/apply';
import { aliceState, at } from '../../testing/people';
import { Chat } from './chat.svelte';

const NAMES = Array.from({ length: 5_000 }, (_, place) => `user-${place}`);
/** Carol has an account and was not here today. */
const ON_SCREEN = [...NAMES.slice(0, 50), 'carol'];

let drawn: string[] = [];
let chat: Chat;
let leave = () => {};

beforeEach(() => {
  const presence = Object.fromEntries(NAMES.map((name) => [name, 'active' as const]));
  chat = new Chat({ ...aliceState(), presence }, at(20), { echoes: [] });
  leave = $effect.root(() => {
    for (const name of ON_SCREEN) $effect(() => void drawn.push(`${name} ${chat.people.of(name)}`));
  });
  flushSync();
  drawn = [];
});
afterEach(() => leave());

function hear(users: Record<string, Presence>, whole?: boolean): void {
  apply(chat, { kind: 'presence', data: whole === undefined ? { users } : { users, whole } });
  flushSync();
}

it('draws of five hundred who change only those on the screen, and not who is as before', () => {
  const changed = NAMES.slice(40, 540);
  hear(Object.fromEntries(changed.map((name) => [name, 'idle'])));
  expect(drawn).toEqual(NAMES.slice(40, 50).map((name) => `${name} idle`));
  drawn = [];
  hear(Object.fromEntries(changed.map((name) => [name, 'idle'])));
  expect(drawn).toEqual([]);
});

it('takes whoever is not in a whole round for offline, and them alone', () => {
  hear(Object.fromEntries(NAMES.slice(1).map((name) => [name, 'active'])), true);
  expect(drawn).toEqual(['user-0 offline']);
  drawn = [];
  hear({ 'user-0': 'active', carol: 'idle' });
  expect(drawn.toSorted()).toEqual(['carol idle', 'user-0 active']);
  expect(chat.people.of('dave')).toBe('offline');
});
