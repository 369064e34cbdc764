/**
 * The one way in which what the server says becomes what the screen shows: (state, event) -> void.
 *
 * Neighbours: `stream.ts` brings the events from the server's `api/stream.rs`; the `apply-` files
 * fold them by what they are about, `timeline-fold.ts` and `unread.ts` do the folding of messages;
 * `questions.ts` keeps what passes while an answer is on its way;
 * `components/timeline/Message.svelte` shows the result.
 */
import type { MessageEvent, StreamEvent } from '../api/events';
import type { Message } from '../api/schema';
import { applyChannelEvent } from './apply-channels';
import { applyLaterEvent } from './apply-later';
import { applyMessageEvent, confirmEcho } from './apply-messages';
import { applyPeopleEvent } from './apply-people';
import { applyThreadEvent } from './apply-threads';
import { noteChange } from './changed';
import type { ChatState, Echo } from './chat-state';
import { contains } from './cursor';
import { foldMarkers } from './read-markers';
import { addMessage } from './timeline-fold';

export function apply(state: ChatState, event: StreamEvent): void {
  if ('cursor' in event) {
    // What the cursor contains is known, whoever repeats it.
    if (contains(state.cursor, event.cursor)) return;
    state.cursor = event.cursor;
    state.passed.hear(event);
  }
  routeEvent(state, event, applyMessageEvent);
  if ('cursor' in event) noteChange(state, event);
}

/** Brings an event to the file of its noun; what happens to messages to whoever is given for it. */
export function routeEvent(
  state: ChatState,
  event: StreamEvent,
  onmessage: (state: ChatState, event: MessageEvent) => void,
): void {
  switch (event.kind) {
    case 'message_posted':
    case 'thread_replied':
    case 'message_edited':
    case 'message_deleted':
    case 'message_reacted':
    case 'thread_changed':
    case 'poll_voted':
    case 'poll_closed':
      return onmessage(state, event);
    case 'thread_followed':
    case 'thread_read':
    case 'thread_unread':
      return applyThreadEvent(state, event);
    case 'channel_created':
    case 'channel_renamed':
    case 'channel_changed':
    case 'members_added':
    case 'member_removed':
    case 'message_pinned':
    case 'notifications_changed':
    case 'direct_hidden':
    case 'channel_read':
      return applyChannelEvent(state, event);
    case 'account_created':
    case 'profile_changed':
    case 'account_changed':
    case 'settings_changed':
    case 'groups_changed':
    case 'preferences_changed':
    case 'do_not_disturb_changed':
    case 'keywords_changed':
      return applyPeopleEvent(state, event);
    case 'message_saved':
    case 'draft_saved':
    case 'message_scheduled':
    case 'schedule_ended':
    case 'reminder_set':
    case 'reminder_due':
    case 'reminder_ended':
      return applyLaterEvent(state, event);
    case 'read_markers': {
      const timeline = state.timelineOf(event.data.channel);
      if (timeline) foldMarkers(timeline, event.data);
      return;
    }
    case 'typing':
      return state.typingStarted(event.data.channel, event.data.user);
    case 'presence':
      return state.presenceTold(event.data.users, event.data.whole ?? false);
    case 'notify':
      return state.notified(event.data);
    case 'hello':
    case 'resync':
      // About the stream itself; `state/app.svelte.ts` answers them.
      return;
    default:
      return unreachable(event);
  }
}

/**
 * Takes in our own message from the answer to its sending, which may overtake its event. The
 * event then finds it in place.
 */
export function applyAnswer(
  state: ChatState,
  message: Message,
  echo: Pick<Echo, 'also_send_to_channel'> = { also_send_to_channel: false },
): void {
  const { channel, thread_id } = message;
  const timeline = state.timelineOf(channel);
  const isInChannel = thread_id === null || echo.also_send_to_channel;
  if (timeline && isInChannel) addMessage(timeline, message);
  for (const aside of state.asidesOf(channel)) {
    const isIn = aside.thread_id === null ? isInChannel : aside.thread_id === thread_id;
    if (isIn) addMessage(aside, message);
  }
  confirmEcho(state, message);
}

/** A new kind of event that has no arm above does not compile. */
function unreachable(event: never): void {
  void event;
}
