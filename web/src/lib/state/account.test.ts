import { expect, it } from 'vitest';
import { AccountMark, KNOCK_MS_MAX } from './account';

/** What all tabs of one browser share. */
function aBrowser(): Storage {
  const items = new Map<string, string>();
  return {
    getItem: (key: string) => items.get(key) ?? null,
    setItem: (key: string, value: string) => void items.set(key, value),
    removeItem: (key: string) => void items.delete(key),
  } as Storage;
}

/** A tab, with the page that it shows. */
function aTab(storage: Storage, now = () => 0, page = new EventTarget()): AccountMark {
  return new AccountMark(
    () => storage,
    now,
    () => page,
  );
}

it('lets nothing of bob out while somebody knocks, nor when alice is in', async () => {
  const storage = aBrowser();
  const [bobs, door] = [aTab(storage), aTab(storage)];
  bobs.set('bob');
  expect(bobs.mayBe('bob')).toBe(true);
  await door.knock(async () => {
    expect(bobs.mayBe('bob'), 'the cookie may be hers already').toBe(false);
    return { username: 'alice' };
  });
  expect([bobs.mayBe('bob'), bobs.mayBe('alice')]).toEqual([false, true]);
});

it('is as before when nobody was let in', async () => {
  const mark = aTab(aBrowser());
  const bobs = aTab(aBrowser());
  bobs.set('bob');
  const wish = () => Promise.reject(new Error('wrong'));
  await expect(bobs.knock(wish)).rejects.toThrow('wrong');
  expect(bobs.who).toBe('bob');
  expect(mark.who).toBe(null);
});

it('knows nothing where nothing may be stored, and then forbids nothing', () => {
  const mark = new AccountMark(() => {
    throw new Error('forbidden');
  });
  mark.set('bob');
  expect(mark.who).toBe(undefined);
  expect(mark.mayBe('bob')).toBe(true);
});

it('asks the server when whoever knocked has gone, or for too long', async () => {
  const storage = aBrowser();
  let now_ms = 1_000_000;
  const page = new EventTarget();
  const door = aTab(storage, () => now_ms, page);
  const bobs = aTab(storage, () => now_ms);
  bobs.set('bob');
  expect(bobs.knocking_ms, 'nobody knocks').toBe(null);
  void door.knock(() => new Promise<{ username: string }>(() => {}));
  expect(bobs.knocking_ms).toBe(KNOCK_MS_MAX);
  now_ms += KNOCK_MS_MAX - 1;
  expect(bobs.knocking_ms).toBe(1);
  now_ms += 1;
  expect(bobs.knocking_ms).toBe(0);
  now_ms -= KNOCK_MS_MAX + 1;
  expect(bobs.knocking_ms, 'the clock was put back').toBe(0);
  now_ms += 1;
  expect(bobs.knocking_ms).toBe(KNOCK_MS_MAX);
  page.dispatchEvent(new Event('pagehide'));
  expect(bobs.knocking_ms).toBe(0);
  expect([bobs.mayBe('bob'), bobs.mayBe('alice')]).toEqual([false, false]);
});
