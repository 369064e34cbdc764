/**
 * Pages and events of one channel, folded into one list. Neighbours: `apply.ts` hands in events,
 * `state/app.svelte.ts` pages.
 *
 * Why nothing is missing and nothing is doubled: the stream and a page are two reads of one log,
 * at cursors that we cannot choose. A page that answers for P, asked for while the stream stood
 * at S, may be ahead of the stream or behind it.
 *
 * - Ahead (P > S): the events in (S, P] will still arrive, although the page contains them. Every
 *   page leaves a span, "from this id on, as of P", and an event at or before the `as_of` of its
 *   message is dropped.
 * - Behind (P < S, the answer travelled slowly): events after P have passed while the messages they
 *   concern were not here. So, as long as a page is on its way, events are kept; when it lands,
 *   those that concern it are folded over it, and the span drops those that it knows already.
 *
 * Together: each message holds exactly the events up to the stream's cursor or its span, whichever
 * is later, each once.
 */
import type { MessageEvent } from '../api/events';
import type { Message } from '../api/schema';
import type { TimelineData } from './chat-state';

/** Says that a page was asked for: from now on events are kept for it. */
export function expectPage(timeline: TimelineData): void {
  timeline.passed ??= [];
}

/** Says that no page will come: the request failed. */
export function forgetPage(timeline: TimelineData): void {
  timeline.passed = null;
}

/**
 * Takes in a page (oldest first): the newest one, or the one just before what is held. `limit` is
 * what was asked for; a shorter page is the beginning of the channel.
 */
export function takePage(
  timeline: TimelineData,
  page: readonly Message[],
  as_of: number,
  limit: number,
): void {
  const oldestHeld = timeline.messages[0]?.id ?? Infinity;
  const older = page.filter((message) => message.id < oldestHeld);
  const first_id = older[0]?.id ?? 0;
  const isFirstPage = timeline.spans.length === 0;

  // An empty channel is held from its beginning; an empty older page adds nothing to hold.
  if (older.length > 0 || isFirstPage) {
    timeline.messages = [...older, ...timeline.messages];
    timeline.spans = [{ first_id, as_of }, ...timeline.spans];
  }
  timeline.hasOlder = page.length >= limit;

  const passed = timeline.passed ?? [];
  timeline.passed = null;
  for (const event of passed) {
    const { id } = event.data;
    if (isFirstPage || (id >= first_id && id < oldestHeld)) foldMessageEvent(timeline, event);
  }
}

/** Folds an event into the channel it happened in. One about a message not held is dropped. */
export function foldMessageEvent(timeline: TimelineData, event: MessageEvent): void {
  timeline.passed?.push(event);
  const { id } = event.data;
  if (event.cursor.seq <= asOf(timeline, id)) return;

  switch (event.kind) {
    case 'message_posted':
      return addMessage(timeline, event.data);
    case 'message_edited': {
      const { content, mentions, edited_ts } = event.data;
      return amend(timeline, id, (message) =>
        // A tombstone is final: an older edit that arrives late must not bring the text back.
        message.deleted ? message : { ...message, content, mentions, edited: true, edited_ts },
      );
    }
    case 'message_deleted':
      return amend(timeline, id, (message) => tombstone(message, event.data.deleted_ts));
    case 'message_reacted': {
      const { emoji, user, on, reactions_ts } = event.data;
      return amend(timeline, id, (message) =>
        message.deleted
          ? message
          : { ...message, reactions: reacted(message.reactions, emoji, user, on), reactions_ts },
      );
    }
  }
}

/** Puts a posted message in its place, unless it is here already or older than all that is held. */
export function addMessage(timeline: TimelineData, message: Message): void {
  const { messages, spans } = timeline;
  if (spans.length === 0 || message.id < (spans[0]?.first_id ?? 0)) return;
  // Nearly always the end. Our own message may come earlier, as the answer to its sending, and
  // then what others posted before it arrives after it.
  let place = messages.length;
  while (place > 0 && (messages[place - 1]?.id ?? 0) >= message.id) place -= 1;
  if (messages[place]?.id === message.id) return;
  timeline.messages = [...messages.slice(0, place), message, ...messages.slice(place)];
}

/** Lets go of all but the newest messages of a channel that nobody looks at. */
export function trim(timeline: TimelineData, messages_max: number): void {
  if (timeline.passed !== null || timeline.messages.length <= messages_max) return;
  timeline.messages = timeline.messages.slice(-messages_max);
  const first_id = timeline.messages[0]?.id ?? 0;
  const as_of = asOf(timeline, first_id);
  const kept = timeline.spans.filter((span) => span.first_id > first_id);
  timeline.spans = [{ first_id, as_of }, ...kept];
  timeline.hasOlder = true;
}

/** The seq up to which the held copy of message `id` is known to be complete by its page. */
function asOf(timeline: TimelineData, id: number): number {
  return timeline.spans.findLast((span) => span.first_id <= id)?.as_of ?? 0;
}

function amend(timeline: TimelineData, id: number, change: (message: Message) => Message): void {
  const quoted = timeline.quoted[id];
  if (quoted) timeline.quoted = { ...timeline.quoted, [id]: change(quoted) };
  const place = timeline.messages.findLastIndex((message) => message.id === id);
  const message = timeline.messages[place];
  if (message === undefined) return;
  timeline.messages = timeline.messages.with(place, change(message));
}

function tombstone(message: Message, deleted_ts: number): Message {
  return {
    ...message,
    content: null,
    deleted: true,
    deleted_ts,
    mentions: [],
    reactions: {},
    reply_to_id: null,
    filename: null,
    files: [],
    metadata: null,
  };
}

function reacted(
  reactions: Message['reactions'],
  emoji: string,
  user: string,
  on: boolean,
): Message['reactions'] {
  const users = reactions[emoji] ?? [];
  if (users.includes(user) === on) return reactions;
  if (on) return { ...reactions, [emoji]: [...users, user] };
  const { [emoji]: _gone, ...others } = reactions;
  const left = users.filter((name) => name !== user);
  return left.length === 0 ? others : { ...reactions, [emoji]: left };
}
