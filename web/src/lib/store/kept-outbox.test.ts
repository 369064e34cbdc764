import { describe, expect, it } from 'vitest';
import { MemoryShelf } from '../../testing/shelf';
import type { Echo } from '../sync/chat-state';
import { KEPT_CHARS_MAX, KEPT_MESSAGES_MAX, KeptOutbox, type KeptEcho } from './kept-outbox';

function echo(id: string, channel = 'general', text = id): Echo {
  return {
    client_msg_id: id,
    channel,
    text,
    reply_to_id: null,
    thread_id: null,
    also_send_to_channel: false,
    ts: 0,
    status: 'sending',
    reason: null,
  };
}

/** One browser: a disk, and tabs of which some are still there. */
class Desk {
  readonly shelf = new MemoryShelf<KeptEcho>();
  readonly open = new Set<string>();
  readonly took: string[] = [];
  now = 0;

  tab(name: string): KeptOutbox {
    this.open.add(name);
    return new KeptOutbox(this.shelf, {
      tab: () => name,
      living: async (tabs) => new Set(tabs.filter((tab) => this.open.has(tab))),
      took: () => this.took.push(name),
      now: () => this.now,
    });
  }
  get texts() {
    return this.shelf.rows.map(({ user, echo }) => `${user}: ${echo.text} ${echo.status}`);
  }
}

const ids = (echoes: readonly Echo[] | null) => (echoes ?? []).map((one) => one.client_msg_id);

