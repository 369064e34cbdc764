/** What the door says: to who comes first, to who is not expected, and to who tries too often. */
import { expect } from 'vitest';

import { eventually } from './people';
import { test } from './stage';

test('an empty server welcomes its first person, and nobody back', async ({ arrive }) => {
  const first = await arrive('alice');
  await first.page.goto('/');
  await first.page.getByText('Nobody has an account here yet.').waitFor();
  expect(await first.page.getByText('Welcome back').count()).toBe(0);
  await first.page.getByRole('link', { name: 'Create the first account' }).click();
  await first.page.getByText(/first account is the administrator/).waitFor();
  await first.page.getByRole('button', { name: 'Create account' }).waitFor();
});

test('the door offers an account only where there is one to be had', async ({ alice, arrive }) => {
  const guest = await arrive('bob');
  const offer = guest.page.getByRole('link', { name: 'Create an account' });
  for (const [signup, words] of [
    ['open', 'New here?'],
    ['invite', /by invitation/i],
    ['closed', 'Signing up is closed here.'],
  ] as const) {
    await alice.ask('/admin/settings', { signup });
    await guest.page.goto('/login');
    await guest.page.getByText(words).first().waitFor();
    expect(await offer.count(), signup).toBe(signup === 'open' ? 1 : 0);
  }
});

test('who tries too often reads once how long to wait, in sentences', async ({ alice, arrive }) => {
  expect(alice.name).toBe('alice');
  const guest = await arrive('alice');
  await guest.page.goto('/login');
  const said = guest.page.getByRole('alert');
  await guest.page.getByLabel('User name').fill('alice');
  const tryIt = async () => {
    await guest.page.getByLabel('Password', { exact: true }).fill('Wrong-horse-1');
    await guest.page.getByRole('button', { name: 'Log in' }).click();
  };
  await tryIt();
  await said.waitFor();
  expect(await said.innerText()).toMatch(/^[A-Z]/);
  for (
    let attempt = 0;
    attempt < 30 && !/in \d+ (second|minute)/.test(await said.innerText());
    attempt += 1
  ) {
    const answered = guest.page.waitForResponse((answer) => answer.url().endsWith('/login'));
    await tryIt();
    await answered;
    await guest.page.getByRole('button', { name: 'Log in', disabled: false }).waitFor();
  }
  await eventually(async () => {
    const text = await said.innerText();
    expect(text).toMatch(/^[A-Z]/);
    expect(text.match(/again/g), text).toHaveLength(1);
  });
});

test('one account is counted as one', async ({ alice }) => {
  await alice.page.goto('/view/admin/people');
  await alice.page.getByText('1 active account', { exact: true }).waitFor();
});
