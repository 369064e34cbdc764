import { afterEach, beforeEach, expect, it, vi } from 'vitest';
import { AppWindow } from '../../testing/app-window';

vi.mock('../sync/relay-worker?sharedworker', () => ({ default: class {} }));

let page: AppWindow;
beforeEach(() => {
  vi.useFakeTimers();
  page = new AppWindow();
});
afterEach(() => {
  page.close();
  vi.useRealTimers();
});

it('comes up', async () => {
  await page.settle();
  expect(page.app.chat?.me).toBe('alice');
  expect(page.stream.sources.size).toBe(1);
});
