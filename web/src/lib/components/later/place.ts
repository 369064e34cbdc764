import { channelPath, threadPath } from '../../routes';
import type { Chat } from '../../state/chat.svelte';

/** "#General", "Board", "bob", "a thread in #General". */
export function placeName(chat: Chat, channel: string, thread_id: number | null): string {
  const entry = chat.channelList.find(channel);
  if (entry === undefined) return 'a channel that you are not in';
  const name = chat.channelList.labelOf(entry);
  return thread_id === null ? name : `a thread in ${name}`;
}

export function placePath(channel: string, thread_id: number | null): string {
  return thread_id === null ? channelPath(channel) : threadPath(channel, thread_id);
}
