/** A screen as a recorded history tells it: what it asked, when the answers came, what it heard. */
import {
  completed,
  completedFollowed,
  completedMessage,
  completedThread,
} from '../lib/api/completed';
import { parseEvent, type DurableEvent, type StreamEvent } from '../lib/api/events';
import type { FollowedThread, Message, State, ThreadPage } from '../lib/api/schema';
import { apply } from '../lib/sync/apply';
import { learnFollowing } from '../lib/sync/apply-threads';
import { parseCursor, type Cursor } from '../lib/sync/cursor';
import { parseSse } from '../lib/sync/sse';
import type { Complete } from '../lib/sync/questions';
import { isStateStale, takeState } from '../lib/sync/take-state';
import { takeUnread } from '../lib/sync/take-threads';
import { takePage, takeRoot } from '../lib/sync/timeline-fold';
import { PlainState, type PlainTimeline } from './people';

/** What the pages were asked for with; each channel and each thread has fewer. */
const PAGE_LIMIT = 200;
export const THREADS_UNREAD = '/threads?unread=true&limit=100';

interface Answer {
  readonly path: string;
  /** The cursor that it answers for. */
  readonly cursor: string;
  readonly body: unknown;
}

interface RecordedAnswer extends Answer {
  /** It was asked for so many events before the last one that it knows. */
  readonly early: number;
  /** So many events passed on this screen from the question to the answer. */
  readonly travels: number;
}

export interface History {
  readonly seed: number;
  readonly joined: Answer;
  readonly answers: readonly RecordedAnswer[];
  readonly stream: string;
  readonly end_cursor: string;
  /** By path, what a screen is answered that is opened at the end. */
  readonly expected: Readonly<Record<string, unknown>>;
}

/** A question that has been asked: what to do with its answer. */
type Take = () => void;

export class RecordedScreen {
  readonly state: PlainState;
  /** What events alone had told when the last of them had been heard. */
  known = { channels: 0, later: false, threads: false };
  readonly #events: readonly StreamEvent[];

  constructor(private readonly history: History) {
    const { joined, stream } = history;
    // Histories are kept from servers of other versions, too.
    this.state = new PlainState(completed(joined.body as State), cursorOf(joined.cursor));
    const events = parseSse(stream).map(parseEvent);
    this.#events = events.filter((event) => event !== null);
  }

  play(): void {
    const waiting = this.history.answers.map((answer) => this.#planned(answer));
    const underway: { due: number; take: Take }[] = [];
    for (let place = 0; place <= this.#events.length; place += 1) {
      for (const plan of waiting) {
        if (plan.isAsked || place < plan.from || place > plan.until) continue;
        const take = this.#ask(plan.answer);
        if (take === null) continue;
        plan.isAsked = true;
        underway.push({ due: place + plan.answer.travels, take });
      }
      for (const one of underway.filter(({ due }) => due === place)) one.take();
      const event = this.#events[place];
      if (event !== undefined) apply(this.state, event);
    }
    // The network is slow, and not gone.
    for (const one of underway.filter(({ due }) => due > this.#events.length)) one.take();
    const { channels, isLaterStale, followed } = this.state;
    this.known = {
      channels: channels.filter((entry) => !entry.isCountStale).length,
      later: !isLaterStale,
      threads: !followed.isStale,
    };
    this.#askAtTheEnd();
  }

  /** Between which places in the stream an answer can have been asked for. */
  #planned(answer: RecordedAnswer) {
    const { seq } = cursorOf(answer.cursor);
    const isDurable = (event: StreamEvent): event is DurableEvent => 'cursor' in event;
    const later = this.#events.findIndex((event) => isDurable(event) && event.cursor.seq > seq);
    const until = later < 0 ? this.#events.length : later;
    return { answer, from: Math.max(0, until - answer.early), until, isAsked: false };
  }

  /** What is still stale is asked for once more, and answered by the server of the end. */
  #askAtTheEnd(): void {
    const cursor = this.history.end_cursor;
    for (const path of ['/state', THREADS_UNREAD]) {
      this.#ask({ path, cursor, body: this.history.expected[path] })?.();
    }
  }

  /** Asks, if the client would: null where it has no reason to. */
  #ask({ path, cursor: text, body }: Answer): Take | null {
    const { state } = this;
    const cursor = cursorOf(text);
    const [kind, name] = path.split(/[/?]/).slice(1);
    if (path === '/state') {
      if (!isStateStale(state)) return null;
      return this.#expect(completed(body as State), cursor, (landed) => takeState(state, landed));
    }
    if (path === THREADS_UNREAD) {
      if (!state.followed.isStale) return null;
      const threads = (body as FollowedThread[]).map(completedFollowed);
      return this.#expect(threads, cursor, (landed) => takeUnread(state, landed));
    }
    if (kind === 'thread') return this.#openThread(completedThread(body as ThreadPage), cursor);
    if (kind === 'messages') return this.#openChannel(name ?? '', body as Message[], cursor);
    throw new Error(`the client does not ask for ${path}`);
  }

  /** Something is asked; the result brings its answer. */
  #expect<T>(value: T, { seq }: Cursor, take: (landed: Complete<T>) => void): Take {
    const { passed, cursor } = this.state;
    passed.expect(cursor);
    return () => {
      const missed = passed.after(seq);
      if (missed === null) throw new Error(`more has passed since ${seq} than is kept`);
      take({ value, seq, passed: missed });
      passed.forget();
    };
  }

  #openChannel(channel: string, body: readonly Message[], cursor: Cursor): Take | null {
    const { state } = this;
    const isKnown = state.channels.some((entry) => entry.channel === channel);
    if (!isKnown || state.timelineOf(channel) !== undefined) return null;
    const timeline = state.openTimeline(channel);
    return this.#expect(body.map(completedMessage), cursor, ({ value, seq, passed }) =>
      takePage(timeline, value, seq, PAGE_LIMIT, passed),
    );
  }

  #openThread(page: ThreadPage, cursor: Cursor): Take | null {
    const { state } = this;
    const channel = (page.root ?? page.replies[0])?.channel;
    const isKnown = state.channels.some((entry) => entry.channel === channel);
    const isOpen = state.threads.some((thread) => thread.thread_id === page.id);
    if (channel === undefined || !isKnown || isOpen) return null;
    const thread: PlainTimeline = state.openThread(channel, page.id);
    return this.#expect(page, cursor, ({ seq, passed }) => {
      if (page.root !== null) takeRoot(thread, page.root, seq);
      learnFollowing(state, page.id, page.following, passed);
      takePage(thread, page.replies, seq, PAGE_LIMIT, passed);
    });
  }
}

function cursorOf(text: string): Cursor {
  const cursor = parseCursor(text);
  if (cursor === null) throw new Error(`not a cursor: ${text}`);
  return cursor;
}
