import { expect } from 'vitest';

import { eventually, PASSWORD } from './people';
import { test } from './stage';

test('carol comes in by a link, and mallory learns why hers does not work', async ({
  arrive,
  alice,
}) => {
  await alice.page.goto('/view/admin/workspace');
  await alice.page.getByText('With an invitation').click();
  await alice.toast('The settings of the workspace are saved').waitFor();

  const mallory = await arrive('mallory');
  const { page } = mallory;
  await page.goto('/signup');
  await page.getByRole('heading', { name: 'You need an invitation' }).waitFor();

  await alice.page.goto('/view/admin/invites');
  await alice.page.getByLabel('Note').fill('Carol');
  await alice.page.getByRole('button', { name: 'Make a link' }).click();
  const link = await alice.page.getByLabel('The link for Carol').inputValue();
  const carol = await arrive('carol');
  await carol.signUp(link);
  await alice.page.reload();
  const row = alice.page.getByRole('list', { name: 'Invitations' }).getByRole('listitem');
  await row.filter({ hasText: 'Carol' }).filter({ hasText: '1 of 1 joined by it' }).waitFor();
  await row.filter({ hasText: 'Used up' }).waitFor();

  await page.goto(link);
  await page.getByRole('heading', { name: 'used up' }).waitFor();
  await page.goto('/signup?invite=nonsense');
  await page.getByRole('heading', { name: 'not known here' }).waitFor();

  await alice.page.getByLabel('Note').fill('Mallory');
  await alice.page.getByRole('button', { name: 'Make a link' }).click();
  const other = await alice.page.getByLabel('The link for Mallory').inputValue();
  await alice.page.getByRole('button', { name: 'Done' }).click();
  expect(await alice.page.getByText(other).count()).toBe(0);
  await row.filter({ hasText: 'Mallory' }).getByRole('button', { name: 'Revoke' }).click();
  await row.getByRole('group').getByRole('button', { name: 'Revoke' }).click();
  await row.filter({ hasText: 'Revoked' }).waitFor();
  await page.goto(other);
  await page.getByRole('heading', { name: 'withdrawn' }).waitFor();

  await alice.page.goto('/view/admin/workspace');
  await alice.page.getByText('Nobody', { exact: true }).first().click();
  await alice.toast('The settings of the workspace are saved').waitFor();
  await page.goto('/signup');
  await page.getByRole('heading', { name: 'Signing up is closed' }).waitFor();

  await alice.page.getByText('Everybody', { exact: true }).first().click();
  await eventually(async () => {
    await page.goto('/signup');
    await page.getByLabel('User name').waitFor({ timeout: 1_000 });
  });
  await mallory.signUp();
});

test('bob becomes an administrator while he looks, and is one no more', async ({ alice, bob }) => {
  await bob.page.goto('/view/admin/people');
  await bob.page.getByText('Only administrators can see this').waitFor();

  await alice.page.goto('/view/admin/people');
  const row = alice.page.getByRole('list', { name: 'People' }).getByRole('listitem');
  const bobs = row.filter({ hasText: '@bob' });
  await bobs.getByRole('button', { name: 'Change bob' }).click();
  await alice.page.getByRole('menuitem', { name: 'Make an administrator' }).click();
  await bobs.getByText('Administrator').waitFor();
  await bob.page.getByRole('list', { name: 'People' }).waitFor();

  await bobs.getByRole('button', { name: 'Change bob' }).click();
  await alice.page.getByRole('menuitem', { name: 'Make a member' }).click();
  await bob.page.getByText('Only administrators can see this').waitFor();
  // Somebody has to mind the house.
  await row.filter({ hasText: '@alice' }).getByRole('button', { name: 'Change alice' }).click();
  await alice.page.getByRole('menuitem', { name: 'Make a member' }).click();
  await alice.page
    .getByRole('alert')
    .filter({ hasText: /administrator/i })
    .waitFor();
});

test('alice finds carol, deactivates her after a second thought, and lets her back in', async ({
  alice,
  bob,
  carol,
}) => {
  await alice.page.goto('/view/admin/people');
  const row = alice.page.getByRole('list', { name: 'People' }).getByRole('listitem');
  await row.filter({ hasText: `@${bob.name}` }).waitFor();
  await alice.page.getByLabel('Find a person').fill('car');
  await row.filter({ hasText: `@${bob.name}` }).waitFor({ state: 'detached' });
  const change = row.getByRole('button', { name: 'Change carol' });

  await change.click();
  await alice.page.getByRole('menuitem', { name: /Deactivate/ }).click();
  await row.getByRole('button', { name: 'Cancel' }).click();
  expect(await row.getByText('Deactivated').count()).toBe(0);
  await change.click();
  await alice.page.getByRole('menuitem', { name: /Deactivate/ }).click();
  await row.getByRole('button', { name: 'Deactivate', exact: true }).click();
  await row.getByText('Deactivated').waitFor();

  await carol.page.waitForURL(/\/login/);
  await carol.page.getByLabel('User name').fill('carol');
  await carol.page.getByLabel('Password', { exact: true }).fill(PASSWORD);
  await carol.page.getByRole('button', { name: 'Log in' }).click();
  await carol.page.getByRole('alert').waitFor();

  await change.click();
  await alice.page.getByRole('menuitem', { name: 'Reactivate' }).click();
  await row.getByText('Deactivated').waitFor({ state: 'detached' });
  await carol.logIn();
});

