/** What was sent and has not arrived: after a reload, from a closed tab, and when the session has ended. */
import { expect } from 'vitest';

import { eventually, PASSWORD } from './people';
import { test as plain } from './stage';
import { arrived, kept, keeps, logInAs, lose, SENDS } from './unsent';
import { Wire } from './wire';

const test = plain.extend<{ wire: Wire }>({
  wire: async ({ server }, use) => {
    const wire = await Wire.lay(() => server.port);
    await use(wire);
    await wire.remove();
  },
});

test('what was sent while the server was out of reach arrives once, in order, after a reload', async ({
  alice,
  wire,
  arrive,
}) => {
  const bob = await arrive('bob', wire.url);
  await bob.join();
  wire.cut();
  const texts = ['part one', 'part two', 'part three'];
  for (const text of texts) await bob.say(text);
  await bob.message('part three').getByText('sending').waitFor();
  await bob.page.goto('about:blank');
  wire.mend();
  await bob.page.goto('/c/general');
  await arrived(bob, texts);
  await arrived(alice, texts);
  await keeps(bob.page, []);
  await bob.page.reload();
  await bob.composer.waitFor();
  await arrived(bob, texts);
  await arrived(alice, texts);
});

test('after a reload it says honestly how each message is', async ({ alice, bob }) => {
  await bob.context.route(SENDS, (route) => route.fulfill({ status: 422, body: '{}' }));
  await bob.say('part refused');
  await bob.message('part refused').getByText('Not sent.').waitFor();
  await bob.context.unroute(SENDS);
  await bob.context.route(SENDS, lose);
  await bob.say('part waiting');
  await bob.message('part waiting').getByText('sending').waitFor();
  await keeps(bob.page, ['part refused', 'part waiting']);

  await bob.page.reload();
  await bob.message('part refused').getByText('Not sent.').waitFor();
  await bob.message('part waiting').getByText('sending').waitFor();
  await bob.context.unroute(SENDS);
  await arrived(alice, ['part waiting']);
  await bob.message('part refused').getByRole('button', { name: 'Discard' }).click();
  await keeps(bob.page, []);
  await bob.page.reload();
  await bob.message('part waiting').waitFor();
  expect(await bob.message('part refused').count()).toBe(0);
});

test('what a closed tab left is sent by another, and each message by one', async ({
  alice,
  bob,
}) => {
  const answered: string[] = [];
  bob.context.on('response', (answer) => {
    if (!answer.url().includes('/send/')) return;
    answered.push(`${answer.status()} ${answer.request().postDataJSON().text}`);
  });
  await bob.context.route(SENDS, lose);
  await bob.say('part one');
  await bob.say('part two');
  await keeps(bob.page, ['part one', 'part two']);
  const other = await bob.window('/c/general');
  const composer = other.getByRole('textbox', { name: 'Message', exact: true });
  await composer.fill('part three');
  await composer.press('Enter');
  await keeps(other, ['part one', 'part two', 'part three']);
  expect(await other.getByText('part one').count(), 'it is the first tab that sends it').toBe(0);
  await bob.page.close();
  await other.getByRole('log', { name: 'Messages' }).getByText('part one').waitFor();
  await bob.context.unroute(SENDS);
  await arrived(alice, ['part one', 'part two', 'part three']);
  await keeps(other, []);
  expect(answered).toEqual(['201 part one', '201 part two', '201 part three']);
});

test('two tabs send in the order in which bob wrote', async ({ alice, bob }) => {
  const other = await bob.window('/c/general');
  const composer = other.getByRole('textbox', { name: 'Message', exact: true });
  await composer.waitFor();
  await bob.context.route(SENDS, lose);
  await bob.say('part one');
  await keeps(bob.page, ['part one']);
  await composer.fill('part two');
  await composer.press('Enter');
  await keeps(bob.page, ['part one', 'part two']);
  // Only the first tab stays cut off: the second has to wait for it.
  await bob.page.route(SENDS, lose);
  await bob.context.unroute(SENDS);
  const asked: string[] = [];
  other.on('request', (request) => request.url().includes('/send/') && asked.push(request.url()));
  await bob.say('part three');
  await keeps(bob.page, ['part one', 'part two', 'part three']);
  expect(asked).toEqual([]);
  await bob.page.unroute(SENDS);
  await arrived(alice, ['part one', 'part two', 'part three']);
});

