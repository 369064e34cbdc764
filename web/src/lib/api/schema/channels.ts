/** Where people write. */

export type ChannelKind = 'public' | 'private' | 'direct';
export type Level = 'default' | 'all' | 'mentions' | 'none';

export interface Channel {
  readonly id: number;
  /** The slug, `private:7`, or `dm:` and the sorted names. */
  readonly channel: string;
  readonly kind: ChannelKind;
  readonly name: string;
  readonly created_ts: number;
  /** Sorted; null in a public channel. */
  readonly members: readonly string[] | null;
  readonly member_count: number;
  readonly topic: string;
  readonly description: string;
  /** A public channel in which everybody is, and which nobody leaves. */
  readonly is_default: boolean;
  readonly archived_ts: number | null;
  readonly owner: string | null;
  /** In an announcement channel only these, its owner and administrators post. */
  readonly posters: readonly string[] | null;
}

/** A channel with what its reader has and has not seen of it. */
export interface ChannelSummary extends Channel {
  readonly unread: number;
  readonly mentions: number;
  readonly last_read_id: number | null;
  readonly newest_id: number | null;
  /** The first id that we may see; 0 for all. */
  readonly history_start_id: number;
  readonly level: Level;
  readonly muted: boolean;
  /** A direct channel that was closed, until somebody writes in it. */
  readonly is_hidden: boolean;
  readonly pins: readonly number[];
}

/** A public channel as everybody may find it. */
export interface DirectoryEntry {
  readonly channel: string;
  readonly name: string;
  readonly topic: string;
  readonly description: string;
  readonly member_count: number;
  readonly is_member: boolean;
  readonly archived_ts: number | null;
  readonly created_ts: number;
}

export interface NotificationLevel {
  readonly level: Level;
  readonly muted: boolean;
}

/** How far another member has read. */
export interface ReadMarker {
  readonly last_read_id: number | null;
  readonly last_read_ts: number | null;
}

/** Who has read how far in a channel. */
export interface ReadMarkers {
  /** By username; beside `counts` a few who have read furthest. */
  readonly markers: Readonly<Record<string, ReadMarker>>;
  /** Of a crowd, by id: at least so many have read what is up to there and after the id before. */
  readonly counts?: Readonly<Record<number, number>>;
}
