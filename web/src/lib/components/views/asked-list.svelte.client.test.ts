import { flushSync } from 'svelte';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { AskedList } from './asked-list.svelte';

const PAGE_MAX = 3;

/** Lists on a server where the newest item stands first, and a screen that shows one of them. */
class Screen {
  readonly server: Record<string, number[]> = { general: [1], lunch: [100] };
  of = $state('general');
  /** What has been heard of that concerns the list. */
  heard = $state(0);
  list!: AskedList<number>;
  asked: string[] = [];
  /** What happens on the server, and is heard, while an answer is on its way. */
  meanwhile = () => {};
  /** Answers under way that a test brings itself. */
  readonly underway: (() => void)[] = [];
  isSlow = false;
  isBroken = false;
  #most_underway = 0;
  #count_underway = 0;
  readonly close: () => void;

  constructor() {
    this.close = $effect.root(() => {
      this.list = new AskedList<number>({
        of: () => this.of,
        version: () => this.heard,
        load: () => this.#answer(this.of),
        more: () => (last) => this.#answer(this.of, last),
        page_max: () => PAGE_MAX,
        keyOf: (item) => item,
        random: () => 1,
      });
    });
    flushSync();
  }

  happen(of = 'general'): void {
    const items = this.server[of]!;
    items.unshift(items[0]! + 1);
    this.heard += 1;
    flushSync();
  }

  show(of: string): void {
    this.of = of;
    flushSync();
  }

  /** The most that were under way at once. */
  get most(): number {
    return this.#most_underway;
  }

  async #answer(of: string, last = Infinity): Promise<readonly number[]> {
    this.asked.push(of);
    this.#count_underway += 1;
    this.#most_underway = Math.max(this.#most_underway, this.#count_underway);
    const isBroken = this.isBroken;
    const page = this.server[of]!.filter((item) => item < last).slice(0, PAGE_MAX);
    if (this.isSlow) await new Promise<void>((resolve) => this.underway.push(resolve));
    else await new Promise((resolve) => setTimeout(resolve, 10));
    this.meanwhile();
    this.#count_underway -= 1;
    if (isBroken) throw new Error('out of reach');
    return page;
  }
}

let screen: Screen;
beforeEach(() => {
  vi.useFakeTimers();
  screen = new Screen();
});
afterEach(() => {
  screen.close();
  vi.useRealTimers();
});

describe('a list on a server that says something between each question and its answer', () => {
  beforeEach(() => {
    screen.meanwhile = () => screen.happen();
  });

  it('is shown with the first answer', async () => {
    await vi.advanceTimersByTimeAsync(10);
    expect(screen.list.items).toEqual([1]);
    expect(screen.asked).toEqual(['general']);
  });

  it('is asked for one by one and seldom, and all of it is shown when there is calm', async () => {
    await vi.advanceTimersByTimeAsync(60_000);
    // After 0.5 s, 1 s and so on up to 15 s.
    expect(screen.asked.length).toBeGreaterThan(5);
    expect(screen.asked.length).toBeLessThanOrEqual(8);
    expect(screen.most).toBe(1);
    screen.meanwhile = () => {};
    await vi.advanceTimersByTimeAsync(30_000);
    expect(screen.list.items).toEqual(screen.server['general']!.slice(0, PAGE_MAX));
    const { length } = screen.asked;
    await vi.advanceTimersByTimeAsync(600_000);
    expect(screen.asked).toHaveLength(length);
    screen.happen();
    expect(screen.asked).toHaveLength(length + 1);
  });
});

it('is asked for seldom where something is said a hundred times a second', async () => {
  for (let tick = 0; tick < 2_000; tick += 1) {
    screen.happen();
    await vi.advanceTimersByTimeAsync(10);
  }
  expect(screen.list.items).not.toBeNull();
  expect(screen.asked.length).toBeLessThanOrEqual(6);
  expect(screen.most).toBe(1);
});

it('is asked for at once where it was calm', async () => {
  await vi.advanceTimersByTimeAsync(5_000);
  screen.happen();
  await vi.advanceTimersByTimeAsync(10);
  expect(screen.list.items).toEqual([2, 1]);
});

