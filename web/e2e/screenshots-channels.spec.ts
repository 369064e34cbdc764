/**
 * Real screens of channels and of who is in them: `npm run screenshots` after a build. Not in an
 * ordinary run. Neighbours: `screenshots.spec.ts`, the first screen, and `screenshots-threads.spec.ts`.
 */
import { mkdir } from 'node:fs/promises';
import { expect, test } from 'vitest';
import type { BrowserContextOptions, Page } from 'playwright-core';

import { openBrowser, Person } from './people';
import { Server } from './server';

const FOLDER = new URL('../../docs/screenshots/', import.meta.url).pathname;
// A picture in the middle of a movement shows neither where it began nor where it ends.
const STILL = { reducedMotion: 'reduce' } as const;
const DESK = { ...STILL, viewport: { width: 1280, height: 800 } };
const HAND = { ...STILL, viewport: { width: 390, height: 844 }, isMobile: true, hasTouch: true };

/** Both by day and by night are for looking (`MINIMOST_SCREENSHOTS=all`); one of each is kept. */
const isAll = process.env['MINIMOST_SCREENSHOTS'] === 'all';
const SCREENS: Record<string, BrowserContextOptions> = {
  'desktop-light': { ...DESK, colorScheme: 'light' },
  'phone-dark': { ...HAND, colorScheme: 'dark' },
  ...(isAll && {
    'desktop-dark': { ...DESK, colorScheme: 'dark' },
    'phone-light': { ...HAND, colorScheme: 'light' },
  }),
};

async function post(person: Person, route: string, data: object): Promise<unknown> {
  const answer = await person.page.request.post(route, { data });
  expect(answer.ok(), `${route}: ${answer.status()}`).toBe(true);
  return answer.json().catch(() => undefined);
}

/** The private channel that the pictures show. */
let roof = '';

/** What alice finds when she comes: a channel that has a past, one to join, one that is over. */
async function live(alice: Person, bob: Person, carol: Person): Promise<void> {
  const wish = { name: 'Roof', members: ['bob', 'carol'] };
  const made = await post(alice, '/private_channels/create', wish);
  roof = (made as { channel: string }).channel;
  await post(alice, `/channels/${roof}/topic`, { topic: 'Offers until Friday' });
  await post(bob, `/send/${roof}`, { text: 'The second offer is in. It is the better one.' });
  await post(carol, `/channels/${roof}/description`, {
    description: 'The new roof of the old house.\nMinutes are pinned.',
  });
  await post(alice, `/channels/${roof}/owner`, { user: 'bob' });
  await post(alice, `/send/${roof}`, { text: 'Then let us decide on Monday.' });
  await post(bob, '/channels', { channel: 'garden', name: 'Garden', topic: 'Tomatoes are in' });
  await post(carol, '/channels/garden/join', {});
  await post(carol, '/channels', { channel: 'cinema', name: 'Cinema club' });
  await post(bob, '/channels', { channel: 'moving', name: 'Moving' });
  await post(alice, '/channels/moving/join', {});
  await post(bob, '/channels/moving/archive', {});
  await post(alice, '/channels/random/posters', { users: ['carol'] });
  await post(alice, '/dms', { users: [] });
  await post(bob, '/send/dm:alice:bob', { text: 'Coffee?' });
}

/** Each by the way that leads there. */
const VIEWS: Record<string, (page: Page) => Promise<void>> = {
  notices: async (page) => {
    await page.goto(`/c/${roof}`);
    await page.getByText('let us decide').waitFor();
  },
  details: async (page) => {
    await page.goto(`/c/${roof}?panel=details`);
    await page.getByRole('list', { name: 'Members' }).waitFor();
  },
  'add-people': async (page) => {
    await page.goto(`/c/${roof}?panel=details`);
    await page.getByRole('button', { name: 'Add people' }).click();
    await page.getByText('from the start').waitFor();
  },
  browse: async (page) => {
    await page.goto('/view/browse');
    await page.getByRole('button', { name: 'Join Garden' }).waitFor();
  },
  join: async (page) => {
    await page.goto('/c/garden');
    await page.getByRole('button', { name: 'Join channel' }).waitFor();
  },
  archived: async (page) => {
    await page.goto('/c/moving');
    await page.getByText('This channel is archived.').waitFor();
  },
  notes: async (page) => {
    await page.goto('/c/dm:alice');
    await page.getByRole('textbox', { name: 'Message', exact: true }).waitFor();
  },
  'new-channel': async (page) => {
    await page.goto('/view/browse');
    await page.getByRole('button', { name: 'New channel' }).last().click();
    await page.getByRole('dialog').getByText('Private', { exact: true }).click();
    await page.getByLabel('Channel name').fill('Choir');
    await page.getByRole('option', { name: 'carol' }).click();
  },
};

test.runIf(process.env['MINIMOST_SCREENSHOTS'] !== undefined)(
  'the screens of channels, at desk and in the hand',
  { timeout: 300_000 },
  async () => {
    await mkdir(FOLDER, { recursive: true });
    const browser = await openBrowser();
    const server = await Server.start();
    const [alice, bob, carol] = [
      await Person.arrive(browser, 'alice', server.url),
      await Person.arrive(browser, 'bob', server.url),
      await Person.arrive(browser, 'carol', server.url),
    ];
    for (const person of [alice, bob, carol]) await person.signUp();
    await live(alice, bob, carol);
    const cookies = await alice.context.cookies();
    for (const [screen, options] of Object.entries(SCREENS)) {
      const context = await browser.newContext({ baseURL: server.url, ...options });
      await context.addCookies(cookies);
      for (const [view, show] of Object.entries(VIEWS)) {
        const page = await context.newPage();
        await show(page);
        await page.screenshot({ path: `${FOLDER}${view}-${screen}.png` });
        await page.close();
      }
      await context.close();
    }
    expect([...alice.faults, ...bob.faults, ...carol.faults]).toEqual([]);
    await browser.close();
    await server.stop();
  },
);
