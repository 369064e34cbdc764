import { afterEach, beforeEach, expect, it, vi } from 'vitest';
import { GONE_AFTER_MS, Tabs } from './tabs';
import { WindowName } from './window-name';

beforeEach(() => void vi.useFakeTimers());
afterEach(() => void vi.useRealTimers());

/** The line between the tabs of a browser: each hears what the others say. */
class Lines {
  readonly #all: BroadcastChannel[] = [];

  tab(name: string): { tabs: Tabs; looks: () => number } {
    let looks = 0;
    const line = { postMessage: (word: unknown) => this.#tell(line, word) } as BroadcastChannel;
    this.#all.push(line);
    const window = { value: name, renew: () => void (window.value += "'") };
    const onchange = () => void (looks += 1);
    const tabs = new Tabs(window, onchange, Date.now, line);
    tabs.open();
    return { tabs, looks: () => looks };
  }

  #tell(from: BroadcastChannel, data: unknown): void {
    for (const line of this.#all) {
      if (line !== from) line.onmessage?.(new MessageEvent('message', { data }));
    }
  }
}

async function living(tabs: Tabs, names: readonly string[]): Promise<string[]> {
  const answer = tabs.living(names);
  await vi.advanceTimersByTimeAsync(300);
  return [...(await answer)].sort();
}

it('counts a tab as gone when it has been silent for longer than a reload takes', async () => {
  const lines = new Lines();
  const [one, two] = [lines.tab('one'), lines.tab('two')];
  expect(await living(one.tabs, ['two'])).toEqual(['two']);
  two.tabs.close();
  expect(await living(one.tabs, ['two']), 'it may only be reloading').toEqual(['two']);
  await vi.advanceTimersByTimeAsync(GONE_AFTER_MS);
  expect(one.looks(), 'it is looked for again by itself').toBe(1);
  expect(await living(one.tabs, ['two', 'never seen'])).toEqual(['never seen']);
  two.tabs.open();
  expect(await living(one.tabs, ['two'])).toEqual(['two']);
  two.tabs.close();
  expect(await living(one.tabs, ['two']), 'each time anew').toEqual(['two']);
});

it('neither answers nor looks while nobody is logged in in it', async () => {
  const lines = new Lines();
  const [one, door] = [lines.tab('one'), lines.tab('door')];
  door.tabs.close();
  one.tabs.close();
  await vi.advanceTimersByTimeAsync(GONE_AFTER_MS * 2);
  expect(door.looks()).toBe(0);
  one.tabs.open();
  one.tabs.took();
  expect(door.looks()).toBe(0);
  door.tabs.open();
  one.tabs.took();
  expect(door.looks()).toBe(1);
});

it('takes another name when there is one of the same', () => {
  const lines = new Lines();
  const [one, copy] = [lines.tab('one'), lines.tab('one')];
  expect([one.tabs.name, copy.tabs.name]).toEqual(['one', "one'"]);
});

function aStorage(items: Map<string, string>): () => Storage {
  const storage = {
    getItem: (key: string) => items.get(key) ?? null,
    setItem: (key: string, value: string) => void items.set(key, value),
    removeItem: (key: string) => void items.delete(key),
  } as Storage;
  return () => storage;
}

it('keeps its name over a reload, and leaves none to a copy of a living window', () => {
  const page = new EventTarget();
  vi.stubGlobal('addEventListener', page.addEventListener.bind(page));
  const items = new Map<string, string>();
  const window = new WindowName(aStorage(items));
  const copy = new WindowName(aStorage(new Map(items)));
  expect(copy.value).not.toBe(window.value);
  page.dispatchEvent(new Event('pagehide'));
  expect(new WindowName(aStorage(items)).value).toBe(window.value);
  expect([...items]).toEqual([]);
  vi.unstubAllGlobals();
});
