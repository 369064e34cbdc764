/** What the live stream says. Durable events carry a seq; signals do not and are not repeated. */
import type { Channel, Message, Presence, ReadMarker } from './schema';
import { parseCursor, type Cursor } from '../sync/cursor';

interface Durable<Kind extends string, Data> {
  readonly kind: Kind;
  readonly cursor: Cursor;
  readonly data: Data;
}

interface Signal<Kind extends string, Data> {
  readonly kind: Kind;
  readonly data: Data;
}

export type MessagePosted = Durable<'message_posted', Message>;
export type MessageEdited = Durable<
  'message_edited',
  { id: number; channel: string; content: string; mentions: string[]; edited_ts: number }
>;
export type MessageDeleted = Durable<
  'message_deleted',
  { id: number; channel: string; deleted_ts: number }
>;
export type MessageReacted = Durable<
  'message_reacted',
  { id: number; channel: string; emoji: string; user: string; on: boolean; reactions_ts: number }
>;

/** The events that happen to one message. */
export type MessageEvent = MessagePosted | MessageEdited | MessageDeleted | MessageReacted;

export type DurableEvent =
  | MessageEvent
  | Durable<'channel_created', Channel>
  | Durable<'channel_renamed', { channel: string; name: string }>
  | Durable<'account_created', { id: number; username: string; created_ts: number }>
  | Durable<
      'channel_read',
      { channel: string; user: string; last_read_id: number; last_read_ts: number }
    >;

export type SignalEvent =
  | Signal<'hello', { stream: string; cursor: string }>
  | Signal<'read_markers', { channel: string; markers: Record<string, ReadMarker> }>
  | Signal<'typing', { channel: string; user: string }>
  | Signal<'presence', { users: Record<string, Presence> }>
  | Signal<'resync', Record<string, never>>;

export type StreamEvent = DurableEvent | SignalEvent;
export type EventKind = StreamEvent['kind'];

/** Every kind, and whether it is durable. The type makes a forgotten kind a compile error. */
const EVENT_IS_DURABLE: Readonly<Record<EventKind, boolean>> = {
  message_posted: true,
  message_edited: true,
  message_deleted: true,
  message_reacted: true,
  channel_created: true,
  channel_renamed: true,
  account_created: true,
  channel_read: true,
  hello: false,
  read_markers: false,
  typing: false,
  presence: false,
  resync: false,
};

export const EVENT_KINDS = Object.keys(EVENT_IS_DURABLE) as EventKind[];

/**
 * Reads one frame. Null for a kind that this client does not know: a newer server may say more
 * than we understand, and what we do understand must go on.
 */
export function parseEvent(frame: { event: string; data: string; id: string }): StreamEvent | null {
  if (!Object.hasOwn(EVENT_IS_DURABLE, frame.event)) return null;
  const kind = frame.event as EventKind;
  const data: unknown = JSON.parse(frame.data);
  if (!EVENT_IS_DURABLE[kind]) return { kind, data } as SignalEvent;
  const cursor = parseCursor(frame.id);
  return cursor === null ? null : ({ kind, cursor, data } as DurableEvent);
}
