import type { ApiClient, Read } from '../api/client';
import { asProblem } from '../api/problem';
import type { Message } from '../api/schema';
import { learnFollowed } from '../sync/apply-threads';
import { takeMarkers } from '../sync/read-markers';
import { expectPage, forgetPage, takeNewerPage, takePage, takeRoot } from '../sync/timeline-fold';
import type { Chat } from './chat.svelte';
import type { Timeline } from './timeline.svelte';

const PAGE_MESSAGES = 100;
/** How far back a jump may lead in a thread, page by page. */
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

  /** The page after what is held around a message, until it has grown up to the newest. */
  async loadNewer(chat: Chat, timeline: Timeline): Promise<void> {
    const newest = timeline.messages.at(-1);
    if (!timeline.hasNewer || newest === undefined) return;
    const { channel } = timeline;
    const ask = () => this.api.messages.newer(channel, newest.id, PAGE_MESSAGES);
    await this.#load(chat, timeline, ask, takeNewerPage);
    if (!timeline.hasNewer) chat.promoteContext(timeline);
  }

  /** Shows the surroundings of message `id` instead of the newest. False where it is not to be had. */
  async openContext(chat: Chat, channel: string, id: number): Promise<boolean> {
    const context = chat.awaitContext(channel);
    await this.#load(chat, context, () => this.api.messages.around(channel, id, PAGE_MESSAGES));
    // The length of a page around something says nothing about either side of it.
    context.hasOlder = true;
    const isFound = context.find(id) !== undefined;
    chat.endAwaiting(context, isFound);
    return isFound;
  }

  /** Loads a thread back as far as message `id`. True when it is held. */
  async reach(chat: Chat, timeline: Timeline, id: number): Promise<boolean> {
    for (let page = 0; page < JUMP_PAGES_MAX; page += 1) {
      const oldestId = timeline.messages[0]?.id ?? 0;
      if (oldestId <= id || !timeline.hasOlder || timeline.failure !== null) break;
      await this.loadOlder(chat, timeline);
    }
    return timeline.find(id) !== undefined;
  }

  /** The root of the thread to which a message belongs that the channel does not show. */
  async findThread(channel: string, id: number): Promise<number | null> {
    try {
      const { value } = await this.api.messages.find(id);
      return value.channel === channel ? value.thread_id : null;
    } catch {
      return null;
    }
  }

  /** Who pinned what: events tell it only of what is pinned from now on. */
  async loadPinners(chat: Chat, channel: string): Promise<void> {
    try {
      const pins = await this.api.channels.pins(channel);
      const pinners = pins.map(({ id, pinned_by }): [number, string] => [id, pinned_by]);
      chat.pinners = { ...Object.fromEntries(pinners), ...chat.pinners };
    } catch {
      // The marks say that it is pinned, and not by whom.
    }
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
      const before = timeline.readCounts;
      takeMarkers(timeline, await this.api.channels.readMarkers(timeline.channel), before);
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
    if (cursor.epoch === chat.cursor.epoch && value.root !== null) {
      takeRoot(timeline, value.root, cursor.seq);
    }
    timeline.newAfterId = value.unread > 0 ? (value.last_read_id ?? 0) : null;
    // An answer that is behind may not know yet what we have heard.
    if (cursor.seq >= chat.cursor.seq) learnFollowed(chat, { [root_id]: value.following });
    return { value: value.replies, cursor };
  }

  async #load(
    chat: Chat,
    timeline: Timeline,
    ask: () => Promise<Read<readonly Message[]>>,
    take = takePage,
  ): Promise<void> {
    if (timeline.isLoadingPage) return;
    timeline.isLoadingPage = true;
    timeline.failure = null;
    expectPage(timeline);
    try {
      const { value, cursor } = await ask();
      if (cursor.epoch === chat.cursor.epoch) {
        take(timeline, value, cursor.seq, PAGE_MESSAGES);
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
