import { expect, it } from 'vitest';
import type { ReadMarkers } from '../api/schema';
import { PlainTimeline } from '../../testing/people';
import { foldMarkers, heldMarkers, takeMarkers } from './read-markers';

const marker = (last_read_id: number) => ({ last_read_id, last_read_ts: last_read_id });

/** #general, of which it is known how far these have read; asked for, and told of meanwhile. */
function answered(
  known: ReadMarkers['markers'],
  meanwhile: ReadMarkers['markers'],
  answer: ReadMarkers['markers'],
) {
  const timeline = new PlainTimeline('general');
  foldMarkers(timeline, { markers: known });
  const held = heldMarkers(timeline);
  if (Object.keys(meanwhile).length > 0) foldMarkers(timeline, { markers: meanwhile });
  takeMarkers(timeline, { markers: answer }, held);
  return timeline.markers;
}

it('an answer says how far bob has read, also where he has marked something as unread', () => {
  expect(answered({ bob: marker(21) }, {}, { bob: marker(20) })).toEqual({ bob: marker(20) });
  expect(answered({}, {}, { bob: marker(20) })).toEqual({ bob: marker(20) });
});

it('what the stream has told meanwhile is newer, forward or back', () => {
  const bob = { bob: marker(21) };
  expect(answered(bob, { bob: marker(22) }, bob)).toEqual({ bob: marker(22) });
  expect(answered(bob, { bob: marker(20) }, bob)).toEqual({ bob: marker(20) });
  expect(answered({}, { bob: marker(22) }, {})).toEqual({ bob: marker(22) });
});

it('who is not in it has read nothing there any more', () => {
  expect(answered({ bob: marker(21), carol: marker(21) }, {}, { carol: marker(21) })).toEqual({
    carol: marker(21),
  });
});
