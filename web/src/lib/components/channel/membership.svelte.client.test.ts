import { flushSync } from 'svelte';
import { afterEach, beforeEach, expect, it, vi } from 'vitest';
import type { AppState } from '../../state/app.svelte';
import { Chat } from '../../state/chat.svelte';
import { apply } from '../../sync/apply';
import { freshEntry } from '../../sync/unread';
import { aChannel, aliceState, at } from '../../../testing/people';
import { Membership } from './membership.svelte';

const LUNCH = aChannel('lunch', { id: 9, is_default: false, member_count: 1 });

/** Alice looks at who is in #lunch, on a wire where a test decides when an answer comes, or that none does. */
function aliceLooksAtLunch() {
  const state = aliceState();
  const channels = [...state.channels, freshEntry(LUNCH)];
  const chat = new Chat({ ...state, channels }, at(20), { echoes: [] });
  const others: string[] = [];
  const underway: { answer: () => void; fail: () => void }[] = [];
  const members = vi.fn(() => {
    const named = [...others];
    return new Promise<string[]>((resolve, reject) =>
      underway.push({ answer: () => resolve(named), fail: () => reject(new Error('lost')) }),
    );
  });
  const app = { api: { channels: { members } } } as unknown as AppState;
  let membership!: Membership;
  const leave = $effect.root(() => {
    membership = new Membership(app, chat, () => chat.channelList.find('lunch')!);
  });
  flushSync();
  let seq = 20;
  const join = (user: string) => {
    others.push(user);
    const channel = { ...LUNCH, member_count: others.length + 1 };
    const data = { channel, users: [user], by: user };
    apply(chat, { kind: 'members_added', cursor: at((seq += 1)), data });
    flushSync();
  };
  /** One goes and another comes, both told in one breath. */
  const takeTurns = (leaver: string, joiner: string) => {
    others.splice(others.indexOf(leaver), 1, joiner);
    const { length } = others;
    const gone = { channel: 'lunch', user: leaver, by: leaver, member_count: length };
    apply(chat, { kind: 'member_removed', cursor: at((seq += 1)), data: gone });
    const channel = { ...LUNCH, member_count: length + 1 };
    const data = { channel, users: [joiner], by: joiner };
    apply(chat, { kind: 'members_added', cursor: at((seq += 1)), data });
    flushSync();
  };
  const calm = () => vi.advanceTimersByTimeAsync(60_000);
  return { membership, members, underway, join, takeTurns, calm, leave };
}

beforeEach(() => void vi.useFakeTimers());
afterEach(() => void vi.useRealTimers());

it('shows who is in a channel although people join faster than the server answers', async () => {
  const { membership, members, underway, join, calm, leave } = aliceLooksAtLunch();
  for (let count = 0; count < 100; count += 1) join(`user-${count}`);
  // Each answer names all: one is under way, whoever joins.
  expect(members).toHaveBeenCalledTimes(1);
  underway.shift()!.answer();
  await calm();
  expect(membership.names).toEqual(['alice']);
  expect(members).toHaveBeenCalledTimes(2);
  underway.shift()!.answer();
  await calm();
  expect(membership.names).toHaveLength(101);
  expect(members).toHaveBeenCalledTimes(2);
  leave();
});

it('shows who has come in the place of somebody who has gone', async () => {
  const { membership, underway, join, takeTurns, calm, leave } = aliceLooksAtLunch();
  join('bob');
  underway.shift()!.answer();
  await calm();
  underway.shift()!.answer();
  await calm();
  expect(membership.names).toEqual(['alice', 'bob']);
  takeTurns('bob', 'carol');
  underway.shift()?.answer();
  await calm();
  expect(membership.names).toEqual(['alice', 'carol']);
  leave();
});

it('says that it could not be had until it can, and shows meanwhile what was known', async () => {
  const { membership, underway, join, calm, leave } = aliceLooksAtLunch();
  underway.shift()!.answer();
  await calm();
  join('bob');
  underway.shift()!.fail();
  await calm();
  expect(membership.failure).not.toBeNull();
  expect(membership.names).toEqual(['alice']);
  membership.retry();
  underway.shift()!.answer();
  await calm();
  expect(membership.failure).toBeNull();
  expect(membership.names).toEqual(['alice', 'bob']);
  leave();
});
