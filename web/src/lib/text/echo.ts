import type { Message } from '../api/schema';
import type { Echo } from '../sync/chat-state';

/** What is still to reach the server, as the message that it will be. It has no id yet: 0 names none. */
export function echoAsMessage(echo: Echo, me: string): Message {
  const { channel, text, ts, reply_to_id, thread_id, client_msg_id } = echo;
  return {
    id: 0,
    channel,
    sender: me,
    content: text,
    content_type: 'text',
    ts,
    edited: false,
    edited_ts: null,
    deleted: false,
    deleted_ts: null,
    deleted_by: null,
    unreadable: false,
    incomplete: false,
    reply_to_id,
    reactions: {},
    reaction_order: [],
    reactions_ts: null,
    mentions: [],
    filename: null,
    files: [],
    metadata: null,
    client_msg_id,
    thread_id,
    thread: null,
    forward: null,
    poll: null,
  };
}
