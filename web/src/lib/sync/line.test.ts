import { afterEach, beforeEach, expect, it, vi } from 'vitest';
import { at } from '../../testing/people';
import { Line } from './line';
import type { Call, RelayWord, TabWord } from './words';

beforeEach(() => void vi.useFakeTimers());
afterEach(() => void vi.useRealTimers());

/** A line to somebody who answers as the test says. */
function aLine(answer: (word: TabWord) => readonly RelayWord[]) {
  const heard: string[] = [];
  const said: TabWord[] = [];
  const call: Call = (_user, hear) => ({
    say: (word) => {
      said.push(word);
      for (const reply of answer(word)) hear(reply);
    },
    hangUp: () => {},
  });
  const line = new Line({
    shared: call,
    alone: call,
    onevent: ({ kind }) => void heard.push(kind),
    onconnected: () => {},
    ondisconnected: () => {},
    onrefused: () => {},
    now: Date.now,
  });
  line.open('alice', at(20), 'general');
  return { line, heard, said };
}

const event = (seq: number, after: number): RelayWord => ({
  say: 'event',
  frame: { event: 'reminder_ended', data: `{"id":${seq}}`, id: `e1.${seq}` },
  after: `e1.${after}`,
});

it('a hole that cannot be filled ends in taking the state anew, once', () => {
  const { heard, said } = aLine(({ say }) =>
    say === 'join' ? [{ say: 'connected' }, event(30, 25)] : [],
  );
  expect(heard).toEqual(['resync']);
  expect(said.filter(({ say }) => say === 'join').length).toBeLessThan(6);
});

it('what it has is not handed on again, and a kind that it does not know is passed over', () => {
  const unknown = event(22, 21) as RelayWord & { say: 'event' };
  const { heard } = aLine(({ say }) =>
    say === 'join'
      ? [
          { say: 'connected' },
          event(19, 18),
          event(20, 19),
          event(21, 20),
          { ...unknown, frame: { ...unknown.frame, event: 'from_the_future' } },
          event(23, 22),
        ]
      : [],
  );
  expect(heard).toEqual(['reminder_ended', 'reminder_ended']);
});

it('hears nothing after it was closed, and answers pings before', () => {
  let hear = (_word: RelayWord) => {};
  const said: string[] = [];
  const heard: string[] = [];
  const call: Call = (_user, listen) => {
    hear = listen;
    return { say: ({ say }) => void said.push(say), hangUp: () => void said.push('hang up') };
  };
  const line = new Line({
    shared: call,
    alone: call,
    onevent: ({ kind }) => void heard.push(kind),
    onconnected: () => void heard.push('connected'),
    ondisconnected: () => {},
    onrefused: () => {},
    now: Date.now,
  });
  line.open('alice', at(20), null);
  hear({ say: 'connected' });
  hear({ say: 'ping' });
  line.view(null);
  line.view('general');
  line.close();
  hear(event(21, 20));
  hear({ say: 'lost' });
  expect(heard).toEqual(['connected']);
  expect(said).toEqual(['join', 'here', 'view', 'leave', 'hang up']);
});
