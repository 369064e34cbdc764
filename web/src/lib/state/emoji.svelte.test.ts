import { afterEach, beforeEach, expect, it, vi } from 'vitest';
import type { ApiClient } from '../api/client';
import type { Emoji } from '../api/schema';
import { EmojiState } from './emoji.svelte';

beforeEach(() => void vi.useFakeTimers());
afterEach(() => void vi.useRealTimers());

const HEART = { name: 'heart', char: '❤️', aliases: ['love'] } as unknown as Emoji;

function anEmojiState(answer: () => Promise<Emoji[]>) {
  const asked = vi.fn(answer);
  return { asked, emoji: new EmojiState({ emoji: asked } as unknown as ApiClient) };
}

it('sends names as what they mean, though the list is only on its way', async () => {
  const { asked, emoji } = anEmojiState(
    () => new Promise((resolve) => setTimeout(() => resolve([HEART]), 1_000)),
  );
  expect(await emoji.meant('no name at 10:30')).toBe('no name at 10:30');
  expect(asked).not.toHaveBeenCalled();
  const meant = Promise.all([emoji.meant('with :heart:'), emoji.meant(':love: too')]);
  await vi.advanceTimersByTimeAsync(1_000);
  expect(await meant).toEqual(['with ❤️', '❤️ too']);
  expect(asked).toHaveBeenCalledTimes(1);
});

it('sends the names when the list does not come in time, or not at all', async () => {
  const late = anEmojiState(() => new Promise(() => {}));
  const meant = late.emoji.meant('with :heart:');
  await vi.advanceTimersByTimeAsync(2_000);
  expect(await meant).toBe('with :heart:');
  const broken = anEmojiState(() => Promise.reject(new Error('no answer')));
  expect(await broken.emoji.meant('with :heart:')).toBe('with :heart:');
});
