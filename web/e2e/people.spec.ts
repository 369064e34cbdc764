import { expect } from 'vitest';

import { eventually, PASSWORD } from './people';
import { test } from './stage';

test('bob says how he wishes to be known, and alice sees it wherever he is named', async ({
  alice,
  bob,
}) => {
  await bob.say('good morning');
  await alice.message('good morning').waitFor();

  await bob.page.goto('/view/settings/profile');
  await bob.page.getByLabel('Display name').fill('Robert Baker');
  await bob.page.getByRole('button', { name: 'Violet' }).click();
  await bob.page.getByLabel('Pronouns').fill('he/him');
  await bob.page.getByLabel('About you').fill('Bakes on Fridays');
  await bob.page.getByLabel('Time zone').selectOption('Asia/Tokyo');
  const preview = bob.page.getByRole('group', { name: 'Preview' });
  await preview.filter({ hasText: 'Robert Baker' }).filter({ hasText: 'he/him' }).waitFor();
  await bob.page.getByRole('button', { name: 'Save profile' }).click();
  await bob.toast('Your profile is saved').waitFor();

  const name = alice.message('good morning').getByRole('button', { name: 'About Robert Baker' });
  await name.waitFor();
  const color = await name.locator('.name').evaluate((node) => getComputedStyle(node).color);
  await name.click();
  const card = alice.page.getByRole('dialog', { name: 'About bob' });
  for (const fact of ['@bob', 'he/him', 'Bakes on Fridays', 'local time']) {
    await card.getByText(fact).waitFor();
  }
  await card.getByRole('button', { name: 'Full profile' }).click();
  await alice.page.getByRole('complementary', { name: 'Profile' }).getByText('@bob').waitFor();
  await alice.page.keyboard.press('Escape');

  // Violet is not the colour of every name.
  await alice.say('and to you');
  const own = alice.message('and to you').locator('header .name .name');
  expect(await own.evaluate((node) => getComputedStyle(node).color)).not.toBe(color);
  // He is mentioned by the name that the server knows.
  await alice.composer.pressSequentially('@robert');
  await alice.page.getByRole('option', { name: /Robert Baker/ }).waitFor();
  await alice.composer.press('Enter');
  expect(await alice.composer.inputValue()).toBe('@bob ');
});

test('bob sets a status from the account menu, and takes it back', async ({ alice, bob }) => {
  await bob.say('gone soon');
  await bob.account.click();
  await bob.page.getByRole('button', { name: 'Set a status' }).click();
  const dialog = bob.page.getByRole('dialog', { name: 'Set a status' });
  await dialog.getByRole('button', { name: 'On holiday' }).click();
  await dialog.getByRole('button', { name: 'Save status' }).click();
  await dialog.waitFor({ state: 'hidden' });

  const sign = alice.message('gone soon').getByRole('img', { name: 'On holiday' });
  await sign.waitFor();
  expect(await sign.innerText()).toBe('🌴');

  await bob.account.click();
  await bob.page.getByRole('button', { name: 'Change your status' }).click();
  await dialog.getByRole('button', { name: 'Clear status' }).click();
  await sign.waitFor({ state: 'detached' });
});

test('a status ends by itself, when bob said that it would', async ({ alice, bob }) => {
  await bob.say('back in a moment');
  await bob.account.click();
  await bob.page.getByRole('button', { name: 'Set a status' }).click();
  const dialog = bob.page.getByRole('dialog', { name: 'Set a status' });
  await dialog.getByRole('button', { name: 'Pick an emoji' }).click();
  await bob.page.getByRole('searchbox', { name: 'Find an emoji' }).fill('coffee');
  await bob.page.getByRole('button', { name: 'coffee', exact: true }).first().click();
  await dialog.getByLabel('Status', { exact: true }).fill('Coffee');
  await dialog.getByLabel('Clear it').selectOption('In 1 hour');
  await dialog.getByRole('button', { name: 'Save status' }).click();
  await alice
    .message('back in a moment')
    .getByRole('button', { name: 'About bob' })
    .first()
    .click();
  const card = alice.page.getByRole('dialog', { name: 'About bob' });
  await card.getByText('Coffee').waitFor();
  await card.getByText(/until/).waitFor();

  const until_ts = Math.ceil(Date.now() / 1000) + 2;
  await bob.ask('/status', { text: 'Gone in a blink', until_ts });
  await card.getByText('Gone in a blink').waitFor();
  // A screen looks at the clock three times a minute.
  const LOOKS_MS = 60_000;
  await card.getByText('Gone in a blink').waitFor({ state: 'detached', timeout: LOOKS_MS });
});

