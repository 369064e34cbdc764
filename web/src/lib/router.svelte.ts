/** Where the window is. What the addresses mean is in `routes.ts`. */
import { panelOf, routeOf, withPanel, type Route, type SidePanel } from './routes';

export { channelPath, doorPath, messagePath, threadPath, viewPath } from './routes';

export class Router {
  #url = $state.raw(new URL(location.href));

  readonly route: Route = $derived(routeOf(this.#url.pathname));
  /** What stands beside the view; null for nothing. */
  readonly panel: SidePanel | null = $derived(panelOf(this.#url.searchParams));
  /** Grows with every way to a place, even to the same again; panels beside it come and go without. */
  arrivals = $state(0);
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
    const here = location.pathname + location.search;
    const isPanel = path !== here && path.split('?')[0] === location.pathname;
    if (path !== here) history.pushState(null, '', path);
    if (!isPanel) this.arrivals += 1;
    this.#read();
  }

  /** Opens a panel beside whatever is shown; going back closes it. */
  open(panel: SidePanel): void {
    this.go(withPanel(this.#url, panel));
  }
  closePanel(): void {
    this.go(withPanel(this.#url, null));
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
