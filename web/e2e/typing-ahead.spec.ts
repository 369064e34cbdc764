/** What is typed while something opens: it belongs to what was chosen, and nothing of it is lost. */
import { expect } from 'vitest';

import { eventually, type Person } from './people';
import { test } from './stage';

/** Keeps the answers to `path` back until the result is called: a slow network, stretched. */
async function hold(person: Person, path: string): Promise<() => void> {
  let release = () => {};
  const released = new Promise<void>((resolve) => (release = resolve));
  await person.page.route(path, async (route) => {
    await released;
    await route.continue();
  });
  return release;
}

/** As a person does: to whatever has the focus. */
async function type(person: Person, text: string): Promise<void> {
  await person.page.keyboard.type(text);
}

async function enter(person: Person): Promise<void> {
  await person.page.keyboard.press('Enter');
}

async function choosePeople(person: Person, names: readonly string[]): Promise<void> {
  await person.page.getByRole('button', { name: 'New direct message', exact: true }).click();
  const dialog = person.page.getByRole('dialog', { name: 'New direct message' });
  for (const name of names) {
    await dialog.getByRole('combobox').fill(name);
    await dialog.getByRole('option', { name }).click();
  }
  await dialog.getByRole('button', { name: 'Start conversation' }).click();
}

/** Nothing of it stands in the channel where alice was. */
async function isClean(person: Person): Promise<void> {
  await person.page.goto('/c/general');
  await person.composer.waitFor();
  expect(await person.composer.inputValue()).toBe('');
  expect(await person.message('secret').count()).toBe(0);
}

test('what alice writes while a conversation opens goes to the people she chose', async ({
  alice,
  bob,
  carol,
}) => {
  const release = await hold(alice, '**/dms');
  await choosePeople(alice, [bob.name, carol.name]);
  await type(alice, 'a secret for you two');
  await enter(alice);
  await type(alice, 'and half a sec');
  release();
  await carol.page.getByRole('link', { name: /alice, bob 1 unread/ }).click();
  await carol.message('a secret for you two').waitFor();
  await alice.message('a secret for you two').waitFor();
  await type(alice, 'ret');
  expect(await alice.composer.inputValue()).toBe('and half a secret');
  await enter(alice);
  await carol.message('and half a secret').waitFor();
  await isClean(alice);
});

test('so it is from the quick switcher, and from a card', async ({ alice, bob, carol }) => {
  await bob.say('hello');
  const release = await hold(alice, '**/dms');
  await alice.composer.press('Control+k');
  await type(alice, carol.name);
  await alice.page.getByRole('option', { name: carol.name }).waitFor();
  await enter(alice);
  await type(alice, 'secret one');
  await enter(alice);
  await carol.page.getByRole('link', { name: /alice 1 unread/ }).waitFor();

  await alice.page.getByRole('link', { name: /general/ }).click();
  await alice.message('hello').getByRole('button', { name: 'About bob' }).first().click();
  const card = alice.page.getByRole('dialog', { name: 'About bob' });
  await card.getByRole('button', { name: 'Message' }).click();
  await type(alice, 'secret two');
  await enter(alice);
  await bob.page.getByRole('link', { name: /alice 1 unread/ }).waitFor();
  release();
  await alice.page.getByRole('link', { name: /carol/ }).click();
  await alice.message('secret one').waitFor();
  await isClean(alice);
});

