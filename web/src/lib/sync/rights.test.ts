import { describe, expect, test } from 'vitest';
import { aChannel, aPrivateChannel } from '../../testing/people';
import type { ChannelEntry } from './chat-state';
import { barrierIn, rightsIn } from './rights';
import { freshEntry } from './unread';

const ours = freshEntry(aPrivateChannel('private:7', ['alice', 'bob']));
const nobodyGone = () => false;

function entry(rest: Partial<ChannelEntry>): ChannelEntry {
  return { ...ours, ...rest };
}

describe('what people may do in a channel', () => {
  test('every member of a private channel describes it and adds people', () => {
    const rights = rightsIn(ours, 'bob', false);
    expect(rights).toMatchObject({ describe: true, addMembers: true, leave: true });
  });

  test('its owner removes, archives and hands over; another member does not', () => {
    const governing = {
      archive: true,
      choosePosters: true,
      removeMembers: true,
      handOver: true,
      moderate: true,
    };
    expect(rightsIn(ours, 'alice', false)).toMatchObject(governing);
    expect(rightsIn(ours, 'bob', true)).toMatchObject(governing);
    expect(rightsIn(ours, 'bob', false)).toMatchObject({
      archive: false,
      choosePosters: false,
      removeMembers: false,
      handOver: false,
      moderate: false,
    });
  });

  test('who sees a part of the history cannot show all of it', () => {
    expect(rightsIn(ours, 'bob', false).showHistory).toBe(true);
    expect(rightsIn(entry({ history_start_id: 12 }), 'bob', false).showHistory).toBe(false);
  });

  test('nobody leaves the channel of everybody, nor a direct one', () => {
    const general = freshEntry(aChannel('general'));
    const direct = entry({ channel: 'dm:alice:bob', kind: 'direct', owner: null });
    expect(rightsIn(general, 'alice', true).leave).toBe(false);
    expect(rightsIn(direct, 'alice', true)).toMatchObject({
      leave: false,
      archive: false,
      moderate: false,
    });
  });

  test('an archived channel can be brought back, left and moderated, and nothing else', () => {
    const rights = rightsIn(entry({ archived_ts: 5 }), 'alice', false);
    const left = Object.entries(rights).filter(([, may]) => may);
    expect(left.map(([right]) => right)).toEqual(['archive', 'leave', 'moderate']);
  });
});

describe('where nothing can be written', () => {
  test('an archived channel is closed even to its owner', () => {
    expect(barrierIn(entry({ archived_ts: 5 }), 'alice', true, nobodyGone)).toBe('archived');
  });

  test('announcements are made by those named, the owner and administrators', () => {
    const announcements = entry({ posters: ['carol'] });
    expect(barrierIn(announcements, 'bob', false, nobodyGone)).toBe('announcement');
    expect(barrierIn(announcements, 'bob', true, nobodyGone)).toBeNull();
    expect(barrierIn(announcements, 'alice', false, nobodyGone)).toBeNull();
    expect(barrierIn(announcements, 'carol', false, nobodyGone)).toBeNull();
  });

  test('a conversation is over when all the others are gone, but not with oneself', () => {
    const direct = entry({ kind: 'direct', members: ['alice', 'bob', 'carol'], owner: null });
    const isGone = (user: string) => user !== 'alice';
    expect(barrierIn(direct, 'alice', false, isGone)).toBe('gone');
    expect(barrierIn(direct, 'alice', false, (user) => user === 'bob')).toBeNull();
    expect(barrierIn({ ...direct, members: ['alice'] }, 'alice', false, () => true)).toBeNull();
  });
});
