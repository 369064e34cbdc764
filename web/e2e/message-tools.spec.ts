import { expect } from 'vitest';
import type { Locator } from 'playwright-core';

import { eventually, type Person } from './people';
import { test } from './stage';

function dialog(person: Person): Locator {
  return person.page.getByRole('dialog');
}
function cards(person: Person, view: string): Locator {
  return person.page.getByRole('region', { name: view }).getByRole('article');
}

test('alice pins a message; bob sees by whom, finds it in the list, and takes it down', async ({
  alice,
  bob,
}) => {
  await bob.say('the code of the door is 4711');
  await alice.message('the code').waitFor();
  await alice.act('the code', 'Pin to the channel');
  await bob.message('the code').getByText('Pinned by alice').waitFor();
  await bob.page.getByRole('button', { name: '1 pinned' }).click();
  const panel = bob.page.getByRole('complementary', { name: 'Pinned messages' });
  await panel.getByRole('article').filter({ hasText: '4711' }).waitFor();
  await panel.getByRole('button', { name: 'Unpin' }).click();
  await panel.getByText('Nothing is pinned here yet.').waitFor();
  await eventually(async () => {
    expect(await alice.page.getByText(/Pinned by/).count()).toBe(0);
  });
});

test('alice saves a message for herself, finds it again, and is done with it', async ({
  alice,
  bob,
}) => {
  await bob.say('a good book: The Bridge');
  await alice.message('The Bridge').waitFor();
  await alice.act('The Bridge', 'Save');
  await alice.message('The Bridge').getByText('Saved').waitFor();
  expect(await bob.page.getByText('Saved', { exact: true }).count()).toBe(1);
  await alice.page.getByRole('link', { name: 'Saved' }).click();
  await cards(alice, 'Saved').filter({ hasText: 'The Bridge' }).getByRole('link').click();
  await alice.message('The Bridge').waitFor();
  await alice.page.getByRole('link', { name: 'Saved' }).click();
  await alice.page.getByRole('button', { name: 'Remove from saved' }).click();
  await alice.page.getByText('Nothing is saved yet.').waitFor();
});

test('bob forwards what alice said in one channel to another, with a word of his own', async ({
  alice,
  bob,
}) => {
  await alice.say('we open at nine');
  await bob.message('we open at nine').waitFor();
  await bob.act('we open at nine', 'Forward…');
  await dialog(bob).getByRole('combobox').fill('random');
  await dialog(bob).getByRole('option').first().click();
  await dialog(bob)
    .getByRole('textbox', { name: /Add a word/ })
    .fill('good to know');
  await dialog(bob).getByRole('button', { name: 'Forward' }).click();
  await alice.page.getByRole('link', { name: /random.*1/i }).click();
  const carried = alice.message('good to know');
  await carried.getByRole('figure').filter({ hasText: 'we open at nine' }).waitFor();
  await carried.getByRole('link', { name: '#General' }).click();
  await alice.page.waitForURL(/\/c\/general\/\d+/);
  await alice.message('we open at nine').waitFor();
});

test('a poll: alice asks, both choose, alice closes it', async ({ alice, bob }) => {
  await alice.page.getByRole('button', { name: 'Add to the message' }).click();
  await alice.page.getByRole('menuitem', { name: 'Create a poll…' }).click();
  await dialog(alice).getByLabel('Question').fill('Where do we eat?');
  await dialog(alice).getByLabel('Option 1').fill('At the harbour');
  await dialog(alice).getByLabel('Option 2').fill('At home');
  await dialog(alice).getByRole('button', { name: 'Post the poll' }).click();
  const harbour = (person: Person) =>
    person.message('Where do we eat?').getByRole('radio', { name: /harbour/ });
  const home = (person: Person) =>
    person.message('Where do we eat?').getByRole('radio', { name: /home/ });

  await harbour(bob).click();
  await home(alice).click();
  await alice.message('Where do we eat?').getByText('2 people have voted').waitFor();
  await home(bob).click();
  await alice
    .message('Where do we eat?')
    .getByRole('radio', { name: 'At home, 2 votes' })
    .waitFor();
  await alice.page.getByRole('button', { name: 'Show who voted' }).click();
  await alice.message('Where do we eat?').getByText('alice and bob').waitFor();
  expect(await bob.page.getByRole('button', { name: 'Close the poll' }).count()).toBe(0);
  await alice.page.getByRole('button', { name: 'Close the poll' }).click();
  await bob.message('Where do we eat?').getByText('This poll is closed.').waitFor();
  expect(await home(bob).isDisabled()).toBe(true);
});

