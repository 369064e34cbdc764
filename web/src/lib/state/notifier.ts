import type { Notification as Notice } from '../api/schema';
import { messagePath, threadPath } from '../routes';
import type { AttentionState } from './attention.svelte';

/** Shows a message that notifies us outside the window, for as long as nobody looks at it. */
export class Notifier {
  constructor(
    private readonly attention: AttentionState,
    private readonly go: (path: string) => void,
  ) {}

  tell({ id, channel, thread_id, sender, content }: Notice): void {
    if (this.attention.isHere || !('Notification' in globalThis)) return;
    if (Notification.permission !== 'granted') return;
    // The same message on two tabs of ours is one notification.
    const shown = new Notification(sender, { body: content, tag: `minimost-${id}` });
    shown.onclick = () => {
      focus();
      this.go(thread_id === null ? messagePath(channel, id) : threadPath(channel, thread_id));
      shown.close();
    };
  }
}
