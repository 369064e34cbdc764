/** The other windows of this client in the same browser, however its origin is reached. */
import { newClientMsgId } from '../sync/client-msg-id';
import type { PresencePorts, WindowPresence } from '../sync/presence-reporter';
import type { Siblings } from './notifier';

interface Claim {
  readonly tag: string;
  readonly rank: number;
}

export function openSiblings(): Siblings {
  const line = new BroadcastChannel('minimost-notify');
  return {
    claim: (tag, rank) => line.postMessage({ tag, rank } satisfies Claim),
    onclaim: (heard) => {
      line.onmessage = ({ data }) => heard((data as Claim).tag, (data as Claim).rank);
    },
  };
}

type PresenceLine = Pick<PresencePorts, 'window' | 'tellOthers' | 'onother' | 'hangUp'>;

/** How it is in the windows of a person. Those of another account have ended with its session. */
export function presenceSiblings(): PresenceLine {
  const line = new BroadcastChannel('minimost-presence');
  return {
    window: newClientMsgId(),
    tellOthers: (presence) => line.postMessage(presence),
    onother: (heard) => {
      line.onmessage = ({ data }) => heard(data as WindowPresence);
    },
    hangUp: () => line.close(),
  };
}