describe('of another channel', () => {
  it('nothing is shown, also not when its answer comes late', async () => {
    await vi.advanceTimersByTimeAsync(5_000);
    screen.isSlow = true;
    screen.happen();
    screen.show('lunch');
    expect(screen.list.items).toBeNull();
    const [general, lunch] = screen.underway;
    lunch!();
    await vi.advanceTimersByTimeAsync(0);
    expect(screen.list.items).toEqual([100]);
    general!();
    await vi.advanceTimersByTimeAsync(0);
    expect(screen.list.items).toEqual([100]);
  });

  it('nothing is shown until the answer for this one', async () => {
    await vi.advanceTimersByTimeAsync(10);
    expect(screen.list.items).toEqual([1]);
    screen.show('lunch');
    expect(screen.list.items).toBeNull();
    await vi.advanceTimersByTimeAsync(10);
    expect(screen.list.items).toEqual([100]);
  });

  it('no failure is shown, also not when it comes late', async () => {
    screen.isBroken = true;
    await fail();
    expect(screen.list.failure).not.toBeNull();
    screen.isSlow = true;
    screen.happen();
    screen.isBroken = false;
    screen.show('lunch');
    expect(screen.list.failure).toBeNull();
    const [general, lunch] = screen.underway;
    general!();
    lunch!();
    await vi.advanceTimersByTimeAsync(0);
    expect(screen.list.failure).toBeNull();
    expect(screen.list.items).toEqual([100]);
  });

  async function fail(): Promise<void> {
    await vi.advanceTimersByTimeAsync(5_000);
    screen.happen();
    await vi.advanceTimersByTimeAsync(5_000);
  }
});

describe('a question that fails', () => {
  beforeEach(async () => {
    await vi.advanceTimersByTimeAsync(5_000);
    screen.isBroken = true;
    screen.happen();
    await vi.advanceTimersByTimeAsync(10);
  });

  it('leaves what is shown, says so, and is put again on demand alone', async () => {
    expect(screen.list.items).toEqual([1]);
    expect(screen.list.failure).not.toBeNull();
    await vi.advanceTimersByTimeAsync(600_000);
    expect(screen.asked).toHaveLength(2);
    screen.isBroken = false;
    screen.list.retry();
    await vi.advanceTimersByTimeAsync(10);
    expect(screen.list.items).toEqual([2, 1]);
    expect(screen.list.failure).toBeNull();
  });

  it('is still offered while it is put by itself, for whoever is about to press it', async () => {
    screen.isBroken = false;
    screen.isSlow = true;
    await vi.advanceTimersByTimeAsync(5_000);
    screen.happen();
    await vi.advanceTimersByTimeAsync(10);
    expect(screen.underway).toHaveLength(1);
    expect(screen.list.failure).not.toBeNull();
    screen.underway.shift()!();
    await vi.advanceTimersByTimeAsync(10);
    expect(screen.list.failure).toBeNull();
  });

  it('is put seldom where something always happens', async () => {
    screen.meanwhile = () => screen.happen();
    screen.list.retry();
    await vi.advanceTimersByTimeAsync(60_000);
    expect(screen.asked.length).toBeLessThanOrEqual(10);
    expect(screen.list.items).toEqual([1]);
  });
});

describe('page by page', () => {
  beforeEach(async () => {
    screen.server['general'] = [7, 6, 5, 4, 3, 2, 1];
    screen.happen();
    await vi.advanceTimersByTimeAsync(5_000);
    expect(screen.list.items).toEqual([8, 7, 6]);
  });

  it('what somebody has opened stays, without a hole, though new ones come', async () => {
    void screen.list.loadMore();
    screen.happen();
    screen.happen();
    screen.happen();
    screen.happen();
    await vi.advanceTimersByTimeAsync(5_000);
    expect(screen.list.items).toEqual([12, 11, 10, 9, 8, 7]);
    expect(screen.list.hasMore).toBe(true);
    expect(screen.most).toBe(1);
    for (let page = 0; page < 3; page += 1) await Promise.all([more(), pass()]);
    expect(screen.list.items).toEqual([12, 11, 10, 9, 8, 7, 6, 5, 4, 3, 2, 1]);
    expect(screen.list.hasMore).toBe(false);
  });

  it('it says that the list is old until it is new, also when the next page comes', async () => {
    screen.isBroken = true;
    screen.happen();
    await pass();
    expect(screen.list.failure).not.toBeNull();
    screen.isBroken = false;
    await Promise.all([more(), pass()]);
    expect(screen.list.items).toEqual([8, 7, 6, 5, 4, 3]);
    expect(screen.list.failure).not.toBeNull();
    screen.list.retry();
    await pass();
    expect(screen.list.items).toEqual([9, 8, 7, 6, 5, 4]);
    expect(screen.list.failure).toBeNull();
  });

  it('it says that a page could not be had until it can', async () => {
    screen.isBroken = true;
    await Promise.all([more(), pass()]);
    expect(screen.list.failure).not.toBeNull();
    screen.isBroken = false;
    await Promise.all([more(), pass()]);
    expect(screen.list.failure).toBeNull();
  });

  const more = () => screen.list.loadMore();
  const pass = () => vi.advanceTimersByTimeAsync(5_000);
});

it('asks nothing any more when nobody looks, or is logged in', async () => {
  screen.meanwhile = () => screen.happen();
  await vi.advanceTimersByTimeAsync(10);
  expect(vi.getTimerCount()).toBe(1);
  screen.close();
  screen.happen();
  screen.list.retry();
  await vi.advanceTimersByTimeAsync(60_000);
  expect(screen.asked).toEqual(['general']);
  expect(vi.getTimerCount()).toBe(0);
});
