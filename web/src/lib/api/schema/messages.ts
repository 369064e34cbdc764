/** What people wrote, and what became of it. */

/** Emoji name -> the users who reacted with it, in the order in which they did. */
export type Reactions = Readonly<Record<string, readonly string[]>>;

/** What a root message says of the replies under it. */
export interface Thread {
  readonly replies: number;
  /** The first twenty, in the order of their first reply. */
  readonly participants: readonly string[];
  readonly last_reply_id: number;
  readonly last_reply_ts: number;
}

export interface PollOption {
  readonly text: string;
  readonly voters: readonly string[];
}

export interface Poll {
  readonly question: string;
  readonly options: readonly PollOption[];
  readonly is_multiple: boolean;
  /** When it will close by itself. */
  readonly closes_ts: number | null;
  /** When it was closed. */
  readonly closed_ts: number | null;
}

/** A message carried over from another channel. */
export interface Forward {
  readonly id: number;
  /** Named only when it is a public one. */
  readonly channel: string | null;
  readonly sender: string;
  readonly ts: number;
  readonly content: string;
}

/** A message as it is now. Never changed in place: an event makes a new one. */
export interface Message {
  readonly id: number;
  readonly channel: string;
  readonly sender: string;
  /** Null in a tombstone, and where it cannot be read. */
  readonly content: string | null;
  /** `system` for a notice about the channel. */
  readonly content_type: string;
  readonly ts: number;
  readonly edited: boolean;
  readonly edited_ts: number | null;
  readonly deleted: boolean;
  readonly deleted_ts: number | null;
  /** The administrator or owner who deleted it; null when its sender did. */
  readonly deleted_by: string | null;
  readonly reply_to_id: number | null;
  readonly reactions: Reactions;
  /** The names in `reactions` in the order in which they came: an object puts `100` first. */
  readonly reaction_order: readonly string[];
  readonly reactions_ts: number | null;
  /** Names, or `@everyone`. */
  readonly mentions: readonly string[];
  readonly filename: string | null;
  readonly files: readonly unknown[];
  readonly metadata: unknown;
  readonly client_msg_id: string | null;
  /** The root of the thread in which it is a reply. */
  readonly thread_id: number | null;
  /** On a root that has replies. */
  readonly thread: Thread | null;
  readonly forward: Forward | null;
  readonly poll: Poll | null;
  /** The log is damaged where it stands, or its last edit: nobody knows what it says. */
  readonly unreadable: boolean;
  /** The log is damaged at something about it: a quote, a reaction, a vote or a reply may be missing. */
  readonly incomplete: boolean;
}

/** A pinned message, shortened. */
export interface Pin {
  readonly id: number;
  readonly channel: string;
  readonly content: string | null;
  readonly filename: string | null;
  readonly sender: string;
  readonly ts: number;
  readonly pinned_by: string;
  readonly pinned_ts: number;
  readonly unreadable?: boolean;
}

export interface SavedMessage {
  readonly message: Message;
  readonly saved_ts: number;
}

/** One page of a thread, with how far we have read in it. */
export interface ThreadPage {
  /** Of the root. */
  readonly id: number;
  /** Null for who came after it was said, and sees the replies only. */
  readonly root: Message | null;
  readonly replies: readonly Message[];
  readonly following: boolean;
  readonly last_read_id: number | null;
  readonly unread: number;
}

/** A thread that we follow. */
export interface FollowedThread {
  /** Of the root. */
  readonly id: number;
  readonly channel: string;
  /** As in a page. */
  readonly root: Message | null;
  readonly unread: number;
  readonly mentions: number;
  readonly last_read_id: number | null;
  readonly last_reply_ts: number;
}

/** What a message once said. */
export interface Version {
  /** Null where it cannot be read. */
  readonly content: string | null;
  readonly ts: number;
}

/** Somebody who has read a message. */
export interface Receipt {
  readonly user: string;
  readonly last_read_ts: number;
}

/** Whether a message notifies us, and why. */
export interface Explanation {
  readonly notifies: boolean;
  readonly reason: string;
  readonly explanation: string;
}

/** A message that notifies us, as the stream says at once. */
export interface Notification {
  readonly id: number;
  readonly channel: string;
  readonly thread_id: number | null;
  readonly sender: string;
  readonly content: string;
  readonly reason: string;
}