test('a conversation that is refused keeps what was written for it', async ({ alice, bob }) => {
  const refusal = {
    type: '/problems/too-many',
    title: 'Too many',
    status: 409,
    detail: 'too many',
  };
  let release = () => {};
  const released = new Promise<void>((resolve) => (release = resolve));
  // What is kept for it would open it too, and is refused for the same reason.
  const routes = [/\/dms$/, /\/drafts\/dm/];
  for (const path of routes) {
    await alice.page.route(path, async (route) => {
      await released;
      await route.fulfill({ status: 409, contentType: 'application/problem+json', json: refusal });
    });
  }
  await choosePeople(alice, [bob.name]);
  await type(alice, 'a secret');
  release();
  await alice.toast('too many').waitFor();
  for (const path of routes) await alice.page.unroute(path);
  await alice.page.getByRole('button', { name: 'Start conversation' }).click();
  await alice.composer.waitFor();
  expect(await alice.composer.inputValue()).toBe('a secret');
  await type(alice, ', at last');
  await enter(alice);
  await bob.page.getByRole('link', { name: /alice 1 unread/ }).click();
  await bob.message('a secret, at last').waitFor();
  await isClean(alice);
});

test('what alice writes while a channel is made or joined stands in its box', async ({
  alice,
  bob,
}) => {
  await bob.ask('/channels', { channel: 'garden', name: 'Garden' });
  let release = await hold(alice, '**/channels/garden/join');
  await alice.page.goto('/c/garden');
  await alice.page.getByRole('button', { name: 'Join channel' }).click();
  await type(alice, 'tomatoes are ');
  release();
  await alice.composer.waitFor();
  await eventually(async () => expect(await alice.composer.inputValue()).toBe('tomatoes are '));
  await type(alice, 'in');
  await enter(alice);
  await alice.message('tomatoes are in').waitFor();

  release = await hold(alice, '**/channels');
  await alice.page.getByRole('button', { name: 'New channel', exact: true }).click();
  const dialog = alice.page.getByRole('dialog', { name: 'New channel' });
  await dialog.getByLabel('Channel name').fill('Cellar');
  await enter(alice);
  await type(alice, 'mind the ');
  release();
  await alice.page.getByRole('heading', { level: 1, name: 'Cellar' }).waitFor();
  await eventually(async () => expect(await alice.composer.inputValue()).toBe('mind the '));
  await type(alice, 'step');
  await enter(alice);
  await alice.message('mind the step').waitFor();
});

test('a name that is taken is said in the dialog, and what was typed ahead waits there', async ({
  alice,
}) => {
  const release = await hold(alice, '**/channels');
  await alice.page.getByRole('button', { name: 'New channel', exact: true }).click();
  const dialog = alice.page.getByRole('dialog', { name: 'New channel' });
  await dialog.getByLabel('Channel name').fill('general');
  await enter(alice);
  await type(alice, 'welcome');
  release();
  await dialog.getByRole('alert').waitFor();
  await dialog.getByLabel('Channel name').fill('Annexe');
  await enter(alice);
  await alice.page.getByRole('heading', { level: 1, name: 'Annexe' }).waitFor();
  await eventually(async () => expect(await alice.composer.inputValue()).toBe('welcome'));
});

test('a thread can be written in before its replies are here', async ({ alice, bob }) => {
  await alice.say('who has the key?');
  await bob.message('who has the key?').waitFor();
  const release = await hold(bob, '**/thread/*');
  await bob.act('who has the key?', 'Reply in thread');
  await type(bob, 'I have it');
  await enter(bob);
  release();
  const thread = bob.page.getByRole('complementary', { name: 'Thread' });
  await thread.getByRole('article').filter({ hasText: 'I have it' }).waitFor();
  expect(await bob.composer.inputValue()).toBe('');
});

test('an edit that is not finished is still there when alice comes back', async ({ alice }) => {
  await alice.say('tea at five');
  await alice.act('tea at five', 'Edit');
  await type(alice, ' and cake');
  await alice.page.getByRole('link', { name: /random/ }).click();
  await alice.page.waitForURL(/random/);
  await alice.page.getByRole('link', { name: /general/ }).click();
  const box = alice.page.getByRole('textbox', { name: 'Edit message' });
  expect(await box.inputValue()).toBe('tea at five and cake');
  await box.press('Escape');
  await alice.act('tea at five', 'Edit');
  expect(await box.inputValue()).toBe('tea at five');
});
