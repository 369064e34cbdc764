import type { ApiClient, Read } from '../api/client';
import { ApiProblem, asProblem } from '../api/problem';
import type { Message, ThreadPage } from '../api/schema';
import { learnFollowing } from '../sync/apply-threads';
import { ask, askPatiently, type Complete } from '../sync/questions';
import { heldMarkers, takeMarkers } from '../sync/read-markers';
import { takeNewerPage, takePage, takeQuoted, takeRoot } from '../sync/timeline-fold';
import type { Chat } from './chat.svelte';
import { Timeline } from './timeline.svelte';

const PAGE_MESSAGES = 100;
/** How far back a jump may lead in a thread, page by page. */
const JUMP_PAGES_MAX = 20;

type Page = readonly Message[];
/** How an answer becomes part of a timeline. */
type Take<T> = (timeline: Timeline, landed: Complete<T>) => void;

const takeOlder: Take<Page> = (timeline, { value, seq, passed }) =>
  takePage(timeline, value, seq, PAGE_MESSAGES, passed);
const takeNewer: Take<Page> = (timeline, { value, seq, passed }) =>
  takeNewerPage(timeline, value, seq, PAGE_MESSAGES, passed);

interface PagesPorts {
  /** Whether what is asked for is still of use: nobody has logged out, and the state was not read anew. */
  isShown(chat: Chat): boolean;
  /** Whether a channel is on the screen. */
  isOpen(channel: string): boolean;
  /** A page of another history: the server was restored, and all that we hold is void. */
  onotherhistory(): void;
}

/** Brings pages of messages into timelines. How they fit the stream is in `sync/timeline-fold.ts`. */
export class Pages {
  constructor(
    private readonly api: ApiClient,
    private readonly ports: PagesPorts,
  ) {}

  loadNewest(chat: Chat, timeline: Timeline): Promise<void> {
    const { channel, thread_id } = timeline;
    if (thread_id !== null) return this.#openThread(chat, timeline, thread_id);
    const wanted = () => this.api.messages.newest(channel, PAGE_MESSAGES);
    return this.#load(chat, timeline, wanted, takeOlder);
  }

  async loadOlder(chat: Chat, timeline: Timeline): Promise<void> {
    const oldest = timeline.messages[0];
    if (!timeline.hasOlder || oldest === undefined) return;
    const { channel, thread_id } = timeline;
    const wanted = async () => {
      if (thread_id === null) return this.api.messages.older(channel, oldest.id, PAGE_MESSAGES);
      const { value, cursor } = await this.api.threads.older(thread_id, oldest.id, PAGE_MESSAGES);
      return { value: value.replies, cursor };
    };
    await this.#load(chat, timeline, wanted, takeOlder);
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
    const wanted = () => this.api.messages.newer(channel, newest.id, PAGE_MESSAGES);
    await this.#load(chat, timeline, wanted, takeNewer);
    if (!timeline.hasNewer) chat.promoteContext(timeline);
  }

  /** Shows the surroundings of message `id` instead of the newest. False where it is not to be had. */
  async openContext(chat: Chat, channel: string, id: number): Promise<boolean> {
    const context = new Timeline(channel);
    context.hasNewer = true;
    const wanted = () => this.api.messages.around(channel, id, PAGE_MESSAGES);
    await this.#load(chat, context, wanted, takeOlder);
    // The length of a page around something says nothing about either side of it.
    context.hasOlder = true;
    const isFound = context.find(id) !== undefined;
    // Whoever has gone on meanwhile comes back to the newest.
    if (isFound && this.ports.isOpen(channel)) chat.showContext(context);
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
      await ask(
        chat,
        () => this.api.messages.find(id),
        ({ value, passed }) => takeQuoted(timeline, value, passed ?? []),
      );
    } catch {
      // The quote goes on saying "an earlier message".
    }
  }

  /** Who has read how far: what was missed while the channel was not on the screen. */
  async loadReceipts(timeline: Timeline): Promise<void> {
    try {
      const before = heldMarkers(timeline);
      takeMarkers(timeline, await this.api.channels.readMarkers(timeline.channel), before);
    } catch {
      // Ticks are missing until the next marker; nothing else is.
    }
  }

  /** The newest replies, and with them the root and how we stand to the thread. */
  #openThread(chat: Chat, timeline: Timeline, root_id: number): Promise<void> {
    const wanted = () => this.api.threads.newest(root_id, PAGE_MESSAGES);
    return this.#load<ThreadPage>(chat, timeline, wanted, (_, { value: page, seq, passed }) => {
      // Before the replies: what has passed meanwhile is folded over both.
      if (page.root !== null) takeRoot(timeline, page.root, seq);
      timeline.newAfterId = page.unread > 0 ? (page.last_read_id ?? 0) : null;
      learnFollowing(chat, root_id, page.following, passed);
      takePage(timeline, page.replies, seq, PAGE_MESSAGES, passed);
    });
  }

  async #load<T>(
    chat: Chat,
    timeline: Timeline,
    wanted: () => Promise<Read<T>>,
    take: Take<T>,
  ): Promise<void> {
    if (timeline.isLoadingPage) return;
    timeline.isLoadingPage = true;
    timeline.failure = null;
    try {
      const isOfUse = () => this.ports.isShown(chat);
      const takeIn = (landed: Complete<T>) => take(timeline, landed);
      const outcome = await askPatiently(chat, wanted, takeIn, isOfUse);
      if (outcome === 'elsewhere' && isOfUse()) this.ports.onotherhistory();
      if (outcome === 'late') timeline.failure = ApiProblem.tooLate().sentence;
    } catch (failure) {
      timeline.failure = asProblem(failure).sentence;
    } finally {
      timeline.isLoadingPage = false;
    }
  }
}
