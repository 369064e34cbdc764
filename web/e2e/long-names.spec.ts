/** Names as long as they may be, on every screen: nothing is pushed out of sight, nothing scrolls sideways. */
import type { Page } from 'playwright-core';
import { expect } from 'vitest';

import { eventually, type Person } from './people';
import { test } from './stage';

const LONG = 'Unternehmenskommunikationsabteilungsleiterbesprechungsvorbereitungsausschussraumx';
const LONG_80 = LONG.slice(0, 80);
const LONG_64 = 'Hubert-Blaine-Wolfeschlegelsteinhausenbergerdorff-'.padEnd(64, 'x');
const WIDTHS = [1440, 1024, 390] as const;
const SECTIONS = {
  settings: ['profile', 'notifications', 'preferences', 'password'],
  admin: ['people', 'invites', 'groups', 'workspace'],
} as const;

/** What can be scrolled sideways, and of what opens and lists what is wider than its room. */
function tooWide(page: Page): Promise<string[]> {
  return page.evaluate(() => {
    const holders = 'html, nav, main, aside, dialog, [role=dialog], [popover], [role=menu]';
    return [...document.querySelectorAll<HTMLElement>('*')]
      .filter((one) => {
        const { overflowX, visibility } = getComputedStyle(one);
        if (visibility === 'hidden' || one.matches('input, textarea')) return false;
        const scrolls = overflowX === 'auto' || overflowX === 'scroll';
        return (scrolls || one.matches(holders)) && one.scrollWidth > one.clientWidth;
      })
      .filter((one) => one.clientWidth > 0)
      .map((one) => {
        const name = one.getAttribute('aria-label') ?? '';
        return `${one.tagName}.${one.className} ${name}: ${one.scrollWidth} in ${one.clientWidth}`;
      });
  });
}

interface Town {
  channel: string;
  direct: string;
  secret: string;
  root: number;
}

/** A channel, a private channel, an archived one, a group and two people, all with names as long as they may be. */
async function settle(alice: Person, bob: Person, carol: Person): Promise<Town> {
  for (const person of [bob, carol]) {
    await person.ask('/profile', {
      display_name: LONG_64,
      pronouns: 'x'.repeat(40),
      bio: 'x'.repeat(160),
    });
    await person.ask('/status', { emoji: 'heart', text: 'y'.repeat(100) });
  }
  await alice.ask('/groups', { handle: 'g'.repeat(32), name: LONG_80, members: ['alice', 'bob'] });
  await alice.ask('/keywords', { keywords: ['k'.repeat(64)] });
  const make = (body: object) => alice.ask('/channels', body) as Promise<{ channel: string }>;
  const { channel } = await make({ channel: 'long', name: LONG_80, topic: 't'.repeat(250) });
  await bob.ask(`/channels/${channel}/join`, {});
  await make({ channel: 'gone', name: `${LONG_80.slice(0, 79)}Z` });
  await alice.ask('/channels/gone/archive', {});
  await bob.ask('/channels', { channel: 'elsewhere', name: `${LONG_80.slice(0, 79)}Y` });
  const secret = (await alice.ask('/private_channels/create', {
    name: LONG_80,
    members: ['bob', 'carol'],
  })) as { channel: string };
  await bob.ask(`/send/${secret.channel}`, { text: `psst @alice ${'s'.repeat(300)}` });
  const direct = 'dm:alice:bob';
  await bob.ask(`/send/${direct}`, { text: `hello ${'h'.repeat(300)}` });
  await bob.ask('/send/dm:alice:bob:carol', { text: 'all of us' });
  const root = (await bob.ask('/send/long', { text: `@alice ${LONG_80}` })) as { id: number };
  await carol.ask('/channels/long/join', {});
  for (const name of ['heart', 'woman_in_motorized_wheelchair', '100']) {
    await bob.ask(`/react/${root.id}`, { reaction: name }).catch(() => undefined);
  }
  await carol.ask('/send/long', { text: 'r'.repeat(300), thread_id: root.id });
  await alice.ask('/send/long', { text: 'in the thread', thread_id: root.id });
  await bob.ask('/send/long', { text: `@alice ${'m'.repeat(200)}`, thread_id: root.id });
  await bob.ask('/poll/long', { question: 'q'.repeat(200), options: ['o'.repeat(300), 'no'] });
  await alice.ask(`/pin/${root.id}`, { on: true });
  await alice.ask(`/save/${root.id}`, { on: true });
  await alice.ask('/drafts/general', { text: 'd'.repeat(300) });
  const soon = Date.now() / 1000 + 86_400;
  await alice.ask(`/schedule/${secret.channel}`, { text: 'l'.repeat(300), send_at_ts: soon });
  await alice.ask('/remind', { message_id: root.id, due_ts: soon });
  return { channel, direct, secret: secret.channel, root: root.id };
}

/** Something unread in every place: what was looked at before is read by now. */
async function rouse(bob: Person, town: Town): Promise<void> {
  for (const place of ['long', town.secret, town.direct, 'dm:alice:bob:carol'])
    await bob.ask(`/send/${place}`, { text: '@alice unread' });
}

