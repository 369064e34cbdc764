import { expect, it } from 'vitest';
import { AccountMark } from './account';

/** What all tabs of one browser share. */
function aBrowser(): Storage {
  const items = new Map<string, string>();
  return {
    getItem: (key: string) => items.get(key) ?? null,
    setItem: (key: string, value: string) => void items.set(key, value),
    removeItem: (key: string) => void items.delete(key),
  } as Storage;
}

it('lets nothing of bob out while somebody knocks, nor when alice is in', async () => {
  const storage = aBrowser();
  const [bobs, door] = [new AccountMark(() => storage), new AccountMark(() => storage)];
  bobs.set('bob');
  expect(bobs.mayBe('bob')).toBe(true);
  await door.knock(async () => {
    expect(bobs.mayBe('bob'), 'the cookie may be hers already').toBe(false);
    return { username: 'alice' };
  });
  expect([bobs.mayBe('bob'), bobs.mayBe('alice')]).toEqual([false, true]);
});

it('is as before when nobody was let in', async () => {
  const mark = new AccountMark(aBrowser);
  const storage = aBrowser();
  const bobs = new AccountMark(() => storage);
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
