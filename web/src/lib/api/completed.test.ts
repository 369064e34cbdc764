import { expect, it } from 'vitest';
import { aliceState, aMessage } from '../../testing/people';
import { completed, completedMessage } from './completed';
import { parseEvent } from './events';

it('gives alice a whole state although her server knows only channels and people', () => {
  const { me, users, presence, override, limits } = aliceState();
  const general = { id: 1, channel: 'general', kind: 'public', name: 'General', members: null };
  const old = { me, users, presence, override, limits, channels: [general] };
  const state = completed(JSON.parse(JSON.stringify(old)));
  expect(state.people.map((profile) => profile.username)).toEqual(['alice', 'bob', 'carol']);
  expect(state.channels[0]).toMatchObject({ is_default: true, pins: [], level: 'default' });
  expect(state.threads).toEqual({ unread: 0, mentions: 0, unread_in: {}, followed: null });
});

it('changes nothing of what the server does say', () => {
  const state = aliceState();
  expect(completed(state)).toEqual(state);
  const reply = aMessage(21, 'bob', 'yes', { thread_id: 10 });
  expect(completedMessage(reply)).toEqual(reply);
});

it('completes a message that comes by the stream', () => {
  const data = JSON.stringify({ id: 21, channel: 'general', sender: 'bob', content: 'hi' });
  const event = parseEvent({ event: 'message_posted', data, id: 'e1.21' });
  expect(event?.data).toMatchObject({ id: 21, thread_id: null, poll: null });
});
