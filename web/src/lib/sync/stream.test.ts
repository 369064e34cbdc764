import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { at } from '../../testing/people';
import { backoffMs } from './backoff';
import { Stream, type EventSourceLike } from './stream';
import type { Frame } from './words';

class FakeSource implements EventSourceLike {
  readyState = 0;
  onopen: EventSourceLike['onopen'] = null;
  onerror: EventSourceLike['onerror'] = null;
  readonly listeners = new Map<string, (event: MessageEvent<string>) => void>();
  constructor(readonly url: string) {}

  addEventListener(kind: string, listener: (event: MessageEvent<string>) => void): void {
    this.listeners.set(kind, listener);
  }
  close(): void {
    this.readyState = 2;
  }
  accept(): void {
    this.readyState = 1;
    this.onopen?.(new Event('open'));
  }
  /** The connection breaks and the browser comes back by itself. */
  stumble(): void {
    this.readyState = 0;
    this.onerror?.(new Event('error'));
  }
  /** The server refuses, and the browser gives up. */
  refuse(): void {
    this.readyState = 2;
    this.onerror?.(new Event('error'));
  }
  say(kind: string, data: object, lastEventId = ''): void {
    const message = new MessageEvent(kind, { data: JSON.stringify(data), lastEventId });
    this.listeners.get(kind)?.(message);
  }
}

function aliceListening() {
  const sources: FakeSource[] = [];
  const heard: Frame[] = [];
  const said: string[] = [];
  const position = { cursor: at(20) };
  const clock = { skew_ms: 0 };
  const stream = new Stream({
    connect: (url) => {
      const source = new FakeSource(url);
      sources.push(source);
      return source;
    },
    position: () => position.cursor,
    onframe: (frame) => heard.push(frame),
    onconnected: () => said.push('connected'),
    ondisconnected: () => said.push('disconnected'),
    onrefused: () => said.push('refused'),
    now: () => Date.now() + clock.skew_ms,
    random: () => 1,
  });
  stream.open();
  const last = () => {
    const source = sources.at(-1);
    if (source === undefined) throw new Error('nothing was opened');
    return source;
  };
  return { stream, sources, heard, said, position, last, clock };
}

describe('the stream', () => {
  beforeEach(() => void vi.useFakeTimers());
  afterEach(() => void vi.useRealTimers());

  it('starts at the cursor of the state', () => {
    expect(aliceListening().last().url).toBe('/events?cursor=e1.20');
  });

  it('hands on events and signals with the last id', () => {
    const { last, heard } = aliceListening();
    last().say('typing', { channel: 'general', user: 'bob' });
    last().say('message_deleted', { id: 3, channel: 'general', deleted_ts: 1 }, 'e1.21');
    expect(heard).toMatchObject([
      { event: 'typing', id: '' },
      { event: 'message_deleted', id: 'e1.21' },
    ]);
  });

  it('leaves a broken connection to the browser, which knows the last event id', async () => {
    const { last, sources, said } = aliceListening();
    last().accept();
    last().stumble();
    await vi.advanceTimersByTimeAsync(60_000);
    expect(sources).toHaveLength(1);
    expect(said).toEqual(['connected', 'disconnected']);
  });

  it('comes back from the newest cursor after a refusal, waiting longer each time', async () => {
    const { last, sources, position, said } = aliceListening();
    last().refuse();
    expect(said).toContain('refused');
    position.cursor = at(25);
    await vi.advanceTimersByTimeAsync(499);
    expect(sources).toHaveLength(1);
    await vi.advanceTimersByTimeAsync(1);
    expect(last().url).toContain('cursor=e1.25');
    last().refuse();
    await vi.advanceTimersByTimeAsync(999);
    expect(sources).toHaveLength(2);
    await vi.advanceTimersByTimeAsync(1);
    expect(sources).toHaveLength(3);
  });

  it('forgets its failures once a connection stands', async () => {
    const { last, sources } = aliceListening();
    last().refuse();
    await vi.advanceTimersByTimeAsync(500);
    last().accept();
    last().refuse();
    await vi.advanceTimersByTimeAsync(500);
    expect(sources).toHaveLength(3);
  });

  it('does not wait when the browser says that the network is back', () => {
    const { last, sources, stream } = aliceListening();
    last().refuse();
    stream.reopen();
    expect(sources).toHaveLength(2);
  });

  it('opens anew after the computer has slept', async () => {
    const { sources, clock } = aliceListening();
    await vi.advanceTimersByTimeAsync(60_000);
    expect(sources).toHaveLength(1);
    clock.skew_ms = 600_000;
    await vi.advanceTimersByTimeAsync(5_000);
    expect(sources).toHaveLength(2);
  });

  it('says nothing after it was closed', () => {
    const { last, stream, heard } = aliceListening();
    const source = last();
    stream.close();
    source.say('typing', { channel: 'general', user: 'bob' });
    expect(heard).toEqual([]);
  });
});

describe('the back-off', () => {
  it('doubles from half a second to fifteen', () => {
    const waits = [1, 2, 3, 4, 5, 6, 7, 30].map((failures) => backoffMs(failures, () => 1));
    expect(waits).toEqual([500, 1000, 2000, 4000, 8000, 15000, 15000, 15000]);
  });

  it('spreads screens over the upper half of the wait', () => {
    expect(backoffMs(1, () => 0)).toBe(250);
  });
});
