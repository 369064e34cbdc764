import { Requests } from '../api/request';
import type { RelayPorts } from './relay';

/** How a relay reaches the server, from a worker as from a window. */
export function relayPorts(): RelayPorts {
  const requests = new Requests(fetch.bind(globalThis));
  return {
    connect: (url) => new EventSource(url),
    view: (stream, channels) => requests.post('/viewing', { stream, channels }),
    now: Date.now,
    random: Math.random,
  };
}
