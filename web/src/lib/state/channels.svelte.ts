import type { ChannelSummary } from '../api/schema';
import type { ChannelEntry } from '../sync/chat-state';
import { asEntry } from '../sync/unread';

/** The channels of this person, and what is unread in them. */
export class ChannelsState {
  list = $state.raw<readonly ChannelEntry[]>([]);

  /** What we asked to be marked as read, per channel: its event may be a second away. */
  #marked = $state.raw<Readonly<Record<string, number>>>({});

  /** Public and private ones together, without the archived. */
  readonly open = $derived(
    this.list.filter((entry) => entry.kind !== 'direct' && entry.archived_ts === null),
  );
  readonly public = $derived(this.open.filter((entry) => entry.kind === 'public'));
  readonly private = $derived(this.open.filter((entry) => entry.kind === 'private'));
  /** Newest activity first; a channel opened but not yet written to counts from its opening. */
  readonly direct = $derived(
    this.list
      .filter((entry) => entry.kind === 'direct' && !entry.is_hidden)
      .sort((a, b) => (b.newest_id ?? b.id) - (a.newest_id ?? a.id)),
  );
  /** What asks for attention: not what was muted. */
  readonly unread = $derived(this.#sum((entry) => this.unreadOf(entry)));
  readonly mentions = $derived(this.#sum((entry) => this.mentionsOf(entry)));

  constructor(
    summaries: readonly ChannelSummary[],
    private readonly me: string,
    /** What people are called: the username where nothing better is chosen. */
    private readonly nameOf: (user: string) => string = (user) => user,
  ) {
    this.list = summaries.map(asEntry);
  }

  find(channel: string): ChannelEntry | undefined {
    return this.list.find((entry) => entry.channel === channel);
  }

  isMarked(entry: ChannelEntry): boolean {
    return (this.#marked[entry.channel] ?? 0) >= (entry.newest_id ?? 0);
  }
  mark(channel: string, message_id: number): void {
    this.#marked = { ...this.#marked, [channel]: message_id };
  }
  /** What was read shall count again. */
  unmark(channel: string): void {
    this.mark(channel, 0);
  }

  unreadOf(entry: ChannelEntry): number {
    return this.isMarked(entry) ? 0 : entry.unread;
  }
  mentionsOf(entry: ChannelEntry): number {
    return this.isMarked(entry) ? 0 : entry.mentions;
  }

  /** The others in a direct channel; everybody in it, if that is only us. */
  othersIn(entry: ChannelEntry): readonly string[] {
    const members = entry.members ?? [];
    const others = members.filter((name) => name !== this.me);
    return others.length > 0 ? others : members;
  }

  titleOf(entry: ChannelEntry): string {
    return entry.kind === 'direct' ? this.othersIn(entry).map(this.nameOf).join(', ') : entry.name;
  }

  #sum(of: (entry: ChannelEntry) => number): number {
    return this.list.reduce((sum, entry) => sum + (entry.muted ? 0 : of(entry)), 0);
  }
}
