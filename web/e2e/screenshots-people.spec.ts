/**
 * Real screens of people, settings, administration and later: `npm run screenshots` after a build.
 * Not in an ordinary run. Neighbour: `screenshots.spec.ts`, the first screen.
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

const SCREENS: Record<string, BrowserContextOptions> = {
  'desktop-light': { ...DESK, colorScheme: 'light' },
  'desktop-dark': { ...DESK, colorScheme: 'dark' },
  'phone-light': { ...HAND, colorScheme: 'light' },
  'phone-dark': { ...HAND, colorScheme: 'dark' },
};

const DAY_SECONDS = 86_400;

/** People as they wish to be known, a group, invitations, and things that wait for alice. */
async function live(alice: Person, bob: Person, carol: Person): Promise<void> {
  const soon_ts = Math.ceil(Date.now() / 1000);
  await alice.ask('/profile', {
    display_name: 'Alice Archer',
    pronouns: 'she/her',
    time_zone: 'Europe/Berlin',
    bio: 'Keeps the servers running, and the coffee machine.',
  });
  await alice.ask('/status', {
    emoji: 'headphones',
    text: 'Focusing',
    until_ts: soon_ts + DAY_SECONDS,
  });
  await bob.ask('/profile', {
    display_name: 'Robert Baker',
    name_color: '#7a52b8',
    pronouns: 'he/him',
    time_zone: 'America/New_York',
    bio: 'Bakes on Fridays.',
  });
  await bob.ask('/status', { emoji: 'palm_tree', text: 'On holiday' });
  await alice.ask('/groups', { handle: 'devs', name: 'Developers', members: ['alice', 'bob'] });
  await alice.ask('/admin/invites', {
    note: 'Erin from accounting',
    expires_in_seconds: 7 * DAY_SECONDS,
    uses_max: 1,
  });
  await alice.ask('/admin/settings', { signup: 'invite' });
  await alice.ask('/keywords', { keywords: ['release', 'archive'] });
  await alice.ask('/do_not_disturb', { enabled: true, days: [1, 2, 3, 4, 5] });
  await alice.ask('/notifications/random', { level: 'all' });
  await bob.say('Good morning. The sea is warm.');
  await carol.say('@alice @devs who looks at the release?');
  await alice.ask('/drafts/random', { text: 'I think that we should' });
  await alice.ask('/schedule/general', {
    text: 'Good morning! The release goes out at ten.',
    send_at_ts: soon_ts + DAY_SECONDS,
  });
  await alice.ask('/remind', { text: 'Call the bank', due_ts: soon_ts + 2 * DAY_SECONDS });
  await alice.ask('/remind', { text: 'Water the plants', due_ts: soon_ts + 2 });
  await alice.toast('Water the plants').waitFor();
}

/** Each by the way that leads there. */
const VIEWS: Record<string, (page: Page) => Promise<void>> = {
  'settings-profile': async (page) => {
    await page.goto('/view/settings/profile');
    await page.getByRole('group', { name: 'Preview' }).waitFor();
  },
  'settings-notifications': async (page) => {
    await page.goto('/view/settings/notifications');
    await page.getByText('release').waitFor();
  },
  'settings-preferences': async (page) => {
    await page.goto('/view/settings/preferences');
    await page.getByText('Compact').waitFor();
  },
  'admin-people': async (page) => {
    await page.goto('/view/admin/people');
    await page.getByText('@carol').waitFor();
  },
  'admin-invites': async (page) => {
    await page.goto('/view/admin/invites');
    await page.getByText('Erin from accounting').waitFor();
  },
  'admin-workspace': async (page) => {
    await page.goto('/view/admin/workspace');
    await page.getByText('With an invitation').waitFor();
  },
  later: async (page) => {
    await page.goto('/view/later');
    await page.getByText('Water the plants').waitFor();
  },
  profile: async (page) => {
    await page.goto('/c/general?profile=bob');
    await page.getByText('Bakes on Fridays.').waitFor();
  },
  card: async (page) => {
    await page.goto('/c/general');
    await page.getByRole('button', { name: 'About Robert Baker' }).first().click();
    await page.getByText('Bakes on Fridays.').waitFor();
  },
  status: async (page) => {
    await page.goto('/c/general?profile=alice');
    await page.getByRole('button', { name: 'Set a status' }).click();
    await page.getByRole('dialog', { name: 'Set a status' }).waitFor();
  },
  'send-later': async (page) => {
    await page.goto('/c/general');
    await page.getByRole('textbox', { name: 'Message', exact: true }).fill('See you at ten');
    await page.getByRole('button', { name: 'Send later' }).click();
    await page.getByRole('button', { name: /Tomorrow/ }).waitFor();
  },
  signup: async (page) => {
    await page.goto('/signup');
    await page.getByRole('heading', { name: 'You need an invitation' }).waitFor();
  },
};

test.runIf(process.env['MINIMOST_SCREENSHOTS'] === '1')(
  'people, settings, administration and later, at desk and in the hand, by day and by night',
  async () => {
    await mkdir(FOLDER, { recursive: true });
    const browser = await openBrowser();
    const server = await Server.start();
    const alice = await Person.arrive(browser, 'alice', server.url);
    const bob = await Person.arrive(browser, 'bob', server.url);
    const carol = await Person.arrive(browser, 'carol', server.url);
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
    expect(alice.faults).toEqual([]);
    await server.stop();
    await browser.close();
  },
  300_000,
);
