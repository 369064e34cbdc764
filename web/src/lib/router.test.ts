import { expect, it } from 'vitest';
import {
  behindDoor,
  channelPath,
  doorPath,
  messagePath,
  panelOf,
  routeOf,
  threadPath,
  viewPath,
  withPanel,
} from './routes';

function channelAt(path: string) {
  const route = routeOf(path);
  return route.screen === 'chat' && route.view.kind === 'channel' ? route.view : null;
}

it('knows its screens', () => {
  expect(routeOf('/login')).toEqual({ screen: 'login' });
  expect(routeOf('/signup')).toEqual({ screen: 'signup' });
  expect(routeOf('/forgot-password')).toEqual({ screen: 'forgot' });
  expect(routeOf('/reset-password/a-b_C')).toEqual({ screen: 'reset', token: 'a-b_C' });
  expect(routeOf('/reset-password/%')).toEqual({ screen: 'reset', token: null });
  expect(routeOf('/reset-password/')).toEqual({ screen: 'reset', token: '' });
  expect(routeOf('/reset-password/a/b').screen).toBe('chat');
  expect(channelAt('/')).toMatchObject({ channel: null, message: null });
  expect(channelAt('/c/general')).toMatchObject({ channel: 'general', message: null });
});

it('names a direct channel readably, and finds it in any order', () => {
  expect(channelPath('dm:alice:bob')).toBe('/c/dm:alice:bob');
  expect(channelAt('/c/dm:bob:alice')?.channel).toBe('dm:alice:bob');
  expect(channelAt('/c/dm%3Aalice%3Abob')?.channel).toBe('dm:alice:bob');
});

it('finds notes to oneself by both of their names', () => {
  expect(channelAt('/c/dm:alice:alice')?.channel).toBe('dm:alice');
  expect(channelAt('/c/dm:alice')?.channel).toBe('dm:alice');
});

it('leads to a message by its permalink, and to the channel by a broken one', () => {
  expect(channelAt(messagePath('private:7', 42))).toEqual({
    kind: 'channel',
    channel: 'private:7',
    message: 42,
  });
  expect(channelAt('/c/general/nonsense')).toMatchObject({ channel: 'general', message: null });
});

it('knows its views, each by the path it makes', () => {
  for (const kind of ['threads', 'mentions', 'saved', 'later', 'browse'] as const) {
    expect(routeOf(viewPath({ kind }))).toEqual({ screen: 'chat', view: { kind } });
  }
  const people = { kind: 'admin', section: 'people' } as const;
  expect(routeOf(viewPath(people))).toEqual({ screen: 'chat', view: people });
  const settings = { kind: 'settings', section: '' } as const;
  expect(routeOf(viewPath(settings))).toEqual({ screen: 'chat', view: settings });
  expect(channelAt('/view/nowhere')).toMatchObject({ channel: null });
});

it('puts one panel beside a view, and takes it away again', () => {
  const url = new URL('https://chat.lan/c/general?profile=bob');
  const thread = { kind: 'thread', root_id: 17, channel: null, reply_id: null } as const;
  const path = withPanel(url, thread);
  expect(path).toBe('/c/general?thread=17');
  expect(panelOf(new URL(path, url).searchParams)).toEqual(thread);
  const elsewhere = { ...thread, channel: 'private:7' };
  const far = new URL(withPanel(new URL('https://chat.lan/view/threads'), elsewhere), url);
  expect(panelOf(far.searchParams)).toEqual(elsewhere);
  const reply = panelOf(new URL(threadPath('general', 17, 18), url).searchParams);
  expect(reply).toEqual({ ...thread, reply_id: 18 });
  expect(withPanel(new URL(threadPath('general', 17, 18), url), null)).toBe('/c/general');
  expect(panelOf(url.searchParams)).toEqual({ kind: 'profile', user: 'bob' });
  expect(withPanel(url, null)).toBe('/c/general');
  expect(panelOf(new URLSearchParams('panel=nonsense&thread=x'))).toBeNull();
});

it('does not fall over an address that encodes nothing', () => {
  expect(channelAt('/c/%zz')).toMatchObject({ channel: null, message: null });
});

it('leads on behind the door to where somebody was going, and never to another house', () => {
  const origin = 'https://chat.lan';
  const through = (path: string) =>
    behindDoor(new URL(doorPath('/login', path), origin).searchParams, origin);
  for (const path of [
    '/',
    '/c/general/17',
    '/c/dm:a:b?thread=3&reply=4',
    '/view/settings/profile',
  ]) {
    expect(through(path)).toBe(path);
  }
  for (const to of [
    '//evil.example/x',
    '/\\evil.example',
    '/\t/evil.example',
    'https://evil.example/c/general',
    'javascript:alert(1)',
    'c/general',
    '/login',
    '/signup?invite=x',
    '',
  ]) {
    expect(behindDoor(new URLSearchParams({ to }), origin), to).toBe('/');
  }
  expect(behindDoor(new URLSearchParams(), origin)).toBe('/');
});
