/** The ways to a relay: the one that all tabs share, and one for a tab alone. */
import { Relay, type Tab } from './relay';
import { relayPorts } from './relay-ports';
import RelayWorker from './relay-worker?sharedworker';
import type { Call, RelayWord } from './words';

/** Null where the browser has no shared workers. They need no secure origin: a server at home has none. */
export const callShared: Call | null = 'SharedWorker' in globalThis ? call : null;

function call(...[user, hear, onbroken]: Parameters<Call>): ReturnType<Call> {
  // A new version of the client has another address, and a worker of its own for the while.
  const worker = new RelayWorker({ name: user });
  worker.onerror = onbroken;
  worker.port.onmessage = ({ data }) => hear(data as RelayWord);
  return {
    say: (word) => worker.port.postMessage(word),
    hangUp: () => worker.port.close(),
  };
}

export const callAlone: Call = (user, hear) => {
  const relay = new Relay(user, relayPorts());
  const tab: Tab = { hear };
  return {
    say: (word) => relay.hear(tab, word),
    hangUp: () => relay.hear(tab, { say: 'leave' }),
  };
};
