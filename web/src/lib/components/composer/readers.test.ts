import { afterEach, beforeEach, expect, it, vi } from 'vitest';
import type { ChannelsApi } from '../../api/channels-api';
import { freshEntry } from '../../sync/unread';
import { aChannel } from '../../../testing/people';
import { Readers } from './readers.svelte';

beforeEach(() => void vi.useFakeTimers());
afterEach(() => void vi.useRealTimers());

const LUNCH = { ...freshEntry(aChannel('lunch', { is_default: false })), members_seq: 20 };
const ALL = ['alice', 'bob', 'carol'];

/** Alice writes in #lunch, in which these are. */
function aliceWrites(joined: string[]) {
  let entry = LUNCH;
  const members = vi.fn(async () => [...joined]);
  const readers = new Readers({ members } as unknown as ChannelsApi, () => entry);
  const join = (user: string) => {
    joined.push(user);
    entry = { ...entry, members_seq: entry.members_seq + 1 };
  };
  const type = async () => {
    readers.ask();
    await vi.advanceTimersByTimeAsync(1);
  };
  return { readers, members, join, type, calm: () => vi.advanceTimersByTimeAsync(60_000) };
}

it('proposes who has joined, also who joins while alice has the channel open', async () => {
  const { readers, members, join, type, calm } = aliceWrites(['bob']);
  expect(readers.among(ALL)).toEqual(ALL);
  await type();
  await type();
  expect(readers.among(ALL)).toEqual(['bob']);
  await calm();
  expect(members).toHaveBeenCalledTimes(1);
  join('carol');
  await type();
  expect(readers.among(ALL)).toEqual(['bob', 'carol']);
  expect(members).toHaveBeenCalledTimes(2);
});

it('asks for all their names seldom, though many join while alice types', async () => {
  const { readers, members, join, type, calm } = aliceWrites([]);
  for (let count = 0; count < 100; count += 1) {
    join(`user-${count}`);
    await type();
    await vi.advanceTimersByTimeAsync(200);
  }
  await calm();
  expect(readers.among(ALL)).toHaveLength(100);
  expect(members.mock.calls.length).toBeLessThan(10);
});

it('asks again where it could not be known, and nothing more when the box is gone', async () => {
  const { readers, members, join, type, calm } = aliceWrites(['bob']);
  members.mockRejectedValueOnce(new Error('lost'));
  await type();
  expect(readers.among(ALL)).toEqual(ALL);
  await calm();
  await type();
  expect(readers.among(ALL)).toEqual(['bob']);
  join('carol');
  await type();
  readers.end();
  await calm();
  expect(members).toHaveBeenCalledTimes(2);
});
