import type { ApiClient, Read } from '../api/client';
import { asProblem } from '../api/problem';
import type { Message } from '../api/schema';
import { learnFollowed } from '../sync/apply-threads';
import { expectPage, forgetPage, takePage, takeRoot } from '../sync/timeline-fold';
import type { Chat } from './chat.svelte';
import type { Timeline } from './timeline.svelte';

const PAGE_MESSAGES = 100;
/** How far back a jump may lead: beyond, searching is quicker than scrolling. */
const JUMP_PAGES_MAX = 20;
/** An answer is behind the stream only in a rush; in a long one the quote may be a moment old. */
const QUOTE_ATTEMPTS_MAX = 3;

/** Brings pages of messages into timelines. How they fit the stream is in `sync/timeline-fold.ts`. */
export class Pages {
  constructor(
    private readonly api: ApiClient,
    /** A page of another history: the server was restored, and all that we hold is void. */
    private readonly onotherhistory: () => void,
  ) {}

  loadNewest(chat: Chat, timeline: Timeline): Promise<void> {
    const { channel, thread_id } = timeline;
    return this.#load(chat, timeline, () =>
      thread_id === null
        ? this.api.messages.newest(channel, PAGE_MESSAGES)
        : this.#openThread(chat, timeline, thread_id),
    );
  }

  async loadOlder(chat: Chat, timeline: Timeline): Promise<void> {
    const oldest = timeline.messages[0];
    if (!timeline.hasOlder || oldest === undefined) return;
    const { channel, thread_id } = timeline;
    await this.#load(chat, timeline, async () => {
      if (thread_id === null) return this.api.messages.older(channel, oldest.id, PAGE_MESSAGES);
      const { value, cursor } = await this.api.threads.older(thread_id, oldest.id, PAGE_MESSAGES);
      return { value: value.replies, cursor };
    });
  }

  /** Asks again for the page that could not be loaded. */
  async retry(chat: Chat, timeline: Timeline): Promise<void> {
    await (timeline.isLoaded ? this.loadOlder(chat, timeline) : this.loadNewest(chat, timeline));
  }

  /** Loads back as far as message `id`. True when it is held. */
  async reach(chat: Chat, timeline: Timeline, id: number): Promise<boolean> {
    for (let page = 0; page < JUMP_PAGES_MAX; page += 1) {
      const oldestId = timeline.messages[0]?.id ?? 0;
      if (oldestId <= id || !timeline.hasOlder || timeline.failure !== null) break;
      await this.loadOlder(chat, timeline);
    }
    return timeline.find(id) !== undefined;
  }

  /** Fetches one older message to quote it. */
  async loadQuoted(chat: Chat, timeline: Timeline, id: number): Promise<void> {
    try {
      for (let attempt = 0; attempt < QUOTE_ATTEMPTS_MAX; attempt += 1) {
        const { value, cursor } = await this.api.messages.find(id);
        timeline.quoted = { ...timeline.quoted, [id]: value };
        // An answer behind the stream may lack an event that has passed already.
        if (cursor.seq >= chat.cursor.seq) return;
      }
    } catch {
      // The quote goes on saying "an earlier message".
    }
  }

  /** Who has read how far: what was missed while the channel was not on the screen. */
  async loadReceipts(timeline: Timeline): Promise<void> {
    try {
      const receipts = await this.api.channels.readReceipts(timeline.channel);
      const later = Object.entries(receipts).filter(
        // A marker that came by the stream meanwhile may be the newer one.
        ([user, ts]) => ts > (timeline.markers[user]?.last_read_ts ?? 0),
      );
      const markers = later.map(([user, last_read_ts]) => [
        user,
        { last_read_id: null, last_read_ts },
      ]);
      timeline.markers = { ...timeline.markers, ...Object.fromEntries(markers) };
    } catch {
      // Ticks are missing until the next marker; nothing else is.
    }
  }

  /** The newest replies, and with them the root and how we stand to the thread. */
  async #openThread(
    chat: Chat,
    timeline: Timeline,
    root_id: number,
  ): Promise<Read<readonly Message[]>> {
    const { value, cursor } = await this.api.threads.newest(root_id, PAGE_MESSAGES);
    // Before the replies are taken in: what has passed meanwhile is folded over both.
    if (cursor.epoch === chat.cursor.epoch) takeRoot(timeline, value.root, cursor.seq);
    timeline.newAfterId = value.unread > 0 ? (value.last_read_id ?? 0) : null;
    learnFollowed(chat, { [root_id]: value.following });
    return { value: value.replies, cursor };
  }

  async #load(
    chat: Chat,
    timeline: Timeline,
    ask: () => Promise<Read<readonly Message[]>>,
  ): Promise<void> {
    if (timeline.isLoadingPage) return;
    timeline.isLoadingPage = true;
    timeline.failure = null;
    expectPage(timeline);
    try {
      const { value, cursor } = await ask();
      if (cursor.epoch === chat.cursor.epoch) {
        takePage(timeline, value, cursor.seq, PAGE_MESSAGES);
      } else {
        forgetPage(timeline);
        this.onotherhistory();
      }
    } catch (failure) {
      forgetPage(timeline);
      timeline.failure = asProblem(failure).sentence;
    } finally {
      timeline.isLoadingPage = false;
    }
  }
}
