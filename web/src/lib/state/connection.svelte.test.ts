import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { ConnectionState } from './connection.svelte';

describe('the connection', () => {
  beforeEach(() => {
    vi.useFakeTimers();
    vi.stubGlobal('navigator', { onLine: true });
  });
  afterEach(() => {
    vi.unstubAllGlobals();
    vi.useRealTimers();
  });

  it('is live until its loss is worth a word, and again when it is found', () => {
    const connection = new ConnectionState();
    connection.lost();
    expect(connection.isLive).toBe(true);
    vi.advanceTimersByTime(2_000);
    expect([connection.isLive, connection.banner]).toEqual([false, 'Reconnecting']);
    connection.found();
    expect([connection.isLive, connection.banner]).toEqual([true, null]);
  });

  it('is not live without a network', () => {
    const connection = new ConnectionState();
    connection.isOnline = false;
    expect([connection.isLive, connection.banner]).toEqual([false, 'You are offline']);
  });
});
