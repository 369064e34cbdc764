/** Named people and their messages for the tests. */
import type { DurableEvent } from '../lib/api/events';
import type { Account, Message, State } from '../lib/api/schema';
import type { ChatState, Echo, TimelineData } from '../lib/sync/chat-state';
import { asEntry } from '../lib/sync/unread';
import type { Cursor } from '../lib/sync/cursor';

export const EPOCH = 'e1';

export function at(seq: number): Cursor {
  return { epoch: EPOCH, seq };
}

export function aMessage(
  id: number,
  sender: string,
  content: string,
  rest: Partial<Message> = {},
): Message {
  return {
    id,
    channel: 'general',
    sender,
    content,
    content_type: 'text',
    ts: 1_700_000_000 + id,
    edited: false,
    edited_ts: null,
    deleted: false,
    deleted_ts: null,
    reply_to_id: null,
    reactions: {},
    reactions_ts: null,
    mentions: [],
    filename: null,
    files: [],
    metadata: null,
    client_msg_id: null,
    ...rest,
  };
}

export function posted(message: Message): DurableEvent {
  return { kind: 'message_posted', cursor: at(message.id), data: message };
}

export function edited(
  seq: number,
  id: number,
  content: string,
  mentions: string[] = [],
): DurableEvent {
  const data = { id, channel: 'general', content, mentions, edited_ts: 1_700_000_000 + seq };
  return { kind: 'message_edited', cursor: at(seq), data };
}

export function deleted(seq: number, id: number): DurableEvent {
  const data = { id, channel: 'general', deleted_ts: 1_700_000_000 + seq };
  return { kind: 'message_deleted', cursor: at(seq), data };
}

export function reacted(
  seq: number,
  id: number,
  user: string,
  on: boolean,
  emoji = 'heart',
): DurableEvent {
  const data = { id, channel: 'general', emoji, user, on, reactions_ts: 1_700_000_000 + seq };
  return { kind: 'message_reacted', cursor: at(seq), data };
}

export function read(seq: number, user: string, last_read_id: number): DurableEvent {
  const data = { channel: 'general', user, last_read_id, last_read_ts: 1_700_000_000 + seq };
  return { kind: 'channel_read', cursor: at(seq), data };
}

export function anAccount(username: string): Account {
  return { id: 1, username, is_admin: false, created_ts: 1_700_000_000 };
}

/** Alice's screen with #general, read up to `last_read_id`, nothing opened yet. */
export function aliceState(last_read_id: number | null = null): State {
  return {
    me: anAccount('alice'),
    users: ['alice', 'bob', 'carol'],
    channels: [
      {
        id: 1,
        channel: 'general',
        kind: 'public',
        name: 'General',
        created_ts: 1_700_000_000,
        members: null,
        unread: 0,
        mentions: 0,
        last_read_id,
        newest_id: last_read_id,
      },
    ],
    presence: {},
    override: null,
    limits: { message_chars_max: 10_000, typing_seconds: 5 },
  };
}

export class PlainTimeline implements TimelineData {
  messages: readonly Message[] = [];
  spans: TimelineData['spans'] = [];
  hasOlder = false;
  quoted: TimelineData['quoted'] = {};
  passed: TimelineData['passed'] = null;
  markers: TimelineData['markers'] = {};
  constructor(readonly channel: string) {}

  get texts(): (string | null)[] {
    return this.messages.map((message) => message.content);
  }
}

/** The chat state as plain objects: what the classes with runes are to the screen. */
export class PlainState implements ChatState {
  readonly me: string;
  readonly my_id: number;
  users: readonly string[];
  channels: ChatState['channels'];
  presence: ChatState['presence'];
  echoes: readonly Echo[] = [];
  typing: string[] = [];
  readonly timelines = new Map<string, PlainTimeline>();

  constructor(
    state: State,
    public cursor: Cursor,
  ) {
    this.me = state.me.username;
    this.my_id = state.me.id;
    this.users = state.users;
    this.channels = state.channels.map(asEntry);
    this.presence = state.presence;
  }

  timelineOf(channel: string): PlainTimeline | undefined {
    return this.timelines.get(channel);
  }
  typingStarted(_channel: string, user: string): void {
    this.typing = [...this.typing, user];
  }
  typingEnded(_channel: string, user: string): void {
    this.typing = this.typing.filter((name) => name !== user);
  }

  openTimeline(channel: string): PlainTimeline {
    const timeline = new PlainTimeline(channel);
    this.timelines.set(channel, timeline);
    return timeline;
  }
}
