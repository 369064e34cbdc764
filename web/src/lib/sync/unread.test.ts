import { describe, expect, it } from 'vitest';
import {
  aliceState,
  aMessage,
  at,
  deleted,
  edited,
  PlainState,
  posted,
} from '../../testing/people';
import { apply } from './apply';

/** Alice has read nothing, holds nothing, and hears three messages of bob. */
function aliceWhoHasUnread(mentions: string[] = []): PlainState {
  const state = new PlainState(aliceState(), at(20));
  for (const id of [21, 22]) apply(state, posted(aMessage(id, 'bob', 'hi')));
  apply(state, posted(aMessage(23, 'bob', 'and you?', { mentions })));
  return state;
}

describe('a message that is unread and not held', () => {
  it('changes no count when it is edited and neither named us nor does now', () => {
    const state = aliceWhoHasUnread();
    apply(state, edited(24, 22, 'hello', ['carol']));
    expect(state.channels[0]).toMatchObject({ unread: 3, mentions: 0, isCountStale: false });
  });

  it('is counted anew when it is edited and names us, or may have named us', () => {
    const named = aliceWhoHasUnread();
    apply(named, edited(24, 22, 'hello', ['alice']));
    expect(named.channels[0]).toMatchObject({ isCountStale: true });
    const namedBefore = aliceWhoHasUnread(['alice']);
    apply(namedBefore, edited(24, 23, 'and who?'));
    expect(namedBefore.channels[0]).toMatchObject({ isCountStale: true });
  });

  it('is counted anew when it is deleted', () => {
    const state = aliceWhoHasUnread();
    apply(state, deleted(24, 22));
    expect(state.channels[0]).toMatchObject({ isCountStale: true });
  });

  it('leaves what is to be asked for as it is', () => {
    const state = aliceWhoHasUnread();
    apply(state, deleted(24, 22));
    apply(state, edited(25, 21, 'hello'));
    expect(state.channels[0]).toMatchObject({ isCountStale: true });
  });
});
