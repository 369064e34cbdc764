/** The SharedWorker in which the relay of one account lives; it is named after the account. */
import { Relay, type Tab } from './relay';
import { relayPorts } from './relay-ports';
import type { TabWord } from './words';

/** TypeScript has the globals of a window or those of a worker, and we compile for a window. */
interface Scope {
  readonly name: string;
  onconnect: (event: MessageEvent) => void;
}

const scope = globalThis as unknown as Scope;
const relay = new Relay(scope.name, relayPorts());

scope.onconnect = ({ ports: [port] }) => {
  if (port === undefined) return;
  const tab: Tab = { hear: (word) => port.postMessage(word) };
  port.onmessage = ({ data }) => relay.hear(tab, data as TabWord);
};
