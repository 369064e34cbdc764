import type { Message, ReadMarker } from '../api/schema';
import type { Root, Span, TimelineData } from '../sync/chat-state';
import { crowdThatRead } from '../sync/read-markers';

/** What is held of one channel's messages, or of one thread's replies, and how the person looks at them. */
export class Timeline implements TimelineData {
  root = $state.raw<Root | null>(null);
  messages = $state.raw<readonly Message[]>([]);
  spans = $state.raw<readonly Span[]>([]);
  hasOlder = $state(false);
  hasNewer = $state(false);
  quoted = $state.raw<Readonly<Record<number, Message>>>({});
  markers = $state.raw<Readonly<Record<string, ReadMarker>>>({});
  readCounts = $state.raw<TimelineData['readCounts']>(null);

  /** Why the last page could not be loaded; null when nothing is wrong. */
  failure = $state<string | null>(null);
  isLoadingPage = $state(false);

  /** Where the new messages began when the person came: the last one read, 0 for none. */
  newAfterId = $state<number | null>(null);
  editingId = $state<number | null>(null);
  /** The message that somebody jumped to, for as long as it shines. */
  flashedId = $state<number | null>(null);

  readonly isLoaded = $derived(this.spans.length > 0);
  readonly newestId = $derived(this.messages.at(-1)?.id ?? 0);

  constructor(
    readonly channel: string,
    readonly thread_id: number | null = null,
  ) {}

  find(id: number): Message | undefined {
    if (this.root?.message.id === id) return this.root.message;
    return this.messages.findLast((message) => message.id === id);
  }

  /** For quoting: held, or fetched for this. */
  findQuoted(id: number): Message | undefined {
    return this.find(id) ?? this.quoted[id];
  }

  /** A poll stays as it is. */
  lastEditable(me: string): Message | undefined {
    return this.messages.findLast(
      (message) => message.sender === me && !message.deleted && message.poll === null,
    );
  }

  /** The others who have read as far as this message, as far as they are known by name. */
  readersOf(message: Message): readonly string[] {
    return Object.entries(this.markers)
      .filter(([user, marker]) => {
        return user !== message.sender && (marker.last_read_ts ?? 0) >= message.ts;
      })
      .map(([user]) => user);
  }

  /** How many others have read as far as a message of ours, at least; `last_read_id` is how far we have. */
  countReadersOf(message: Message, last_read_id: number | null): number {
    const isCounted = (last_read_id ?? 0) >= message.id;
    const crowd = crowdThatRead(this.readCounts, message.id) - (isCounted ? 1 : 0);
    return Math.max(crowd, this.readersOf(message).length);
  }
}
