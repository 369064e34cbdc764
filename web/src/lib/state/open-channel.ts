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

  constructor(
    private readonly pages: Pages,
    private readonly random: () => number,
  ) {}

  is(channel: string): boolean {
    return channel === this.#channel;
  }

  /** Loads its newest page if it is not held, and says where the new ones begin. */
  open(chat: Chat, channel: string): void {
    const entry = chat.channelList.find(channel);
    if (entry === undefined) return;
    const timeline = chat.timelineOf(channel) ?? chat.addTimeline(channel);
    if (!this.is(channel)) {
      this.letGo(chat);
      chat.marks.release(channel);
    }
    this.#channel = channel;
    timeline.newAfterId = chat.channelList.unreadOf(entry) > 0 ? (entry.last_read_id ?? 0) : null;
    if (!timeline.isLoaded) void this.pages.loadNewest(chat, timeline);
    void this.pages.loadReceipts(timeline);
    if (entry.pins.length > 0) void this.pages.loadPinners(chat, channel);
  }

  /** Another is on the screen, or none: only the newest messages are kept. */
  letGo(chat: Chat | null): void {
    const channel = this.#channel;
    this.#channel = null;
    if (chat === null || channel === null) return;
    chat.closeContext(channel);
    const timeline = chat.timelineOf(channel);
    if (timeline) trim(timeline, HELD_MESSAGES_MAX);
  }

  /** The stream is back, which does not repeat who has read how far. It is back for all at one moment, and no hurry is in it. */
  catchUp(chat: () => Chat | null): void {
    const load = () => {
      const timeline = this.#timelineIn(chat());
      if (timeline) void this.pages.loadReceipts(timeline);
    };
    setTimeout(load, spreadMs(1, this.random));
  }

  #timelineIn(chat: Chat | null): Timeline | undefined {
    return this.#channel === null ? undefined : chat?.timelineOf(this.#channel);
  }
}
