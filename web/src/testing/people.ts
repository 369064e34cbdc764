/** Named people and their messages for the tests. */
import type { DurableEvent } from '../lib/api/events';
import type {
  Account,
  Channel,
  Message,
  Notification,
  Profile,
  State,
  Thread,
} from '../lib/api/schema';
import type { ChatState, Echo, TimelineData } from '../lib/sync/chat-state';
import { followedAtFirst } from '../lib/sync/apply-threads';
import { Passed, type Landed } from '../lib/sync/questions';
import { asEntry } from '../lib/sync/unread';
import type { Cursor } from '../lib/sync/cursor';

export const EPOCH = 'e1';

export function at(seq: number): Cursor {
  return { epoch: EPOCH, seq };
}

/** An answer that nothing has overtaken. */
export function landed<T>(value: T, seq: number): Landed<T> {
  return { value, seq, passed: [] };
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
    deleted_by: null,
    unreadable: false,
    incomplete: false,
    reply_to_id: null,
    reactions: {},
    reaction_order: [],
    reactions_ts: null,
    mentions: [],
    filename: null,
    files: [],
    metadata: null,
    client_msg_id: null,
    thread_id: null,
    thread: null,
    forward: null,
    poll: null,
    ...rest,
  };
}

/** What a root says after `replies` replies, the last of which is `last_reply_id`. */
export function aThread(replies: number, last_reply_id: number, participants = ['bob']): Thread {
  return { replies, participants, last_reply_id, last_reply_ts: 1_700_000_000 + last_reply_id };
}

/** A reply in the thread of `thread_id`, with what its root then says. */
export function replied(
  message: Message & { readonly thread_id: number },
  root_thread: Thread,
): DurableEvent {
  return { kind: 'thread_replied', cursor: at(message.id), data: { ...message, root_thread } };
}

export function aChannel(channel: string, rest: Partial<Channel> = {}): Channel {
  return {
    id: 1,
    channel,
    kind: 'public',
    name: channel,
    created_ts: 1_700_000_000,
    members: null,
    member_count: 3,
    topic: '',
    description: '',
    is_default: true,
    archived_ts: null,
    owner: null,
    posters: null,
    ...rest,
  };
}

/** A private channel of these people; the first of them owns it. */
export function aPrivateChannel(channel: string, members: readonly string[]): Channel {
  const { length } = members;
  const owner = members[0] ?? null;
  return aChannel(channel, {
    id: 7,
    kind: 'private',
    members,
    member_count: length,
    is_default: false,
    owner,
  });
}

export function aProfile(username: string, rest: Partial<Profile> = {}): Profile {
  return {
    username,
    display_name: null,
    name_color: null,
    pronouns: null,
    time_zone: null,
    bio: null,
    status: null,
    is_admin: false,
    is_deactivated: false,
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

export function deleted(
  seq: number,
  id: number,
  sender = 'bob',
  deleted_by: string | null = null,
): DurableEvent {
  const deleted_ts = 1_700_000_000 + seq;
  const data = { id, channel: 'general', deleted_ts, sender, deleted_by };
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
        ...aChannel('general', { name: 'General' }),
        unread: 0,
        mentions: 0,
        last_read_id,
        newest_id: last_read_id,
        history_start_id: 0,
        level: 'default',
        muted: false,
        is_hidden: false,
        pins: [],
      },
    ],
    presence: {},
    override: null,
    limits: { message_chars_max: 10_000, typing_seconds: 5 },
    moderation: true,
    people: ['alice', 'bob', 'carol'].map((name) => aProfile(name)),
    groups: [],
    preferences: {},
    do_not_disturb: { enabled: false, from: '22:00', to: '07:00', days: [], until_ts: null },
    keywords: [],
    saved: [],
    drafts: [],
    scheduled: [],
    reminders: [],
    threads: { unread: 0, mentions: 0, unread_in: {}, followed: null },
    settings: { signup: 'open', edit_history: 'everyone' },
  };
}

export class PlainTimeline implements TimelineData {
  root: TimelineData['root'] = null;
  messages: readonly Message[] = [];
  spans: TimelineData['spans'] = [];
  hasOlder = false;
  hasNewer = false;
  quoted: TimelineData['quoted'] = {};
  isLoadingPage = false;
  markers: TimelineData['markers'] = {};
  readCounts: TimelineData['readCounts'] = null;
  constructor(
    readonly channel: string,
    readonly thread_id: number | null = null,
  ) {}

  get texts(): (string | null)[] {
    return this.messages.map((message) => message.content);
  }
}

/** The chat state as plain objects: what the classes with runes are to the screen. */
export class PlainState implements ChatState {
  readonly me: string;
  readonly my_id: number;
  users: readonly string[];
  profiles: ChatState['profiles'];
  groups: ChatState['groups'];
  settings: ChatState['settings'];
  preferences: ChatState['preferences'];
  keywords: ChatState['keywords'];
  do_not_disturb: ChatState['do_not_disturb'];
  saved: ChatState['saved'];
  drafts: ChatState['drafts'];
  scheduled: ChatState['scheduled'];
  reminders: ChatState['reminders'];
  isLaterStale = false;
  followed: ChatState['followed'];
  readonly passed = new Passed();
  changed = { mentions: 0, threads: 0 };
  pinners: ChatState['pinners'] = {};
  readonly notifications: Notification[] = [];
  channels: ChatState['channels'];
  presence: State['presence'];
  echoes: readonly Echo[] = [];
  typing: string[] = [];
  readonly timelines = new Map<string, PlainTimeline>();
  threads: readonly PlainTimeline[] = [];
  contexts: readonly PlainTimeline[] = [];

  constructor(
    state: State,
    public cursor: Cursor,
  ) {
    this.me = state.me.username;
    this.my_id = state.me.id;
    this.users = state.users;
    this.channels = state.channels.map((summary) => asEntry(summary));
    this.presence = state.presence;
    this.profiles = state.people;
    this.groups = state.groups;
    this.settings = state.settings;
    this.preferences = state.preferences;
    this.keywords = state.keywords;
    this.do_not_disturb = state.do_not_disturb;
    this.saved = state.saved;
    this.drafts = state.drafts;
    this.scheduled = state.scheduled;
    this.reminders = state.reminders;
    this.followed = followedAtFirst(state.threads, cursor);
  }

  timelineOf(channel: string): PlainTimeline | undefined {
    return this.timelines.get(channel);
  }
  asidesOf(channel: string): readonly PlainTimeline[] {
    const asides = [...this.threads, ...this.contexts];
    return asides.filter((aside) => aside.channel === channel);
  }
  dropTimelines(channel: string): void {
    this.timelines.delete(channel);
    this.threads = this.threads.filter((thread) => thread.channel !== channel);
  }
  readTold(): void {}
  unreadTold(): void {}
  notified(notification: Notification): void {
    this.notifications.push(notification);
  }
  presenceTold(users: State['presence'], isWhole: boolean): void {
    this.presence = { ...(isWhole ? {} : this.presence), ...users };
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

  openContext(channel: string): PlainTimeline {
    const context = new PlainTimeline(channel);
    context.hasNewer = true;
    this.contexts = [...this.contexts, context];
    return context;
  }

  openThread(channel: string, root_id: number): PlainTimeline {
    const thread = new PlainTimeline(channel, root_id);
    this.threads = [...this.threads, thread];
    return thread;
  }
}
