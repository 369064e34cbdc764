/** The three addresses of this client. Two screens and a channel need no more router than this. */
import { segment } from './api/client';

export type Route =
  | { readonly screen: 'login' }
  | { readonly screen: 'signup' }
  /** `channel` is null at `/`: whichever is the first. */
  | { readonly screen: 'chat'; readonly channel: string | null };

export class Router {
  #url = $state.raw(new URL(location.href));

  readonly route: Route = $derived(routeOf(this.#url.pathname));
  readonly query: URLSearchParams = $derived(this.#url.searchParams);

  /** Listens to the window; the result stops it. */
  start(): () => void {
    const stopping = new AbortController();
    const options = { signal: stopping.signal };
    addEventListener('popstate', () => this.#read(), options);
    addEventListener('click', (event) => this.#follow(event), options);
    return () => stopping.abort();
  }

  go(path: string): void {
    if (path !== location.pathname + location.search) history.pushState(null, '', path);
    this.#read();
  }

  /** Goes where going back should not lead again. */
  replace(path: string): void {
    history.replaceState(null, '', path);
    this.#read();
  }

  #read(): void {
    this.#url = new URL(location.href);
  }

  /** Plain clicks on links of ours stay in the page; new tabs, downloads and others go their way. */
  #follow(event: MouseEvent): void {
    if (event.defaultPrevented || event.button !== 0) return;
    if (event.metaKey || event.ctrlKey || event.shiftKey || event.altKey) return;
    const link = event.target instanceof Element ? event.target.closest('a') : null;
    if (link === null || link.target !== '' || link.origin !== location.origin) return;
    event.preventDefault();
    this.go(link.pathname + link.search);
  }
}

export function channelPath(channel: string): string {
  return `/c/${segment(channel)}`;
}

export function routeOf(pathname: string): Route {
  if (pathname === '/login') return { screen: 'login' };
  if (pathname === '/signup') return { screen: 'signup' };
  const [, channel] = /^\/c\/([^/]+)\/?$/.exec(pathname) ?? [];
  return { screen: 'chat', channel: channel === undefined ? null : canonical(decode(channel)) };
}

/** A direct channel by its one name, in whichever order somebody wrote the people. */
function canonical(channel: string | null): string | null {
  if (channel === null || !channel.startsWith('dm:')) return channel;
  return ['dm', ...channel.split(':').slice(1).sort()].join(':');
}

function decode(text: string): string | null {
  try {
    return decodeURIComponent(text);
  } catch {
    // A percent sign that encodes nothing names no channel.
    return null;
  }
}
