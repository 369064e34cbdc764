/**
 * How far others have read. Where few have, each is known by name, and what comes is what moved.
 * Of a crowd the server says how many have, and a few names: what comes is the whole, and takes the
 * place of what was held.
 */
import type { ReadMarkers } from '../api/schema';
import type { TimelineData } from './chat-state';

/** What the stream says has happened. */
export function foldMarkers(timeline: TimelineData, told: ReadMarkers): void {
  // Of a channel that is no crowd any more the counts go on telling about older messages.
  timeline.markers = told.counts ? told.markers : { ...timeline.markers, ...told.markers };
  timeline.readCounts = told.counts ?? timeline.readCounts;
}

/** An answer to what was asked; `before` are the counts that were held then. */
export function takeMarkers(
  timeline: TimelineData,
  answer: ReadMarkers,
  before: TimelineData['readCounts'],
): void {
  // The stream has told of the crowd meanwhile, and the answer may be older.
  if (timeline.readCounts !== before) return;
  if (answer.counts) return foldMarkers(timeline, answer);
  const later = Object.entries(answer.markers).filter(
    // A marker that came by the stream meanwhile may be the newer one.
    ([user, { last_read_ts }]) => (last_read_ts ?? 0) > (timeline.markers[user]?.last_read_ts ?? 0),
  );
  timeline.markers = { ...timeline.markers, ...Object.fromEntries(later) };
  timeline.readCounts = null;
}

/** How many of a crowd have read a message, at least: as many as the first place that is not before it. */
export function crowdThatRead(counts: TimelineData['readCounts'], id: number): number {
  let first = Infinity;
  for (const place of Object.keys(counts ?? {}).map(Number)) {
    if (place >= id && place < first) first = place;
  }
  return counts?.[first] ?? 0;
}
