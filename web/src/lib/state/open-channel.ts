import type { ReadMarkers } from '../api/schema';
import { spreadMs } from '../sync/backoff';
import { trim } from '../sync/timeline-fold';
import type { Chat } from './chat.svelte';
import type { Pages } from './pages';
import type { Timeline } from './timeline.svelte';

/** Of a channel that is not on the screen. The rest is loaded again when somebody scrolls there. */
const HELD_MESSAGES_MAX = 200;

/** The channel on the screen: what is asked for when one comes to it, and kept when one leaves. */
export class OpenChannel {
  #channel: string | null = null;
  #catchingUp: ReturnType<typeof setTimeout> | undefined;

  constructor(
    private readonly pages: Pages,
    private readonly chat: () => Chat | null,
    private readonly random: () => number,
  ) {}

  is(channel: string): boolean {
    return channel === this.#channel;
  }

  /** Loads its newest page if it is not held, and says where the new ones begin. */
  open(channel: string): void {
    const chat = this.chat();
    const entry = chat?.channelList.find(channel);
    if (chat === null || entry === undefined) return;
    const timeline = chat.timelineOf(channel) ?? chat.addTimeline(channel);
    if (!this.is(channel)) {
      this.letGo();
      chat.marks.release(channel);
    }
    this.#channel = channel;
    timeline.newAfterId = chat.channelList.unreadOf(entry) > 0 ? (entry.last_read_id ?? 0) : null;
    if (!timeline.isLoaded) void this.pages.loadNewest(chat, timeline);
    void this.pages.loadReceipts(timeline);
    if (entry.pins.length > 0) void this.pages.loadPinners(chat, channel);
  }

  /** Another is on the screen, or none: only the newest messages are kept. */
  letGo(): void {
    const chat = this.chat();
    const channel = this.#channel;
    this.#channel = null;
    if (chat === null || channel === null) return;
    chat.closeContext(channel);
    const timeline = chat.timelineOf(channel);
    if (timeline) trim(timeline, HELD_MESSAGES_MAX);
  }

  /** Names have come where a crowd was only counted: it is none any more, and the counts of it are old. */
  markersTold({ channel, counts }: ReadMarkers & { readonly channel: string }): void {
    if (counts === undefined && this.is(channel) && this.#timeline?.readCounts) this.catchUp();
  }

  /** The stream does not repeat who has read how far. All miss it at one moment, and no hurry is in it. */
  catchUp(): void {
    this.#catchingUp ??= setTimeout(
      () => {
        this.#catchingUp = undefined;
        if (this.#timeline) void this.pages.loadReceipts(this.#timeline);
      },
      spreadMs(1, this.random),
    );
  }

  get #timeline(): Timeline | undefined {
    return this.#channel === null ? undefined : this.chat()?.timelineOf(this.#channel);
  }
}
