import { expect, it } from 'vitest';
import { channelPath, routeOf } from './router.svelte';

it('knows its three addresses', () => {
  expect(routeOf('/login')).toEqual({ screen: 'login' });
  expect(routeOf('/signup')).toEqual({ screen: 'signup' });
  expect(routeOf('/')).toEqual({ screen: 'chat', channel: null });
  expect(routeOf('/c/general')).toEqual({ screen: 'chat', channel: 'general' });
});

it('names a direct channel readably, and finds it in any order', () => {
  expect(channelPath('dm:alice:bob')).toBe('/c/dm:alice:bob');
  expect(routeOf('/c/dm:bob:alice')).toEqual({ screen: 'chat', channel: 'dm:alice:bob' });
  expect(routeOf('/c/dm%3Aalice%3Abob')).toEqual({ screen: 'chat', channel: 'dm:alice:bob' });
});

it('does not fall over an address that encodes nothing', () => {
  expect(routeOf('/c/%zz')).toEqual({ screen: 'chat', channel: null });
});
