/** Real screens for docs/screenshots: `npm run screenshots` after a build. Skipped in an ordinary run. */
import { mkdir } from 'node:fs/promises';
import { expect, test } from 'vitest';
import type { BrowserContextOptions } from 'playwright-core';

import { openBrowser, Person } from './people';
import { Server } from './server';

const FOLDER = new URL('../../docs/screenshots/', import.meta.url).pathname;

const SCREENS: Record<string, BrowserContextOptions> = {
  'desktop-light': { viewport: { width: 1280, height: 800 }, colorScheme: 'light' },
  'desktop-dark': { viewport: { width: 1280, height: 800 }, colorScheme: 'dark' },
  'phone-light': {
    viewport: { width: 390, height: 844 },
    colorScheme: 'light',
    isMobile: true,
    hasTouch: true,
  },
  'phone-dark': {
    viewport: { width: 390, height: 844 },
    colorScheme: 'dark',
    isMobile: true,
    hasTouch: true,
  },
};

test.runIf(process.env['MINIMOST_SCREENSHOTS'] === '1')(
  'every screen, at desk and in the hand, by day and by night',
  async () => {
    await mkdir(FOLDER, { recursive: true });
    const browser = await openBrowser();
    const server = await Server.start();
    const alice = await Person.arrive(browser, 'alice', server.url, SCREENS['desktop-light']);
    const bob = await Person.arrive(browser, 'bob', server.url);
    const carol = await Person.arrive(browser, 'carol', server.url);
    await alice.page.goto('/login');
    await alice.page.screenshot({ path: `${FOLDER}login.png` });
    for (const person of [alice, bob, carol]) await person.signUp();

    await alice.say('Good morning. The new server is up, and last night it did nothing but run.');
    await bob.message('Good morning').waitFor();
    await bob.say('Seen. I pulled the plug on it twice, and every message was there afterwards.');
    await carol.message('pulled the plug').waitFor();
    await carol.say(
      '@alice who moves the old archive over? https://wiki.lan/archive has the list.',
    );
    await alice.message('who moves').waitFor();
    await alice.say('I will, @carol, after lunch.');
    await bob.message('after lunch').waitFor();
    await bob.act('after lunch', 'React');
    await bob.page.getByRole('searchbox').fill('thumbsup');
    await bob.page.getByRole('button', { name: 'thumbsup', exact: true }).first().click();
    await alice
      .message('after lunch')
      .getByRole('button', { name: /thumbsup/ })
      .waitFor();
    await carol.act('pulled the plug', 'Reply');
    await carol.say('Only twice?');
    await alice.message('Only twice?').waitFor();
    await bob.page.goto('/c/random');
    await bob.composer.waitFor();
    await bob.say('Cake in the kitchen 🎂');
    await alice.page.getByRole('link', { name: /random 1 unread/i }).waitFor();
    await bob.page.goto('/c/general');
    await bob.composer.waitFor();
    await bob.composer.pressSequentially('a third time, then');
    await alice.page.getByText(/bob is typing/).waitFor();
    await alice.page.mouse.move(0, 0);
    await alice.page.screenshot({ path: `${FOLDER}desktop-light.png` });

    const cookies = await alice.context.cookies();
    for (const [name, screen] of Object.entries(SCREENS)) {
      if (name === 'desktop-light') continue;
      const context = await browser.newContext({ baseURL: server.url, ...screen });
      await context.addCookies(cookies);
      const page = await context.newPage();
      await page.goto('/c/general');
      await page.getByRole('article').filter({ hasText: 'Only twice?' }).waitFor();
      await page.screenshot({ path: `${FOLDER}${name}.png` });
      await context.close();
    }
    expect(alice.faults).toEqual([]);
    await server.stop();
    await browser.close();
  },
);
