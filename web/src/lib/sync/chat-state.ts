/**
 * What the fold in `apply.ts` reads and writes, without a word of Svelte: the classes in `state/`
 * have these members as runes, the tests have them as plain objects. Lists and messages are
 * replaced, never changed in place, so that a screen redraws exactly what differs.
 */
import type { MessageEvent } from '../api/events';
import type { ChannelSummary, Message, Presence, ReadMarker } from '../api/schema';
import type { Cursor } from './cursor';

/** A message of ours that the server has not confirmed yet: the local echo. */
export interface Echo {
  readonly client_msg_id: string;
  readonly channel: string;
  readonly text: string;
  readonly reply_to_id: number | null;
  /** Seconds, by this computer's clock: for showing only. */
  readonly ts: number;
  readonly status: 'sending' | 'failed';
  /** Why it failed, for its sender to read. */
  readonly reason: string | null;
}

/** From `first_id` up to the next span, messages are held as they were at `as_of`. */
export interface Span {
  readonly first_id: number;
  readonly as_of: number;
}

/** The part of one channel's messages that is held: the newest, without holes, by rising id. */
export interface TimelineData {
  readonly channel: string;
  messages: readonly Message[];
  /** By rising `first_id`. Empty until the first page is here. */
  spans: readonly Span[];
  hasOlder: boolean;
  /** Older messages that held ones reply to, by id: for quoting only. */
  quoted: Readonly<Record<number, Message>>;
  /** Events that passed while a page was on its way, oldest first; null when none is. */
  passed: MessageEvent[] | null;
  markers: Readonly<Record<string, ReadMarker>>;
}

export interface ChannelEntry extends ChannelSummary {
  /** The counts cannot be told from events alone any more; the server has to be asked. */
  readonly isCountStale: boolean;
}

export interface ChatState {
  readonly me: string;
  /** The seq of our account: what is older than we are arrived read. */
  readonly my_id: number;
  cursor: Cursor;
  users: readonly string[];
  channels: readonly ChannelEntry[];
  presence: Readonly<Record<string, Presence>>;
  echoes: readonly Echo[];
  /** Undefined where the channel was not opened. */
  timelineOf(channel: string): TimelineData | undefined;
  /** Somebody types; whoever implements this lets it expire. */
  typingStarted(channel: string, user: string): void;
  typingEnded(channel: string, user: string): void;
}
