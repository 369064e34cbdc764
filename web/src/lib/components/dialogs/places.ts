import type { Chat } from '../../state/chat.svelte';
import type { ChannelEntry } from '../../sync/chat-state';

/** Where something can be sent. */
export interface Place {
  readonly key: string;
  readonly title: string;
  /** What it is found by besides: the handles of people, the address of a channel. */
  readonly handles: string;
  /** Undefined for a person with whom there is no direct channel yet. */
  readonly entry?: ChannelEntry;
}

/** Every channel that we are in, and everybody else; where something happens lately first. */
export function placesOf(chat: Chat): readonly Place[] {
  const { open, direct } = chat.channelList;
  const entries = [...open, ...direct].sort((a, b) => (b.newest_id ?? 0) - (a.newest_id ?? 0));
  const channels = entries.map((entry): Place => ({
    key: entry.channel,
    title: chat.channelList.titleOf(entry),
    handles: entry.kind === 'direct' ? chat.channelList.othersIn(entry).join(' ') : entry.channel,
    entry,
  }));
  const known = new Set(direct.map((entry) => chat.channelList.othersIn(entry).join(' ')));
  const { profileList } = chat;
  const people = profileList.activeByName
    .filter((user) => user !== chat.me && !known.has(user))
    .map((user): Place => ({ key: `@${user}`, title: profileList.nameOf(user), handles: user }));
  return [...channels, ...people];
}
