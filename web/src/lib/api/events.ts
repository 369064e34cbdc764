/** What the live stream says. Durable events carry a seq; signals do not and are not repeated. */
import { parseCursor, type Cursor } from '../sync/cursor';
import { completedChannel, completedMessage, completedProfile } from './completed';
import type {
  Channel,
  Dnd,
  Draft,
  Group,
  Level,
  Message,
  Notification,
  Preferences,
  Presence,
  Profile,
  ReadMarkers,
  Reminder,
  Scheduled,
  Settings,
  Thread,
} from './schema';

interface Durable<Kind extends string, Data> {
  readonly kind: Kind;
  readonly cursor: Cursor;
  readonly data: Data;
}

interface Signal<Kind extends string, Data> {
  readonly kind: Kind;
  readonly data: Data;
}

/** With a reply comes what its root says of the thread from now on. */
export type Posted = Message & { readonly root_thread?: Thread };

export type MessagePosted = Durable<'message_posted', Posted>;
export type ThreadReplied = Durable<'thread_replied', Posted>;
export type MessageEdited = Durable<
  'message_edited',
  { id: number; channel: string; content: string; mentions: string[]; edited_ts: number }
>;
export type MessageDeleted = Durable<
  'message_deleted',
  {
    id: number;
    channel: string;
    deleted_ts: number;
    sender: string;
    /** Null when the sender did. */
    deleted_by: string | null;
  }
>;
export type MessageReacted = Durable<
  'message_reacted',
  { id: number; channel: string; emoji: string; user: string; on: boolean; reactions_ts: number }
>;
export type ThreadChanged = Durable<
  'thread_changed',
  { id: number; channel: string; thread: Thread | null }
>;
export type PollVoted = Durable<
  'poll_voted',
  { id: number; channel: string; user: string; options: number[] }
>;
export type PollClosed = Durable<'poll_closed', { id: number; channel: string; closed_ts: number }>;

/** The events that happen to one message, and are folded into timelines. */
export type MessageEvent =
  | MessagePosted
  | ThreadReplied
  | MessageEdited
  | MessageDeleted
  | MessageReacted
  | ThreadChanged
  | PollVoted
  | PollClosed;

export type ThreadEvent =
  | Durable<'thread_followed', { id: number; channel: string; on: boolean }>
  | Durable<'thread_read', { id: number; channel: string; last_read_id: number }>
  | Durable<'thread_unread', { id: number; channel: string; from_id: number }>;

/** Absolute values, usually one of them. */
type ChannelChange = { channel: string } & Partial<
  Pick<Channel, 'topic' | 'description' | 'archived_ts' | 'owner' | 'posters'>
>;

export type ChannelEvent =
  | Durable<'channel_created', Channel & { readonly by?: string }>
  | Durable<'channel_renamed', { channel: string; name: string }>
  | Durable<'channel_changed', ChannelChange>
  | Durable<'members_added', { channel: Channel; users: string[]; by: string }>
  | Durable<
      'member_removed',
      { channel: string; user: string; by: string; member_count: number | null }
    >
  | Durable<
      'message_pinned',
      { id: number; channel: string; user: string; on: boolean; pinned_ts: number }
    >
  | Durable<'notifications_changed', { channel: string; level: Level; muted: boolean }>
  | Durable<'direct_hidden', { channel: string; on: boolean }>
  | Durable<
      'channel_read',
      { channel: string; user: string; last_read_id: number; last_read_ts: number }
    >;

export type PeopleEvent =
  | Durable<'account_created', { id: number; username: string; created_ts: number }>
  | Durable<'profile_changed', Profile>
  | Durable<'account_changed', { username: string; is_admin: boolean; is_deactivated: boolean }>
  | Durable<'settings_changed', Settings>
  | Durable<'groups_changed', { groups: Group[] }>
  | Durable<'preferences_changed', { preferences: Preferences }>
  | Durable<'do_not_disturb_changed', Dnd>
  | Durable<'keywords_changed', { keywords: string[] }>;

