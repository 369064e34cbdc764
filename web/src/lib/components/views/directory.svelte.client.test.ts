import { flushSync } from 'svelte';
import { afterEach, beforeEach, expect, it, vi } from 'vitest';
import { DIRECTORY_PAGE } from '../../api/channels-api';
import type { DirectoryEntry } from '../../api/schema';
import { Directory } from './directory.svelte';

beforeEach(() => void vi.useFakeTimers());
afterEach(() => void vi.useRealTimers());

function anEntry(channel: string, archived_ts: number | null = null): DirectoryEntry {
  const about = { topic: '', description: '', member_count: 1, is_member: false, created_ts: 1 };
  return { channel, name: channel, archived_ts, ...about };
}
const archived = () =>
  Array.from({ length: DIRECTORY_PAGE }, (_, place) => anEntry(`old-${place}`, 1));

/** Alice looks at all channels, on a wire where a test decides when an answer comes. */
function aliceBrowses() {
  const underway: ((page: readonly DirectoryEntry[]) => void)[] = [];
  const asked: string[] = [];
  let ours = $state('general');
  let messages = $state(0);
  let directory!: Directory;
  const leave = $effect.root(() => {
    directory = new Directory({
      ours: () => (messages < 0 ? '' : ours),
      ask: (query, _isArchive, after) => {
        asked.push(`${query} ${after ?? ''}`);
        return new Promise((resolve) => underway.push(resolve));
      },
    });
  });
  const pause = async () => {
    flushSync();
    await vi.advanceTimersByTimeAsync(200);
  };
  const answer = async (...channels: readonly DirectoryEntry[]) => {
    underway.shift()?.(channels);
    await pause();
  };
  const hear = () => (messages += 1);
  const join = (channel: string) => (ours += `,${channel}`);
  const shown = () => directory.entries?.map(({ channel }) => channel) ?? null;
  return { directory, asked, answer, pause, hear, join, shown, leave };
}

it('shows what was answered, although alice has joined a channel meanwhile, and asks anew', async () => {
  const { directory, asked, answer, pause, join, shown, leave } = aliceBrowses();
  await pause();
  join('lunch');
  await pause();
  expect(asked).toHaveLength(2);
  await answer(anEntry('garden'));
  expect(shown()).toEqual(['garden']);
  await answer(anEntry('garden'), anEntry('lunch'));
  expect(shown()).toEqual(['garden', 'lunch']);
  expect(directory.isBusy).toBe(false);
  leave();
});

it('asks nothing anew because something is said in a channel', async () => {
  const { asked, answer, pause, hear, leave } = aliceBrowses();
  await pause();
  await answer(anEntry('garden'));
  hear();
  await pause();
  expect(asked).toHaveLength(1);
  leave();
});

it('shows nothing of what was asked before she typed on, nor an older answer over a newer', async () => {
  const { directory, answer, pause, shown, leave } = aliceBrowses();
  await pause();
  directory.query = 'ga';
  await pause();
  await answer(anEntry('lunch'));
  expect(shown()).toBeNull();
  await answer(anEntry('garden'));
  expect(shown()).toEqual(['garden']);
  leave();
});

it('asks page by page for one that has something to show, until alice leaves', async () => {
  const { asked, answer, pause, leave } = aliceBrowses();
  await pause();
  await answer(...archived());
  expect(asked).toHaveLength(2);
  leave();
  await answer(...archived());
  expect(asked).toHaveLength(2);
});

it('appends a page to the list that it comes after, and to no other', async () => {
  const { directory, answer, pause, join, shown, leave } = aliceBrowses();
  const page = Array.from({ length: DIRECTORY_PAGE }, (_, place) => anEntry(`a-${place}`));
  await pause();
  await answer(...page);
  directory.loadMore();
  await answer(anEntry('b'));
  expect(shown()).toHaveLength(DIRECTORY_PAGE + 1);
  expect(directory.hasMore).toBe(false);
  join('a-0');
  await pause();
  await answer(...page);
  directory.loadMore();
  join('a-1');
  await pause();
  const [more, anew] = [() => answer(anEntry('b')), () => answer(...page)];
  await more();
  await anew();
  expect(shown()).toHaveLength(DIRECTORY_PAGE);
  leave();
});
