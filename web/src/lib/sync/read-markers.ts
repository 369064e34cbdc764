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

/** What is known of how far others have read. */
export type HeldMarkers = Pick<TimelineData, 'markers' | 'readCounts'>;

/** As it is now: to be kept while the server is asked. */
export function heldMarkers({ markers, readCounts }: TimelineData): HeldMarkers {
  return { markers, readCounts };
}

/** An answer to what was asked; `before` is what was held then. */
export function takeMarkers(
  timeline: TimelineData,
  answer: ReadMarkers,
  before: HeldMarkers,
): void {
  // The stream has told of the crowd meanwhile, and the answer may be older.
  if (timeline.readCounts !== before.readCounts) return;
  if (answer.counts) return foldMarkers(timeline, answer);
  // What came by the stream meanwhile is newer than the answer: forward, or back to what is unread again.
  const isNews = ([user]: readonly [string, unknown]) =>
    timeline.markers[user] !== before.markers[user];
  const asked = Object.entries(answer.markers).filter((one) => !isNews(one));
  const news = Object.entries(timeline.markers).filter(isNews);
  timeline.markers = Object.fromEntries([...asked, ...news]);
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
