/**
 * Pages and events of one channel, folded into one list. Neighbours: `apply.ts` hands in events,
 * `state/app.svelte.ts` pages.
 *
 * Why nothing is missing and nothing is doubled: `questions.ts` says how an answer fits the stream. Every page leaves a
 * span, "from this id on, as of its seq", and an event at or before the `as_of` of its message is dropped. What has passed
 * while the page was on its way is folded over the messages that it brings.
 *
 * Together: each message holds exactly the events up to the stream's cursor or its span, whichever
 * is later, each once.
 */
import {
  isMessageEvent,
  type DurableEvent,
  type MessageDeleted,
  type MessageEvent,
  type MessagePosted,
  type ThreadReplied,
} from '../api/events';
import type { Message, Poll } from '../api/schema';
import type { TimelineData } from './chat-state';

/**
 * Takes in a page (oldest first): the newest one, or the one just before what is held. `limit` is
 * what was asked for; a shorter page is the beginning of the channel.
 */
export function takePage(
  timeline: TimelineData,
  page: readonly Message[],
  as_of: number,
  limit: number,
  passed: readonly DurableEvent[] = [],
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

  const isOfPage = (id: number) => isFirstPage || (id >= first_id && id < oldestHeld);
  for (const event of messageEvents(timeline, passed)) fold(timeline, event, isOfPage);
}

/**
 * Takes in a page (oldest first) that goes on after what is held, of the surroundings of a message.
 * A page shorter than `limit` ends at the newest: from then on events add to it.
 */
export function takeNewerPage(
  timeline: TimelineData,
  page: readonly Message[],
  as_of: number,
  limit: number,
  passed: readonly DurableEvent[] = [],
): void {
  const newestHeld = timeline.messages.at(-1)?.id ?? 0;
  const newer = page.filter((message) => message.id > newestHeld);
  const first_id = newer[0]?.id ?? newestHeld + 1;
  timeline.messages = [...timeline.messages, ...newer];
  timeline.spans = [...timeline.spans, { first_id, as_of }];
  timeline.hasNewer = page.length >= limit;

  const isOfPage = (id: number) => id > newestHeld;
  for (const event of messageEvents(timeline, passed)) fold(timeline, event, isOfPage);
}

function messageEvents({ channel }: TimelineData, passed: readonly DurableEvent[]): MessageEvent[] {
  return passed.filter(isMessageEvent).filter((event) => event.data.channel === channel);
}

/** Takes in the root of a thread, before its first page of replies. */
export function takeRoot(timeline: TimelineData, message: Message, as_of: number): void {
  if (timeline.root === null) timeline.root = { message, as_of };
}

/** Takes in an older message to quote it. */
export function takeQuoted(
  timeline: TimelineData,
  message: Message,
  passed: readonly DurableEvent[] = [],
): void {
  const isAbout = (event: MessageEvent): event is Amendment =>
    event.data.id === message.id &&
    event.kind !== 'message_posted' &&
    event.kind !== 'thread_replied';
  const quoted = messageEvents(timeline, passed).filter(isAbout).reduce(amended, message);
  timeline.quoted = { ...timeline.quoted, [message.id]: quoted };
}

/** Folds an event into the timeline it happened in. One about a message not held is dropped. */
export function foldMessageEvent(timeline: TimelineData, event: MessageEvent): void {
  fold(timeline, event, () => true);
}

/** `concerns` says about which messages the event is still news. */
function fold(timeline: TimelineData, event: MessageEvent, concerns: (id: number) => boolean) {
  const isNews = (id: number) => concerns(id) && event.cursor.seq > asOf(timeline, id);
  const { id } = event.data;
  if (event.kind === 'message_posted' || event.kind === 'thread_replied') {
    const { root_thread, ...message } = event.data;
    if (belongs(timeline, event) && isNews(id)) addMessage(timeline, message);
    const root_id = message.thread_id;
    if (root_id === null || root_thread === undefined || !isNews(root_id)) return;
    amend(timeline, root_id, (root) => ({ ...root, thread: root_thread }));
  } else if (isNews(id)) {
    amend(timeline, id, (message) => amended(message, event));
  }
}

/** A thread shows its replies, also those that were sent to the channel; the channel only these. */
function belongs(timeline: TimelineData, event: MessagePosted | ThreadReplied): boolean {
  return timeline.thread_id === null
    ? event.kind === 'message_posted'
    : event.data.thread_id === timeline.thread_id;
}

type Amendment = Exclude<MessageEvent, MessagePosted | ThreadReplied>;