test('a session that has expired leaves messages and drafts to the next log-in of the same person', async ({
  alice,
  bob,
}) => {
  await bob.context.route(SENDS, lose);
  await bob.say('part one');
  await keeps(bob.page, ['part one']);
  // The cookie lasts as long as the session: the browser throws it away.
  await bob.context.clearCookies();
  await bob.composer.fill('begun and not finished');
  await bob.page.waitForURL(/\/login/);
  await bob.page.getByText('Your session has expired').waitFor();
  await eventually(async () =>
    expect(await kept(bob.page, 'drafts')).toEqual(['begun and not finished']),
  );
  await bob.page.reload();
  await bob.page.getByText('Your session has expired').waitFor();
  await bob.context.unroute(SENDS);

  await logInAs(bob.page, 'alice');
  await bob.composer.waitFor();
  await bob.page.getByRole('log', { name: 'Messages' }).waitFor();
  expect(await bob.message('part one').count()).toBe(0);
  expect(await bob.composer.inputValue()).toBe('');
  await bob.say('part of alice');
  await arrived(alice, ['part of alice']);
  await bob.page.getByRole('button', { name: 'Account: alice' }).click();
  await bob.page.getByRole('button', { name: 'Log out' }).click();
  await bob.page.waitForURL(/logged_out/);
  await keeps(bob.page, ['part one']);

  await logInAs(bob.page, 'bob');
  await arrived(alice, ['part of alice', 'part one']);
  await bob.page.goto('/c/general');
  await eventually(async () =>
    expect(await bob.composer.inputValue()).toBe('begun and not finished'),
  );
  await keeps(bob.page, []);
});

test('a new password ends the session, and the door says so', async ({ alice, bob, arrive }) => {
  const elsewhere = await arrive('bob');
  await elsewhere.logIn();
  await bob.context.route(SENDS, lose);
  await bob.say('part one');
  await keeps(bob.page, ['part one']);
  const change = { current_password: PASSWORD, new_password: 'Another-horse-2' };
  await elsewhere.ask('/change-password', change);
  await bob.page.waitForURL(/\/login/);
  await bob.page.getByText('Your password was changed').waitFor();
  await bob.context.unroute(SENDS);
  await logInAs(bob.page, 'bob', 'Another-horse-2');
  await arrived(alice, ['part one']);
});

test('somebody who logs in beside a waiting window sends nothing of it', async ({ alice, bob }) => {
  await bob.context.route(SENDS, lose);
  await bob.say('part of bob');
  await keeps(bob.page, ['part of bob']);
  const other = await bob.window('/login');
  await logInAs(other, 'alice');
  await bob.context.unroute(SENDS);
  // The first window is hers too now.
  await bob.page.getByRole('button', { name: 'Account: alice' }).waitFor();
  await bob.say('part of alice');
  await arrived(alice, ['part of alice']);
  expect(await bob.message('part of bob').count()).toBe(0);
  await keeps(other, ['part of bob']);
});

test('logging out says what is unsent and asks, and then deletes it', async ({ alice, bob }) => {
  await bob.context.route(SENDS, lose);
  await bob.say('part one');
  await bob.say('part two');
  await keeps(bob.page, ['part one', 'part two']);
  const logOut = async () => {
    await bob.account.click();
    await bob.page.getByRole('button', { name: 'Log out' }).click();
  };
  await logOut();
  const question = bob.page.getByRole('dialog', { name: '2 messages are not sent' });
  await question.getByRole('button', { name: 'Stay logged in' }).click();
  await keeps(bob.page, ['part one', 'part two']);
  await logOut();
  await question.getByRole('button', { name: 'Log out and delete' }).click();
  await bob.page.waitForURL(/logged_out/);
  await keeps(bob.page, []);
  await bob.context.unroute(SENDS);
  await logInAs(bob.page, 'bob');
  await bob.page.goto('/c/general');
  await bob.say('part three');
  await arrived(alice, ['part three']);
});

test('nothing stays of an account that was taken away', async ({ alice, bob }) => {
  await bob.context.route(SENDS, lose);
  await bob.say('part one');
  await keeps(bob.page, ['part one']);
  await bob.context.route('**/drafts/**', lose);
  await bob.composer.fill('begun');
  await eventually(async () => expect(await kept(bob.page, 'drafts')).toContain('begun'));
  await alice.ask('/admin/people/bob/deactivate', {});
  await bob.page.waitForURL(/\/login/);
  await bob.page.getByText('An administrator has ended this session').waitFor();
  await keeps(bob.page, []);
  await eventually(async () => expect(await kept(bob.page, 'drafts')).toEqual([]));
});

test('without a disk it goes on in memory, and closing the window asks', async ({
  alice,
  arrive,
}) => {
  const bob = await arrive('bob');
  await bob.context.addInitScript(() => {
    Object.defineProperty(window, 'indexedDB', { get: () => undefined });
  });
  await bob.join();
  await bob.say('part one');
  await arrived(alice, ['part one']);
  await bob.context.route(SENDS, lose);
  await bob.say('part two');
  await bob.message('part two').getByText('sending').waitFor();
  const asked = bob.page.waitForEvent('dialog');
  const reloading = bob.page.reload({ timeout: 5_000 }).catch(() => {});
  const dialog = await asked;
  expect(dialog.type()).toBe('beforeunload');
  await dialog.dismiss();
  await reloading;
  await bob.context.unroute(SENDS);
  await arrived(alice, ['part one', 'part two']);
});
