import { describe, expect, it } from 'vitest';
import { EVENT_KINDS, parseEvent } from '../api/events';
import {
  aChannel,
  aliceState,
  aMessage,
  anAccount,
  at,
  deleted,
  edited,
  EPOCH,
  PlainState,
  posted,
  reacted,
  read,
} from '../../testing/people';
import { apply, applyAnswer } from './apply';
import { takePage } from './timeline-fold';

/** Alice has #general open with two messages by Bob, as of seq 20. */
function aliceReading() {
  const state = new PlainState(aliceState(), at(20));
  const timeline = state.openTimeline('general');
  takePage(timeline, [aMessage(10, 'bob', 'one'), aMessage(12, 'bob', 'two')], 20, 100);
  return { state, timeline };
}

function entry(state: PlainState) {
  const [general] = state.channels;
  if (general === undefined) throw new Error('alice has no #general');
  return general;
}

describe('messages', () => {
  it('shows what bob posts, edits, and takes back', () => {
    const { state, timeline } = aliceReading();
    apply(state, posted(aMessage(21, 'bob', 'three')));
    apply(state, edited(22, 21, 'three!', ['alice']));
    expect(timeline.messages.at(-1)).toMatchObject({
      content: 'three!',
      edited: true,
      mentions: ['alice'],
    });
    apply(state, deleted(23, 21));
    expect(timeline.messages.at(-1)).toMatchObject({
      content: null,
      deleted: true,
      mentions: [],
      reactions: {},
    });
  });

  it('keeps reactions in the order in which people gave them', () => {
    const { state, timeline } = aliceReading();
    apply(state, reacted(21, 12, 'bob', true));
    apply(state, reacted(22, 12, 'carol', true));
    apply(state, reacted(23, 12, 'bob', false));
    apply(state, reacted(24, 12, 'bob', true));
    expect(timeline.messages.at(-1)?.reactions).toEqual({ heart: ['carol', 'bob'] });
    apply(state, reacted(25, 12, 'carol', false));
    apply(state, reacted(26, 12, 'bob', false));
    expect(timeline.messages.at(-1)?.reactions).toEqual({});
    expect(timeline.messages.at(-1)?.reaction_order).toEqual([]);
  });

  it('keeps different reactions in the order in which they came, and what is given again last', () => {
    const { state, timeline } = aliceReading();
    const react = (seq: number, name: string, user: string, on: boolean) =>
      apply(state, reacted(seq, 12, user, on, name));
    react(21, 'heart', 'bob', true);
    react(22, '100', 'bob', true);
    react(23, 'heart', 'carol', true);
    expect(timeline.messages.at(-1)?.reaction_order).toEqual(['heart', '100']);
    react(24, 'heart', 'bob', false);
    react(25, 'heart', 'bob', true);
    expect(timeline.messages.at(-1)?.reaction_order).toEqual(['heart', '100']);
    react(26, 'heart', 'bob', false);
    react(27, 'heart', 'carol', false);
    react(28, 'heart', 'carol', true);
    expect(timeline.messages.at(-1)?.reaction_order).toEqual(['100', 'heart']);
    apply(state, deleted(29, 12));
    expect(timeline.messages.at(-1)?.reaction_order).toEqual([]);
  });

  it('is not changed by hearing everything twice', () => {
    const { state, timeline } = aliceReading();
    const story = [
      posted(aMessage(21, 'bob', 'hi @alice', { mentions: ['alice'] })),
      edited(22, 21, 'hi'),
      reacted(23, 10, 'carol', true),
      deleted(24, 12),
    ];
    story.forEach((event) => apply(state, event));
    const once = structuredClone([timeline.messages, state.channels]);
    // Once below the cursor, and once with the cursor set back, as after a reconnect.
    story.forEach((event) => apply(state, event));
    state.cursor = at(20);
    story.forEach((event) => apply(state, event));
    expect(structuredClone([timeline.messages, state.channels])).toEqual(once);
  });

  it('drops events about messages that are not held', () => {
    const { state, timeline } = aliceReading();
    apply(state, edited(21, 3, 'long ago'));
    apply(state, deleted(22, 4));
    expect(timeline.texts).toEqual(['one', 'two']);
  });

  it('keeps quoted messages true although they are not held', () => {
    const { state, timeline } = aliceReading();
    timeline.quoted = { 3: aMessage(3, 'bob', 'long ago') };
    apply(state, edited(21, 3, 'longer ago'));
    expect(timeline.quoted[3]?.content).toBe('longer ago');
    apply(state, deleted(22, 3));
    expect(timeline.quoted[3]?.content).toBeNull();
  });

  it('never lets a late edit bring a deleted text back', () => {
    const { state, timeline } = aliceReading();
    apply(state, deleted(21, 12));
    apply(state, edited(22, 12, 'still here?'));
    apply(state, reacted(23, 12, 'carol', true));
    expect(timeline.messages.at(-1)).toMatchObject({ content: null, reactions: {} });
  });

  it('puts the answer to our own send where its id belongs, and the event changes nothing', () => {
    const { state, timeline } = aliceReading();
    const mine = aMessage(22, 'alice', 'mine', { client_msg_id: 'a1' });
    applyAnswer(state, mine);
    apply(state, posted(aMessage(21, 'bob', 'his')));
    apply(state, posted(mine));
    expect(timeline.texts).toEqual(['one', 'two', 'his', 'mine']);
  });
});

