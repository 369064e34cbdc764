import { afterEach, beforeEach, expect, it, vi } from 'vitest';
import { markOf } from '../store/kept-drafts';
import { DraftsState } from './drafts.svelte';

beforeEach(() => void vi.useFakeTimers());
afterEach(() => void vi.useRealTimers());

function aliceWriting() {
  const saved: string[] = [];
  const save = (channel: string, thread_id: number | null, text: string) => {
    saved.push(`${channel} ${thread_id} ${text}`);
    return Promise.resolve();
  };
  return { saved, drafts: new DraftsState({ save }) };
}

it('saves what alice writes when she pauses, once, for each place of its own', async () => {
  const { saved, drafts } = aliceWriting();
  drafts.of('general').text = 'Go';
  await vi.advanceTimersByTimeAsync(500);
  drafts.of('general').text = 'Good';
  drafts.of('general', 10).text = 'Yes';
  await vi.advanceTimersByTimeAsync(1_000);
  expect(saved).toEqual(['general null Good', 'general 10 Yes']);
});

it('saves at once what is being written when the page is left, as a last word', async () => {
  const saved: string[] = [];
  const save = (channel: string, _: number | null, text: string, isParting: boolean) => {
    saved.push(`${channel} ${text} ${isParting}`);
    return Promise.resolve();
  };
  const drafts = new DraftsState({ save });
  drafts.of('general').text = 'Go';
  drafts.flush();
  expect(saved).toEqual(['general Go true']);
  await vi.advanceTimersByTimeAsync(1_000);
  drafts.of('general').text = 'Good';
  await vi.advanceTimersByTimeAsync(1_000);
  expect(saved.slice(1)).toEqual(['general Good false']);
});

it('saves again what the server did not take, once, and what is being written not yet', async () => {
  const saved: string[] = [];
  let isThere = false;
  const save = (channel: string, _: number | null, text: string) => {
    saved.push(`${channel} ${text}`);
    return isThere ? Promise.resolve() : Promise.reject(new Error('no such channel'));
  };
  const drafts = new DraftsState({ save });
  drafts.of('dm:alice:bob').text = 'psst';
  await vi.advanceTimersByTimeAsync(1_000);
  isThere = true;
  drafts.of('general').text = 'half a';
  drafts.saveAgain();
  await vi.advanceTimersByTimeAsync(0);
  expect(saved).toEqual(['dm:alice:bob psst', 'dm:alice:bob psst']);
  await vi.advanceTimersByTimeAsync(1_000);
  drafts.saveAgain();
  expect(saved.slice(2)).toEqual(['general half a']);
});

it('takes in what she wrote on another screen, but never over what she writes here', async () => {
  const { saved, drafts } = aliceWriting();
  drafts.adopt([{ channel: 'general', thread_id: null, text: 'from the phone', ts: 1 }]);
  expect(drafts.of('general').text).toBe('from the phone');
  drafts.of('general').text = 'from here';
  drafts.hear({ channel: 'general', thread_id: null, text: 'late' });
  expect(drafts.of('general').text).toBe('from here');
  await vi.advanceTimersByTimeAsync(1_000);
  drafts.hear({ channel: 'general', thread_id: null, text: '' });
  expect(drafts.of('general').text).toBe('');
  expect(saved).toEqual(['general null from here']);
});

it('keeps with what she writes what it follows: what she read, and what may have been saved', async () => {
  const kept: (readonly string[])[] = [];
  const save = () => Promise.reject(new Error('no answer'));
  const drafts = new DraftsState({ save, keep: (_, __, ___, bases) => kept.push(bases) });
  drafts.adopt([{ channel: 'general', thread_id: null, text: 'Go', ts: 1 }]);
  drafts.of('general').text = 'Good';
  await vi.advanceTimersByTimeAsync(1_000);
  drafts.of('general').text = 'Good morning';
  expect(kept).toEqual([[markOf('Go')], [markOf('Go'), markOf('Good')]]);
});

it('forgets what was cleared elsewhere when the state is read anew, and nothing that is being written here', async () => {
  const { drafts } = aliceWriting();
  const saved = (channel: string, text: string) => ({ channel, thread_id: null, text, ts: 1 });
  drafts.expect();
  drafts.adopt([saved('general', 'Good mor'), saved('lunch', 'Soup')]);
  drafts.of('garden').text = 'Ros';
  drafts.expect();
  drafts.adopt([saved('lunch', 'Soup?')]);
  const texts = ['general', 'lunch', 'garden'].map((channel) => drafts.of(channel).text);
  expect(texts).toEqual(['', 'Soup?', 'Ros']);
});

it('keeps what was saved here while the state was on its way, which may be older', async () => {
  const { drafts } = aliceWriting();
  const before = { channel: 'lunch', thread_id: null, text: 'So', ts: 1 };
  drafts.of('garden').text = 'Ros';
  drafts.expect();
  drafts.of('general').text = 'Good mor';
  drafts.of('lunch').text = 'Soup';
  await vi.advanceTimersByTimeAsync(1_000);
  expect(drafts.of('general').isDirty).toBe(false);
  drafts.adopt([before]);
  const texts = ['general', 'lunch', 'garden'].map((channel) => drafts.of(channel).text);
  expect(texts).toEqual(['Good mor', 'Soup', 'Ros']);
  // What comes later is news again.
  drafts.hear({ ...before, text: 'Salad' });
  expect(drafts.of('lunch').text).toBe('Salad');
});
