/** What has not arrived, and several windows: each message is one window's, and comes back to where somebody looks. */
import { expect } from 'vitest';
import type { Locator, Page } from 'playwright-core';

import { eventually, type Person } from './people';
import { test } from './stage';
import { arrived, kept, keeps, logInAs, lose, SENDS } from './unsent';

const composer = (page: Page) => page.getByRole('textbox', { name: 'Message', exact: true });
const shown = (page: Page, text: string): Locator =>
  page.getByRole('log', { name: 'Messages' }).getByText(text);

async function say(page: Page, text: string): Promise<void> {
  await composer(page).fill(text);
  await composer(page).press('Enter');
}

/** A second window of bob; then his session ends, and both stand at the door. */
async function atTheDoor(bob: Person, before: () => Promise<void>): Promise<Page> {
  const other = await bob.window('/c/general');
  await composer(other).waitFor();
  await before();
  await bob.context.clearCookies();
  await bob.composer.fill('x');
  await composer(other).fill('x');
  await bob.page.waitForURL(/\/login/);
  await other.waitForURL(/\/login/);
  return other;
}

test('a window that is left at the door holds up nothing', async ({ alice, bob }) => {
  const other = await atTheDoor(bob, async () => {
    await bob.context.route(SENDS, lose);
    await bob.say('part one');
    await keeps(bob.page, ['part one']);
  });
  await bob.context.unroute(SENDS);
  await logInAs(other, 'bob');
  await say(other, 'part two');
  await arrived(alice, ['part one', 'part two']);
  await keeps(other, []);
});

test('a window at the door takes nothing of one that works', async ({ alice, bob }) => {
  const other = await atTheDoor(bob, async () => {});
  await logInAs(other, 'bob');
  await bob.context.route(SENDS, lose);
  await say(other, 'part one');
  await keeps(other, ['part one']);
  await other.reload();
  await shown(other, 'part one').waitFor();
  await bob.context.unroute(SENDS);
  await arrived(alice, ['part one']);
});

test('a reloaded window has its own back, and the one beside it has its own', async ({
  alice,
  bob,
}) => {
  const other = await bob.window('/c/general');
  await composer(other).waitFor();
  await bob.context.route(SENDS, (route) => route.fulfill({ status: 422, body: '{}' }));
  await bob.say('part refused');
  await bob.message('part refused').getByText('Not sent.').waitFor();
  await bob.context.unroute(SENDS);
  await bob.context.route(SENDS, lose);
  await bob.say('part waiting');
  await say(other, 'part beside');
  await keeps(other, ['part refused', 'part waiting', 'part beside']);
  for (const page of [bob.page, other, bob.page]) {
    await page.reload();
    await composer(page).waitFor();
    await shown(bob.page, 'part refused').waitFor();
    await shown(bob.page, 'part waiting').waitFor();
    await shown(other, 'part beside').waitFor();
    expect(await shown(other, 'part refused').count()).toBe(0);
    expect(await shown(bob.page, 'part beside').count()).toBe(0);
  }
  await bob.context.unroute(SENDS);
  await arrived(alice, ['part waiting', 'part beside']);
});

test('a window that comes back after long takes its own back from another', async ({ bob }) => {
  const other = await bob.window('/c/general');
  await composer(other).waitFor();
  await bob.context.route(SENDS, (route) => route.fulfill({ status: 422, body: '{}' }));
  await bob.say('part refused');
  await bob.message('part refused').getByText('Not sent.').waitFor();
  await bob.page.goto('about:blank');
  await shown(other, 'part refused').waitFor();
  await bob.page.goto('/c/general');
  await shown(bob.page, 'part refused').waitFor();
  await shown(other, 'part refused').waitFor({ state: 'detached' });
});

