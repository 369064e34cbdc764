import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import type { Notification, Reminder } from '../api/schema';
import { Notifier, type NotifierPorts, type Siblings } from './notifier';
import type { ToastMore } from './toasts.svelte';

beforeEach(() => void vi.useFakeTimers());
afterEach(() => void vi.useRealTimers());

const fromBob: Notification = {
  id: 7,
  channel: 'general',
  thread_id: null,
  sender: 'bob',
  content: 'alice, are you there?',
  reason: 'mention',
};
const aReminder: Reminder = {
  id: 9,
  message_id: null,
  channel: null,
  text: 'water the plants',
  due_ts: 1_700_000_000,
  fired_ts: 1_700_000_000,
};

it('tells who wrote a message that somebody else deleted it, until they have seen it', () => {
  const { said, toasts, notifier } = aliceScreen();
  notifier.deleted({ id: 12, channel: 'general', deleted_by: 'bob' });
  expect(said).toContain('toast An administrator (bob) deleted what you said in general.');
  const [toast] = toasts;
  expect(toast?.isLasting).toBe(true);
  toast?.actions?.[0]?.run();
  expect(said).toContain('message 12');
});

function aliceScreen(over: Partial<NotifierPorts> = {}, others?: Siblings) {
  const said: string[] = [];
  const toasts: ToastMore[] = [];
  let heard = (_tag: string, _rank: number) => {};
  const siblings: Siblings = others ?? {
    claim: (tag, rank) => void (rank === 0 && said.push(`claim ${tag}`)),
    onclaim: (hear) => (heard = hear),
  };
  const ports: NotifierPorts = {
    isHere: () => true,
    isVisible: () => true,
    isShown: () => false,
    hasSound: () => false,
    nameOf: (user) => user,
    placeOf: (channel) => channel,
    go: (path) => void said.push(`go ${path}`),
    openMessage: (id) => void said.push(`message ${id}`),
    toast: (text, more) => {
      said.push(`toast ${text}`);
      toasts.push(more);
    },
    desktop: (title) => {
      said.push(`desktop ${title}`);
      return true;
    },
    chime: () => void said.push('chime'),
    finish: ({ id }) => void said.push(`finish ${id}`),
    remindAgain: ({ id }, due_ts) => void said.push(`again ${id} ${due_ts}`),
    now: () => 1_700_000_000_000,
    random: Math.random,
    ...over,
  };
  const notifier = new Notifier(ports, siblings);
  return { said, toasts, notifier, hear: (tag: string) => heard(tag, 0) };
}

it('alice looks at another channel: a quiet toast leads to the message', () => {
  const { said, toasts, notifier } = aliceScreen();
  notifier.tell(fromBob);
  expect(said).toEqual(['claim message-7', 'toast alice, are you there?']);
  toasts[0]?.actions?.[0]?.run();
  expect(said.at(-1)).toBe('go /c/general/7');
});

it('alice reads the channel already: nothing stands in her way, not even a sound', () => {
  const { said, notifier } = aliceScreen({ isShown: () => true, hasSound: () => true });
  notifier.tell(fromBob);
  vi.runAllTimers();
  expect(said).toEqual(['claim message-7']);
});

it('alice is elsewhere: the desktop tells her, with a sound if she chose one', () => {
  const { said, notifier } = aliceScreen({ isHere: () => false, hasSound: () => true });
  notifier.tell(fromBob);
  vi.runAllTimers();
  expect(said).toEqual(['desktop bob in general', 'chime']);
});

it('alice looks at another window of hers: this one keeps still', () => {
  const { said, hear, notifier } = aliceScreen({ isHere: () => false });
  notifier.tell(fromBob);
  hear('message-7');
  vi.runAllTimers();
  expect(said).toEqual([]);
});

it('where the desktop is not permitted, a window in sight shows a toast', () => {
  const { said, notifier } = aliceScreen({ isHere: () => false, desktop: () => false });
  notifier.tell(fromBob);
  vi.runAllTimers();
  expect(said).toEqual(['toast alice, are you there?']);
});

it('a reminder stays until alice has chosen: open, done, or in twenty minutes', () => {
  const { said, toasts, notifier } = aliceScreen();
  notifier.remind(aReminder);
  expect(toasts[0]?.isLasting).toBe(true);
  for (const action of toasts[0]?.actions ?? []) action.run();
  expect(said.slice(2)).toEqual(['go /view/later', 'finish 9', `again 9 ${1_700_000_000 + 1_200}`]);
});

it('a reminder of a message leads to the message', () => {
  const { said, toasts, notifier } = aliceScreen();
  notifier.remind({ ...aReminder, message_id: 5, text: '' });
  toasts[0]?.actions?.[0]?.run();
  expect(said.at(-1)).toBe('message 5');
});

describe('ten windows', () => {
  /** Windows that hear each other; the first `visible` of them can be seen. */
  function windows(visible: number, over: Partial<NotifierPorts> = {}) {
    const said: string[] = [];
    const listeners: ((tag: string, rank: number) => void)[] = [];
    const notifiers = Array.from({ length: 10 }, (_, place) => {
      const siblings: Siblings = {
        claim: (tag, rank) =>
          listeners.forEach((hear, other) => void (other !== place && hear(tag, rank))),
        onclaim: (hear) => (listeners[place] = hear),
      };
      const { notifier } = aliceScreen(
        {
          isHere: () => false,
          isVisible: () => place < visible,
          hasSound: () => true,
          desktop: () => said.push(`desktop of ${place}`) > 0,
          toast: () => void said.push(`toast of ${place}`),
          chime: () => void said.push('chime'),
          ...over,
        },
        siblings,
      );
      return notifier;
    });
    return { said, notifiers };
  }

  it('ring once, not ten times', () => {
    const { said, notifiers } = windows(0);
    for (const notifier of notifiers) notifier.tell(fromBob);
    vi.runAllTimers();
    expect(said).toHaveLength(2);
    expect(said).toContain('chime');
  });

  it('the one in sight speaks where the desktop is not permitted', () => {
    const { said, notifiers } = windows(1, { desktop: () => false });
    for (const notifier of notifiers.toReversed()) notifier.tell(fromBob);
    vi.runAllTimers();
    expect(said).toEqual(['toast of 0', 'chime']);
  });

  it('the one that hears of it late keeps still', () => {
    const { said, notifiers } = windows(0);
    const [late, ...others] = notifiers;
    for (const notifier of others) notifier.tell(fromBob);
    vi.runAllTimers();
    late!.tell(fromBob);
    vi.runAllTimers();
    expect(said.filter((word) => word === 'chime')).toHaveLength(1);
  });
});