describe('the outbox on disk', () => {
  it('keeps what is sent until it has arrived, and how it stands', async () => {
    const desk = new Desk();
    const tab = desk.tab('one');
    tab.keep('bob', echo('a'));
    tab.keep('bob', echo('b'));
    tab.update('bob', { ...echo('b'), status: 'failed', reason: 'Too long.' });
    expect(desk.texts).toEqual(['bob: a sending', 'bob: b failed']);
    tab.drop('bob', echo('a'));
    await tab.turn('bob', echo('b'));
    expect(desk.texts).toEqual(['bob: b failed']);
  });

  it('hands what a closed tab left to the next, in its order, and never what a living one has', async () => {
    const desk = new Desk();
    const first = desk.tab('first');
    first.keep('bob', echo('a'));
    first.keep('bob', echo('b'));
    const second = desk.tab('second');
    second.keep('bob', echo('c'));
    expect(ids(await second.adopt('bob'))).toEqual(['c']);
    desk.open.delete('first');
    expect(ids(await second.adopt('bob'))).toEqual(['a', 'b', 'c']);
    expect(ids(await desk.tab('third').adopt('bob'))).toEqual([]);
  });

  it('lets one of two that adopt at the same time have it', async () => {
    const desk = new Desk();
    desk.tab('gone').keep('bob', echo('a'));
    desk.open.delete('gone');
    const tabs = [desk.tab('one'), desk.tab('two')];
    const adopted = await Promise.all(tabs.map((tab) => tab.adopt('bob')));
    expect(adopted.flatMap(ids)).toEqual(['a']);
    const turns = await Promise.all(tabs.map((tab) => tab.turn('bob', echo('a'))));
    expect([...turns].sort()).toEqual(['never', 'now']);
  });

  it('tells a tab that was taken for gone that its message is another one’s now', async () => {
    const desk = new Desk();
    const sleepy = desk.tab('sleepy');
    sleepy.keep('bob', echo('a'));
    expect(await sleepy.turn('bob', echo('a'))).toBe('now');
    desk.open.delete('sleepy');
    await desk.tab('awake').adopt('bob');
    expect(await sleepy.turn('bob', echo('a'))).toBe('never');
  });

  it('gives back to a tab that lives again what was its own, and nothing else', async () => {
    const desk = new Desk();
    const away = desk.tab('away');
    away.keep('bob', echo('a'));
    const there = desk.tab('there');
    there.keep('bob', echo('b'));
    desk.open.delete('away');
    expect(ids(await there.adopt('bob'))).toEqual(['a', 'b']);
    expect(there.holds(echo('a'))).toBe(true);
    expect(ids(await desk.tab('away').adopt('bob'))).toEqual(['a']);
    expect(desk.took).toEqual(['there', 'away']);
    expect(ids(await there.adopt('bob'))).toEqual(['b']);
    expect([there.holds(echo('a')), there.holds(echo('b'))]).toEqual([false, true]);
    expect(await there.turn('bob', echo('a'))).toBe('never');
    expect(desk.took, 'nobody says that nothing was taken').toEqual(['there', 'away']);
  });

  it('keeps the order of a channel among tabs, and holds up no other channel', async () => {
    const desk = new Desk();
    const [one, two] = [desk.tab('one'), desk.tab('two')];
    one.keep('bob', echo('a'));
    two.keep('bob', echo('b'));
    two.keep('bob', echo('c', 'random'));
    expect(await two.turn('bob', echo('b'))).toBe('later');
    expect(await two.turn('bob', echo('c', 'random'))).toBe('now');
    one.update('bob', { ...echo('a'), status: 'failed' });
    expect(await two.turn('bob', echo('b')), 'nobody waits for one that failed').toBe('now');
  });

  it('is one account’s: alice neither sees nor sends what bob left', async () => {
    const desk = new Desk();
    const tab = desk.tab('one');
    tab.keep('bob', echo('a'));
    tab.forgetCounts();
    expect(await tab.adopt('alice')).toEqual([]);
    expect(await tab.turn('alice', echo('a'))).toBe('never');
    expect(await tab.unsent('alice', [])).toEqual([]);
    await tab.erase('alice');
    expect(ids(await tab.adopt('bob')), 'and he goes on in the same tab').toEqual(['a']);
    await tab.erase('bob');
    expect(desk.texts).toEqual([]);
  });

  it('tells what all tabs have not sent, each once', async () => {
    const desk = new Desk();
    const [one, two] = [desk.tab('one'), desk.tab('two')];
    one.keep('bob', echo('a'));
    two.keep('bob', echo('b'));
    expect(ids(await one.unsent('bob', [echo('a'), echo('c')]))).toEqual(['a', 'b', 'c']);
  });

  it('goes on in memory where the disk takes nothing, and knows what would be lost', async () => {
    const desk = new Desk();
    desk.shelf.isFull = true;
    const tab = desk.tab('one');
    tab.keep('bob', echo('a'));
    expect(await tab.turn('bob', echo('a'))).toBe('now');
    expect(tab.wouldLose([echo('a')])).toBe(true);
    expect(await tab.adopt('bob')).toBe(null);
    expect(ids(await tab.unsent('bob', [echo('a')]))).toEqual(['a']);
    tab.drop('bob', echo('a'));
    expect(tab.wouldLose([])).toBe(false);
  });

  it('keeps so many messages and so much text of a window, and the rest in memory', async () => {
    const desk = new Desk();
    const tab = desk.tab('one');
    const echoes = Array.from({ length: KEPT_MESSAGES_MAX + 1 }, (_, at) => echo(`m${at}`));
    for (const one of echoes) tab.keep('bob', one);
    expect(desk.shelf.rows).toHaveLength(KEPT_MESSAGES_MAX);
    expect(tab.wouldLose(echoes.slice(0, -1))).toBe(false);
    expect(tab.wouldLose(echoes)).toBe(true);
    expect(await tab.turn('bob', echo(`m${KEPT_MESSAGES_MAX}`))).toBe('now');
    tab.drop('bob', echo('m0'));
    tab.keep('bob', echo('room again'));
    expect(tab.wouldLose([echo('room again')])).toBe(false);

    const long = new Desk().tab('two');
    long.keep('bob', echo('x', 'general', 'x'.repeat(KEPT_CHARS_MAX)));
    long.keep('bob', echo('y'));
    expect(long.wouldLose([echo('x')])).toBe(false);
    expect(long.wouldLose([echo('y')])).toBe(true);
  });
});
