/**
 * The shapes on the wire, as docs/api.md states them. Times are Unix seconds, ids are the `seq`
 * of the event that made the thing.
 */

export type Presence = 'active' | 'idle' | 'hidden' | 'offline';
export type Override = 'active' | 'idle' | 'offline';
export type ChannelKind = 'public' | 'private' | 'direct';

export interface Account {
  id: number;
  username: string;
  is_admin: boolean;
  created_ts: number;
}

/** Emoji name -> the users who reacted with it, in the order in which they did. */
export type Reactions = Readonly<Record<string, readonly string[]>>;

/** A message as it is now. Never changed in place: an event makes a new one. */
export interface Message {
  readonly id: number;
  readonly channel: string;
  readonly sender: string;
  /** Null in a tombstone. */
  readonly content: string | null;
  readonly content_type: string;
  readonly ts: number;
  readonly edited: boolean;
  readonly edited_ts: number | null;
  readonly deleted: boolean;
  readonly deleted_ts: number | null;
  readonly reply_to_id: number | null;
  readonly reactions: Reactions;
  readonly reactions_ts: number | null;
  /** Names, or `@everyone`. */
  readonly mentions: readonly string[];
  readonly filename: string | null;
  readonly files: readonly unknown[];
  readonly metadata: unknown;
  readonly client_msg_id: string | null;
}

export interface Channel {
  readonly id: number;
  /** The slug, or `dm:` and the sorted names. */
  readonly channel: string;
  readonly kind: ChannelKind;
  readonly name: string;
  readonly created_ts: number;
  /** Null in a public channel: everybody. */
  readonly members: readonly string[] | null;
}

/** A channel with what its reader has and has not seen of it. */
export interface ChannelSummary extends Channel {
  readonly unread: number;
  readonly mentions: number;
  readonly last_read_id: number | null;
  readonly newest_id: number | null;
}

export interface Limits {
  readonly message_chars_max: number;
  readonly typing_seconds: number;
}

/** The answer of `GET /state`: all that a screen needs to start, at one cursor. */
export interface State {
  readonly me: Account;
  readonly users: readonly string[];
  readonly channels: readonly ChannelSummary[];
  readonly presence: Readonly<Record<string, Presence>>;
  readonly override: Override | null;
  readonly limits: Limits;
}

export interface Emoji {
  readonly name: string;
  readonly char: string;
  readonly group: string;
}

/** How far another member has read. */
export interface ReadMarker {
  readonly last_read_id: number | null;
  readonly last_read_ts: number | null;
}
