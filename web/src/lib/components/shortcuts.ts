/** The keys that work anywhere in the window. What they do is listed in `sidebar/HelpDialog.svelte`. */
import type { AppState } from '../state/app.svelte';
import type { Chat } from '../state/chat.svelte';
import type { Panels } from '../state/panels.svelte';

/** Starts to listen; the result stops it. */
export function shortcuts(app: AppState, chat: Chat, panels: Panels): () => void {
  const press = (event: KeyboardEvent) => {
    if ((event.metaKey || event.ctrlKey) && event.key.toLowerCase() === 'k') {
      event.preventDefault();
      if (panels.open?.kind === 'switcher') panels.close();
      else panels.show({ kind: 'switcher' });
      return;
    }
    if (panels.open !== null) return;
    if (event.key === 'Escape' && event.shiftKey) {
      event.preventDefault();
      void app.markAllRead();
    } else if (event.key === 'Escape') escape(app, panels, event);
    if (event.altKey && (event.key === 'ArrowUp' || event.key === 'ArrowDown')) {
      event.preventDefault();
      step(app, chat, event.key === 'ArrowDown' ? 1 : -1);
    } else if (event.key === '?' && !isWriting(event.target)) {
      event.preventDefault();
      panels.show({ kind: 'help' });
    }
  };
  const stopping = new AbortController();
  addEventListener('keydown', press, { signal: stopping.signal });
  return () => stopping.abort();
}

/** Closes what lies nearest: a menu closes by itself, an editor minds its own, then come we. */
function escape(app: AppState, panels: Panels, event: KeyboardEvent): void {
  const isMenuOpen = document.querySelector(':popover-open') !== null;
  if (isMenuOpen || event.defaultPrevented || hasText(event.target)) return;
  if (panels.isDrawerOpen) panels.isDrawerOpen = false;
  else if (app.router.panel !== null) app.router.closePanel();
}

/** The next channel as the sidebar shows them, around the end. */
function step(app: AppState, chat: Chat, by: 1 | -1): void {
  const shown = [...chat.channelList.open, ...chat.channelList.direct];
  const place = shown.findIndex((entry) => entry.channel === app.channel);
  const next = shown.at((place + by) % shown.length);
  if (next !== undefined) app.go(next.channel);
}

function isWriting(target: EventTarget | null): boolean {
  return target instanceof HTMLElement && target.closest('input, textarea') !== null;
}

function hasText(target: EventTarget | null): boolean {
  const isField = target instanceof HTMLInputElement || target instanceof HTMLTextAreaElement;
  return isField && target.value !== '';
}
