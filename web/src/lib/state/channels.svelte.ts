import { completedChannel } from '../api/completed';
import type { ChannelSummary } from '../api/schema';
import { directChannel } from '../routes';
import type { ChannelEntry } from '../sync/chat-state';
import { asEntry, unknownEntry } from '../sync/unread';
import type { Marks } from './marks.svelte';

/** The channels of this person, and what is unread in them. */
export class ChannelsState {
  list = $state.raw<readonly ChannelEntry[]>([]);

  /** Direct channels that we are opening: written in already, and in no list until the server has them. */
  #opening = $state.raw<readonly ChannelEntry[]>([]);

  /** Those of everybody first, as they were made; then by name. */
  readonly public = $derived(this.#named('public'));
  readonly private = $derived(this.#named('private'));
  /** Public and private ones together, without the archived. */
  readonly open = $derived([...this.public, ...this.private]);
  /** Nobody writes in them any more. */
  readonly archived = $derived(
    this.list
      .filter((entry) => entry.kind !== 'direct' && entry.archived_ts !== null)
      .sort((a, b) => a.name.localeCompare(b.name)),
  );
  /** Newest activity first; a channel opened but not yet written to counts from its opening. */
  readonly direct = $derived(
    this.list
      .filter((entry) => entry.kind === 'direct' && !entry.is_hidden)
      .sort((a, b) => (b.newest_id ?? b.id) - (a.newest_id ?? a.id)),
  );
  /** What asks for attention: not what was muted, nor what was closed. */
  readonly unread = $derived(this.#sum((entry) => this.unreadOf(entry)));
  /** Mentions, and every direct message: that speaks to us whether it says our name or not. */
  readonly calls = $derived(
    this.#sum((entry) => (entry.kind === 'direct' ? this.unreadOf(entry) : this.mentionsOf(entry))),
  );
  readonly mentions = $derived(this.#sum((entry) => this.mentionsOf(entry)));

  constructor(
    summaries: readonly ChannelSummary[],
    private readonly me: string,
    private readonly marks: Marks,
    /** What people are called: the username where nothing better is chosen. */
    private readonly nameOf: (user: string) => string = (user) => user,
  ) {
    this.list = summaries.map((summary) => asEntry(summary));
  }

  find(channel: string): ChannelEntry | undefined {
    return this.list.find((entry) => entry.channel === channel);
  }

  /** One that is still being opened. */
  findOpening(channel: string): ChannelEntry | undefined {
    return this.#opening.find((entry) => entry.channel === channel);
  }
  /** Begins to open the direct channel with these people; the result is its name. */
  beginOpening(users: readonly string[]): string {
    const members = [...new Set([...users, this.me])].sort();
    const channel = directChannel(members);
    const isThere = this.find(channel) ?? this.findOpening(channel);
    if (isThere === undefined) {
      const name = members.join(', ');
      const about = { id: 0, channel, kind: 'direct', name, members, created_ts: 0 } as const;
      this.#opening = [...this.#opening, unknownEntry(completedChannel(about))];
    }
    return channel;
  }
  endOpening(channel: string): void {
    this.#opening = this.#opening.filter((entry) => entry.channel !== channel);
  }

  /** What we have just read counts no more, though its event may be a second away. */
  unreadOf(entry: ChannelEntry): number {
    return this.#isMarked(entry) ? 0 : entry.unread;
  }
  mentionsOf(entry: ChannelEntry): number {
    return this.#isMarked(entry) ? 0 : entry.mentions;
  }

  /** The others in a direct channel; everybody in it, if that is only us. */
  othersIn(entry: ChannelEntry): readonly string[] {
    const members = entry.members ?? [];
    const others = members.filter((name) => name !== this.me);
    return others.length > 0 ? others : members;
  }

  /** A direct channel of nobody but us. */
  isNotes(entry: ChannelEntry): boolean {
    return entry.kind === 'direct' && entry.members?.length === 1;
  }

  titleOf(entry: ChannelEntry): string {
    if (entry.kind !== 'direct') return entry.name;
    if (this.isNotes(entry)) return 'Notes to self';
    return this.othersIn(entry).map(this.nameOf).join(', ');
  }

  /** Its name in a sentence: public ones are known by their `#`. */
  labelOf(entry: ChannelEntry): string {
    return entry.kind === 'public' ? `#${entry.name}` : this.titleOf(entry);
  }

  #isMarked({ channel, newest_id }: ChannelEntry): boolean {
    return this.marks.askedFor(channel) >= (newest_id ?? 0);
  }

  #named(kind: ChannelEntry['kind']): readonly ChannelEntry[] {
    return this.list
      .filter((entry) => entry.kind === kind && entry.archived_ts === null)
      .sort((a, b) => {
        if (a.is_default && b.is_default) return a.id - b.id;
        return Number(b.is_default) - Number(a.is_default) || a.name.localeCompare(b.name);
      });
  }

  #sum(of: (entry: ChannelEntry) => number): number {
    const isQuiet = (entry: ChannelEntry) => entry.muted || entry.is_hidden;
    return this.list.reduce((sum, entry) => sum + (isQuiet(entry) ? 0 : of(entry)), 0);
  }
}
