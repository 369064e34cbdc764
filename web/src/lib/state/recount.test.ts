import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { PASSED_EVENTS_MAX } from '../sync/questions';
import { takePage } from '../sync/timeline-fold';
import { unknownEntry } from '../sync/unread';
import { aChannel } from '../../testing/people';
import { Town } from '../../testing/town';
import { Screen } from '../../testing/town-screen';

beforeEach(() => void vi.useFakeTimers());
afterEach(() => void vi.useRealTimers());

describe('a screen on a server where something happens between each question and its answer', () => {
  function busy(isWhole = true) {
    const town = new Town();
    town.post('general');
    town.post('lunch');
    const screen = new Screen(town, isWhole);
    screen.meanwhile = () => {
      town.post('general', ['alice']);
      town.topic('lunch');
      town.save(town.post('lunch'));
      screen.hear();
    };
    return { town, screen };
  }

  it('asks once what is unread where alice has come, and knows it', async () => {
    const { town, screen } = busy();
    town.comeOrGo('lunch');
    town.comeOrGo('lunch');
    town.post('lunch');
    screen.hear();
    expect(screen.isStale).toBe(true);
    await vi.advanceTimersByTimeAsync(60_000);
    expect(screen.asked).toEqual(['/state']);
    expect(screen.isStale).toBe(false);
    expect(screen.shown).toEqual(new Screen(town).shown);
  });

  it('asks once where a message is deleted that is not held', async () => {
    const { town, screen } = busy();
    const message = town.post('garden', ['alice']);
    town.post('garden');
    town.delete(message);
    screen.hear();
    expect(screen.isStale).toBe(true);
    await vi.advanceTimersByTimeAsync(60_000);
    expect(screen.asked).toEqual(['/state']);
    expect(screen.shown).toEqual(new Screen(town).shown);
  });

  it('asks once what is unread in threads', async () => {
    const { town, screen } = busy(false);
    const [root] = town.rootsIn('general');
    town.follow(root!);
    town.reply(root!);
    screen.hear();
    const { meanwhile } = screen;
    screen.meanwhile = () => {
      town.reply(root!, ['alice']);
      meanwhile();
    };
    await vi.advanceTimersByTimeAsync(60_000);
    expect(screen.asked).toEqual(['/threads']);
    expect(screen.isStale).toBe(false);
    expect(screen.shown).toEqual(new Screen(town, false).shown);
    expect(screen.state.followed).toMatchObject({ unread: 2, mentions: 1 });
  });
});

it('asks seldom where more passes than is kept, shows what it was told, and ends when there is calm', async () => {
  const town = new Town();
  const screen = new Screen(town);
  town.comeOrGo('lunch');
  town.comeOrGo('lunch');
  town.post('lunch');
  screen.meanwhile = () => {
    for (let count = 0; count < PASSED_EVENTS_MAX; count += 1) town.topic('general');
    screen.hear();
  };
  screen.hear();
  await vi.advanceTimersByTimeAsync(20_000);
  expect(screen.isStale).toBe(true);
  expect(screen.state.channels.find(({ channel }) => channel === 'lunch')?.unread).toBe(1);
  // Of channels and of threads, after about 2 s, 5 s and so on.
  expect(screen.asked.length).toBeLessThanOrEqual(2 * 6);
  screen.meanwhile = () => {};
  await vi.advanceTimersByTimeAsync(60_000);
  expect(screen.isStale).toBe(false);
  expect(screen.shown).toEqual(new Screen(town).shown);
});

it('asks seldom while the server does not answer', async () => {
  const town = new Town();
  const screen = new Screen(town);
  town.comeOrGo('lunch');
  town.comeOrGo('lunch');
  screen.meanwhile = () => {
    throw new Error('out of reach');
  };
  screen.hear();
  await vi.advanceTimersByTimeAsync(600_000);
  expect(screen.asked.length).toBeLessThan(20);
  screen.meanwhile = () => {};
  await vi.advanceTimersByTimeAsync(60_000);
  expect(screen.isStale).toBe(false);
});

it('asks nothing any more when nobody is logged in', async () => {
  const town = new Town();
  const screen = new Screen(town);
  town.comeOrGo('lunch');
  screen.hear();
  expect(vi.getTimerCount()).toBe(1);
  screen.recount.end();
  await vi.advanceTimersByTimeAsync(60_000);
  expect(screen.asked).toEqual([]);
});

