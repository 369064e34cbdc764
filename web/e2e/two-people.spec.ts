import { expect } from 'vitest';

import { eventually, type Person } from './people';
import { test as plain } from './stage';
import { Wire } from './wire';

/** bob is far away: a wire that can be cut lies between him and the server. */
const test = plain.extend<{ wire: Wire; bob: Person }>({
  wire: async ({ server }, use) => {
    const wire = await Wire.lay(() => server.port);
    await use(wire);
    await wire.remove();
  },
  bob: async ({ arrive, alice: _first, wire }, use) => {
    const bob = await arrive('bob', wire.url);
    await bob.join();
    await use(bob);
  },
});

test('alice and bob talk, and each sees the other at once', async ({ alice, bob }) => {
  await alice.say('good morning bob');
  await bob.message('good morning bob').waitFor();
  await bob.say('good morning alice');
  await alice.message('good morning alice').waitFor();
  expect(await alice.texts(/^good morning/)).toEqual(['good morning bob', 'good morning alice']);
  expect(await bob.texts(/^good morning/)).toEqual(['good morning bob', 'good morning alice']);
});

test('what a person types is text and never markup', async ({ alice, bob }) => {
  await alice.say('<img src=x onerror="document.title=1"> <b>bold</b>');
  await bob.message('<b>bold</b>').waitFor();
  expect(await bob.timeline.locator('b, img[src="x"]').count()).toBe(0);
  expect(await bob.page.title()).toContain('MiniMost');
});

test('an edit, a reaction, a reply and a delete reach the other screen', async ({ alice, bob }) => {
  await alice.say('lunch at noon');
  await bob.message('lunch at noon').waitFor();

  await alice.act('lunch at noon', 'Edit');
  const editor = alice.page.getByRole('textbox', { name: 'Edit message' });
  await editor.fill('lunch at one');
  await alice.page.getByRole('button', { name: 'Save' }).click();
  await bob.message('lunch at one').waitFor();
  expect(await bob.message('lunch at noon').count()).toBe(0);

  await bob.act('lunch at one', 'React');
  await bob.page
    .getByRole('searchbox')
    .or(bob.page.getByPlaceholder(/search/i))
    .first()
    .fill('heart');
  await bob.page.getByRole('button', { name: 'heart', exact: true }).first().click();
  await alice
    .message('lunch at one')
    .getByRole('button', { name: /heart.*bob|bob.*heart/i })
    .waitFor();

  await bob.act('lunch at one', 'Reply');
  await bob.say('I am in');
  await alice.message('I am in').filter({ hasText: 'lunch at one' }).waitFor();

  await alice.timeline.getByRole('article').filter({ hasText: 'lunch at one' }).first().hover();
  await alice.page.getByRole('button', { name: 'More actions' }).click();
  await alice.page.getByRole('menuitem', { name: 'Delete…' }).click();
  await alice.page.getByRole('dialog').getByRole('button', { name: 'Delete', exact: true }).click();
  await eventually(async () => {
    expect(await bob.timeline.getByText('lunch at one').count()).toBe(0);
  });
});

test('typing and presence show, and a reload keeps everything', async ({ alice, bob }) => {
  await alice.say('before the reload');
  await bob.message('before the reload').waitFor();
  await alice.composer.pressSequentially('thinking…');
  await bob.page.getByText(/alice is typing/).waitFor();

  await bob.page.getByRole('button', { name: /^\d+ members$/ }).click();
  const aliceInTheList = bob.page
    .getByRole('list', { name: 'Members' })
    .getByRole('listitem')
    .filter({ hasText: 'alice' });
  await aliceInTheList.filter({ hasText: 'online' }).waitFor();
  await alice.page.getByRole('button', { name: 'Account: alice' }).click();
  await alice.page.getByRole('button', { name: /Away/ }).click();
  await aliceInTheList.filter({ hasText: 'away' }).waitFor();

  await bob.page.reload();
  await bob.message('before the reload').waitFor();
  expect(await bob.texts(/^before the reload$/)).toHaveLength(1);
});

test('bob loses the network, and comes back with nothing missing and nothing twice', async ({
  wire,
  alice,
  bob,
}) => {
  await alice.say('line 0');
  await bob.message('line 0').waitFor();

  wire.cut();
  await bob.page
    .getByRole('status')
    .filter({ hasText: /reconnecting|offline/i })
    .waitFor();
  for (let line = 1; line <= 12; line += 1) {
    await alice.say(`line ${line}`);
    await alice.message(`line ${line}`).first().waitFor();
  }
  await bob.say('said by bob while cut off');
  wire.mend();

  const lines = Array.from({ length: 13 }, (_, line) => `line ${line}`);
  await eventually(async () => {
    expect(await bob.texts(/^line \d+$/)).toEqual(lines);
  });
  await alice.message('said by bob while cut off').waitFor();
  expect(await alice.texts(/^said by bob/)).toHaveLength(1);
  await eventually(async () => {
    expect(await bob.texts(/^said by bob/)).toHaveLength(1);
  });
});

test('the server is killed and comes back, and nobody has to reload', async ({
  server,
  alice,
  bob,
}) => {
  await alice.say('before the crash');
  await bob.message('before the crash').waitFor();
  await server.restart();
  await alice.say('after the crash');
  await bob.message('after the crash').waitFor({ timeout: 40_000 });
  expect(await bob.texts(/^(before|after) the crash$/)).toEqual([
    'before the crash',
    'after the crash',
  ]);
});

test('an unread badge rises for bob elsewhere and falls when he reads', async ({ alice, bob }) => {
  await bob.page.getByRole('link', { name: /random/ }).click();
  await bob.page.waitForURL(/\/c\/random/);
  await alice.say('are you there');
  await bob.page.getByRole('link', { name: /general.*1 unread/i }).waitFor();
  await bob.page.getByRole('link', { name: /general/ }).click();
  await bob.message('are you there').waitFor();
  await eventually(async () => {
    expect(await bob.page.getByRole('link', { name: /general.*unread/i }).count()).toBe(0);
  });
});
