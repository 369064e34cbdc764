import { afterEach, beforeEach, expect, it, vi } from 'vitest';
import { Marking } from './marking';

beforeEach(() => void vi.useFakeTimers());
afterEach(() => void vi.useRealTimers());

/** Alice, whose words to the server are answered when the test says so. */
function aliceReads() {
  const said: { readonly message_id: number; answer(): void }[] = [];
  const page = { unheard: null as number | null, said };
  const marking = new Marking({
    unheard: () => page.unheard,
    say: (_place, message_id) =>
      new Promise<void>((resolve) => said.push({ message_id, answer: () => resolve() })),
    random: () => 0,
  });
  const read = (message_id: number): void => {
    page.unheard = message_id;
    marking.mark('general', message_id);
  };
  return { page, marking, read, ids: () => said.map(({ message_id }) => message_id) };
}

it('says nothing new before its last word is answered, or the two could change places', async () => {
  const { page, read, ids } = aliceReads();
  read(10);
  read(11);
  await vi.advanceTimersByTimeAsync(30_000);
  expect(ids()).toEqual([10]);
  page.said[0]?.answer();
  await vi.advanceTimersByTimeAsync(1_000);
  expect(ids()).toEqual([10, 11]);
});

it('hears what was read elsewhere before it says again what was lost', async () => {
  const { page, marking, read, ids } = aliceReads();
  read(8);
  page.said[0]?.answer();
  await vi.advanceTimersByTimeAsync(1_000);
  marking.again();
  // The backlog tells that the phone has read further.
  page.unheard = null;
  await vi.advanceTimersByTimeAsync(60_000);
  expect(ids()).toEqual([8]);
});
