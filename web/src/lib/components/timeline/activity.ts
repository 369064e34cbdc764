import type { TimelineView } from './view.svelte';

/**
 * Finds out which message the person points at: with the mouse, the keyboard or a finger. One
 * listener on the list, because a listener and four buttons on each message are dear by the hundred.
 */
export function activity(view: TimelineView) {
  return (list: HTMLElement): (() => void) => {
    const stopping = new AbortController();
    const options = { signal: stopping.signal };
    const point = (event: Event) => {
      const row = rowOf(event.target);
      // While an emoji is picked or a menu is open, its message stays the one.
      if (row !== null && !view.isBusy) view.activeId = Number(row.dataset['id']);
    };
    const leave = () => {
      if (!view.isBusy && !list.contains(document.activeElement)) view.activeId = null;
    };
    const press = (event: KeyboardEvent) => {
      const { target, key } = event;
      const row = target instanceof HTMLElement && target.matches('[data-id]') ? target : null;
      if (row !== null && (key === 'Enter' || key === 'ContextMenu')) {
        event.preventDefault();
        return view.openMenu(Number(row.dataset['id']), row);
      }
      if (event.altKey || (key !== 'ArrowUp' && key !== 'ArrowDown')) return;
      const rows = [...list.querySelectorAll<HTMLElement>('[data-id]')];
      const place = target === list ? rows.length : rows.findIndex((row) => row === target);
      // The arrows of an editor inside a message are its own.
      if (place < 0) return;
      event.preventDefault();
      rows[place + (key === 'ArrowDown' ? 1 : -1)]?.focus();
    };
    const hover = (event: PointerEvent) => {
      // A finger that scrolls passes over many messages and means none of them.
      if (event.pointerType !== 'touch') point(event);
    };
    list.addEventListener('pointerover', hover, options);
    list.addEventListener('focusin', point, options);
    list.addEventListener('click', point, options);
    list.addEventListener('pointerleave', leave, options);
    list.addEventListener('keydown', press, options);
    // A finger has no hover that ends: touching elsewhere ends it.
    document.addEventListener(
      'pointerdown',
      (event) => {
        const isOutside = event.target instanceof Node && !list.contains(event.target);
        if (isOutside && !view.isBusy) view.activeId = null;
      },
      options,
    );
    return () => stopping.abort();
  };
}

function rowOf(target: EventTarget | null): HTMLElement | null {
  return target instanceof Element ? target.closest<HTMLElement>('[data-id]') : null;
}
