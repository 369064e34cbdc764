/** The addresses of this client, and what they mean. */
import { segment } from './api/request';

/** What fills the window beside the sidebar. */
export type View =
  /** `channel` is null at `/`: whichever is the first. A permalink names a message in it. */
  | { readonly kind: 'channel'; readonly channel: string | null; readonly message: number | null }
  | { readonly kind: 'threads' | 'mentions' | 'saved' | 'later' | 'browse' }
  /** `section` is empty where none is named: the first. */
  | { readonly kind: 'settings'; readonly section: string }
  | { readonly kind: 'admin'; readonly section: string };

export type Route =
  | { readonly screen: 'login' | 'signup' | 'forgot' }
  /** The token is null where the link cannot be one. */
  | { readonly screen: 'reset'; readonly token: string | null }
  | { readonly screen: 'chat'; readonly view: View };

/** What stands beside a view, on its right. */
export type SidePanel =
  /** `channel` is null where it is the channel on the screen. */
  | {
      readonly kind: 'thread';
      readonly root_id: number;
      readonly channel: string | null;
      /** The reply to look at; the newest where none is named. */
      readonly reply_id: number | null;
    }
  | { readonly kind: 'profile'; readonly user: string }
  | { readonly kind: 'pins' | 'details' };

const LISTS = ['threads', 'mentions', 'saved', 'later', 'browse'] as const;

/** The one name of the direct channel of these people. */
export function directChannel(members: readonly string[]): string {
  return ['dm', ...[...new Set(members)].sort()].join(':');
}
export function channelPath(channel: string): string {
  return `/c/${segment(channel)}`;
}
export function messagePath(channel: string, id: number): string {
  return `${channelPath(channel)}/${id}`;
}
/** A thread beside its channel, at one of its replies if one is named. */
export function threadPath(
  channel: string,
  root_id: number,
  reply_id: number | null = null,
): string {
  const reply = reply_id === null ? '' : `&reply=${reply_id}`;
  return `${channelPath(channel)}?thread=${root_id}${reply}`;
}
/** Where a message is shown: a reply in its thread. */
export function placePath(message: {
  readonly id: number;
  readonly channel: string;
  readonly thread_id: number | null;
}): string {
  const { id, channel, thread_id } = message;
  return thread_id === null ? messagePath(channel, id) : threadPath(channel, thread_id, id);
}
/**
 * Views live under one word of their own: `/threads` or `/admin/people` alone would be questions
 * to the server.
 */
export function viewPath(view: Exclude<View, { kind: 'channel' }>): string {
  const section = 'section' in view && view.section !== '' ? `/${segment(view.section)}` : '';
  return `/view/${view.kind}${section}`;
}

/** What a view is called. */
export function viewName(kind: Exclude<View['kind'], 'channel'>): string {
  const names = { browse: 'Browse channels', admin: 'Administration' } as const;
  return kind in names ? names[kind as keyof typeof names] : kind[0]?.toUpperCase() + kind.slice(1);
}

/** The door, and where somebody goes on behind it. */
export function doorPath(door: '/login' | '/signup' | '/forgot-password', to: string): string {
  return to === '/' ? door : `${door}?${new URLSearchParams({ to })}`;
}
/** Where the door was opened to; only ever a place of this house, whatever the address says. */
export function behindDoor(query: URLSearchParams, origin = location.origin): string {
  const to = query.get('to') ?? '/';
  if (!to.startsWith('/') || !URL.canParse(to, origin)) return '/';
  const url = new URL(to, origin);
  if (url.origin !== origin || routeOf(url.pathname).screen !== 'chat') return '/';
  return url.pathname + url.search;
}

/** The same page with this panel beside it; null for none. */
export function withPanel(url: URL, panel: SidePanel | null): string {
  const query = new URLSearchParams(url.search);
  for (const key of ['thread', 'in', 'reply', 'profile', 'panel']) query.delete(key);
  if (panel?.kind === 'thread') {
    query.set('thread', String(panel.root_id));
    if (panel.channel !== null) query.set('in', panel.channel);
    if (panel.reply_id !== null) query.set('reply', String(panel.reply_id));
  } else if (panel?.kind === 'profile') query.set('profile', panel.user);
  else if (panel !== null) query.set('panel', panel.kind);
  const text = query.toString();
  return url.pathname + (text === '' ? '' : `?${text}`);
}

export function panelOf(query: URLSearchParams): SidePanel | null {
  const root_id = idOf(query.get('thread') ?? '');
  if (root_id !== null) {
    const reply_id = idOf(query.get('reply') ?? '');
    return { kind: 'thread', root_id, channel: query.get('in'), reply_id };
  }
  const user = query.get('profile');
  if (user) return { kind: 'profile', user };
  const panel = query.get('panel');
  return panel === 'pins' || panel === 'details' ? { kind: panel } : null;
}

export function routeOf(pathname: string): Route {
  if (pathname === '/login') return { screen: 'login' };
  if (pathname === '/signup') return { screen: 'signup' };
  if (pathname === '/forgot-password') return { screen: 'forgot' };
  const [, token] = /^\/reset-password\/([^/]*)$/.exec(pathname) ?? [];
  if (token !== undefined) return { screen: 'reset', token: decode(token) };
  return { screen: 'chat', view: viewOf(pathname) };
}

function viewOf(pathname: string): View {
  const [, area, name = '', rest = ''] =
    /^\/(c|view)\/([^/]+)(?:\/([^/]*))?\/?$/.exec(pathname) ?? [];
  if (area === 'view') {
    const list = LISTS.find((one) => one === name);
    if (list !== undefined) return { kind: list };
    if (name === 'settings' || name === 'admin') {
      return { kind: name, section: decode(rest) ?? '' };
    }
  }
  const channel = area === 'c' ? canonical(decode(name)) : null;
  return { kind: 'channel', channel, message: channel === null ? null : idOf(rest) };
}

/** A direct channel by its one name, in whichever order somebody wrote the people. */
function canonical(channel: string | null): string | null {
  if (channel === null || !channel.startsWith('dm:')) return channel;
  return directChannel(channel.split(':').slice(1));
}

function idOf(text: string): number | null {
  return /^[1-9]\d{0,15}$/.test(text) ? Number(text) : null;
}

function decode(text: string): string | null {
  try {
    return decodeURIComponent(text);
  } catch {
    // A percent sign that encodes nothing names no channel.
    return null;
  }
}
