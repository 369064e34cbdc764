import { describe, expect, it } from 'vitest';
import { aliceState, aMessage, at, edited, PlainState, posted } from '../../testing/people';
import { apply, applyAnswer } from './apply';
import { takeNewerPage, takePage } from './timeline-fold';

const LIMIT = 2;
const one = aMessage(10, 'bob', 'one');
const two = aMessage(11, 'bob', 'two');
const three = aMessage(12, 'carol', 'three');
const four = aMessage(13, 'carol', 'four');

/** Alice went to an old message by its link, as of seq 20; the newest are held beside it. */
function aliceFarBack() {
  const state = new PlainState(aliceState(), at(20));
  const live = state.openTimeline('general');
  takePage(live, [four], 20, 1);
  const context = state.openContext('general');
  takePage(context, [one, two], 20, LIMIT);
  return { state, live, context };
}

describe('the surroundings of an old message', () => {
  it('follow what happens to their messages', () => {
    const { state, context } = aliceFarBack();
    apply(state, edited(21, 11, 'two and a half'));
    expect(context.texts).toEqual(['one', 'two and a half']);
  });

  it('take in nothing new, which belongs behind what is not here', () => {
    const { state, live, context } = aliceFarBack();
    apply(state, posted(aMessage(21, 'bob', 'five')));
    applyAnswer(state, aMessage(22, 'alice', 'mine'));
    expect(context.texts).toEqual(['one', 'two']);
    expect(live.texts).toEqual(['four', 'five', 'mine']);
  });

  it('grow up to the newest, and are told of the rest from then on', () => {
    const { state, context } = aliceFarBack();
    takeNewerPage(context, [three, four], 20, LIMIT);
    expect(context.hasNewer).toBe(true);
    takeNewerPage(context, [], 20, LIMIT);
    expect(context.hasNewer).toBe(false);
    apply(state, posted(aMessage(21, 'bob', 'five')));
    expect(context.texts).toEqual(['one', 'two', 'three', 'four', 'five']);
  });

  it('miss nothing that passed while the last page was on its way, and double nothing', () => {
    const { state, context } = aliceFarBack();
    state.passed.expect(state.cursor);
    apply(state, posted(aMessage(21, 'bob', 'in the page')));
    apply(state, posted(aMessage(22, 'bob', 'after the page')));
    takeNewerPage(
      context,
      [aMessage(21, 'bob', 'in the page')],
      21,
      LIMIT,
      state.passed.after(21)!,
    );
    expect(context.texts).toEqual(['one', 'two', 'in the page', 'after the page']);
  });

  it('do not repeat what a page ahead of the stream knows already', () => {
    const { state, context } = aliceFarBack();
    state.passed.expect(state.cursor);
    takeNewerPage(context, [aMessage(21, 'bob', 'edited')], 22, LIMIT, state.passed.after(22)!);
    apply(state, posted(aMessage(21, 'bob', 'first')));
    apply(state, edited(22, 21, 'edited'));
    expect(context.texts).toEqual(['one', 'two', 'edited']);
  });
});
