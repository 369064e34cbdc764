/**
 * The one way in which what the server says becomes what the screen shows: (state, event) -> void.
 *
 * Neighbours: `stream.ts` brings the events from the server's `api/stream.rs`; `timeline-fold.ts`
 * and `unread.ts` do the folding; `components/timeline/Message.svelte` shows the result.
 */
import type { StreamEvent } from '../api/events';
import type { Message } from '../api/schema';
import type { ChannelEntry, ChatState } from './chat-state';
import { contains } from './cursor';
import { addMessage, foldMessageEvent } from './timeline-fold';
import { asEntry, countAmended, countPosted, countRead } from './unread';

export function apply(state: ChatState, event: StreamEvent): void {
  if ('cursor' in event) {
    // What the cursor contains is known, whoever repeats it.
    if (contains(state.cursor, event.cursor)) return;
    state.cursor = event.cursor;
  }

  switch (event.kind) {
    case 'message_posted': {
      const message = event.data;
      const timeline = state.timelineOf(message.channel);
      if (timeline) foldMessageEvent(timeline, event);
      confirmEcho(state, message);
      state.typingEnded(message.channel, message.sender);
      return withChannel(state, message.channel, (entry) => countPosted(entry, message, state.me));
    }
    case 'message_edited':
    case 'message_deleted': {
      const timeline = state.timelineOf(event.data.channel);
      if (timeline) foldMessageEvent(timeline, event);
      return withChannel(state, event.data.channel, (entry) =>
        countAmended(entry, event, timeline, state),
      );
    }
    case 'message_reacted': {
      const timeline = state.timelineOf(event.data.channel);
      if (timeline) foldMessageEvent(timeline, event);
      return;
    }
    case 'channel_created': {
      if (state.channels.some((entry) => entry.channel === event.data.channel)) return;
      const news = { unread: 0, mentions: 0, last_read_id: null, newest_id: null };
      state.channels = [...state.channels, asEntry({ ...event.data, ...news })];
      return;
    }
    case 'channel_renamed':
      return withChannel(state, event.data.channel, (entry) => ({
        ...entry,
        name: event.data.name,
      }));
    case 'account_created': {
      const { username } = event.data;
      if (!state.users.includes(username)) state.users = [...state.users, username].sort();
      return;
    }
    case 'channel_read': {
      if (event.data.user !== state.me) return;
      const { channel, last_read_id } = event.data;
      return withChannel(state, channel, (entry) =>
        countRead(entry, last_read_id, state.timelineOf(channel), state),
      );
    }
    case 'read_markers': {
      const timeline = state.timelineOf(event.data.channel);
      if (timeline) timeline.markers = { ...timeline.markers, ...event.data.markers };
      return;
    }
    case 'typing':
      return state.typingStarted(event.data.channel, event.data.user);
    case 'presence':
      state.presence = { ...state.presence, ...event.data.users };
      return;
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
export function applyAnswer(state: ChatState, message: Message): void {
  const timeline = state.timelineOf(message.channel);
  if (timeline) addMessage(timeline, message);
  confirmEcho(state, message);
}

function confirmEcho(state: ChatState, message: Message): void {
  if (message.sender !== state.me || message.client_msg_id === null) return;
  const waiting = state.echoes.filter((echo) => echo.client_msg_id !== message.client_msg_id);
  if (waiting.length < state.echoes.length) state.echoes = waiting;
}

function withChannel(
  state: ChatState,
  channel: string,
  change: (entry: ChannelEntry) => ChannelEntry,
): void {
  const place = state.channels.findIndex((entry) => entry.channel === channel);
  const entry = state.channels[place];
  if (entry !== undefined) state.channels = state.channels.with(place, change(entry));
}

/** A new kind of event that has no arm above does not compile. */
function unreachable(event: never): void {
  void event;
}