test('a poll of several answers is walked with the arrows, and ends at its time', async ({
  alice,
  bob,
}) => {
  await alice.page.getByRole('button', { name: 'Add to the message' }).click();
  await alice.page.getByRole('menuitem', { name: 'Create a poll…' }).click();
  await dialog(alice).getByLabel('Question').fill('Which days?');
  await dialog(alice).getByLabel('Option 1').fill('Monday');
  await dialog(alice).getByLabel('Option 2').fill('Tuesday');
  await dialog(alice).getByRole('button', { name: 'Add an option' }).click();
  await dialog(alice).getByRole('textbox', { name: 'Option 3' }).fill('Friday');
  await dialog(alice).getByText('People may choose more than one').click();
  await dialog(alice).getByLabel('It closes').selectOption('In 1 day');
  await dialog(alice).getByRole('button', { name: 'Post the poll' }).click();

  const poll = bob.message('Which days?');
  await poll.getByText(/closes tomorrow/i).waitFor();
  await poll.getByRole('checkbox', { name: /Monday/ }).focus();
  for (const key of ['Space', 'ArrowDown', 'ArrowDown', 'Space', 'ArrowDown']) {
    await bob.page.keyboard.press(key);
  }
  for (const name of ['Monday, 1 vote', 'Friday, 1 vote']) {
    await alice.message('Which days?').getByRole('checkbox', { name }).waitFor();
  }
  await alice.message('Which days?').getByText('1 person has voted').waitFor();
  // Around the end, and back at the first; nothing was chosen on the way.
  const first = poll.getByRole('checkbox', { name: /Monday/ });
  expect(await first.evaluate((node) => node === document.activeElement)).toBe(true);
  await poll.getByRole('checkbox', { name: 'Tuesday, 0 votes' }).waitFor();

  const closes_ts = Math.ceil(Date.now() / 1000) + 2;
  await alice.ask('/poll/general', { question: 'Now?', options: ['yes', 'no'], closes_ts });
  // A screen looks at the clock three times a minute.
  const LOOKS_MS = 60_000;
  await bob.message('Now?').getByText('This poll is closed.').waitFor({ timeout: LOOKS_MS });
});

test('in a choice of one Tab stops once, and an arrow does not vote', async ({ alice, bob }) => {
  await alice.ask('/poll/general', { question: 'Tea?', options: ['Green', 'Black', 'None'] });
  const poll = bob.message('Tea?');
  const option = (name: string) => poll.getByRole('radio', { name });
  await option('Green, 0 votes').focus();
  await bob.page.keyboard.press('ArrowDown');
  await bob.page.keyboard.press('Enter');
  await alice.message('Tea?').getByRole('radio', { name: 'Black, 1 vote' }).waitFor();
  expect(await poll.locator('[role=radio][tabindex="0"]').count()).toBe(1);
  await bob.page.keyboard.press('ArrowUp');
  await bob.page.keyboard.press('ArrowUp');
  expect(await option('None, 0 votes').evaluate((node) => node === document.activeElement)).toBe(
    true,
  );
  expect(await option('Green, 0 votes').count()).toBe(1);
});

test('bob reads what a message said before it was edited', async ({ alice, bob }) => {
  await alice.say('lunch at noon');
  await bob.message('lunch at noon').waitFor();
  await alice.act('lunch at noon', 'Edit');
  await alice.page.getByRole('textbox', { name: 'Edit message' }).fill('lunch at one');
  await alice.page.getByRole('button', { name: 'Save' }).click();
  await bob.message('lunch at one').getByRole('button', { name: '(edited)' }).click();
  await dialog(bob).locator('del').filter({ hasText: 'noon' }).waitFor();
  await dialog(bob).locator('ins').filter({ hasText: 'one' }).waitFor();
});

test('alice sees who has read her message, and bob why it did not notify him', async ({
  alice,
  bob,
}) => {
  await alice.say('the ferry is late');
  await bob.message('the ferry is late').waitFor();
  await eventually(async () => {
    await alice.act('the ferry is late', 'Who has read it?');
    const readers = alice.page.getByRole('list', { name: 'Read by' });
    const text = await readers.innerText();
    await alice.page.keyboard.press('Escape');
    expect(text).toContain('bob');
  });
  await bob.act('the ferry is late', 'Why was I notified, or not?');
  await dialog(bob).getByText('It does not notify you.').waitFor();
});

test('bob marks a message as unread, and it stays so until he comes back', async ({
  alice,
  bob,
}) => {
  for (const text of ['one', 'two', 'three']) await alice.say(`line ${text}`);
  await bob.message('line three').waitFor();
  await bob.act('line two', 'Mark unread from here');
  await bob.page.getByRole('link', { name: /general.*2 unread/i }).waitFor();
  await bob.timeline.getByText('New messages').waitFor();
  await bob.page.getByRole('link', { name: /random/i }).click();
  await bob.page.getByRole('link', { name: /general.*2 unread/i }).click();
  await bob.timeline.getByText('New messages').waitFor();
  await eventually(async () => {
    expect(await bob.page.getByRole('link', { name: /general.*unread/i }).count()).toBe(0);
  });
});

