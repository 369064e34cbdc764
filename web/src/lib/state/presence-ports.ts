import type { ApiClient } from '../api/client';
import { presenceWord } from '../api/presence';
import type { Presence } from '../api/schema';
import type { PresencePorts } from '../sync/presence-reporter';
import { presenceSiblings } from './siblings';

/** How this window says who is here: to the server, and to the other windows of the browser. */
export function presencePorts(api: ApiClient): PresencePorts {
  return {
    report: (state) => void api.presence(state).catch(() => {}),
    beacon,
    now: Date.now,
    ...presenceSiblings(),
  };
}

function beacon(state: Presence): void {
  const body = new Blob([JSON.stringify(presenceWord(state))], { type: 'application/json' });
  navigator.sendBeacon('/presence', body);
}
