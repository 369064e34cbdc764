/**
 * Unread counts as events change them. A count is of messages after the read marker, by others,
 * not deleted. Where events alone cannot tell (a marker in the middle of what is not held, the
 * deletion of a message not held) the count is marked stale and asked for again. It stays so until
 * the answer: of a channel that we have just come into more than the count is unknown.
 */
import { completedSummary } from '../api/completed';
import type { MessageEvent } from '../api/events';
import type { Channel, ChannelSummary, Message } from '../api/schema';
import type { ChannelEntry, ChatState, TimelineData } from './chat-state';

/** Whose counts they are. */
type Reader = Pick<ChatState, 'me' | 'my_id'>;

export const EVERYONE = '@everyone';
/** The content type of notices. */
export const SYSTEM = 'system';

/** True when the message names the user, or everyone. */
export function namesUser(message: { mentions: readonly string[] }, user: string): boolean {
  return message.mentions.includes(user) || message.mentions.includes(EVERYONE);
}

/** Ours are read when they are written, and notices never ask to be read. */
export function isCounted(message: Message, me: string): boolean {
  return message.sender !== me && !message.deleted && message.content_type !== SYSTEM;
}

/** A channel as the server tells it, and what it answers for. */
export function asEntry(summary: ChannelSummary, as_of = 0): ChannelEntry {
  return { ...summary, isCountStale: false, as_of, members_seq: as_of };
}

/** A channel that nobody has read yet. */
export function freshEntry(channel: Channel): ChannelEntry {
  return asEntry(completedSummary(channel));
}

/** One that may have a history: what of it is unread only the server knows. */
export function unknownEntry(channel: Channel): ChannelEntry {
  return { ...freshEntry(channel), isCountStale: true };
}

/** After a message was posted. One that was counted already changes nothing. */
export function countPosted(entry: ChannelEntry, message: Message, me: string): ChannelEntry {
  if (message.id <= (entry.newest_id ?? 0)) return entry;
  const newest_id = message.id;
  if (!isCounted(message, me)) return { ...entry, newest_id };
  const mentions = entry.mentions + (namesUser(message, me) ? 1 : 0);
  return { ...entry, newest_id, unread: entry.unread + 1, mentions };
}

/** After our own read marker moved, here or on another screen of ours. */
export function countRead(
  entry: ChannelEntry,
  last_read_id: number,
  timeline: TimelineData | undefined,
  reader: Reader,
): ChannelEntry {
  const moved = { ...entry, last_read_id };
  if (last_read_id >= (entry.newest_id ?? 0)) {
    return { ...moved, unread: 0, mentions: 0 };
  }
  return recount(moved, timeline, reader);
}

/** After an edit or a deletion was folded into the timeline, if it is held. */
export function countAmended(
  entry: ChannelEntry,
  event: MessageEvent,
  timeline: TimelineData | undefined,
  reader: Reader,
): ChannelEntry {
  const wasRead = event.data.id <= (readUpTo(entry, reader) ?? 0);
  // Everybody hears of it, and whoever does not hold the message would ask. A count that is stale stays so.
  const isNothing =
    event.kind === 'message_edited' && entry.mentions === 0 && !namesUser(event.data, reader.me);
  return wasRead || entry.unread === 0 || isNothing ? entry : recount(entry, timeline, reader);
}

/**
 * The last message that counts as read: where our marker stands, however old the message. Without
 * one, what was said before we came arrived read; null where only the server knows when that was.
 */
export function readUpTo(entry: ChannelEntry, { my_id }: Pick<Reader, 'my_id'>): number | null {
  if (entry.last_read_id !== null) return entry.last_read_id;
  if (entry.is_default) return my_id;
  // Who opens a direct channel brings all its people with them.
  if (entry.kind === 'direct') return entry.id;
  return entry.history_start_id > 0 ? entry.history_start_id : null;
}

function recount(
  entry: ChannelEntry,
  timeline: TimelineData | undefined,
  reader: Reader,
): ChannelEntry {
  const { me } = reader;
  const marker = readUpTo(entry, reader);
  const oldestHeld = timeline?.messages[0]?.id ?? Infinity;
  if (timeline === undefined || timeline.spans.length === 0 || marker === null)
    return { ...entry, isCountStale: true };
  if (timeline.hasOlder && oldestHeld > marker) return { ...entry, isCountStale: true };

  // A page may be ahead of the stream: what the stream has yet to post is counted then.
  const newest = entry.newest_id ?? 0;
  const unread = timeline.messages.filter(
    (message) => message.id > marker && message.id <= newest && isCounted(message, me),
  );
  const mentions = unread.filter((message) => namesUser(message, me)).length;
  return { ...entry, unread: unread.length, mentions };
}