export type LaterEvent =
  | Durable<'message_saved', { id: number; on: boolean; saved_ts: number }>
  | Durable<'draft_saved', Draft>
  | Durable<'message_scheduled', Scheduled>
  | Durable<'schedule_ended', { id: number; outcome: 'sent' | 'cancelled' }>
  | Durable<'reminder_set', Reminder>
  | Durable<'reminder_due', Reminder>
  | Durable<'reminder_ended', { id: number }>;

export type DurableEvent = MessageEvent | ThreadEvent | ChannelEvent | PeopleEvent | LaterEvent;

export type SignalEvent =
  | Signal<'hello', { stream: string; user: string; cursor: string }>
  | Signal<'read_markers', { channel: string } & ReadMarkers>
  | Signal<'typing', { channel: string; user: string }>
  /** Of a whole one whoever is not among them is offline. */
  | Signal<'presence', { users: Record<string, Presence>; whole?: boolean }>
  | Signal<'notify', Notification>
  | Signal<'resync', Record<string, never>>;

export type StreamEvent = DurableEvent | SignalEvent;
export type EventKind = StreamEvent['kind'];

/** Every kind, and whether it is durable. The type makes a forgotten kind a compile error. */
const EVENT_IS_DURABLE: Readonly<Record<EventKind, boolean>> = {
  message_posted: true,
  thread_replied: true,
  message_edited: true,
  message_deleted: true,
  message_reacted: true,
  thread_changed: true,
  thread_followed: true,
  thread_read: true,
  thread_unread: true,
  poll_voted: true,
  poll_closed: true,
  channel_created: true,
  channel_renamed: true,
  channel_changed: true,
  members_added: true,
  member_removed: true,
  message_pinned: true,
  notifications_changed: true,
  direct_hidden: true,
  channel_read: true,
  account_created: true,
  profile_changed: true,
  account_changed: true,
  settings_changed: true,
  groups_changed: true,
  preferences_changed: true,
  do_not_disturb_changed: true,
  keywords_changed: true,
  message_saved: true,
  draft_saved: true,
  message_scheduled: true,
  schedule_ended: true,
  reminder_set: true,
  reminder_due: true,
  reminder_ended: true,
  hello: false,
  read_markers: false,
  typing: false,
  presence: false,
  notify: false,
  resync: false,
};

export const EVENT_KINDS = Object.keys(EVENT_IS_DURABLE) as EventKind[];

/** All of them; one that is forgotten does not compile. */
const IS_OF_MESSAGE: Readonly<Record<MessageEvent['kind'], true>> = {
  message_posted: true,
  thread_replied: true,
  message_edited: true,
  message_deleted: true,
  message_reacted: true,
  thread_changed: true,
  poll_voted: true,
  poll_closed: true,
};

export function isMessageEvent(event: StreamEvent): event is MessageEvent {
  return Object.hasOwn(IS_OF_MESSAGE, event.kind);
}

/** Whether a frame of this kind has an id of its own. */
export function isDurable(kind: string): boolean {
  return EVENT_IS_DURABLE[kind as EventKind] === true;
}

/**
 * Reads one frame. Null for a kind that this client does not know: a newer server may say more
 * than we understand, and what we do understand must go on.
 */
export function parseEvent(frame: { event: string; data: string; id: string }): StreamEvent | null {
  if (!Object.hasOwn(EVENT_IS_DURABLE, frame.event)) return null;
  const kind = frame.event as EventKind;
  const data = completedData(kind, JSON.parse(frame.data));
  if (!EVENT_IS_DURABLE[kind]) return { kind, data } as SignalEvent;
  const cursor = parseCursor(frame.id);
  return cursor === null ? null : ({ kind, cursor, data } as DurableEvent);
}

function completedData(kind: EventKind, data: object): unknown {
  if (kind === 'message_posted' || kind === 'thread_replied') return completedMessage(data);
  if (kind === 'channel_created') return completedChannel(data);
  if (kind === 'profile_changed') return completedProfile(data);
  return data;
}
