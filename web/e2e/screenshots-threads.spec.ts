/**
 * Real screens of threads and of what is done to messages: `npm run screenshots` after a build.
 * Not in an ordinary run. Neighbour: `screenshots.spec.ts`, the first screen.
 */
import { mkdir } from 'node:fs/promises';
import { expect, test } from 'vitest';
import type { Browser, BrowserContextOptions, Page } from 'playwright-core';

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

/** What alice finds when she comes: a thread, a poll, a pin, something saved, something forwarded. */
async function live(alice: Person, bob: Person, carol: Person): Promise<void> {
  await alice.say('Who brings the old archive over to the new server this week?');
  await bob.message('old archive').waitFor();
  await bob.act('old archive', 'Reply in thread');
  await reply(bob, 'I can, on Thursday. It is 40 GB, so overnight.');
  await carol.page.getByRole('button', { name: /1 reply/ }).click();
  await reply(carol, 'Then I will check the links on Friday morning.');
  await reply(bob, '@alice shall we tell everybody?');
  await bob.page.keyboard.press('Escape');
  await carol.say('The code of the side door is 4711, the key hangs behind it.');
  await bob.message('side door').waitFor();
  await bob.act('side door', 'Pin to the channel');
  await bob.page.getByRole('button', { name: 'Add to the message' }).click();
  await bob.page.getByRole('menuitem', { name: 'Create a poll…' }).click();
  const dialog = bob.page.getByRole('dialog');
  await dialog.getByLabel('Question').fill('Where do we eat on Friday?');
  await dialog.getByRole('textbox', { name: 'Option 1' }).fill('At the harbour');
  await dialog.getByRole('textbox', { name: 'Option 2' }).fill('In the garden');
  await dialog.getByRole('button', { name: 'Add an option' }).click();
  await dialog.getByRole('textbox', { name: 'Option 3' }).fill('Everybody at home');
  await dialog.getByRole('button', { name: 'Post the poll' }).click();
  await bob.page.getByRole('radio', { name: /harbour/ }).click();
  await carol.page.getByRole('radio', { name: /harbour/ }).click();
  await alice.page.getByRole('radio', { name: /garden/ }).click();
  await carol.act('side door', 'Forward…');
  await carol.page.getByRole('combobox').fill('random');
  await carol.page.getByRole('option').first().click();
  await carol.page
    .getByRole('textbox', { name: /Add a word/ })
    .fill('For those who are not there:');
  await carol.page.getByRole('dialog').getByRole('button', { name: 'Forward' }).click();
  await alice.message('side door').waitFor();
  await alice.act('side door', 'Save');
  await alice.say('The ferry leaves at nine.');
  await alice.message('ferry').getByRole('button').first().waitFor();
  await alice.act('ferry', 'Edit');
  await alice.page.getByRole('textbox', { name: 'Edit message' }).fill('The ferry leaves at ten.');
  await alice.page.getByRole('button', { name: 'Save' }).click();
}

async function reply(person: Person, text: string): Promise<void> {
  await person.page.getByRole('textbox', { name: 'Reply' }).fill(text);
  await person.page.keyboard.press('Enter');
  await person.page.getByRole('log', { name: 'Replies' }).getByText(text).waitFor();
}

/** Each by the way that leads there. */
const VIEWS: Record<string, (page: Page) => Promise<void>> = {
  threads: async (page) => {
    await page.goto('/view/threads');
    await page.getByRole('article').first().waitFor();
  },
  unread: async (page) => {
    await page.goto('/c/general');
    await page.getByRole('button', { name: /3 replies/ }).waitFor();
    await page.getByText('The ferry leaves').click();
    await page.getByRole('button', { name: 'More actions' }).waitFor();
  },
  mentions: async (page) => {
    await page.goto('/view/mentions');
    await page.getByRole('article').first().waitFor();
  },
  saved: async (page) => {
    await page.goto('/view/saved');
    await page.getByRole('article').first().waitFor();
  },
  channel: async (page) => {
    await page.goto('/c/general');
    await page.getByRole('radio').first().waitFor();
  },
  pins: async (page) => {
    await page.goto('/c/general?panel=pins');
    await page.getByRole('complementary').getByRole('article').first().waitFor();
  },
  forwarded: async (page) => {
    await page.goto('/c/random');
    await page.getByRole('figure').waitFor();
  },
  thread: async (page) => {
    await page.goto('/c/general');
    await page.getByRole('button', { name: /3 replies/ }).click();
    await page.getByRole('log', { name: 'Replies' }).getByText('overnight').waitFor();
  },
  menu: async (page) => {
    await page.goto('/c/general');
    await page.getByText('The ferry leaves').click();
    await page.getByRole('button', { name: 'More actions' }).click();
    await page.getByRole('menuitem').first().waitFor();
  },
  remind: async (page) => {
    await page.goto('/c/general');
    await page.getByText('The ferry leaves').click();
    await page.getByRole('button', { name: 'More actions' }).click();
    await page.getByRole('menuitem', { name: 'Remind me…' }).click();
    await page.getByRole('menuitem', { name: 'Another time…' }).waitFor();
  },
  readers: async (page) => {
    await page.goto('/c/general');
    await page.getByText('The ferry leaves').click();
    await page.getByRole('button', { name: 'More actions' }).click();
    await page.getByRole('menuitem', { name: 'Who has read it?' }).click();
    await page.getByRole('list', { name: 'Read by' }).waitFor();
  },
  history: async (page) => {
    await page.goto('/c/general');
    await page.getByRole('button', { name: '(edited)' }).click();
    await page.locator('ins').waitFor();
  },
  forward: async (page) => {
    await page.goto('/c/general');
    await page.getByText('The ferry leaves').click();
    await page.getByRole('button', { name: 'More actions' }).click();
    await page.getByRole('menuitem', { name: 'Forward…' }).click();
    await page.getByRole('option').first().waitFor();
  },
  poll: async (page) => {
    await page.goto('/c/general');
    await page.getByRole('button', { name: 'Add to the message' }).click();
    await page.getByRole('menuitem', { name: 'Create a poll…' }).click();
    await page.getByLabel('Question').fill('Which evening?');
  },
};

async function photograph(browser: Browser, url: string, alice: Person): Promise<void> {
  const cookies = await alice.context.cookies();
  for (const [name, screen] of Object.entries(SCREENS)) {
    const context = await browser.newContext({ baseURL: url, ...screen });
    await context.addCookies(cookies);
    const page = await context.newPage();
    for (const [view, go] of Object.entries(VIEWS)) {
      await go(page);
      await page.screenshot({ path: `${FOLDER}${view}-${name}.png` });
    }
    await context.close();
  }
}

test.runIf(isAll || process.env['MINIMOST_SCREENSHOTS'] === '1')(
  'threads and the tools of messages, at desk and in the hand, by day and by night',
  async () => {
    await mkdir(FOLDER, { recursive: true });
    const browser = await openBrowser();
    const server = await Server.start();
    const [alice, bob, carol] = await Promise.all(
      ['alice', 'bob', 'carol'].map((name) => Person.arrive(browser, name, server.url, DESK)),
    );
    if (!alice || !bob || !carol) throw new Error('somebody has not arrived');
    for (const person of [alice, bob, carol]) await person.signUp();
    await live(alice, bob, carol);
    await photograph(browser, server.url, alice);
    expect([...alice.faults, ...bob.faults, ...carol.faults]).toEqual([]);
    await server.stop();
    await browser.close();
  },
);
