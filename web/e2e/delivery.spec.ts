/** How the client comes to the browser: small, once, and with nothing inline. */
import { expect } from 'vitest';
import type { Response } from 'playwright-core';

import { eventually } from './people';
import { test } from './stage';

test('the client comes compressed and is asked for once', async ({ alice }) => {
  await alice.ask('/channels', { channel: 'plans' });
  const answers: Response[] = [];
  alice.page.on('response', (answer) => answers.push(answer));
  await alice.page.goto('/c/general');
  await alice.composer.waitFor();
  const asked = answers.map((answer) => new URL(answer.url()).pathname);
  const files = answers.filter((answer) => /assets.*\.(?:js|css)$/.test(answer.url()));
  expect(files.length, asked.join(' ')).toBeGreaterThan(1);
  // Of what is in the browser's cache already, the first visit's headers are shown.
  for (const file of files) expect(file.headers()['content-encoding'], file.url()).toBe('br');

  // What comes from the browser's own cache never reaches the server.
  const fetched: string[] = [];
  const network = await alice.context.newCDPSession(alice.page);
  network.on('Network.responseReceived', ({ response }) => {
    if (response.fromDiskCache !== true) fetched.push(new URL(response.url).pathname);
  });
  await network.send('Network.enable');
  for (const channel of ['plans', 'random']) {
    await alice.page.getByRole('link', { name: channel }).first().click();
    await eventually(async () => expect(alice.page.url()).toContain(`/c/${channel}`));
    await eventually(async () => expect(fetched.join()).toContain(`/messages/${channel}`));
  }
  expect(fetched.filter((path) => /favicon|assets|emoji/.test(path))).toEqual([]);
});

test('no inline style is allowed, and none is missed', async ({ alice }) => {
  const answer = await alice.page.goto('/c/general');
  const policy = answer?.headers()['content-security-policy'] ?? '';
  expect(policy).toContain("style-src 'self';");
  expect(policy).not.toContain('unsafe');
  // That one is refused, and that it is noticed.
  await alice.page.evaluate(() => document.body.setAttribute('style', 'color: red'));
  await eventually(async () => expect(alice.faults.join()).toContain('style'));
  alice.faults.length = 0;
});
