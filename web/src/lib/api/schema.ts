/**
 * The shapes on the wire, as docs/api.md states them. Times are Unix seconds, ids are the `seq`
 * of the event that made the thing.
 */
import type { Settings } from './schema/admin';
import type { ChannelSummary } from './schema/channels';
import type { Draft, Reminder, Scheduled } from './schema/later';
import type {
  Account,
  Dnd,
  Group,
  Override,
  Preferences,
  Presence,
  Profile,
} from './schema/people';

export type * from './schema/admin';
export type * from './schema/channels';
export type * from './schema/later';
export type * from './schema/messages';
export type * from './schema/people';

export interface Limits {
  readonly message_chars_max: number;
  readonly typing_seconds: number;
}

/** What is unread in the threads that we follow. */
export interface ThreadTotals {
  readonly unread: number;
  readonly mentions: number;
}

/** The same, and which threads we follow. */
export interface ThreadsState extends ThreadTotals {
  /** Of those where anything is unread how much, by root. */
  readonly unread_in: Readonly<Record<number, number>>;
  /** The roots; null when they are too many. */
  readonly followed: readonly number[] | null;
}

/** The answer of `GET /state`: all that a screen needs to start, at one cursor. */
export interface State {
  readonly me: Account;
  readonly users: readonly string[];
  readonly channels: readonly ChannelSummary[];
  readonly presence: Readonly<Record<string, Presence>>;
  readonly override: Override | null;
  readonly limits: Limits;
  /** Whether administrators and owners of channels may delete what others said there. */
  readonly moderation: boolean;
  /** All accounts, sorted by username. */
  readonly people: readonly Profile[];
  readonly groups: readonly Group[];
  readonly preferences: Preferences;
  readonly do_not_disturb: Dnd;
  readonly keywords: readonly string[];
  /** The ids of saved messages. */
  readonly saved: readonly number[];
  readonly drafts: readonly Draft[];
  readonly scheduled: readonly Scheduled[];
  readonly reminders: readonly Reminder[];
  readonly threads: ThreadsState;
  readonly settings: Settings;
}

export interface Emoji {
  readonly name: string;
  readonly char: string;
  readonly group: string;
  /** What Slack and GitHub call it; one may be the `name` of another, and then means this one in a text. */
  readonly aliases: readonly string[];
}