test('an 80-character name is cut on every screen, and hides no number', async ({
  alice,
  bob,
  carol,
  arrive: _arrive,
}) => {
  const town = await settle(alice, bob, carol);
  const { page } = alice;
  const found: string[] = [];
  const look = async (what: string) => {
    // A panel that slides in is wider than its place for a moment.
    await page.waitForFunction(() =>
      document.getAnimations().every((one) => one.playState !== 'running'),
    );
    for (const one of await tooWide(page))
      found.push(`${page.viewportSize()?.width} ${what}: ${one}`);
  };
  const to = async (path: string) => {
    await page.goto(path);
    await page.getByRole('main').waitFor();
    await page.getByText('Loading').first().waitFor({ state: 'detached' });
  };
  for (const width of WIDTHS) {
    await page.setViewportSize({ width, height: 900 });
    await to('/c/general');
    await rouse(bob, town);
    if (width === 390) await page.getByRole('button', { name: 'Open the sidebar' }).click();
    const bar = page.getByRole('navigation', { name: 'Channels' });
    await bar
      .getByRole('link', { name: /unread/ })
      .nth(3)
      .waitFor();
    await look('sidebar');
    // Each number stands within the bar, where it is seen.
    // At 390 the bar slides in.
    await eventually(async () => {
      const edge = await bar.evaluate((one) => one.getBoundingClientRect().right);
      const badges = await bar
        .locator('.badge')
        .evaluateAll((all) => all.map((one) => one.getBoundingClientRect().right));
      expect(badges.length).toBeGreaterThanOrEqual(4);
      for (const right of badges)
        expect(right, `a badge of the sidebar at ${width}`).toBeLessThan(edge);
    });

    for (const path of [
      `/c/${town.channel}`,
      `/c/${town.channel}?panel=details`,
      `/c/${town.channel}?panel=pins`,
      `/c/${town.channel}?profile=bob`,
      `/c/${town.channel}?thread=${town.root}`,
      `/c/${town.direct}`,
      '/c/dm:alice:bob:carol?panel=details',
      '/c/gone',
      '/c/elsewhere',
      '/c/zzz',
      ...['threads', 'mentions', 'saved', 'later', 'browse'].map((view) => `/view/${view}`),
      ...SECTIONS.settings.map((section) => `/view/settings/${section}`),
      ...SECTIONS.admin.map((section) => `/view/admin/${section}`),
    ]) {
      await to(path);
      await look(path);
    }

    await to(`/c/${town.channel}?thread=${town.root}`);
    const replies = page.getByRole('complementary', { name: 'Thread' }).getByRole('article');
    await replies.nth(3).waitFor();
    for (const reply of await replies.all()) {
      await reply.hover();
      await look('thread, under the pointer');
    }

    await to(`/c/${town.channel}`);
    const dialog = page.getByRole('dialog');
    await page.keyboard.press('Control+k');
    await dialog.getByRole('option').first().waitFor();
    await look('palette');
    await dialog.getByRole('combobox').fill('u');
    await look('palette, searching');
    await page.keyboard.press('Escape');
    const menu = async () => {
      if (width === 390)
        await page.getByRole('button', { name: 'Open the sidebar' }).first().click();
    };
    for (const name of ['New direct message', 'New channel', 'New private channel']) {
      await menu();
      await page.getByRole('button', { name, exact: true }).click();
      await dialog.waitFor();
      await dialog
        .getByText('Private', { exact: true })
        .click({ timeout: 500 })
        .catch(() => undefined);
      await dialog
        .getByRole('combobox')
        .first()
        .fill('h')
        .catch(() => undefined);
      await look(name);
      await dialog
        .getByRole('option')
        .first()
        .click({ timeout: 2_000 })
        .catch(() => undefined);
      await look(`${name}, one chosen`);
      await dialog.getByRole('button', { name: 'Close', exact: true }).click();
    }
    const message = page.getByRole('article').filter({ hasText: 'unread' }).first();
    await message.getByText('unread').click();
    await message.getByRole('button', { name: 'More actions' }).click();
    await look('menu of a message');
    await page.getByRole('menuitem', { name: 'Forward…' }).click();
    await dialog.getByRole('option').first().waitFor();
    await look('forwarding');
    await dialog.getByRole('option').first().click();
    await look('forwarding, one chosen');
    await dialog.getByRole('button', { name: 'Close', exact: true }).click();
    await page.getByRole('article').first().getByRole('button', { name: LONG_64 }).first().click();
    await page.locator('[popover]:popover-open').first().waitFor();
    await look('card');
    await page.keyboard.press('Escape');
    await page.getByRole('textbox', { name: 'Message', exact: true }).fill('@h');
    await page.getByRole('option').first().waitFor();
    await look('completion');
    await page.getByRole('textbox', { name: 'Message', exact: true }).fill('');
  }
  expect(found).toEqual([]);
  // Some ninety screens, one after the other.
}, 400_000);

test('a long name does not squeeze the dot beside it', async ({ alice, bob }) => {
  await bob.ask('/profile', { display_name: LONG_64 });
  await bob.ask('/send/dm:alice:bob', { text: 'hello' });
  for (const width of WIDTHS) {
    await alice.page.setViewportSize({ width, height: 900 });
    await alice.page.goto('/c/dm:alice:bob');
    const title = alice.page.getByRole('main').getByRole('heading', { level: 1 });
    const dot = title.locator('.dot');
    await dot.waitFor();
    const { width: wide, height: high } = (await dot.boundingBox())!;
    expect([wide, high], `at ${width}`).toEqual([10, 10]);
  }
});
