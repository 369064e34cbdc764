/** Folds what happens to channels: who is in them, what they are called, how we look at them. */
import type { ChannelEvent } from '../api/events';
import type { Channel } from '../api/schema';
import type { ChannelEntry, ChatState } from './chat-state';
import { leftChannel } from './apply-threads';
import { countRead, freshEntry, readUpTo, unknownEntry } from './unread';

export function applyChannelEvent(state: ChatState, event: ChannelEvent): void {
  const { seq } = event.cursor;
  switch (event.kind) {
    case 'channel_created':
      if (isIn(event.data, state.me)) addChannel(state, createdEntry(event.data, state.me));
      return;
    case 'members_added':
      return membersAdded(state, seq, event.data.channel, event.data.users);
    case 'member_removed':
      return memberRemoved(state, seq, event.data);
    case 'channel_renamed':
    case 'channel_changed': {
      const { channel, ...change } = event.data;
      return withChannel(state, seq, channel, (entry) => ({ ...entry, ...change }));
    }
    case 'message_pinned': {
      const { id, channel, user, on } = event.data;
      state.pinners = { ...state.pinners, [id]: user };
      return withChannel(state, seq, channel, (entry) => {
        const others = entry.pins.filter((pin) => pin !== id);
        return { ...entry, pins: on ? [id, ...others] : others };
      });
    }
    case 'notifications_changed': {
      const { channel, level, muted } = event.data;
      return withChannel(state, seq, channel, (entry) => ({ ...entry, level, muted }));
    }
    case 'direct_hidden': {
      const { channel, on } = event.data;
      return withChannel(state, seq, channel, (entry) => ({ ...entry, is_hidden: on }));
    }
    case 'channel_read':
      return channelRead(state, seq, event.data);
  }
}

/** Changes a channel by what happened at `seq`, unless an answer that is held knew it already. */
export function withChannel(
  state: ChatState,
  seq: number,
  channel: string,
  change: (entry: ChannelEntry) => ChannelEntry,
): void {
  const place = state.channels.findIndex((entry) => entry.channel === channel);
  const entry = state.channels[place];
  if (entry === undefined || seq <= entry.as_of) return;
  state.channels = state.channels.with(place, change(entry));
}

/** Everybody is in a default channel; whoever made another public one is its first member. */
function isIn(channel: Channel, me: string): boolean {
  return channel.is_default || channel.owner === me || (channel.members?.includes(me) ?? false);
}

/** What somebody else opened and nobody wrote in is not listed yet. */
function createdEntry({ by, ...channel }: Channel & { by?: string }, me: string): ChannelEntry {
  return { ...freshEntry(channel), is_hidden: channel.kind === 'direct' && (by ?? me) !== me };
}

function addChannel(state: ChatState, entry: ChannelEntry): void {
  if (state.channels.some((one) => one.channel === entry.channel)) return;
  state.channels = [...state.channels, entry];
}

function membersAdded(
  state: ChatState,
  seq: number,
  channel: Channel,
  users: readonly string[],
): void {
  if (!users.includes(state.me)) {
    return withChannel(state, seq, channel.channel, (entry) => ({
      ...entry,
      ...channel,
      members_seq: seq,
    }));
  }
  // What was said there before we came, and what of it is unread, only the server knows. A replay
  // of its making may have brought it already: it tells of the channel as it is now.
  withChannel(state, seq, channel.channel, (entry) => ({ ...entry, isCountStale: true }));
  addChannel(state, unknownEntry(channel));
  state.isLaterStale = true;
}

interface MemberRemoved {
  readonly channel: string;
  readonly user: string;
  /** Null for whoever is gone. */
  readonly member_count: number | null;
}

function memberRemoved(
  state: ChatState,
  seq: number,
  { channel, user, member_count }: MemberRemoved,
): void {
  if (user === state.me) {
    state.channels = state.channels.filter((entry) => entry.channel !== channel);
    state.isLaterStale = true;
    leftChannel(state);
    return state.dropTimelines(channel);
  }
  withChannel(state, seq, channel, (entry) => ({
    ...entry,
    members: entry.members?.filter((name) => name !== user) ?? null,
    member_count: member_count ?? entry.member_count,
    members_seq: seq,
    owner: entry.owner === user ? null : entry.owner,
  }));
}

function channelRead(
  state: ChatState,
  seq: number,
  { channel, user, last_read_id }: { channel: string; user: string; last_read_id: number },
): void {
  if (user !== state.me) return;
  const entry = state.channels.find((one) => one.channel === channel);
  const isAll = last_read_id >= (entry?.newest_id ?? 0);
  // A marker moves on, or it is moved back; where it was set back to where it stands it stays.
  const isBack = !isAll && entry !== undefined && last_read_id <= (readUpTo(entry, state) ?? 0);
  // An answer may have known it, and what came after it too.
  if (isBack && seq > entry.as_of) state.unreadTold(channel);
  else state.readTold(channel, last_read_id, isAll);
  withChannel(state, seq, channel, (before) =>
    countRead(before, last_read_id, state.timelineOf(channel), state),
  );
}
