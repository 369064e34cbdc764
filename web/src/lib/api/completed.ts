/**
 * Fills in what another version of the server does not say, so that everything behind the door can
 * rely on the types. The only place that knows of absent fields.
 */
import type {
  Channel,
  ChannelSummary,
  Emoji,
  FollowedThread,
  Message,
  Profile,
  State,
  ThreadPage,
} from './schema';

/** As it may come: some of the fields. */
type Some<T> = Partial<T>;

export function completedMessage(message: Some<Message>): Message {
  return {
    reaction_order: Object.keys(message.reactions ?? {}),
    thread_id: null,
    thread: null,
    forward: null,
    poll: null,
    deleted_by: null,
    // Said only where it is so.
    unreadable: false,
    incomplete: false,
    ...message,
  } as Message;
}

export function completedEmoji(emoji: Some<Emoji>): Emoji {
  return { aliases: [], ...emoji } as Emoji;
}

export function completedThread(page: ThreadPage): ThreadPage {
  return { ...page, root: completedRoot(page.root), replies: page.replies.map(completedMessage) };
}

export function completedFollowed(thread: FollowedThread): FollowedThread {
  return { ...thread, root: completedRoot(thread.root) };
}

function completedRoot(root: Message | null): Message | null {
  return root === null ? null : completedMessage(root);
}

export function completedChannel(channel: Some<Channel>): Channel {
  return {
    members: null,
    member_count: channel.members?.length ?? 0,
    topic: '',
    description: '',
    // A server that does not say knows only public channels in which everybody is.
    is_default: channel.kind === 'public',
    archived_ts: null,
    owner: null,
    posters: null,
    ...channel,
  } as Channel;
}

export function completedSummary(summary: Some<ChannelSummary>): ChannelSummary {
  return {
    unread: 0,
    mentions: 0,
    last_read_id: null,
    newest_id: null,
    history_start_id: 0,
    level: 'default',
    muted: false,
    is_hidden: false,
    pins: [],
    ...summary,
    ...completedChannel(summary),
  };
}

export function completedProfile(profile: Some<Profile>): Profile {
  return {
    display_name: null,
    name_color: null,
    pronouns: null,
    time_zone: null,
    bio: null,
    status: null,
    is_admin: false,
    is_deactivated: false,
    ...profile,
  } as Profile;
}

export function completed(state: Some<State>): State {
  const { me } = state;
  const people = (state.users ?? []).map((username) =>
    completedProfile({ username, is_admin: username === me?.username && me.is_admin }),
  );
  return {
    people,
    groups: [],
    preferences: {},
    do_not_disturb: { enabled: false, from: '22:00', to: '07:00', days: [], until_ts: null },
    keywords: [],
    saved: [],
    drafts: [],
    scheduled: [],
    reminders: [],
    // A server that does not say has no such right.
    moderation: false,
    settings: { signup: 'open', edit_history: 'everyone' },
    ...state,
    threads: { unread: 0, mentions: 0, unread_in: {}, followed: null, ...state.threads },
    channels: (state.channels ?? []).map(completedSummary),
  } as State;
}