describe('a page and the stream, at different cursors', () => {
  const page = [aMessage(10, 'bob', 'one (now)', { edited: true }), aMessage(21, 'bob', 'three')];

  it('does not go back in time when the page is ahead of the stream', () => {
    const state = new PlainState(aliceState(), at(20));
    const timeline = state.openTimeline('general');
    takePage(timeline, page, 23, 100);
    apply(state, posted(aMessage(21, 'bob', 'three')));
    apply(state, edited(22, 10, 'one (then)'));
    expect(timeline.texts).toEqual(['one (now)', 'three']);
    apply(state, edited(24, 10, 'one (later)'));
    expect(timeline.texts).toEqual(['one (later)', 'three']);
  });

  it('misses nothing when the stream was ahead of the page', () => {
    const state = new PlainState(aliceState(), at(20));
    const timeline = state.openTimeline('general');
    state.passed.expect(state.cursor);
    apply(state, edited(22, 10, 'one (then)'));
    apply(state, posted(aMessage(24, 'bob', 'four')));
    apply(state, edited(25, 10, 'one (later)'));
    takePage(timeline, page, 23, 100, state.passed.after(23)!);
    expect(timeline.texts).toEqual(['one (later)', 'three', 'four']);
  });

  it('misses nothing about an older page that is on its way', () => {
    const { state, timeline } = aliceReading();
    timeline.hasOlder = true;
    state.passed.expect(state.cursor);
    apply(state, edited(31, 5, 'older, edited'));
    apply(state, edited(32, 12, 'two, edited'));
    apply(state, reacted(33, 12, 'carol', true));
    takePage(timeline, [aMessage(5, 'bob', 'older')], 30, 100, state.passed.after(30)!);
    expect(timeline.texts).toEqual(['older, edited', 'one', 'two, edited']);
    expect(timeline.messages.at(-1)?.reactions).toEqual({ heart: ['carol'] });
  });

  it('keeps the order of reactions when the older page is ahead of the stream', () => {
    const { state, timeline } = aliceReading();
    timeline.hasOlder = true;
    const reactions = { heart: ['bob', 'carol'] };
    takePage(timeline, [aMessage(5, 'bob', 'older', { reactions })], 30, 100);
    apply(state, reacted(26, 5, 'bob', false));
    apply(state, reacted(27, 5, 'bob', true));
    apply(state, reacted(28, 5, 'carol', true));
    expect(timeline.messages[0]?.reactions).toEqual(reactions);
  });

  it('knows the beginning of the channel by a page that is not full', () => {
    const { timeline } = aliceReading();
    expect(timeline.hasOlder).toBe(false);
    takePage(timeline, [aMessage(5, 'bob', 'older')], 30, 1);
    expect(timeline.hasOlder).toBe(true);
  });
});