test('a door that is closed in the middle of a log-in silences nobody', async ({ alice, bob }) => {
  const door = await bob.window('/login');
  await door.route('**/login', (route) =>
    route.request().method() === 'POST' ? undefined : route.continue(),
  );
  await door.getByLabel('User name').fill('bob');
  await door.getByLabel('Password', { exact: true }).fill('wrong');
  await door.getByRole('button', { name: 'Log in' }).click();
  const mark = () => bob.page.evaluate(() => localStorage.getItem('minimost-account'));
  await eventually(async () => expect(await mark()).not.toBe('bob'));
  await bob.say('part one');
  await door.close();
  await arrived(alice, ['part one']);
  expect(await mark()).toBe('bob');
});

/** Bob has something unsent in general and asks to log out. */
async function asksToLogOut(bob: Person): Promise<Locator> {
  await bob.context.route(SENDS, lose);
  await bob.say('part one, which nobody has seen');
  await keeps(bob.page, ['part one, which nobody has seen']);
  await bob.account.click();
  await bob.page.getByRole('button', { name: 'Log out' }).click();
  return bob.page.getByRole('dialog', { name: 'One message is not sent' });
}

test('logging out of a session that has ended deletes what is unsent', async ({ bob }) => {
  const question = await asksToLogOut(bob);
  await question.getByText('part one, which nobody has seen').waitFor();
  await question.getByText('general').waitFor();
  await bob.context.route('**/logout', (route) =>
    route.fulfill({
      status: 401,
      contentType: 'application/problem+json',
      body: JSON.stringify({ type: '/problems/session-expired', title: 'Expired', status: 401 }),
    }),
  );
  await question.getByRole('button', { name: 'Log out and delete' }).click();
  await bob.page.waitForURL(/logged_out/);
  await keeps(bob.page, []);
});

test('logging out without a server deletes here, and says that the session goes on', async ({
  bob,
}) => {
  const question = await asksToLogOut(bob);
  await bob.context.route('**/logout', lose);
  await question.getByRole('button', { name: 'Log out and delete' }).click();
  await bob.page.getByText('still logged in').waitFor();
  await keeps(bob.page, []);
  expect(await bob.message('part one').count()).toBe(0);
  await bob.page.reload();
  await bob.composer.waitFor();
});

test('what bob wrote last is his draft, whatever the clock of his browser says', async ({
  alice: _first,
  arrive,
}) => {
  const bob = await arrive('bob');
  await bob.context.addInitScript(() => {
    const now = Date.now;
    Date.now = () => now() - 600_000;
  });
  await bob.join();
  const saved = bob.page.waitForResponse(/\/drafts\//);
  await bob.composer.fill('begun');
  await saved;
  await bob.context.route('**/drafts/**', lose);
  await bob.composer.fill('begun, and gone on');
  await eventually(async () =>
    expect(await kept(bob.page, 'drafts')).toEqual(['begun, and gone on']),
  );
  await bob.page.goto('about:blank');
  await bob.context.unroute('**/drafts/**');
  await bob.page.goto('/c/general');
  await eventually(async () => expect(await bob.composer.inputValue()).toBe('begun, and gone on'));
});

test('what is unsent for a channel that one was removed from is named before it is deleted', async ({
  alice,
  bob,
}) => {
  const wish = { name: 'secret', members: ['bob'] };
  const secret = (await alice.ask('/private_channels/create', wish)) as { channel: string };
  await bob.page.goto(`/c/${secret.channel}`);
  await bob.composer.waitFor();
  await bob.context.route(SENDS, lose);
  await bob.say('part of a secret');
  await keeps(bob.page, ['part of a secret']);
  await alice.ask(`/channels/${secret.channel}/members/remove`, { user: 'bob' });
  await bob.page.goto('/c/general');
  await bob.composer.waitFor();
  await bob.account.click();
  await bob.page.getByRole('button', { name: 'Log out' }).click();
  const question = bob.page.getByRole('dialog', { name: 'One message is not sent' });
  await question.getByText('part of a secret').waitFor();
  await question.getByText('A channel that you are not in').waitFor();
  await question.getByRole('button', { name: 'Log out and delete' }).click();
  await bob.page.waitForURL(/logged_out/);
  await keeps(bob.page, []);
});
