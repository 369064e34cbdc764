import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { aliceState, aMessage, at, PlainState, posted } from '../../testing/people';
import { apply } from './apply';
import { ask, askPatiently, Passed, PASSED_CHARS_MAX, PASSED_EVENTS_MAX } from './questions';

beforeEach(() => void vi.useFakeTimers());
afterEach(() => void vi.useRealTimers());

function said(seq: number, content = 'hi') {
  return posted(aMessage(seq, 'bob', content));
}

function seqsAfter(passed: Passed, seq: number): number[] | undefined {
  return passed.after(seq)?.map((event) => event.cursor.seq);
}

describe('what passes while something is asked', () => {
  it('is kept until the last answer is there, and not before or after', () => {
    const passed = new Passed();
    passed.hear(said(21));
    passed.expect(at(21));
    passed.hear(said(22));
    passed.expect(at(22));
    passed.hear(said(23));
    expect(seqsAfter(passed, 21)).toEqual([22, 23]);
    expect(seqsAfter(passed, 22)).toEqual([23]);
    passed.forget();
    expect(seqsAfter(passed, 22)).toEqual([23]);
    passed.forget();
    passed.expect(at(30));
    expect(seqsAfter(passed, 30)).toEqual([]);
  });

  it('is told of no answer that is older than the question', () => {
    const passed = new Passed();
    passed.expect(at(21));
    expect(passed.after(20)).toBeNull();
  });

  it('is at most some thousand events, of a hundred thousand the last', () => {
    const passed = new Passed();
    passed.expect(at(0));
    for (let seq = 1; seq <= 100_000; seq += 1) passed.hear(said(seq));
    expect(passed.after(0)).toBeNull();
    expect(passed.after(100_000 - PASSED_EVENTS_MAX)).toBeNull();
    expect(passed.after(100_000 - PASSED_EVENTS_MAX / 2)).toHaveLength(PASSED_EVENTS_MAX / 2);
    expect(seqsAfter(passed, 99_999)).toEqual([100_000]);
  });

  it('is fewer where they are long', () => {
    const passed = new Passed();
    passed.expect(at(0));
    const long = 'x'.repeat(PASSED_CHARS_MAX / 100);
    for (let seq = 1; seq <= 200; seq += 1) passed.hear(said(seq, long));
    expect(passed.after(100)).toBeNull();
    expect(passed.after(190)).toHaveLength(10);
  });
});

describe('an answer', () => {
  it('of another history is not taken', async () => {
    const state = new PlainState(aliceState(), at(20));
    const take = vi.fn();
    const cursor = { epoch: 'another', seq: 30 };
    expect(await ask(state, async () => ({ value: 1, cursor }), take)).toBe('elsewhere');
    expect(take).not.toHaveBeenCalled();
  });

  it('leaves nothing behind that is kept, whether it comes or fails', async () => {
    const state = new PlainState(aliceState(), at(20));
    const lost = ask(state, () => Promise.reject(new Error('lost')), vi.fn());
    await expect(lost).rejects.toThrow('lost');
    apply(state, said(21));
    state.passed.expect(at(21));
    expect(state.passed.after(20)).toBeNull();
  });

  /** Answers that are too late, each by more than is kept. */
  function aliceInAFlood() {
    const state = new PlainState(aliceState(), at(20));
    let seq = 20;
    const flood = vi.fn(async () => {
      const cursor = at(seq);
      for (let count = 0; count < PASSED_EVENTS_MAX; count += 1) apply(state, said((seq += 1)));
      return { value: 1, cursor };
    });
    return { state, flood };
  }

  it('in which something is missing is asked for three times, and no more', async () => {
    const { state, flood } = aliceInAFlood();
    const take = vi.fn();
    const asking = askPatiently(state, flood, take, () => true);
    await vi.runAllTimersAsync();
    expect(await asking).toBe('late');
    expect(flood).toHaveBeenCalledTimes(3);
    expect(take).not.toHaveBeenCalled();
  });

  it('in which something is missing is not asked for again when nobody wants it any more', async () => {
    const { state, flood } = aliceInAFlood();
    let isOfUse = true;
    const asking = askPatiently(state, flood, vi.fn(), () => isOfUse);
    await vi.advanceTimersByTimeAsync(500);
    isOfUse = false;
    await vi.runAllTimersAsync();
    await asking;
    expect(flood).toHaveBeenCalledTimes(1);
  });
});