describe('unread counts', () => {
  it('count what others post, and their mentions of alice or everyone', () => {
    const state = new PlainState(aliceState(), at(20));
    apply(state, posted(aMessage(21, 'bob', 'hi')));
    apply(state, posted(aMessage(22, 'bob', '@alice', { mentions: ['alice'] })));
    apply(state, posted(aMessage(23, 'carol', '@everyone', { mentions: ['@everyone'] })));
    apply(state, posted(aMessage(24, 'alice', 'me')));
    expect(entry(state)).toMatchObject({ unread: 3, mentions: 2, newest_id: 24 });
  });

  it('go away when alice reads on another screen, but not when bob reads', () => {
    const state = new PlainState(aliceState(), at(20));
    apply(state, posted(aMessage(21, 'bob', 'hi')));
    apply(state, read(22, 'bob', 21));
    expect(entry(state).unread).toBe(1);
    apply(state, read(23, 'alice', 21));
    expect(entry(state)).toMatchObject({ unread: 0, last_read_id: 21, isCountStale: false });
  });

  it('are counted again from held messages when the marker stops in the middle', () => {
    const { state } = aliceReading();
    for (const id of [21, 22, 23]) apply(state, posted(aMessage(id, 'bob', `${id}`)));
    apply(state, read(24, 'alice', 22));
    expect(entry(state)).toMatchObject({ unread: 1, isCountStale: false });
    apply(state, deleted(25, 23));
    expect(entry(state).unread).toBe(0);
  });

  it('do not count twice what a page knew before the stream', () => {
    const state = new PlainState(aliceState(), at(20));
    apply(state, posted(aMessage(21, 'bob', '21')));
    apply(state, posted(aMessage(22, 'bob', '22')));
    const page = [21, 22, 24].map((id) => aMessage(id, 'bob', `${id}`));
    takePage(state.openTimeline('general'), page, 24, 100);
    apply(state, read(23, 'alice', 21));
    expect(entry(state).unread).toBe(1);
    apply(state, posted(aMessage(24, 'bob', '24')));
    expect(entry(state).unread).toBe(2);
  });

  it('are of what alice marked unread, also from before she had an account', () => {
    const late = { ...aliceState(12), me: { ...anAccount('alice'), id: 15 } };
    const state = new PlainState(late, at(20));
    const page = [aMessage(10, 'bob', 'one'), aMessage(12, 'bob', 'two')];
    takePage(state.openTimeline('general'), page, 20, 100);
    apply(state, read(21, 'alice', 11));
    expect(entry(state)).toMatchObject({ unread: 1, isCountStale: false });
  });

  it('are asked for where only the server knows since when alice is there', () => {
    const { state } = aliceReading();
    const joined = { ...entry(state), is_default: false, unread: 1 };
    state.channels = [joined];
    apply(state, edited(21, 12, 'two again', ['alice']));
    expect(entry(state).isCountStale).toBe(true);
  });

  it('say that they are stale rather than guess about what is not held', () => {
    const state = new PlainState(aliceState(), at(20));
    for (const id of [21, 22]) apply(state, posted(aMessage(id, 'bob', `${id}`)));
    apply(state, deleted(23, 21));
    expect(entry(state).isCountStale).toBe(true);
  });
});

describe('everything else', () => {
  it('ends the typing of whoever posts', () => {
    const { state } = aliceReading();
    apply(state, { kind: 'typing', data: { channel: 'general', user: 'bob' } });
    expect(state.typing).toEqual(['bob']);
    apply(state, posted(aMessage(21, 'bob', 'done')));
    expect(state.typing).toEqual([]);
  });

  it('knows new people, channels and names', () => {
    const { state } = aliceReading();
    apply(state, {
      kind: 'account_created',
      cursor: at(21),
      data: { id: 21, username: 'bea', created_ts: 1 },
    });
    const ops = aChannel('ops', { id: 22, name: 'Ops' });
    apply(state, { kind: 'channel_created', cursor: at(22), data: { ...ops, by: 'bob' } });
    apply(state, {
      kind: 'channel_renamed',
      cursor: at(23),
      data: { channel: 'ops', name: 'Bridge' },
    });
    expect(state.users).toEqual(['alice', 'bea', 'bob', 'carol']);
    expect(state.channels.at(-1)).toMatchObject({ channel: 'ops', name: 'Bridge', unread: 0 });
  });

  it('moves presence and read markers', () => {
    const { state, timeline } = aliceReading();
    apply(state, { kind: 'presence', data: { users: { bob: 'idle' } } });
    const markers = { bob: { last_read_id: 12, last_read_ts: 1_700_000_012 } };
    apply(state, { kind: 'read_markers', data: { channel: 'general', markers } });
    expect(state.presence).toEqual({ bob: 'idle' });
    apply(state, { kind: 'presence', data: { users: { carol: 'active' }, whole: true } });
    expect(state.presence).toEqual({ carol: 'active' });
    expect(timeline.markers).toEqual(markers);
  });

  it('ignores kinds of a newer server and frames without an id', () => {
    expect(parseEvent({ event: 'message_sung', data: '{}', id: `${EPOCH}.1` })).toBeNull();
    expect(parseEvent({ event: 'toString', data: '{}', id: '' })).toBeNull();
    expect(parseEvent({ event: 'message_posted', data: '{}', id: '' })).toBeNull();
    expect(EVENT_KINDS).toHaveLength(41);
  });
});

it('says of a tombstone who made it, and nothing when its sender did', () => {
  const { state, timeline } = aliceReading();
  apply(state, deleted(21, 10, 'bob', 'carol'));
  apply(state, deleted(22, 12));
  expect(timeline.messages.map((message) => message.deleted_by)).toEqual(['carol', null]);
  expect(timeline.messages.every((message) => message.content === null)).toBe(true);
});