test('alice asks to be reminded, with the keyboard alone', async ({ alice, bob }) => {
  await bob.say('water the plants');
  await alice.message('water the plants').waitFor();
  await alice.timeline.focus();
  await alice.page.keyboard.press('ArrowUp');
  await alice.page.keyboard.press('Enter');
  await alice.page.getByRole('menu', { name: 'Message actions' }).waitFor();
  await alice.page.keyboard.press('m');
  await alice.page.getByRole('menuitem', { name: /In 1 hour/ }).waitFor();
  await alice.page.keyboard.press('ArrowDown');
  await alice.page.keyboard.press('Enter');
  await alice.page.getByText(/You will be reminded/).waitFor();
});

test('what names alice is in her mentions, read or not, and leads to its place', async ({
  alice,
  bob,
}) => {
  await alice.page.getByRole('link', { name: /random/i }).click();
  await bob.say('can you look at this, @alice?');
  await alice.page.getByRole('link', { name: /Mentions 1 new/ }).click();
  const card = cards(alice, 'Mentions').filter({ hasText: 'can you look' });
  await card.filter({ hasText: 'new' }).waitFor();
  await card.getByRole('link').click();
  await alice.page.waitForURL(/\/c\/general\/\d+/);
  await alice.message('can you look').waitFor();
  await alice.page.getByRole('link', { name: 'Mentions' }).click();
  await cards(alice, 'Mentions').filter({ hasText: 'can you look' }).waitFor();
  await eventually(async () => {
    expect(await alice.page.getByRole('link', { name: /Mentions \d/ }).count()).toBe(0);
  });
});

test('a link leads far back, both ways on from there, and back to the newest', async ({
  alice,
  bob,
}) => {
  const MESSAGES = 260;
  const posted = await alice.page.evaluate(async (count) => {
    const ids: number[] = [];
    for (let line = 0; line < count; line += 1) {
      const response = await fetch('/send/random', {
        method: 'POST',
        headers: { 'Content-Type': 'application/json', Accept: 'application/json' },
        body: JSON.stringify({ text: `line ${line} of the story` }),
      });
      ids.push(((await response.json()) as { id: number }).id);
    }
    return ids;
  }, MESSAGES);
  await bob.page.goto(`/c/random/${posted[40]}`);
  await bob.message('line 40 of the story').waitFor();
  expect(await bob.message('line 259 of the story').count()).toBe(0);
  expect(await bob.page.getByRole('link', { name: /random.*unread/i }).count()).toBe(1);

  await bob.page.getByRole('button', { name: /latest/ }).click();
  await bob.message('line 259 of the story').waitFor();
  expect(new URL(bob.page.url()).pathname).toBe('/c/random');
  await alice.page.getByRole('link', { name: /random/i }).click();
  await alice.say('the end');
  await bob.message('the end').waitFor();
});

test('alice copies the link of a message, and bob comes to it by that link', async ({
  alice,
  bob,
}) => {
  await alice.context.grantPermissions(['clipboard-read', 'clipboard-write']);
  await alice.say('the map is on the wall');
  await alice.act('the map', 'Copy link');
  await alice.toast('The link is copied').waitFor();
  const link = await alice.page.evaluate(() => navigator.clipboard.readText());
  await bob.page.goto(link);
  await bob.message('the map is on the wall').waitFor();
  expect(new URL(bob.page.url()).pathname).toMatch(/^\/c\/general\/\d+$/);
});

test('alice, who runs the server, deletes what bob said; all see by whom, and bob is told', async ({
  alice,
  bob,
}) => {
  await bob.say('buy my watches');
  await alice.message('buy my watches').waitFor();
  await alice.act('buy my watches', 'Delete…');
  await dialog(alice).getByText('bob is told').waitFor();
  await dialog(alice).getByRole('button', { name: 'Delete' }).click();
  for (const person of [alice, bob]) {
    await person.message('deleted by an administrator (alice)').waitFor();
  }
  await bob.page.getByText('Your message was deleted').waitFor();
  await bob.page.getByRole('link', { name: 'Mentions' }).click();
  await cards(bob, 'Mentions').filter({ hasText: 'deleted by an administrator' }).waitFor();
  await bob.page.goto('/c/general');
  await alice.say('thank you');
  await bob.message('thank you').waitFor();
  await bob.message('thank you').hover();
  await bob.message('thank you').getByRole('button', { name: 'More actions' }).click();
  await bob.page.getByRole('menuitem', { name: 'Copy link' }).waitFor();
  expect(await bob.page.getByRole('menuitem', { name: 'Delete…' }).count()).toBe(0);
});

test('a message of emoji without an end, or of a link without one, stops nobody', async ({
  alice,
  bob,
}) => {
  await bob.say(`${'👍🏽'.repeat(40)}x`);
  await bob.say(`https://a.example/${'.)'.repeat(4_900)} end`);
  await alice.message('👍🏽x').waitFor();
  await alice.message('end').waitFor();
  await alice.say('still here');
  await bob.message('still here').waitFor();
});
