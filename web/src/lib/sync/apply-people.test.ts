import { expect, it } from 'vitest';
import type { DurableEvent } from '../api/events';
import { aliceState, aProfile, at, PlainState } from '../../testing/people';
import { apply } from './apply';

function alice() {
  return new PlainState(aliceState(), at(20));
}

it('knows a new account as a person, and what they make of themselves', () => {
  const state = alice();
  const born = { id: 21, username: 'bea', created_ts: 1 };
  apply(state, { kind: 'account_created', cursor: at(21), data: born });
  expect(state.profiles.map((one) => one.username)).toEqual(['alice', 'bea', 'bob', 'carol']);
  const bea = aProfile('bea', { display_name: 'Beatrice' });
  apply(state, { kind: 'profile_changed', cursor: at(22), data: bea });
  expect(state.profiles[1]).toEqual(bea);
  const role = { username: 'bea', is_admin: true, is_deactivated: true };
  apply(state, { kind: 'account_changed', cursor: at(23), data: role });
  expect(state.profiles[1]).toEqual({ ...bea, is_admin: true, is_deactivated: true });
});

it('follows groups, settings and what alice sets on another screen', () => {
  const state = alice();
  const devs = { id: 21, handle: 'devs', name: 'Developers', members: ['bob'] };
  const dnd = { enabled: true, from: '23:00', to: '06:00', days: [1], until_ts: null };
  const story: DurableEvent[] = [
    { kind: 'groups_changed', cursor: at(21), data: { groups: [devs] } },
    {
      kind: 'settings_changed',
      cursor: at(22),
      data: { signup: 'invite', edit_history: 'nobody' },
    },
    { kind: 'preferences_changed', cursor: at(23), data: { preferences: { theme: 'dark' } } },
    { kind: 'do_not_disturb_changed', cursor: at(24), data: dnd },
    { kind: 'keywords_changed', cursor: at(25), data: { keywords: ['bread'] } },
  ];
  story.forEach((event) => apply(state, event));
  expect(state.groups).toEqual([devs]);
  expect(state.settings).toEqual({ signup: 'invite', edit_history: 'nobody' });
  expect(state.preferences).toEqual({ theme: 'dark' });
  expect(state.do_not_disturb).toEqual(dnd);
  expect(state.keywords).toEqual(['bread']);
});

it('hands on what notifies alice', () => {
  const state = alice();
  const data = {
    id: 21,
    channel: 'general',
    thread_id: null,
    sender: 'bob',
    content: '@alice',
    reason: 'mention',
  };
  apply(state, { kind: 'notify', data });
  expect(state.notifications).toEqual([data]);
});
