import { describe, expect, it } from 'vitest';
import { aMessage } from '../../testing/people';
import { isEmojiOnly } from './emoji-only';
import { fuzzyRank, fuzzyScore } from './fuzzy';
import { initials, nameHue } from './name-colour';
import { namesOf } from './names';
import { isStrong, passwordRules, userNameProblem } from './password-rules';
import { keepRows, timelineRows } from './rows';
import { dayName, dayOf, onDay } from './time';
import { tokenize } from './tokens';
import { badge, excerpt, listNames, readBy, typingLine } from './words';

const PEOPLE = ['alice', 'bob', 'bob-smith', 'Carol'];

/** Tokens as text, so that a test reads at a glance: <link>, [mention]. */
function pieces(text: string): string[] {
  return tokenize(text, namesOf(PEOPLE)).map((token) => {
    if (token.kind === 'link') return `<${token.href}>`;
    return token.kind === 'mention' ? `[${token.text}]` : token.text;
  });
}

describe('mentions', () => {
  it('are names that exist, in the casing of the account', () => {
    expect(pieces('hi @bob and @CAROL')).toEqual(['hi ', '[@bob]', ' and ', '[@Carol]']);
    expect(pieces('@mallory?')).toEqual(['@mallory?']);
    expect(pieces('@Everyone: lunch')).toEqual(['[@everyone]', ': lunch']);
  });

  it('end where the sentence ends, but a longer name wins', () => {
    expect(pieces('ask @bob.')).toEqual(['ask ', '[@bob]', '.']);
    expect(pieces('ask @bob-smith-')).toEqual(['ask ', '[@bob-smith]', '-']);
    expect(pieces('@bob-and-so-on')).toEqual(['@bob-and-so-on']);
  });

  it('do not stand in addresses and links', () => {
    expect(pieces('mail alice@bob.example')).toEqual(['mail alice@bob.example']);
    expect(pieces('https://a.example/@bob')).toEqual(['<https://a.example/@bob>']);
  });
  it('stand where the server finds them', () => {
    expect(pieces('wait...@bob')).toEqual(['wait...', '[@bob]']);
    expect(pieces('é@bob')).toEqual(['é@bob']);
  });
});

describe('links', () => {
  it('leave the punctuation of the sentence outside', () => {
    expect(pieces('see https://a.example/b?c=1, please.')).toEqual([
      'see ',
      '<https://a.example/b?c=1>',
      ', please.',
    ]);
  });

  it('keep their own brackets and leave the others', () => {
    expect(pieces('(https://a.example/b)')).toEqual(['(', '<https://a.example/b>', ')']);
    expect(pieces('https://a.example/b_(c)')).toEqual(['<https://a.example/b_(c)>']);
  });

  it('are http and https only', () => {
    expect(pieces('javascript:alert(1) file:///etc')).toEqual(['javascript:alert(1) file:///etc']);
  });

  it('stop at angle brackets', () => {
    expect(pieces('<https://a.example/>')).toEqual(['<', '<https://a.example/>', '>']);
  });
});

describe('rows', () => {
  const noon = Date.UTC(2026, 2, 3, 12) / 1000;
  const kinds = (rows: ReturnType<typeof timelineRows>) =>
    rows.map((row) => ('isContinued' in row && row.isContinued ? `${row.kind}+` : row.kind));

  it('join what one person says within five minutes', () => {
    const messages = [
      aMessage(1, 'bob', 'a', { ts: noon }),
      aMessage(2, 'bob', 'b', { ts: noon + 299 }),
      aMessage(3, 'bob', 'c', { ts: noon + 299 + 300 }),
      aMessage(4, 'alice', 'd', { ts: noon + 600 }),
    ];
    expect(kinds(timelineRows(messages, [], 'alice', null))).toEqual([
      'day',
      'message',
      'message+',
      'message',
      'message',
    ]);
  });

  it('separate days', () => {
    const messages = [
      aMessage(1, 'bob', 'a', { ts: noon }),
      aMessage(2, 'bob', 'b', { ts: noon + 86_400 }),
    ];
    expect(kinds(timelineRows(messages, [], 'alice', null))).toEqual([
      'day',
      'message',
      'day',
      'message',
    ]);
  });

  it('show once where the new messages by others begin', () => {
    const messages = [1, 2, 3, 4].map((id) =>
      aMessage(id, id === 3 ? 'alice' : 'bob', 'x', { ts: noon + id }),
    );
    expect(kinds(timelineRows(messages, [], 'alice', 2))).toEqual([
      'day',
      'message',
      'message+',
      'message',
      'new',
      'message',
    ]);
  });

  it('stay the same objects where nothing differs', () => {
    const messages = [1, 2].map((id) => aMessage(id, 'bob', 'x', { ts: noon + id * 400 }));
    const before = timelineRows(messages, [], 'alice', null);
    const more = [...messages, aMessage(3, 'bob', 'y', { ts: noon + 2000 })];
    const after = keepRows(before, timelineRows(more, [], 'alice', null));
    expect(after.slice(0, 3).every((row, place) => row === before[place])).toBe(true);
    expect(after).toHaveLength(4);
  });

  it('show an echo until its message is there, under one key', () => {
    const echo = {
      client_msg_id: 'a1',
      channel: 'general',
      text: 'mine',
      reply_to_id: null,
      thread_id: null,
      also_send_to_channel: false,
      ts: noon,
      status: 'sending',
      reason: null,
    } as const;
    const before = timelineRows([], [echo], 'alice', null);
    const message = aMessage(9, 'alice', 'mine', { ts: noon, client_msg_id: 'a1' });
    const after = timelineRows([message], [echo], 'alice', null);
    expect(kinds(before)).toEqual(['day', 'echo']);
    expect(kinds(after)).toEqual(['day', 'message']);
    expect(after.at(-1)?.key).toBe(before.at(-1)?.key);
  });
});

