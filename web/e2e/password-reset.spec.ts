/** Who has forgotten their password, and how they come in again. */
import { expect } from 'vitest';

import { eventually, PASSWORD } from './people';
import { test } from './stage';

const NEW = 'Battery-staple-2';

test('alice makes a link, bob sets a password by it once, and is out everywhere until he logs in', async ({
  alice,
  bob,
  arrive,
}) => {
  await alice.page.goto('/view/admin/people');
  const row = (name: string) =>
    alice.page
      .getByRole('list', { name: 'People' })
      .getByRole('listitem')
      .filter({ hasText: `@${name}` });
  await row('alice').getByRole('button', { name: 'Change alice' }).click();
  await alice.page.getByRole('menuitem', { name: 'Deactivate…' }).waitFor();
  const offer = alice.page.getByRole('menuitem', { name: 'Reset password…' });
  expect(await offer.count(), 'her own she changes in the settings').toBe(0);
  await alice.page.keyboard.press('Escape');
  await row('bob').getByRole('button', { name: 'Change bob' }).click();
  await offer.click();
  await row('bob').getByRole('button', { name: 'Make the link' }).click();
  const field = row('bob').getByLabel('The link for bob');
  const link = await field.inputValue();
  expect(link).toMatch(/^http:\/\/127\.0\.0\.1:\d+\/reset-password\/[\w-]{43}$/);
  await row('bob').getByText('Give it to nobody but them').waitFor();
  await alice.context.grantPermissions(['clipboard-read', 'clipboard-write']);
  await row('bob').getByRole('button', { name: 'Copy' }).click();
  await row('bob').getByRole('button', { name: 'Copied' }).waitFor();
  expect(await alice.page.evaluate(() => navigator.clipboard.readText())).toBe(link);
  await row('bob').getByRole('button', { name: 'Done' }).click();
  expect(await alice.page.getByText(link).count()).toBe(0);
  expect(await field.count(), 'it is shown once').toBe(0);

  const elsewhere = await arrive('bob');
  const { page } = elsewhere;
  await page.goto('/login');
  await page.getByRole('link', { name: 'Forgot your password?' }).click();
  await page.getByText('minimost reset-password NAME').waitFor();
  await page.goto(link);
  await page.getByText('For the account bob.').waitFor();
  const set = page.getByRole('button', { name: 'Set the password' });
  await page.getByLabel('New password').fill(NEW);
  await page.getByLabel('Confirm password').fill('Battery-staple-3');
  expect(await set.isDisabled()).toBe(true);
  // A look, or a wrong second word, uses nothing up.
  await page.reload();
  await page.getByLabel('New password').fill('Password1!');
  await page.getByLabel('Confirm password').fill('Password1!');
  await set.click();
  await page.getByRole('alert').filter({ hasText: 'guessed first' }).waitFor();
  await page.getByLabel('New password').fill(NEW);
  await page.getByLabel('Confirm password').fill(NEW);
  await set.click();
  await page.getByRole('heading', { name: 'Your new password is set' }).waitFor();
  await bob.page.getByRole('button', { name: 'Log in' }).waitFor();

  await page.getByRole('link', { name: 'Log in' }).click();
  await page.getByLabel('User name').fill('bob');
  await page.getByLabel('Password', { exact: true }).fill(PASSWORD);
  await page.getByRole('button', { name: 'Log in' }).click();
  await page.getByRole('alert').waitFor();
  await page.getByLabel('Password', { exact: true }).fill(NEW);
  await page.getByRole('button', { name: 'Log in' }).click();
  await elsewhere.composer.waitFor();

  await page.goto(link);
  await page.getByRole('heading', { name: 'This link does not hold' }).waitFor();
  await page.goto('/reset-password/%E0%A4%A');
  await page.getByRole('heading', { name: 'This link does not hold' }).waitFor();
});

test('who comes second with a link learns that it is used', async ({ alice, bob, arrive }) => {
  const made = (await alice.ask('/admin/people/bob/reset_password', {})) as { path: string };
  const [first, second] = [await arrive('bob'), await arrive('bob')];
  for (const { page } of [first, second]) {
    await page.goto(made.path);
    await page.getByLabel('New password').fill(NEW);
    await page.getByLabel('Confirm password').fill(NEW);
  }
  await first.page.getByRole('button', { name: 'Set the password' }).click();
  await first.page.getByRole('heading', { name: 'Your new password is set' }).waitFor();
  await second.page.getByRole('button', { name: 'Set the password' }).click();
  await second.page.getByRole('heading', { name: 'This link does not hold' }).waitFor();
  await eventually(async () => expect(bob.page.url()).toContain('/login'));
});
