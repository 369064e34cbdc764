import { expect } from 'vitest';
import type { Locator } from 'playwright-core';

import { eventually, type Person } from './people';
import { test } from './stage';

/** The thread that stands open beside the channel. */
function thread(person: Person): Locator {
  return person.page.getByRole('complementary', { name: 'Thread' });
}
function reply(person: Person, text: string): Locator {
  return thread(person).getByRole('article').filter({ hasText: text });
}
async function answer(person: Person, text: string): Promise<void> {
  const box = thread(person).getByRole('textbox', { name: 'Reply' });
  await box.fill(text);
  await box.press('Enter');
  await reply(person, text).waitFor();
}

test('bob answers in a thread; the channel shows only that he did, and alice reads it there', async ({
  alice,
  bob,
}) => {
  await alice.say('who bakes?');
  await bob.message('who bakes?').waitFor();
  await bob.act('who bakes?', 'Reply in thread');
  await answer(bob, 'I do');
  await alice.message('who bakes?').getByRole('button', { name: '1 reply, 1 new' }).waitFor();
  expect(await alice.message('I do').count()).toBe(0);
  await alice.page.getByRole('link', { name: /Threads 1 new/ }).waitFor();

  await alice.page.getByRole('button', { name: /1 reply/ }).click();
  await reply(alice, 'I do').waitFor();
  await thread(alice).getByText('New').first().waitFor();
  await eventually(async () => {
    expect(await alice.page.getByRole('link', { name: /Threads.*new/ }).count()).toBe(0);
  });
  await alice
    .message('who bakes?')
    .getByRole('button', { name: /^1 reply, last/ })
    .waitFor();
});

test('a reply can go to the channel too, where it leads back into its thread', async ({
  alice,
  bob,
  carol,
}) => {
  await alice.say('shall we move?');
  await bob.message('shall we move?').waitFor();
  await bob.act('shall we move?', 'Reply in thread');
  await thread(bob)
    .getByRole('checkbox', { name: /Also send to/ })
    .check();
  await answer(bob, 'yes, on Monday');
  await carol.message('yes, on Monday').waitFor();
  await carol
    .message('yes, on Monday')
    .getByRole('button', { name: /replied to/ })
    .click();
  await reply(carol, 'yes, on Monday').waitFor();
  expect(await thread(bob).getByRole('checkbox').isChecked()).toBe(false);
});

test('in a thread bob edits, reacts, quotes and deletes as in the channel', async ({
  alice,
  bob,
}) => {
  await alice.say('plans?');
  await bob.message('plans?').waitFor();
  await bob.act('plans?', 'Reply in thread');
  await answer(bob, 'a walk');
  await alice.page.getByRole('button', { name: /1 reply/ }).click();
  await reply(alice, 'a walk').waitFor();

  const inBob = thread(bob).getByRole('log', { name: 'Replies' });
  await bob.act('a walk', 'Edit', inBob);
  await bob.page.getByRole('textbox', { name: 'Edit message' }).fill('a long walk');
  await bob.page.getByRole('button', { name: 'Save' }).click();
  await reply(alice, 'a long walk').waitFor();

  const inAlice = thread(alice).getByRole('log', { name: 'Replies' });
  await alice.act('a long walk', 'Reply', inAlice);
  await answer(alice, 'how long?');
  await reply(bob, 'how long?').filter({ hasText: 'a long walk' }).waitFor();

  await bob.act('a long walk', 'Delete…', inBob);
  await bob.page.getByRole('dialog').getByRole('button', { name: 'Delete', exact: true }).click();
  await eventually(async () => {
    expect(await inAlice.getByText('a long walk').count()).toBe(0);
  });
});

test('carol follows a thread, hears of it, and stops', async ({ alice, bob, carol }) => {
  await alice.say('the tower');
  await bob.message('the tower').waitFor();
  await bob.act('the tower', 'Reply in thread');
  await answer(bob, 'first stone');
  await carol.page.getByRole('button', { name: /1 reply/ }).click();
  const follow = thread(carol).getByRole('button', { name: 'Follow this thread' });
  await follow.click();
  await eventually(async () => expect(await follow.getAttribute('aria-pressed')).toBe('true'));
  await carol.page.keyboard.press('Escape');
  await answer(bob, 'second stone');
  await carol.page.getByRole('link', { name: /Threads 1 new/ }).click();
  const card = carol.page.getByRole('region', { name: 'Threads' }).getByRole('article');
  await card.filter({ hasText: 'the tower' }).filter({ hasText: '1 new' }).waitFor();
  await card.getByRole('link', { name: 'the tower' }).click();
  await reply(carol, 'second stone').waitFor();
  await follow.click();
  await eventually(async () => expect(await follow.getAttribute('aria-pressed')).toBe('false'));
  await answer(bob, 'third stone');
  await reply(carol, 'third stone').waitFor();
  // What was new before she stopped may be told as read a moment later.
  await eventually(async () => {
    expect(await carol.page.getByRole('link', { name: /Threads \d/ }).count()).toBe(0);
  });
});

test('alice marks everything as read at once, with a key', async ({ alice, bob }) => {
  await alice.say('who bakes?');
  await bob.message('who bakes?').waitFor();
  await alice.page.getByRole('link', { name: /random/i }).click();
  await alice.page.waitForURL(/random/);
  await bob.act('who bakes?', 'Reply in thread');
  await answer(bob, 'not me');
  await bob.say('@alice are you there?');
  await alice.page.getByRole('link', { name: /Threads 1 new/ }).waitFor();
  await alice.page.getByRole('link', { name: /general.*1/i }).waitFor();
  await alice.page.keyboard.press('Shift+Escape');
  await alice.page.getByText('Everything is marked as read.').waitFor();
  await eventually(async () => {
    expect(await alice.page.getByRole('link', { name: /\d+ (new|unread)/ }).count()).toBe(0);
  });
});
