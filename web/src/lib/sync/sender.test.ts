import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { ApiProblem } from '../api/problem';
import type { Message } from '../api/schema';
import { aMessage } from '../../testing/people';
import type { Turn } from '../store/kept-outbox';
import type { Echo } from './chat-state';
import { Sender } from './sender';

const BUSY = new ApiProblem('/problems/busy', 'Busy', '', 503);
const FULL = new ApiProblem('/problems/disk-full', 'The disk is full', 'Make room.', 507);
const TOO_LONG = new ApiProblem('/problems/text-too-long', 'Too long', 'At most 10.', 422);

/** A server that answers as told, and remembers ids as ours does. */
class Harbour {
  readonly outbox: { echoes: readonly Echo[] } = { echoes: [] };
  readonly asked: string[] = [];
  readonly stored = new Map<string, Message>();
  /** What to do instead of answering, per request; then all is well. */
  troubles: ('lost request' | 'lost answer' | ApiProblem)[] = [];
  /** Whether it is a message's turn, by its text; else it is. */
  turns = new Map<string, Turn>();
  readonly elsewhere: string[] = [];
  #ids = 0;

  readonly sender = new Sender(this.outbox, {
    post: (echo) => this.#post(echo),
    turn: async (echo) => this.turns.get(echo.text) ?? 'now',
    onelsewhere: (echo) => {
      this.elsewhere.push(echo.text);
      this.outbox.echoes = this.outbox.echoes.filter((one) => one !== echo);
    },
    onposted: () => {},
    newId: () => `id${(this.#ids += 1)}`,
    now: () => 0,
    random: () => 1,
  });

  async #post(echo: Echo): Promise<Message> {
    this.asked.push(echo.text);
    const trouble = this.troubles.shift();
    if (trouble instanceof ApiProblem) throw trouble;
    if (trouble === 'lost request') throw ApiProblem.unreachable();
    const known = this.stored.get(echo.client_msg_id);
    const message = known ?? aMessage(this.stored.size + 1, 'alice', echo.text);
    this.stored.set(echo.client_msg_id, message);
    if (trouble === 'lost answer') throw ApiProblem.unreachable();
    return message;
  }

  get texts() {
    return [...this.stored.values()].map((message) => message.content);
  }
  get states() {
    return this.outbox.echoes.map((echo) => `${echo.text}: ${echo.status}`);
  }
}