it('lets go of a channel in which alice only seemed to be, and asks no more', async () => {
  const screen = new Screen(new Town());
  screen.hear();
  // She was removed before the answer to her joining came.
  screen.state.channels = [...screen.state.channels, unknownEntry(aChannel('attic', { id: 8 }))];
  screen.hear();
  await vi.advanceTimersByTimeAsync(600_000);
  expect(screen.asked).toEqual(['/state']);
  expect(screen.shown).toEqual(new Screen(screen.town).shown);
});

it('asks nothing more when alice logs out while an answer is on its way', async () => {
  const town = new Town();
  const screen = new Screen(town, false);
  const root = town.post('general');
  town.comeOrGo('lunch');
  town.comeOrGo('lunch');
  town.follow(root);
  town.reply(root);
  screen.isSlow = true;
  screen.hear();
  await vi.advanceTimersByTimeAsync(10_000);
  expect(screen.asked).toEqual(['/state']);
  screen.recount.end();
  screen.underway.shift()!();
  await vi.advanceTimersByTimeAsync(60_000);
  expect(screen.asked).toEqual(['/state']);
});

describe('when something is asked', () => {
  /** A message was deleted that nobody holds: everybody who has not read the channel hears of it. */
  function aliceInACrowd(luck: number): Screen {
    const town = new Town();
    const screen = new Screen(town);
    screen.luck = luck;
    town.delete(town.post('garden'));
    screen.hear();
    return screen;
  }

  it('a crowd that hears of the same is spread, also when it asks again', async () => {
    const crowd = Array.from({ length: 100 }, (_, place) => aliceInACrowd(place / 100));
    for (const screen of crowd) screen.meanwhile = refuse;
    const asked = () => crowd.reduce((sum, screen) => sum + screen.asked.length, 0);
    const most = await mostIn(300, asked, 3_300);
    expect(asked()).toBeGreaterThanOrEqual(100);
    expect(most).toBeLessThanOrEqual(15);
    expect(await mostIn(300, asked, 60_000)).toBeLessThanOrEqual(20);
  });

  it('what alice has just done herself is asked for at once', async () => {
    const screen = aliceInACrowd(1);
    screen.recount.hurry(screen.chat);
    await vi.advanceTimersByTimeAsync(300);
    expect(screen.asked).toEqual(['/state']);
    expect(screen.isStale).toBe(false);
  });

  it('so is the first that she does on this screen', async () => {
    const screen = new Screen(new Town());
    screen.luck = 1;
    screen.state.channels = [...screen.state.channels, unknownEntry(aChannel('attic', { id: 8 }))];
    screen.recount.hurry(screen.chat);
    await vi.advanceTimersByTimeAsync(300);
    expect(screen.asked).toEqual(['/state']);
  });

  it('so it is where something happens all the time', async () => {
    const screen = aliceInACrowd(1);
    screen.recount.hurry(screen.chat);
    for (let times = 0; times < 20; times += 1) {
      await vi.advanceTimersByTimeAsync(100);
      screen.town.post('general');
      screen.hear();
    }
    expect(screen.asked).toEqual(['/state']);
  });

  it('what others do later is no hurry, though she has done what asks for nothing', async () => {
    const inAHurry = new Screen(new Town());
    const patient = new Screen(new Town());
    for (const screen of [inAHurry, patient]) {
      screen.luck = 1;
      screen.hear();
      if (screen === patient) screen.recount.hurry(screen.chat);
      screen.town.delete(screen.town.post('garden'));
      screen.hear();
    }
    inAHurry.recount.hurry(inAHurry.chat);
    await vi.advanceTimersByTimeAsync(300);
    expect(inAHurry.asked).toEqual(['/state']);
    expect(patient.asked).toEqual([]);
    await vi.advanceTimersByTimeAsync(3_000);
    expect(patient.asked).toEqual(['/state']);
  });

  it.each(['garden', 'a thread'])(
    'a drip of deletions in %s is asked for seldom',
    async (place) => {
      const town = new Town();
      const root = town.post('general');
      town.follow(root);
      town.reply(root);
      const screen = new Screen(town);
      for (let second = 0; second < 120; second += 1) {
        await vi.advanceTimersByTimeAsync(1_000);
        const message = place === 'garden' ? town.post('garden') : town.reply(root);
        town.delete(message);
        screen.hear();
      }
      expect(screen.asked.length).toBeGreaterThan(2);
      expect(screen.asked.filter((path) => path === '/state').length).toBeLessThan(15);
      expect(screen.asked.filter((path) => path === '/threads').length).toBeLessThan(15);
      // After a calm it is as if nothing had been.
      await vi.advanceTimersByTimeAsync(200_000);
      const before = screen.asked.length;
      town.delete(place === 'garden' ? town.post('garden') : town.reply(root));
      screen.hear();
      await vi.advanceTimersByTimeAsync(5_000);
      expect(screen.asked.length).toBeGreaterThan(before);
      expect(screen.isStale).toBe(false);
    },
  );

  it('what is asked in vain is asked soon when the server is in reach again', async () => {
    const screen = aliceInACrowd(1);
    screen.meanwhile = refuse;
    await vi.advanceTimersByTimeAsync(600_000);
    screen.meanwhile = () => {};
    screen.recount.wake();
    await vi.advanceTimersByTimeAsync(3_300);
    expect(screen.isStale).toBe(false);
    screen.recount.wake();
    expect(vi.getTimerCount()).toBe(0);
  });

  it('one question is under way, also when the server is in reach again', async () => {
    const screen = aliceInACrowd(0);
    screen.isSlow = true;
    await vi.advanceTimersByTimeAsync(300);
    screen.recount.wake();
    await vi.advanceTimersByTimeAsync(60_000);
    expect(screen.asked).toEqual(['/state']);
    screen.underway.shift()!();
    await vi.advanceTimersByTimeAsync(60_000);
    expect(screen.isStale).toBe(false);
  });

  it('the state does not wait for the pause before threads', async () => {
    const town = new Town();
    const root = town.post('general');
    town.follow(root);
    const screen = new Screen(town, false);
    screen.luck = 0;
    screen.meanwhile = refuse;
    town.reply(root);
    screen.hear();
    await vi.advanceTimersByTimeAsync(100_000);
    expect(screen.asked).not.toContain('/state');
    screen.meanwhile = () => {};
    town.delete(town.post('garden'));
    screen.hear();
    await vi.advanceTimersByTimeAsync(300);
    expect(screen.asked).toContain('/state');
    expect(screen.isStale).toBe(false);
  });

  const refuse = () => {
    throw new Error('out of reach');
  };

  /** The most that come in so short a time. */
  async function mostIn(step_ms: number, count: () => number, total_ms: number): Promise<number> {
    let most = 0;
    for (let passed_ms = 0; passed_ms < total_ms; passed_ms += step_ms) {
      const before = count();
      await vi.advanceTimersByTimeAsync(step_ms);
      most = Math.max(most, count() - before);
    }
    return most;
  }
});