test('preferences follow alice to her other window, and each of them does something', async ({
  alice,
  bob,
}) => {
  const other = await alice.window('/c/general');
  await alice.page.goto('/view/settings/preferences');
  await alice.page.getByText('Dark', { exact: true }).click();
  await alice.page.getByText('Compact', { exact: true }).click();
  await alice.page.getByText('12 hours', { exact: true }).click();
  await alice.page.getByText('Begins a new line', { exact: true }).click();

  for (const page of [alice.page, other]) {
    await page.locator('html[data-theme="dark"][data-density="compact"]').waitFor();
    const paper = await page.locator('main').evaluate((node) => getComputedStyle(node).color);
    expect(paper, 'ink on dark paper is light').toBe('rgb(229, 232, 227)');
  }
  const composer = other.getByRole('textbox', { name: 'Message', exact: true });
  await eventually(async () => {
    await composer.fill('first');
    await composer.press('Enter');
    expect(await composer.inputValue()).toBe('first\n');
  });
  await composer.pressSequentially('second');
  await composer.press('Control+Enter');
  await bob.message('second').filter({ hasText: 'first' }).waitFor();
  await other.locator('time', { hasText: /[AP]M/ }).first().waitFor();

  await alice.page.getByText('24 hours', { exact: true }).click();
  await other
    .locator('time', { hasText: /^\d\d:\d\d$/ })
    .first()
    .waitFor();
});