describe('the sender', () => {
  beforeEach(() => void vi.useFakeTimers());
  afterEach(() => void vi.useRealTimers());

  it('shows alice her message before the server has it, and lets go of it after', async () => {
    const harbour = new Harbour();
    harbour.sender.send('general', 'hi', null);
    expect(harbour.states).toEqual(['hi: sending']);
    await vi.runAllTimersAsync();
    expect(harbour.states).toEqual([]);
    expect(harbour.texts).toEqual(['hi']);
  });

  it('keeps the order of a channel while the first message has trouble', async () => {
    const harbour = new Harbour();
    harbour.troubles = ['lost request', BUSY];
    harbour.sender.send('general', 'one', null);
    harbour.sender.send('general', 'two', null);
    harbour.sender.send('general', 'three', null);
    await vi.runAllTimersAsync();
    expect(harbour.asked).toEqual(['one', 'one', 'one', 'two', 'three']);
    expect(harbour.texts).toEqual(['one', 'two', 'three']);
  });

  it('does not let trouble in one channel hold up another', async () => {
    const harbour = new Harbour();
    harbour.troubles = ['lost request'];
    harbour.sender.send('general', 'stuck', null);
    harbour.sender.send('random', 'free', null);
    await vi.advanceTimersByTimeAsync(0);
    expect(harbour.texts).toEqual(['free']);
  });

  it('doubles nothing when the answer was lost', async () => {
    const harbour = new Harbour();
    harbour.troubles = ['lost answer', 'lost answer'];
    harbour.sender.send('general', 'once', null);
    await vi.runAllTimersAsync();
    expect(harbour.asked).toHaveLength(3);
    expect(harbour.texts).toEqual(['once']);
  });

  it('stops asking once the event has shown that the message arrived', async () => {
    const harbour = new Harbour();
    harbour.troubles = ['lost answer'];
    harbour.sender.send('general', 'seen', null);
    await vi.advanceTimersByTimeAsync(0);
    harbour.outbox.echoes = [];
    await vi.runAllTimersAsync();
    expect(harbour.asked).toEqual(['seen']);
  });

  it('says why a message was refused, and goes on with the next', async () => {
    const harbour = new Harbour();
    harbour.troubles = [TOO_LONG];
    harbour.sender.send('general', 'novel', null);
    harbour.sender.send('general', 'note', null);
    await vi.runAllTimersAsync();
    expect(harbour.states).toEqual(['novel: failed']);
    expect(harbour.outbox.echoes[0]?.reason).toBe('At most 10.');
    expect(harbour.texts).toEqual(['note']);
  });

  it('gives up together with those behind it, and alice can try again or discard', async () => {
    const harbour = new Harbour();
    harbour.troubles = Array.from({ length: 7 }, () => 'lost request' as const);
    harbour.sender.send('general', 'one', null);
    harbour.sender.send('general', 'two', null);
    await vi.runAllTimersAsync();
    expect(harbour.states).toEqual(['one: failed', 'two: failed']);
    harbour.sender.discard('id2');
    harbour.sender.retry('id1');
    await vi.runAllTimersAsync();
    expect(harbour.texts).toEqual(['one']);
    expect(harbour.states).toEqual([]);
  });

  it('waits as long as a server that is asked too much says', async () => {
    const harbour = new Harbour();
    harbour.troubles = [new ApiProblem('/problems/rate', 'Slow down', '', 429, 9)];
    harbour.sender.send('general', 'hi', null);
    await vi.advanceTimersByTimeAsync(8_900);
    expect(harbour.texts).toEqual([]);
    await vi.advanceTimersByTimeAsync(200);
    expect(harbour.texts).toEqual(['hi']);
  });

  it('says why it waits while the disk is full, and never gives up by itself', async () => {
    const harbour = new Harbour();
    harbour.troubles = Array.from({ length: 20 }, () => FULL);
    harbour.sender.send('general', 'hi', null);
    await vi.advanceTimersByTimeAsync(60_000);
    expect(harbour.states).toEqual(['hi: sending']);
    expect(harbour.outbox.echoes[0]?.reason).toBe('The disk is full');
    await vi.runAllTimersAsync();
    expect(harbour.texts).toEqual(['hi']);
    expect(harbour.states).toEqual([]);
  });

  it('goes on at once when bob could write, or when alice says so', async () => {
    for (const nudge of ['bob', 'retry', 'discard'] as const) {
      const harbour = new Harbour();
      harbour.troubles = [FULL, FULL, FULL];
      harbour.sender.send('general', 'one', null);
      harbour.sender.send('general', 'two', null);
      await vi.advanceTimersByTimeAsync(2_000);
      if (nudge === 'bob') harbour.sender.writingWorks();
      else harbour.sender[nudge]('id1');
      await vi.advanceTimersByTimeAsync(0);
      expect(harbour.texts, nudge).toEqual(nudge === 'discard' ? ['two'] : ['one', 'two']);
      expect(harbour.states, nudge).toEqual([]);
    }
  });

  it('leaves a busy server its rest although bob could write', async () => {
    const harbour = new Harbour();
    harbour.troubles = [BUSY];
    harbour.sender.send('general', 'hi', null);
    await vi.advanceTimersByTimeAsync(0);
    harbour.sender.writingWorks();
    await vi.advanceTimersByTimeAsync(0);
    expect(harbour.texts).toEqual([]);
  });

  it('tries at once when the connection is back', async () => {
    const harbour = new Harbour();
    harbour.troubles = ['lost request'];
    harbour.sender.send('general', 'hi', null);
    await vi.advanceTimersByTimeAsync(0);
    harbour.sender.wake();
    await vi.advanceTimersByTimeAsync(0);
    expect(harbour.texts).toEqual(['hi']);
  });

  it('leaves a message as it is when the session has ended, and goes on with the next', async () => {
    const harbour = new Harbour();
    harbour.troubles = [new ApiProblem('/problems/session-expired', 'Expired', '', 401)];
    harbour.sender.send('general', 'one', null);
    harbour.sender.send('general', 'two', null);
    await vi.runAllTimersAsync();
    expect(harbour.states).toEqual(['one: sending', 'two: sending']);
    expect(harbour.asked).toEqual(['one']);
    harbour.sender.resume();
    await vi.runAllTimersAsync();
    expect(harbour.texts).toEqual(['one', 'two']);
  });

  it('waits for its turn among the tabs, and lets go of what another has taken', async () => {
    const harbour = new Harbour();
    harbour.turns.set('one', 'later');
    harbour.sender.send('general', 'one', null);
    await vi.advanceTimersByTimeAsync(5_000);
    expect(harbour.asked).toEqual([]);
    harbour.turns.set('one', 'never');
    harbour.sender.send('general', 'two', null);
    await vi.runAllTimersAsync();
    expect(harbour.elsewhere).toEqual(['one']);
    expect(harbour.texts).toEqual(['two']);
  });
});
