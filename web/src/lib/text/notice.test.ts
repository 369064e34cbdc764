import { describe, expect, test } from 'vitest';
import { noticeKind, noticePieces } from './notice';

function sentence(metadata: object, me = 'carol'): string {
  const names: Record<string, string> = { bob: 'Bob Builder' };
  const pieces = noticePieces(metadata, me, (user) => names[user] ?? user) ?? [];
  return pieces.map(({ text }) => text).join('');
}

describe('the sentence of a notice', () => {
  test.each([
    [
      { notice: 'channel_renamed', actor: 'alice', name: 'Lab' },
      'alice renamed the channel to “Lab”',
    ],
    [{ notice: 'topic_changed', actor: 'alice', topic: 'Bridges' }, 'alice set the topic: Bridges'],
    [{ notice: 'topic_changed', actor: 'alice', topic: '' }, 'alice cleared the topic'],
    [{ notice: 'description_changed', actor: 'alice' }, 'alice changed the description'],
    [{ notice: 'member_left', user: 'bob' }, 'Bob Builder left'],
    [{ notice: 'member_removed', actor: 'alice', user: 'bob' }, 'alice removed Bob Builder'],
    [
      { notice: 'owner_changed', actor: 'alice', owner: 'bob' },
      'alice handed the channel over to Bob Builder',
    ],
    [{ notice: 'channel_archived', actor: 'bob' }, 'Bob Builder archived the channel'],
    [{ notice: 'channel_unarchived', actor: 'bob' }, 'Bob Builder brought the channel back'],
    [{ notice: 'account_created', user: 'bob' }, 'Bob Builder joined MiniMost. Welcome!'],
    [
      { notice: 'posters_changed', actor: 'alice', posters: null },
      'alice let everybody post here again',
    ],
    [
      { notice: 'posters_changed', actor: 'alice', posters: ['bob', 'dora'] },
      'alice made this a channel for announcements by Bob Builder and dora',
    ],
    [
      { notice: 'posters_changed', actor: 'alice', posters: [] },
      'alice made this a channel for announcements by its owner and administrators',
    ],
  ])('%j', (metadata, expected) => {
    expect(sentence(metadata)).toBe(expected);
  });

  test('says "you" to whom it is about', () => {
    const added = { notice: 'members_added', actor: 'alice', users: ['bob', 'carol'] };
    expect(sentence(added)).toBe('alice added Bob Builder and you');
    expect(sentence(added, 'alice')).toBe('You added Bob Builder and carol');
  });

  test('of a crowd names some', () => {
    const users = Array.from({ length: 9 }, (_, place) => `guest${place}`);
    const added = { notice: 'members_added', actor: 'alice', users };
    expect(sentence(added)).toBe('alice added guest0, guest1, guest2, guest3, guest4 and 4 others');
  });

  test('a kind from a later server, or nothing at all, is left to its own words', () => {
    expect(noticeKind({ notice: 'channel_painted', actor: 'alice' })).toBeNull();
    expect(noticePieces(null, 'carol', String)).toBeNull();
    expect(noticeKind({ notice: 'toString' })).toBeNull();
  });
});