/** What one event made of a message. */
function amended(message: Message, event: Amendment): Message {
  // The replies of a deleted root go on.
  if (event.kind === 'thread_changed') return { ...message, thread: event.data.thread };
  if (event.kind === 'message_deleted') return tombstone(message, event.data);
  // A tombstone is final: an older edit that arrives late must not bring the text back.
  if (message.deleted) return message;
  switch (event.kind) {
    case 'message_edited': {
      const { content, mentions, edited_ts } = event.data;
      return { ...message, content, mentions, edited: true, edited_ts, unreadable: false };
    }
    case 'message_reacted': {
      const { emoji, user, on, reactions_ts } = event.data;
      return { ...message, ...reacted(message, emoji, user, on), reactions_ts };
    }
    case 'poll_voted':
      return changedPoll(message, (poll) => voted(poll, event.data.user, event.data.options));
    case 'poll_closed':
      return changedPoll(message, (poll) => ({ ...poll, closed_ts: event.data.closed_ts }));
  }
}

/** Puts a posted message in its place, unless it is here already or older than all that is held. */
export function addMessage(timeline: TimelineData, message: Message): void {
  const { messages, spans } = timeline;
  if (spans.length === 0 || message.id < (spans[0]?.first_id ?? 0)) return;
  // It belongs behind others that are not here; the page that brings them brings it too.
  if (timeline.hasNewer) return;
  // Nearly always the end. Our own message may come earlier, as the answer to its sending, and
  // then what others posted before it arrives after it.
  let place = messages.length;
  while (place > 0 && (messages[place - 1]?.id ?? 0) >= message.id) place -= 1;
  if (messages[place]?.id === message.id) return;
  timeline.messages = [...messages.slice(0, place), message, ...messages.slice(place)];
}

/** Lets go of all but the newest messages of a channel that nobody looks at. */
export function trim(timeline: TimelineData, messages_max: number): void {
  if (timeline.isLoadingPage || timeline.messages.length <= messages_max) return;
  timeline.messages = timeline.messages.slice(-messages_max);
  const first_id = timeline.messages[0]?.id ?? 0;
  const as_of = asOf(timeline, first_id);
  const kept = timeline.spans.filter((span) => span.first_id > first_id);
  timeline.spans = [{ first_id, as_of }, ...kept];
  timeline.hasOlder = true;
}

/** The seq up to which the held copy of message `id` is known to be complete by its page. */
function asOf(timeline: TimelineData, id: number): number {
  const { root } = timeline;
  if (root?.message.id === id) return root.as_of;
  return timeline.spans.findLast((span) => span.first_id <= id)?.as_of ?? 0;
}

function amend(timeline: TimelineData, id: number, change: (message: Message) => Message): void {
  const { root } = timeline;
  if (root?.message.id === id) timeline.root = { ...root, message: change(root.message) };
  const quoted = timeline.quoted[id];
  if (quoted) timeline.quoted = { ...timeline.quoted, [id]: change(quoted) };
  const place = timeline.messages.findLastIndex((message) => message.id === id);
  const message = timeline.messages[place];
  if (message === undefined) return;
  timeline.messages = timeline.messages.with(place, change(message));
}

function tombstone(message: Message, event: MessageDeleted['data']): Message {
  return {
    ...message,
    content: null,
    deleted: true,
    deleted_ts: event.deleted_ts,
    // A server that does not say knows only senders who delete.
    deleted_by: event.deleted_by ?? null,
    unreadable: false,
    incomplete: false,
    mentions: [],
    reactions: {},
    reaction_order: [],
    reply_to_id: null,
    filename: null,
    files: [],
    metadata: null,
    forward: null,
    poll: null,
  };
}

function changedPoll(message: Message, change: (poll: Poll) => Poll): Message {
  return message.poll === null ? message : { ...message, poll: change(message.poll) };
}

/** A vote says all that somebody chose, so hearing it twice changes nothing. */
function voted(poll: Poll, user: string, chosen: readonly number[]): Poll {
  const options = poll.options.map((option, place) => {
    if (option.voters.includes(user) === chosen.includes(place)) return option;
    const others = option.voters.filter((name) => name !== user);
    return { ...option, voters: chosen.includes(place) ? [...others, user] : others };
  });
  return { ...poll, options };
}

/** A reaction that comes stands last; one that the last person took back is gone, and comes anew. */
function reacted(
  { reactions, reaction_order }: Pick<Message, 'reactions' | 'reaction_order'>,
  emoji: string,
  user: string,
  on: boolean,
): Pick<Message, 'reactions' | 'reaction_order'> {
  const users = reactions[emoji] ?? [];
  if (users.includes(user) === on) return { reactions, reaction_order };
  const left = users.filter((name) => name !== user);
  if (!on && left.length === 0) {
    const { [emoji]: _gone, ...others } = reactions;
    const order = reaction_order.filter((name) => name !== emoji);
    return { reactions: others, reaction_order: order };
  }
  return {
    reactions: { ...reactions, [emoji]: on ? [...users, user] : left },
    reaction_order: users.length === 0 ? [...reaction_order, emoji] : reaction_order,
  };
}
