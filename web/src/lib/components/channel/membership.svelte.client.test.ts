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
  const calm = () => vi.advanceTimersByTimeAsync(60_000);
  return { membership, members, underway, join, calm, leave };
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