describe('times', () => {
  const at = (day: number, hour = 12) => new Date(2026, 2, day, hour).getTime();

  it('call the last two days by name', () => {
    expect(dayName(at(5, 0) / 1000, at(5, 23))).toBe('Today');
    expect(dayName(at(4, 23) / 1000, at(5, 0))).toBe('Yesterday');
    expect(onDay(at(5, 0) / 1000, at(5, 23))).toBe('today');
    expect(onDay(at(3) / 1000, at(5))).toBe(`on ${dayName(at(3) / 1000, at(5))}`);
    expect(dayName(at(3) / 1000, at(5))).not.toMatch(/day$|2026/);
    expect(dayName(new Date(2024, 2, 3).getTime() / 1000, at(5))).toMatch(/2024/);
  });

  it('know midnight', () => {
    const day = { start_ts: at(5, 0) / 1000, end_ts: at(6, 0) / 1000 };
    expect(dayOf(at(5, 0) / 1000)).toEqual(day);
    expect(dayOf(at(5, 23) / 1000)).toEqual(day);
    expect(dayOf(at(4, 23) / 1000)).not.toEqual(day);
  });
});

describe('finding by a few letters', () => {
  it('prefers the whole, then the beginning, then the beginning of words', () => {
    const names = ['random', 'mr-and-mrs', 'and', 'andrea', 'alexander'];
    expect(fuzzyRank('and', names, (name) => name)).toEqual([
      'and',
      'andrea',
      'mr-and-mrs',
      'random',
      'alexander',
    ]);
  });

  it('wants all letters in their order', () => {
    expect(fuzzyScore('bo', 'bob')).not.toBeNull();
    expect(fuzzyScore('ob', 'bob')).not.toBeNull();
    expect(fuzzyScore('oob', 'bob')).toBeNull();
    expect(fuzzyRank('', ['b', 'a'], (name) => name)).toEqual(['b', 'a']);
  });
});

describe('words', () => {
  it('list people', () => {
    expect(listNames(['alice'])).toBe('alice');
    expect(listNames(['alice', 'bob', 'carol'])).toBe('alice, bob and carol');
    expect(readBy(['alice', 'bob'], 2, 3)).toBe('Read by alice and bob');
    expect(readBy(['alice', 'bob'], 814, 3)).toBe('Read by alice, bob and at least 812 others');
    expect(readBy(['alice', 'bob', 'carol'], 4, 3)).toBe(
      'Read by alice, bob and at least 2 others',
    );
    expect(readBy([], 60, 3)).toBe('Read by at least 60 people');
    expect(listNames(['alice', 'bob', 'carol', 'dan', 'eve'])).toBe('alice, bob and 3 others');
  });

  it('say who is typing', () => {
    expect(typingLine([])).toBe('');
    expect(typingLine(['alice'])).toBe('alice is typing');
    expect(typingLine(['alice', 'bob'])).toBe('alice and bob are typing');
    expect(typingLine(['alice', 'bob', 'carol'])).toBe('Several people are typing');
  });

  it('cut at whole characters', () => {
    expect(excerpt('a\n b', 10)).toBe('a b');
    expect(excerpt('👍👍👍', 2)).toBe('👍👍…');
    expect(badge(99)).toBe('99');
    expect(badge(100)).toBe('99+');
  });

  it('know emoji from text', () => {
    expect(isEmojiOnly('👍🏽 ❤️')).toBe(true);
    expect(isEmojiOnly('👩‍👩‍👧🇫🇮')).toBe(true);
    expect(isEmojiOnly('42')).toBe(false);
    expect(isEmojiOnly('ok 👍')).toBe(false);
    expect(isEmojiOnly('👍'.repeat(7))).toBe(false);
    expect(isEmojiOnly(' ')).toBe(false);
  });
});

describe('names and passwords', () => {
  it('give a person the same colour everywhere', () => {
    expect(nameHue('alice')).toBe(nameHue('alice'));
    expect(nameHue('bob')).not.toBe(nameHue('rob'));
    expect(Math.abs(nameHue('bob') - nameHue('dora'))).toBeGreaterThan(40);
    expect([initials('alice'), initials('bob-smith'), initials('x')]).toEqual(['AL', 'BS', 'X']);
  });

  it('say what a password still lacks', () => {
    expect(passwordRules('abc').filter((rule) => rule.isMet)).toEqual([]);
    expect(isStrong('Correct-horse-1')).toBe(true);
    expect(isStrong('thirsty otters paint fences')).toBe(true);
    expect(isStrong('aaaaaaaaaaaa')).toBe(false);
    expect(userNameProblem('bob smith')).not.toBeNull();
    expect(userNameProblem('bob_smith-2')).toBeNull();
  });
});
