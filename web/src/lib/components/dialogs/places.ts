import type { Chat } from '../../state/chat.svelte';
import type { ChannelEntry } from '../../sync/chat-state';

/** Where something can be sent. */
export interface Place {
  readonly key: string;
  readonly title: string;
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
    entry,
  }));
  const known = new Set(direct.map((entry) => chat.channelList.titleOf(entry)));
  const people = chat.profileList.active
    .filter((name) => name !== chat.me && !known.has(name))
    .map((name): Place => ({ key: `@${name}`, title: name }));
  return [...channels, ...people];
}
