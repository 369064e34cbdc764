import { channelPath, threadPath } from '../../routes';
import type { Chat } from '../../state/chat.svelte';

/** "#General", "bob", "a thread in #General"; the name on the wire where we are not in it any more. */
export function placeName(chat: Chat, channel: string, thread_id: number | null): string {
  const entry = chat.channelList.find(channel);
  const title = entry ? chat.channelList.titleOf(entry) : channel;
  const name = entry === undefined || entry.kind === 'direct' ? title : `#${title}`;
  return thread_id === null ? name : `a thread in ${name}`;
}

export function placePath(channel: string, thread_id: number | null): string {
  return thread_id === null ? channelPath(channel) : threadPath(channel, thread_id);
}
