import { expect } from 'vitest';
import type { Locator } from 'playwright-core';

import { eventually, type Person } from './people';
import { test } from './stage';

/** One of the lists of the view, by its heading. */
function list(person: Person, name: string): Locator {
  return person.page.getByRole('region', { name }).getByRole('listitem');
}

test('what alice begins to write is in her other window, until she sends it', async ({
  alice,
  bob,
}) => {
  const other = await alice.window('/c/general');
  const there = other.getByRole('textbox', { name: 'Message', exact: true });
  await there.waitFor();
  await alice.composer.pressSequentially('I think that');
  await eventually(async () => expect(await there.inputValue()).toBe('I think that'));
  await there.press('End');
  await there.pressSequentially(' we should');
  await eventually(async () => {
    expect(await alice.composer.inputValue()).toBe('I think that we should');
  });
  await alice.composer.press('Enter');
  await bob.message('I think that we should').waitFor();
  await eventually(async () => expect(await there.inputValue()).toBe(''));
  await other.reload();
  await there.waitFor();
  expect(await there.inputValue()).toBe('');
});

test('alice finds her drafts, goes on with one and deletes it', async ({ alice }) => {
  await alice.composer.pressSequentially('half a thought');
  await alice.page.getByRole('link', { name: 'Later' }).click();
  const draft = list(alice, 'Drafts').filter({ hasText: 'half a thought' });
  await draft.getByRole('link', { name: 'Continue writing' }).click();
  await alice.composer.waitFor();
  expect(await alice.composer.inputValue()).toBe('half a thought');

  await alice.page.getByRole('link', { name: 'Later' }).click();
  await draft.getByRole('button', { name: 'Delete draft' }).click();
  await draft.waitFor({ state: 'detached' });
  await alice.toast('The draft is deleted').getByRole('button', { name: 'Undo' }).click();
  await draft.waitFor();
  await draft.getByRole('button', { name: 'Delete draft' }).click();
  await alice.page.getByText('Nothing waits for later').waitFor();
});

test('a pencil stands beside a channel in which alice began to write, on each of her screens', async ({
  alice,
}) => {
  const other = await alice.window('/c/random');
  const mark = other.getByRole('link', { name: 'general draft' });
  await alice.composer.fill('half a thought');
  await mark.waitFor();
  // Where one writes, one sees it.
  expect(await alice.page.getByRole('link', { name: /draft/ }).count()).toBe(0);
  await alice.page.getByRole('link', { name: 'random' }).click();
  await alice.page.getByRole('link', { name: 'general draft' }).click();
  await alice.composer.press('Enter');
  await alice.message('half a thought').waitFor();
  await mark.waitFor({ state: 'detached' });
});

test('a message is scheduled, changed, sent before its time; another is cancelled', async ({
  alice,
  bob,
}) => {
  await alice.composer.fill('see you on Monday');
  await alice.page.getByRole('button', { name: 'Send later' }).click();
  await alice.page.getByRole('button', { name: /^Monday/ }).click();
  await alice.toast('It will be sent').getByRole('button', { name: 'See what waits' }).click();
  const waiting = list(alice, 'Scheduled');
  await waiting.filter({ hasText: 'see you on Monday' }).waitFor();

  await waiting.getByRole('button', { name: 'Edit' }).click();
  await alice.page.getByLabel('Text of the scheduled message').fill('see you on Tuesday');
  await waiting.getByRole('button', { name: 'Save' }).click();
  await waiting.filter({ hasText: 'see you on Tuesday' }).waitFor();
  expect(await bob.message('see you').count()).toBe(0);
  await waiting.getByRole('button', { name: 'Send now' }).click();
  await bob.message('see you on Tuesday').waitFor();
  await waiting.waitFor({ state: 'detached' });

  await alice.page.goto('/c/general');
  await alice.composer.fill('never mind');
  await alice.page.getByRole('button', { name: 'Send later' }).click();
  await alice.page.getByRole('button', { name: /^Tomorrow/ }).click();
  await eventually(async () => expect(await alice.composer.inputValue()).toBe(''));
  await alice.page.goto('/view/later');
  await waiting.filter({ hasText: 'never mind' }).waitFor();
  await waiting.getByRole('button', { name: 'Cancel message' }).click();
  await alice.page.getByText('Nothing waits for later').waitFor();
});

test('a message that may not be sent any more says so, and waits for bob', async ({
  alice,
  bob,
}) => {
  const made = (await alice.ask('/private_channels/create', {
    name: 'Planning',
    members: ['bob'],
  })) as { channel: string };
  const send_at_ts = Math.floor(Date.now() / 1000) + 3_600;
  await bob.ask(`/schedule/${made.channel}`, { text: 'the numbers', send_at_ts });
  await alice.ask(`/channels/${made.channel}/archive`, { on: true });
  await bob.page.goto('/view/later');
  await list(bob, 'Scheduled').getByRole('button', { name: 'Send now' }).click();
  const failed = list(bob, 'Could not be sent').filter({ hasText: 'the numbers' });
  await failed.getByText(/archived/).waitFor();
  await failed.getByRole('button', { name: 'Cancel message' }).click();
  await failed.waitFor({ state: 'detached' });
});

test('a reminder comes back on a toast: later, and then done', async ({ alice, bob }) => {
  const soon = () => Math.ceil(Date.now() / 1000) + 1;
  await alice.ask('/remind', { text: 'water the plants', due_ts: soon() });
  const toast = alice.toast('water the plants');
  await toast.getByRole('button', { name: 'In 20 minutes' }).click();
  await alice.page.getByRole('link', { name: /^Later/ }).click();
  await list(alice, 'Reminders').filter({ hasText: 'water the plants' }).waitFor();

  await alice.ask('/remind', { text: 'call the bank', due_ts: soon() });
  const due = list(alice, 'Due').filter({ hasText: 'call the bank' });
  await due.waitFor();
  await alice.page.getByRole('link', { name: /Later 1/ }).waitFor();
  await alice.toast('call the bank').getByRole('button', { name: 'Done' }).click();
  await due.waitFor({ state: 'detached' });
  expect(await bob.toast('call the bank').count()).toBe(0);
});

test('alice reminds herself of something in her own words', async ({ alice }) => {
  await alice.page.goto('/view/later');
  await alice.page.getByRole('button', { name: 'New reminder' }).click();
  const dialog = alice.page.getByRole('dialog', { name: 'New reminder' });
  await dialog.getByLabel('Remind me of').fill('book the train');
  await dialog.getByRole('button', { name: 'Set reminder' }).click();
  const reminder = list(alice, 'Reminders').filter({ hasText: 'book the train' });
  await reminder.getByRole('button', { name: 'Remove' }).click();
  await alice.page.getByText('Nothing waits for later').waitFor();
});

test('a reminder of a message leads back to the message', async ({ alice, bob }) => {
  await bob.say('the side door is open until six');
  await alice.message('side door').waitFor();
  const page = await alice.page.request.get('/messages/general');
  const messages = (await page.json()) as { id: number; content: string | null }[];
  const message_id = messages.find(({ content }) => content?.includes('side door'))?.id;
  const due_ts = Math.ceil(Date.now() / 1000) + 3_600;
  await alice.ask('/remind', { message_id, due_ts });
  await alice.page.goto('/view/later');
  const reminder = list(alice, 'Reminders').filter({ hasText: 'the side door is open' });
  await reminder.getByText(/bob in #general/).waitFor();
  await reminder.getByRole('link', { name: 'Open', exact: true }).click();
  await alice.page.waitForURL(new RegExp(`/c/general/${message_id}`));
  await alice.message('side door').waitFor();
});