test('alice sees when her people were last here, and what they take up', async ({ alice, bob }) => {
  await alice.page.goto('/view/admin/people');
  const row = alice.page.getByRole('list', { name: 'People' }).getByRole('listitem');
  const bobs = row.filter({ hasText: `@${bob.name}` });
  await bobs.getByText('here now').waitFor();
  await bobs.getByText(/^\d+(\.\d)? [KM]B$/).waitFor();
  await bob.leave();
  await bobs.getByText(/^seen /).waitFor();
});

test('alice decides who reads what a message said before', async ({ alice, bob }) => {
  await bob.say('lunch at noon');
  await bob.act('lunch at noon', 'Edit');
  await bob.page.getByRole('textbox', { name: 'Edit message' }).fill('lunch at one');
  await bob.page.getByRole('button', { name: 'Save' }).click();
  const mark = alice.message('lunch at one').getByRole('button', { name: '(edited)' });
  await mark.waitFor();

  const settings = await alice.window('/view/admin/workspace');
  await settings.getByText('Its sender', { exact: true }).click();
  await mark.waitFor({ state: 'detached' });
  await alice.message('lunch at one').getByText('(edited)').waitFor();
  await bob.message('lunch at one').getByRole('button', { name: '(edited)' }).click();
  await bob.page.getByRole('dialog').locator('del').filter({ hasText: 'noon' }).waitFor();
});

test('a group is mentioned by one handle, and its people are called', async ({
  alice,
  bob,
  carol,
}) => {
  await alice.page.goto('/view/admin/groups');
  await alice.page.getByRole('button', { name: 'New group' }).click();
  const dialog = alice.page.getByRole('dialog', { name: 'New group' });
  await dialog.getByLabel('Name', { exact: true }).fill('Developers');
  await dialog.getByLabel('Handle').fill('devs');
  await dialog.getByRole('combobox', { name: 'Add people' }).fill('bob');
  await dialog.getByRole('option', { name: /bob/ }).click();
  await dialog.getByRole('button', { name: 'Create group' }).click();
  await dialog.waitFor({ state: 'hidden' });

  await bob.page.goto('/c/random');
  await bob.composer.waitFor();
  await carol.composer.pressSequentially('@dev');
  await carol.page.getByRole('option', { name: /devs/ }).waitFor();
  await carol.composer.press('Enter');
  await carol.composer.pressSequentially('who reviews?');
  await carol.composer.press('Enter');
  await bob.toast('@devs who reviews?').waitFor();
  expect(await alice.toast('who reviews?').count()).toBe(0);

  const row = alice.page.getByRole('list', { name: 'Groups' }).getByRole('listitem');
  await row.getByRole('button', { name: 'Edit Developers' }).click();
  const editor = alice.page.getByRole('dialog');
  await editor.getByRole('combobox', { name: 'Add people' }).fill('alice');
  await editor.getByRole('option', { name: /alice/ }).click();
  await editor.getByRole('button', { name: 'Save group' }).click();
  await row.filter({ hasText: 'alice and bob' }).waitFor();
  await row.getByRole('button', { name: 'Delete Developers' }).click();
  await row.getByRole('button', { name: 'Delete group' }).click();
  await row.waitFor({ state: 'detached' });
  await carol.composer.pressSequentially('@dev');
  await eventually(async () => {
    expect(await carol.page.getByRole('option', { name: /devs/ }).count()).toBe(0);
  });
});

test('bob mistakes his password too often, and alice lets him log in again', async ({
  server,
  alice,
  bob,
}) => {
  for (let failures = 0; failures < 5; failures += 1) {
    const account = { username: bob.name, password: 'not it' };
    await fetch(`${server.url}/login`, { method: 'POST', body: JSON.stringify(account) });
  }
  await alice.page.goto('/view/admin/people');
  const row = alice.page.getByRole('list', { name: 'People' }).getByRole('listitem');
  const bobs = row.filter({ hasText: `@${bob.name}` });
  await bobs.getByText('Locked out').waitFor();
  await bobs.getByRole('button', { name: 'Change bob' }).click();
  await alice.page.getByRole('menuitem', { name: 'Let them log in again' }).click();
  await bobs.getByText('Locked out').waitFor({ state: 'detached' });
});
