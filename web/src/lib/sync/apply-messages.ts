/** Folds what happens to messages: into the channel, into opened threads, into the counts. */
import type { MessageEvent } from '../api/events';
import type { Message } from '../api/schema';
import { withChannel } from './apply-channels';
import { countReplied, followedChanged, replyAmended } from './apply-threads';
import type { ChatState } from './chat-state';
import { foldMessageEvent } from './timeline-fold';
import { countAmended, countPosted } from './unread';

export function applyMessageEvent(state: ChatState, event: MessageEvent): void {
  const { channel } = event.data;
  const timeline = state.timelineOf(channel);
  if (timeline) foldMessageEvent(timeline, event);
  for (const aside of state.asidesOf(channel)) foldMessageEvent(aside, event);
  if (event.kind === 'message_posted' || event.kind === 'thread_replied') {
    confirmEcho(state, event.data);
    state.typingEnded(channel, event.data.sender);
  }
  countMessageEvent(state, event);
}

/** What it changes of the counts, after it was folded into what is held of messages. */
export function countMessageEvent(state: ChatState, event: MessageEvent): void {
  const { channel } = event.data;
  const { seq } = event.cursor;
  const timeline = state.timelineOf(channel);
  switch (event.kind) {
    case 'message_posted':
      countReplied(state, event.data, seq);
      return withChannel(state, seq, channel, (entry) => ({
        ...countPosted(entry, event.data, state.me),
        // Somebody writes in a conversation that was closed: it is open again.
        is_hidden: event.data.id > (entry.newest_id ?? 0) ? false : entry.is_hidden,
      }));
    case 'thread_replied':
      return countReplied(state, event.data, seq);
    case 'message_deleted':
      replyAmended(state, event);
      return withChannel(state, seq, channel, (entry) => {
        const pins = entry.pins.filter((id) => id !== event.data.id);
        return countAmended({ ...entry, pins }, event, timeline, state);
      });
    case 'message_edited':
      replyAmended(state, event);
      return withChannel(state, seq, channel, (entry) =>
        countAmended(entry, event, timeline, state),
      );
    case 'thread_changed':
      return followedChanged(state, event.data.id, seq);
    case 'message_reacted':
    case 'poll_voted':
    case 'poll_closed':
      return;
  }
}

/** Our echo has become a message. */
export function confirmEcho(state: ChatState, message: Message): void {
  if (message.sender !== state.me || message.client_msg_id === null) return;
  const waiting = state.echoes.filter((echo) => echo.client_msg_id !== message.client_msg_id);
  if (waiting.length < state.echoes.length) state.echoes = waiting;
}