/** Numbers that look like chance and are the same in every run. */
function chance(seed: number): (below: number) => number {
  let state = seed;
  return (below) => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    return Math.floor((state / 2 ** 32) * below);
  };
}

describe('whatever comes when', () => {
  function happen(town: Town, below: (end: number) => number): void {
    const channel = ['general', 'lunch', 'garden'][below(3)]!;
    const some = <T>(list: readonly T[]): T | undefined => list[below(list.length)];
    const message = some(town.messages.filter((one) => one.channel === channel));
    const root = some(town.rootsIn(channel).slice(-4));
    const mentions = below(4) === 0 ? ['alice'] : [];
    const act = below(16);
    if (act <= 4 || message === undefined || root === undefined) town.post(channel, mentions);
    else if (act <= 7) town.reply(root, mentions);
    else if (act === 8) town.delete(message);
    else if (act === 9) town.edit(message, mentions);
    else if (act === 10) town.read(root);
    else if (act === 11) town.pin(root);
    else if (act === 12) town.save(root);
    else if (act === 13) town.follow(root);
    else if (act === 14) town.readThread(root);
    else if (channel === 'general') town.topic(channel);
    else town.comeOrGo(channel);
  }

  it.each(Array.from({ length: 200 }, (_, seed) => seed + 1))('history %i', async (seed) => {
    const below = chance(seed * 7919);
    const town = new Town();
    for (let step = 0; step < 10; step += 1) happen(town, below);
    const screen = new Screen(town, below(2) === 0);
    screen.isSlow = true;
    // Often, so that much happens to the answers.
    screen.luck = 0;
    if (below(2) === 0) {
      const { state } = screen;
      const page = town.rootsIn('general');
      takePage(state.openTimeline('general'), page, state.cursor.seq, 1_000);
    }
    for (let step = 0; step < 150; step += 1) {
      const turn = below(10);
      if (turn < 4) happen(town, below);
      else if (turn < 7) screen.hear(1 + below(3));
      else if (turn < 8) screen.underway.shift()?.();
      await vi.advanceTimersByTimeAsync(turn < 8 ? 0 : below(600));
    }
    screen.hear();
    while (screen.underway.length > 0 || vi.getTimerCount() > 0) {
      screen.underway.shift()?.();
      await vi.advanceTimersByTimeAsync(120_000);
    }
    expect(screen.isStale).toBe(false);
    expect(screen.shown).toEqual(new Screen(town).shown);
  });
});
