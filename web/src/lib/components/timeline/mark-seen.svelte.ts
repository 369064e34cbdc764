import { unreadIn } from '../../sync/apply-threads';
import type { ChannelEntry } from '../../sync/chat-state';
import type { AppState } from '../../state/app.svelte';
import type { Chat } from '../../state/chat.svelte';
import type { Timeline } from '../../state/timeline.svelte';
import type { TimelineView } from './view.svelte';

interface Seen {
  readonly app: Pick<AppState, 'attention' | 'markRead'>;
  readonly chat: Chat;
  readonly view: Pick<TimelineView, 'scroller' | 'isJumping'>;
  readonly timeline: () => Timeline;
  readonly entry: () => ChannelEntry;
}

/** Moves our read marker while somebody looks at the newest message, as long as the component lives that shows it. */
export function markSeen(seen: Seen): void {
  const { app, chat, view } = seen;
  /** Until its event is here it is not known whether something is unread in a thread. */
  let markedId = 0;
  // The server: our read marker.
  $effect(() => {
    const [timeline, entry] = [seen.timeline(), seen.entry()];
    const isRead =
      app.attention.isHere &&
      view.scroller.isNearEnd &&
      timeline.isLoaded &&
      !timeline.hasNewer &&
      !chat.marks.isKept(timeline.thread_id ?? timeline.channel) &&
      !view.isJumping;
    if (!isRead) return;
    if (timeline.thread_id !== null) {
      const { newestId } = timeline;
      if (newestId <= markedId || unreadIn(chat.followed, timeline.thread_id) === 0) return;
      markedId = newestId;
      app.markRead(timeline.thread_id, newestId);
    } else if (chat.channelList.unreadOf(entry) > 0 && entry.newest_id !== null) {
      app.markRead(entry.channel, entry.newest_id);
    }
  });
}
