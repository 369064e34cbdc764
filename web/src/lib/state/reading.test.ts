import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { ApiProblem } from '../api/problem';
import { Line } from '../sync/line';
import { Relay } from '../sync/relay';
import { parseCursor, type Cursor } from '../sync/cursor';
import { Server } from '../../testing/tabs';
import { Reading } from './reading';

beforeEach(() => void vi.useFakeTimers());
afterEach(() => void vi.useRealTimers());

/** Numbers that look like chance and are the same in every run. */
function chance(seed: number): () => number {
  let state = seed;
  return () => (state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0) / 2 ** 32;
}

/** A screen that reads the state, listens from there, and reads it anew when it is told to. */
class Screen {
  readonly read_ms: number[] = [];
  taken = 0;
  failures = 0;
  /** What the state says of where the stream goes on. */
  cursorOfState = () => this.server.cursor();
  problem: ApiProblem | null = null;
  /** How long an answer takes. */
  answer_ms = 0;
  readonly reading: Reading<Cursor>;
  readonly line: Line;

  constructor(
    readonly server: Server,
    random: () => number,
  ) {
    this.reading = new Reading<Cursor>({
      read: () => this.#read(),
      take: async (cursor) => {
        this.taken += 1;
        this.line.open(server.user, cursor, null);
      },
      onfailure: () => void (this.failures += 1),
      now: Date.now,
      random,
    });
    this.line = new Line({
      shared: null,
      alone: (user, hear) => {
        const relay = new Relay(user, {
          connect: (url) => server.connect(url),
          view: async () => {},
          now: Date.now,
          random,
        });
        const tab = { hear };
        return {
          say: (word) => relay.hear(tab, word),
          hangUp: () => relay.hear(tab, { say: 'leave' }),
        };
      },
      onevent: ({ kind }) => void (kind === 'resync' && this.reading.again()),
      onconnected: () => {},
      ondisconnected: () => {},
      onrefused: () => {},
      now: Date.now,
    });
  }

  async #read(): Promise<Cursor> {
    this.read_ms.push(Date.now());
    const { problem } = this;
    const cursor = parseCursor(this.cursorOfState())!;
    if (this.answer_ms > 0) await new Promise((resolve) => setTimeout(resolve, this.answer_ms));
    if (problem !== null) throw problem;
    return cursor;
  }

  /** Between one reading and the next. */
  get waits_ms(): number[] {
    return this.read_ms.slice(1).map((ms, place) => ms - this.read_ms[place]!);
  }
}

/** Time passes, and whoever connects is let in. */
async function pass(server: Server, ms: number, step_ms = 250): Promise<void> {
  for (let passed = 0; passed < ms; passed += step_ms) {
    await vi.advanceTimersByTimeAsync(step_ms);
    for (const source of [...server.sources]) if (source.readyState === 0) source.accept();
  }
}

describe('a screen that is sent back', () => {
  it('again and again waits longer each time, up to a minute', async () => {
    const server = new Server();
    const screen = new Screen(server, chance(1));
    // The state is of a history that the stream does not know.
    screen.cursorOfState = () => 'another.5';
    screen.reading.begin();
    await pass(server, 300_000);
    const { waits_ms } = screen;
    for (const [place, full] of [4_000, 8_000, 16_000, 32_000, 60_000, 60_000].entries()) {
      expect(waits_ms[place + 1]).toBeGreaterThanOrEqual(full / 2);
      expect(waits_ms[place + 1]).toBeLessThanOrEqual(full + 250);
    }
    expect(screen.taken).toBeLessThan(15);
    screen.cursorOfState = () => server.cursor();
    await pass(server, 60_000);
    const { taken } = screen;
    await pass(server, 600_000, 10_000);
    expect(screen.taken).toBe(taken);
  });

  it('after a long calm comes back soon', async () => {
    const server = new Server();
    const screen = new Screen(server, () => 1);
    screen.reading.begin();
    for (let restored = 0; restored < 5; restored += 1) {
      await pass(server, 600_000, 1_000);
      server.restore();
      await pass(server, 5_000);
      expect(screen.taken).toBe(restored + 2);
      expect(screen.read_ms.at(-1)! - Date.now()).toBeGreaterThanOrEqual(-3_000);
    }
  });

  it('does not come at one moment with a thousand others', async () => {
    const random = chance(7);
    const told_ms = Date.now();
    const perTenth = Array.from({ length: 20 }, () => 0);
    for (let person = 0; person < 1_000; person += 1) {
      const read = async () => void (perTenth[Math.floor((Date.now() - told_ms) / 100)]! += 1);
      const take = async () => {};
      new Reading<void>({ read, take, onfailure: () => {}, now: Date.now, random }).again();
    }
    await vi.advanceTimersByTimeAsync(10_000);
    expect(perTenth.reduce((sum, count) => sum + count)).toBe(1_000);
    expect(Math.max(...perTenth)).toBeLessThan(100);
  });

  it('by several at once goes back once', async () => {
    const server = new Server();
    const screen = new Screen(server, () => 1);
    screen.answer_ms = 1_000;
    screen.reading.begin();
    screen.reading.again();
    await pass(server, 5_000);
    for (let times = 0; times < 10; times += 1) screen.reading.again();
    await pass(server, 20_000);
    expect(screen.taken).toBe(2);
  });
});

describe('a state that cannot be read', () => {
  it('is asked for again after growing pauses, and at once when the network is back', async () => {
    const server = new Server();
    const screen = new Screen(server, () => 1);
    screen.problem = ApiProblem.unreachable();
    screen.reading.begin();
    await pass(server, 300_000);
    expect(screen.waits_ms.slice(0, 6)).toEqual([500, 1_000, 2_000, 4_000, 8_000, 15_000]);
    expect(screen.failures).toBe(screen.read_ms.length);
    screen.problem = null;
    screen.reading.wake();
    await vi.advanceTimersByTimeAsync(0);
    expect(screen.taken).toBe(1);
  });

  it('because nobody is logged in is not asked for again', async () => {
    const screen = new Screen(new Server(), () => 1);
    screen.problem = new ApiProblem('/problems/not-logged-in', 'Log in.', '', 401);
    screen.reading.begin();
    await vi.advanceTimersByTimeAsync(600_000);
    expect(screen.read_ms).toHaveLength(1);
  });
});

describe('after logging out', () => {
  it('nothing is read, though the server has just sent us back', async () => {
    const server = new Server();
    const screen = new Screen(server, () => 1);
    screen.reading.begin();
    await pass(server, 1_000);
    screen.reading.again();
    screen.reading.end();
    await pass(server, 600_000, 1_000);
    expect(screen.read_ms).toHaveLength(1);
  });

  it('an answer that was under way opens no screen', async () => {
    const server = new Server();
    const screen = new Screen(server, () => 1);
    screen.answer_ms = 1_000;
    screen.reading.begin();
    screen.reading.end();
    await pass(server, 5_000);
    expect(screen.taken).toBe(0);
    expect(server.opened).toBe(0);
  });
});