test('what calls alice reaches her beside what she reads, unless she paused it', async ({
  alice,
  bob,
}) => {
  await alice.page.goto('/c/random');
  await alice.composer.waitFor();
  await bob.say('nothing for anybody');
  await bob.say('@alice the build is red');
  const call = alice.toast('the build is red');
  await call.filter({ hasText: 'bob in #' }).waitFor();
  expect(await alice.toast('nothing for anybody').count()).toBe(0);
  await eventually(async () => expect(await alice.page.title()).toMatch(/^\(1\) #\S+ · MiniMost$/));
  await call.getByRole('button', { name: 'Open' }).click();
  await alice.page.waitForURL(/\/c\/general\/\d+/);
  await alice.message('the build is red').waitFor();
  await eventually(async () => expect(await alice.page.title()).toMatch(/^#\S+ · MiniMost$/));

  await alice.page.goto('/c/random');
  await alice.account.click();
  await alice.page.getByRole('button', { name: 'Pause notifications' }).click();
  await alice.page.getByRole('button', { name: 'For 1 hour' }).click();
  await alice.page.getByRole('img', { name: 'Notifications are paused' }).waitFor();
  await bob.say('@alice and green again');
  await alice.page.getByRole('link', { name: /general.*1 of them mention/i }).waitFor();
  expect(await alice.toast('green again').count()).toBe(0);

  await alice.account.click();
  await alice.page.getByRole('button', { name: /Resume notifications/ }).click();
  await bob.say('@alice are you back');
  await alice.toast('are you back').waitFor();
});

test('keywords and levels decide what calls alice, the same in both of her windows', async ({
  alice,
  bob,
}) => {
  await alice.page.goto('/view/settings/notifications');
  const other = await alice.window('/view/settings/notifications');
  await alice.page.getByLabel('Keywords', { exact: true }).fill('release');
  await alice.page.getByLabel('Keywords', { exact: true }).press('Enter');
  await other.getByRole('list', { name: 'Your keywords' }).getByText('release').waitFor();

  await alice.page.getByLabel('Set another channel').selectOption('random');
  await alice.page.getByLabel('Level of random').selectOption('Every message');
  await eventually(async () => {
    expect(await other.getByLabel('Level of random').inputValue()).toBe('all');
  });

  await bob.say('the release is out');
  await alice.toast('the release is out').waitFor();
  await bob.page.goto('/c/random');
  await bob.composer.waitFor();
  await bob.say('cake in the kitchen');
  await alice.toast('cake in the kitchen').waitFor();

  await other.getByLabel('Level of random').selectOption('Nothing');
  await eventually(async () => {
    expect(await alice.page.getByLabel('Level of random').inputValue()).toBe('none');
  });
  await bob.say('@alice more cake');
  await bob.message('more cake').waitFor();
  await alice.page.getByRole('link', { name: /random.*unread/i }).waitFor();
  expect(await alice.toast('more cake').count()).toBe(0);
});

test('nights of do not disturb are kept, day by day', async ({ alice }) => {
  await alice.page.goto('/view/settings/notifications');
  await alice.page.getByText('Every night').click();
  await alice.page.getByLabel('From').fill('21:30');
  await alice.page.getByLabel('From').press('Tab');
  await alice.page.getByLabel('Sunday').waitFor();
  await alice.page.getByText('Sun', { exact: true }).click();
  await eventually(async () => {
    const answer = await alice.page.request.get('/do_not_disturb');
    expect(await answer.json()).toMatchObject({
      enabled: true,
      from: '21:30',
      to: '07:00',
      days: [1, 2, 3, 4, 5, 6],
    });
  });
});

test('the desktop tells alice while she looks elsewhere, once she has allowed it', async ({
  alice,
  bob,
}) => {
  await alice.page.addInitScript(() => {
    const shown: string[] = [];
    class Shown {
      static permission = 'default';
      static requestPermission() {
        Shown.permission = 'granted';
        return Promise.resolve('granted');
      }
      onclick: (() => void) | null = null;
      constructor(title: string, { body }: { body: string }) {
        shown.push(`${title}: ${body}`);
      }
      close() {}
    }
    Object.assign(globalThis, { Notification: Shown, shown });
  });
  await alice.page.goto('/view/settings/notifications');
  await alice.page.getByRole('button', { name: 'Allow desktop notifications' }).click();
  await alice.page.getByText('This browser shows notifications').waitFor();
  // She turns to another window.
  await alice.page.evaluate(() => {
    document.hasFocus = () => false;
    dispatchEvent(new Event('blur'));
  });
  await bob.say('@alice over here');
  await eventually(async () => {
    const shown = await alice.page.evaluate(
      () => (globalThis as unknown as { shown: string[] }).shown,
    );
    expect(shown.filter((one) => one.includes('over here'))).toHaveLength(1);
  });
  expect(await alice.toast('over here').count()).toBe(0);
});

test('bob changes his password, and only the new one opens the door', async ({ bob }) => {
  await bob.page.goto('/view/settings/password');
  await bob.page.getByLabel('Current password').fill(PASSWORD);
  await bob.page.getByLabel('New password', { exact: true }).fill('Another-horse-2');
  await bob.page.getByLabel('Confirm new password').fill('Another-horse-2');
  await bob.page.getByRole('button', { name: 'Change password' }).click();
  await bob.toast('Your password is changed').waitFor();
  await bob.account.click();
  await bob.page.getByRole('button', { name: 'Log out' }).click();
  await bob.page.waitForURL(/\/login/);
  for (const [password, opens] of [
    [PASSWORD, false],
    ['Another-horse-2', true],
  ] as const) {
    await bob.page.getByLabel('User name').fill('bob');
    await bob.page.getByLabel('Password', { exact: true }).fill(password);
    await bob.page.getByRole('button', { name: 'Log in' }).click();
    await (opens ? bob.composer : bob.page.getByRole('alert')).first().waitFor();
  }
});
