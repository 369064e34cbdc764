import type {
  ChannelsApi,
  HistoryFrom,
  NewChannel,
  NewPrivateChannel,
} from '../../api/channels-api';
import type { Channel, Level } from '../../api/schema';
import { once } from './once';

/** What people do to channels: make, join, arrange, leave them. */
export class ChannelsCommands {
  constructor(private readonly api: ChannelsApi) {}

  create(channel: NewChannel): Promise<Channel> {
    return once((key) => this.api.create(channel, key));
  }
  createPrivate(channel: NewPrivateChannel): Promise<Channel> {
    return once((key) => this.api.createPrivate(channel, key));
  }
  join(channel: string): Promise<Channel> {
    return once((key) => this.api.join(channel, key));
  }
  leave(channel: string): Promise<void> {
    return once((key) => this.api.leave(channel, key));
  }
  rename(channel: string, name: string): Promise<Channel> {
    return once((key) => this.api.rename(channel, name, key));
  }
  setTopic(channel: string, topic: string): Promise<Channel> {
    return once((key) => this.api.setTopic(channel, topic, key));
  }
  describe(channel: string, description: string): Promise<Channel> {
    return once((key) => this.api.describe(channel, description, key));
  }
  archive(channel: string, on: boolean): Promise<Channel> {
    return once((key) => this.api.archive(channel, on, key));
  }
  /** Who may post; null for everybody. */
  setPosters(channel: string, users: readonly string[] | null): Promise<Channel> {
    return once((key) => this.api.setPosters(channel, users, key));
  }
  addMembers(channel: string, users: readonly string[], history: HistoryFrom): Promise<Channel> {
    return once((key) => this.api.addMembers(channel, users, history, key));
  }
  removeMember(channel: string, user: string): Promise<Channel> {
    return once((key) => this.api.removeMember(channel, user, key));
  }
  handOver(channel: string, user: string): Promise<Channel> {
    return once((key) => this.api.handOver(channel, user, key));
  }
  /** Nobody named: notes to oneself. */
  openDirect(users: readonly string[]): Promise<Channel> {
    return once((key) => this.api.openDirect(users, key));
  }
  /** Hides it until there is a newer message. */
  closeDirect(channel: string): Promise<void> {
    return once((key) => this.api.closeDirect(channel, key));
  }
  showDirect(channel: string): Promise<void> {
    return once((key) => this.api.showDirect(channel, key));
  }
  markAllRead(): Promise<void> {
    return once((key) => this.api.markAllRead(key));
  }
  setNotifications(channel: string, change: { level?: Level; muted?: boolean }): Promise<void> {
    return once((key) => this.api.setNotifications(channel, change, key));
  }
}
