import { completedChannel } from './completed';
import { segment, type Requests } from './request';
import type { Channel, DirectoryEntry, Level, NotificationLevel, Pin, ReadMarkers } from './schema';

/** What a new public channel is made of. */
export interface NewChannel {
  readonly channel: string;
  readonly name: string;
  readonly topic?: string;
  readonly description?: string;
  /** Everybody is in it; administrators only. */
  readonly is_default?: boolean;
}

export interface NewPrivateChannel {
  readonly name: string;
  readonly members?: readonly string[];
  readonly topic?: string;
}

/** The server looks for so many words at most; more of them find nothing else. */
const WORDS_MAX = 16;
/** A shorter page is the last. */
export const DIRECTORY_PAGE = 100;

function wordsOf(query: string): string {
  const words = new Set(query.split(/\s+/).filter(Boolean));
  return [...words].slice(0, WORDS_MAX).join(' ');
}

/** From where on new members see a private channel. */
export type HistoryFrom = 'join' | 'start';

export class ChannelsApi {
  constructor(private readonly requests: Requests) {}

  create(channel: NewChannel, client_msg_id: string): Promise<Channel> {
    return this.#channel('/channels', { ...channel, client_msg_id });
  }
  createPrivate(channel: NewPrivateChannel, client_msg_id: string): Promise<Channel> {
    return this.#channel('/private_channels/create', { ...channel, client_msg_id });
  }
  /** A page of `DIRECTORY_PAGE` by name, after the channel that ended the one before. */
  directory(query: string, archived = false, after?: string): Promise<DirectoryEntry[]> {
    return this.requests.get('/directory', {
      q: wordsOf(query) || undefined,
      archived: archived || undefined,
      after,
    });
  }
  /** The public channel of this address, archived or not; undefined where there is none. */
  async directoryEntry(channel: string): Promise<DirectoryEntry | undefined> {
    const [entry] = await this.requests.get<DirectoryEntry[]>('/directory', { channel });
    return entry;
  }
  join(channel: string, client_msg_id: string): Promise<Channel> {
    return this.#channel(`${path(channel)}/join`, { client_msg_id });
  }
  leave(channel: string, client_msg_id: string): Promise<void> {
    return this.requests.post(`${path(channel)}/leave`, { client_msg_id });
  }

  rename(channel: string, name: string, client_msg_id: string): Promise<Channel> {
    return this.#channel(`${path(channel)}/rename`, { name, client_msg_id });
  }
  setTopic(channel: string, topic: string, client_msg_id: string): Promise<Channel> {
    return this.#channel(`${path(channel)}/topic`, { topic, client_msg_id });
  }
  describe(channel: string, description: string, client_msg_id: string): Promise<Channel> {
    return this.#channel(`${path(channel)}/description`, { description, client_msg_id });
  }
  archive(channel: string, on: boolean, client_msg_id: string): Promise<Channel> {
    return this.#channel(`${path(channel)}/archive`, { on, client_msg_id });
  }
  /** Who may post; null for everybody. */
  setPosters(
    channel: string,
    users: readonly string[] | null,
    client_msg_id: string,
  ): Promise<Channel> {
    return this.#channel(`${path(channel)}/posters`, { users, client_msg_id });
  }

  /** The names of the others in it. */
  members(channel: string): Promise<string[]> {
    return this.requests.get(`/channel_members/${segment(channel)}`);
  }
  addMembers(
    channel: string,
    users: readonly string[],
    history: HistoryFrom,
    client_msg_id: string,
  ): Promise<Channel> {
    return this.#channel(`${path(channel)}/members`, { users, history, client_msg_id });
  }
  removeMember(channel: string, user: string, client_msg_id: string): Promise<Channel> {
    return this.#channel(`${path(channel)}/members/remove`, { user, client_msg_id });
  }
  handOver(channel: string, user: string, client_msg_id: string): Promise<Channel> {
    return this.#channel(`${path(channel)}/owner`, { user, client_msg_id });
  }

  /** Nobody named: notes to oneself. */
  openDirect(users: readonly string[], client_msg_id: string): Promise<Channel> {
    return this.#channel('/dms', { users, client_msg_id });
  }
  /** Hides it until there is a newer message. */
  closeDirect(channel: string, client_msg_id: string): Promise<void> {
    return this.requests.post('/dms/close', { channel, client_msg_id });
  }
  showDirect(channel: string, client_msg_id: string): Promise<void> {
    return this.requests.post('/dms/open', { channel, client_msg_id });
  }

  pins(channel: string): Promise<Pin[]> {
    return this.requests.get(`/pins/${segment(channel)}`);
  }
  markRead(channel: string, message_id: number): Promise<void> {
    return this.requests.post(`/mark_read/${segment(channel)}`, { message_id });
  }
  markAllRead(client_msg_id: string): Promise<void> {
    return this.requests.post('/mark_all_read', { client_msg_id });
  }
  readMarkers(channel: string): Promise<ReadMarkers> {
    return this.requests.get(`/read_markers/${segment(channel)}`);
  }
  typing(channel: string): Promise<void> {
    return this.requests.post(`/typing/${segment(channel)}`);
  }

  notifications(channel: string): Promise<NotificationLevel> {
    return this.requests.get(`/notifications/${segment(channel)}`);
  }
  setNotifications(
    channel: string,
    change: { level?: Level; muted?: boolean },
    client_msg_id: string,
  ): Promise<void> {
    return this.requests.post(`/notifications/${segment(channel)}`, { ...change, client_msg_id });
  }

  async #channel(route: string, body: object): Promise<Channel> {
    return completedChannel(await this.requests.post<Channel>(route, body));
  }
}

function path(channel: string): string {
  return `/channels/${segment(channel)}`;
}
