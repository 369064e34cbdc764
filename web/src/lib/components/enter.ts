import type { EnterKey } from '../state/choices';

/** True when the key ends what is written; otherwise it may begin a new line. */
export function sends(
  event: Pick<KeyboardEvent, 'key' | 'shiftKey' | 'ctrlKey' | 'metaKey'>,
  enter: EnterKey,
): boolean {
  if (event.key !== 'Enter') return false;
  return event.ctrlKey || event.metaKey || (enter === 'send' && !event.shiftKey);
}
