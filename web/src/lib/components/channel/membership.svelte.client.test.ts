import { flushSync } from 'svelte';
import { expect, it } from 'vitest';
import type { AppState } from '../../state/app.svelte';
import { Chat } from '../../state/chat.svelte';
import { apply } from '../../sync/apply';
import { freshEntry } from '../../sync/unread';
import { aChannel, aliceState, at } from '../../../testing/people';
import { Membership } from './membership.svelte';

const LUNCH = aChannel('lunch', { id: 9, is_default: false, member_count: 1 });

it('shows who is in a channel although people join faster than the server answers', async () => {
  const state = aliceState();
  const channels = [...state.channels, freshEntry(LUNCH)];
  const chat = new Chat({ ...state, channels }, at(20), { echoes: [] });
  const answers: ((names: string[]) => void)[] = [];
  const members = () => new Promise<string[]>((resolve) => answers.push(resolve));
  const app = { api: { channels: { members } } } as unknown as AppState;
  let membership!: Membership;
  const leave = $effect.root(() => {
    membership = new Membership(app, chat, () => chat.channelList.find('lunch')!);
  });
  flushSync();
  const join = (seq: number, user: string) => {
    const channel = { ...LUNCH, member_count: seq - 19 };
    const data = { channel, users: [user], by: user };
    apply(chat, { kind: 'members_added', cursor: at(seq), data });
    flushSync();
  };
  join(21, 'bob');
  answers[0]!([]);
  await Promise.resolve();
  expect(membership.names).toEqual(['alice']);
  join(22, 'carol');
  // Not in the order in which they were asked.
  answers[2]!(['bob', 'carol']);
  answers[1]!(['bob']);
  await Promise.resolve();
  expect(membership.names).toEqual(['alice', 'bob', 'carol']);
  leave();
});
