import type { Siblings } from './notifier';

const CHANNEL = 'minimost-notify';

/** The other windows of this client in the same browser. */
export function openSiblings(): Siblings {
  const line = new BroadcastChannel(CHANNEL);
  return {
    claim: (tag) => line.postMessage(tag),
    onclaim: (heard) => (line.onmessage = ({ data }) => heard(String(data))),
  };
}
