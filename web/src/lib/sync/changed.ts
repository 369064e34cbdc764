/**
 * When something last happened that concerns the lists which a view asks for. A count would not say it: what comes and goes
 * in one breath leaves it as it was.
 */
import type { DurableEvent } from '../api/events';
import { follows } from './apply-threads';
import type { Changed, ChatState } from './chat-state';
import { namesUser } from './unread';

/** After the event was folded. */
export function noteChange(state: ChatState, event: DurableEvent): void {
  const { seq } = event.cursor;
  const { mentions, threads } = changedBy(state, event);
  if (!mentions && !threads) return;
  state.changed = {
    mentions: mentions ? seq : state.changed.mentions,
    threads: threads ? seq : state.changed.threads,
  };
}

function changedBy(
  { me, followed }: ChatState,
  event: DurableEvent,
): Partial<Record<keyof Changed, boolean>> {
  const mayBeOurs = (root_id: number) => follows(followed, root_id) !== false;
  switch (event.kind) {
    case 'message_posted':
    case 'thread_replied': {
      const { thread_id } = event.data;
      return {
        mentions: namesUser(event.data, me),
        threads: thread_id !== null && mayBeOurs(thread_id),
      };
    }
    case 'message_edited':
    case 'message_deleted':
      // Whom it named before it does not say.
      return { mentions: true };
    case 'thread_changed':
      return { threads: mayBeOurs(event.data.id) };
    case 'thread_followed':
    case 'thread_read':
    case 'thread_unread':
      return { threads: true };
    case 'members_added': {
      const isOurs = event.data.users.includes(me);
      return { mentions: isOurs, threads: isOurs };
    }
    case 'member_removed': {
      const isOurs = event.data.user === me;
      return { mentions: isOurs, threads: isOurs };
    }
    default:
      return {};
  }
}
