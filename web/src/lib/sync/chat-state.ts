/**
 * What the fold in `apply.ts` reads and writes, without a word of Svelte: the classes in `state/`
 * have these members as runes, the tests have them as plain objects. Lists and messages are
 * replaced, never changed in place, so that a screen redraws exactly what differs.
 */
import type {
  ChannelSummary,
  Dnd,
  Draft,
  Group,
  Message,
  Notification,
  Preferences,
  Presence,
  Profile,
  ReadMarker,
  Reminder,
  Scheduled,
  Settings,
  ThreadTotals,
} from '../api/schema';
import type { Cursor } from './cursor';
import type { Passed } from './questions';

/** A message of ours that the server has not confirmed yet: the local echo. */
export interface Echo {
  readonly client_msg_id: string;
  readonly channel: string;
  readonly text: string;
  readonly reply_to_id: number | null;
  /** The root of the thread that it goes to; null for the channel itself. */
  readonly thread_id: number | null;
  /** A reply in a thread that the channel shall see too. */
  readonly also_send_to_channel: boolean;
  /** Seconds, by this computer's clock: for showing only. */
  readonly ts: number;
  readonly status: 'sending' | 'failed';
  /** Why it failed, for its sender to read. */
  readonly reason: string | null;
}

/** Where markers are: a channel by its name, or a thread by its root. */
export type Place = string | number;

/** From `first_id` up to the next span, messages are held as they were at `as_of`. */
export interface Span {
  readonly first_id: number;
  readonly as_of: number;
}

/** The message at the head of a thread, as it was at `as_of`. */
export interface Root {
  readonly message: Message;
  readonly as_of: number;
}

/**
 * The part of the messages of one channel, or of the replies in one thread, that is held, without
 * holes and by rising id: up to the newest, except around a message that somebody went to.
 */
export interface TimelineData {
  readonly channel: string;
  /** Whose replies these are; null for the channel itself. */
  readonly thread_id: number | null;
  /** Of a thread: its root. */
  root: Root | null;
  messages: readonly Message[];
  /** By rising `first_id`. Empty until the first page is here. */
  spans: readonly Span[];
  hasOlder: boolean;
  /** Only around a message: what comes after the last one held was not loaded yet. */
  hasNewer: boolean;
  /** Older messages that held ones reply to, by id: for quoting only. */
  quoted: Readonly<Record<number, Message>>;
  /** A page is on its way: what it goes on from must stay. */
  isLoadingPage: boolean;
  /** How far others have read, by name: all of them, or of a crowd a few. */
  markers: Readonly<Record<string, ReadMarker>>;
  /** Of a crowd how many have read how far, as the server says; null where all are named. */
  readCounts: Readonly<Record<number, number>> | null;
}

export interface ChannelEntry extends ChannelSummary {
  /** The counts cannot be told from events alone any more; the server has to be asked. */
  readonly isCountStale: boolean;
  /** The seq up to which it is known from an answer: what happened until then is in it. */
  readonly as_of: number;
  /** When somebody last came or went, as far as is known. */
  readonly members_seq: number;
}

/** What is unread in the threads we follow, and which of them we know that we follow, or do not. */
export interface Followed extends ThreadTotals {
  /** By root: how many are unread in the threads of which we know that some are. */
  readonly unreadIn: Readonly<Record<number, number>>;
  readonly is: Readonly<Record<number, boolean>>;
  /** Threads that are not in there we do not follow. */
  readonly isWhole: boolean;
  /** By root: when somebody first replied there since the last answer, of threads of which we do not know it. */
  readonly doubted: Readonly<Record<number, number>>;
  /** The totals cannot be told from events alone any more; the server has to be asked. */
  readonly isStale: boolean;
  /** The seq up to which the totals are known from an answer. */
  readonly as_of: number;
}

/** When something last happened that concerns a list which is asked for: these only rise, as counts do not. */
export interface Changed {
  readonly mentions: number;
  readonly threads: number;
}

/** Notes, reminders, and what is not said yet. */
export interface LaterData {
  /** Ids, the newest save first. */
  saved: readonly number[];
  drafts: readonly Draft[];
  scheduled: readonly Scheduled[];
  reminders: readonly Reminder[];
  /** We came into a channel or left one: which of these are shown to us only the server knows. */
  isLaterStale: boolean;
}

/** Who people are, and what we have set. */
export interface PeopleData {
  users: readonly string[];
  /** By username. */
  profiles: readonly Profile[];
  groups: readonly Group[];
  settings: Settings;
  preferences: Preferences;
  keywords: readonly string[];
  do_not_disturb: Dnd;
}

export interface ChatState extends LaterData, PeopleData {
  readonly me: string;
  /** The seq of our account: what is older than we are arrived read. */
  readonly my_id: number;
  cursor: Cursor;
  /** What passes while an answer is on its way. */
  readonly passed: Passed;
  channels: readonly ChannelEntry[];
  followed: Followed;
  changed: Changed;
  /** By message: who pinned it, as far as somebody has asked or told. */
  pinners: Readonly<Record<number, string>>;
  echoes: readonly Echo[];
  /** Undefined where the channel was not opened. */
  timelineOf(channel: string): TimelineData | undefined;
  /** What else is held of a channel: opened threads, and the surroundings of one message. */
  asidesOf(channel: string): readonly TimelineData[];
  /** We are not in it any more: what is held of it goes. */
  dropTimelines(channel: string): void;
  /** Our own marker has moved, to the newest where `isAll`. */
  readTold(place: Place, last_read_id: number, isAll: boolean): void;
  /** It was moved back, here or on another screen of ours. */
  unreadTold(place: Place): void;
  /** A message notifies us. */
  notified(notification: Notification): void;
  /** How people are now; of a whole one whoever is not among them is offline. */
  presenceTold(users: Readonly<Record<string, Presence>>, isWhole: boolean): void;
  /** Somebody types; whoever implements this lets it expire. */
  typingStarted(channel: string, user: string): void;
  typingEnded(channel: string, user: string): void;
}
