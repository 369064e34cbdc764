/** Who is called by what is written, and who is left in peace. */
import { expect } from 'vitest';

import { eventually, type Person } from './people';
import { test } from './stage';

/** Opens another page; the server has heard that somebody sits before it. */
async function arriveAt(person: Person, path: string): Promise<void> {
  const heard = person.page.waitForResponse((answer) => {
    const request = answer.request();
    return request.url().endsWith('/presence') && request.postData()?.includes('active') === true;
  });
  await person.page.goto(path);
  await heard;
  await person.composer.waitFor();
}

test('@everyone calls all of them, and @here only those who are here', async ({
  alice,
  bob,
  carol,
}) => {
  for (const person of [bob, carol]) await arriveAt(person, '/c/random');
  await carol.account.click();
  await carol.page.getByRole('button', { name: /Away/ }).click();
  // From here on the server has answered, and it holds.
  await carol.account.getByText('Away', { exact: true }).waitFor();
  await alice.composer.pressSequentially('@he');
  await alice.page.getByRole('option', { name: /members who are online now/ }).waitFor();
  await alice.composer.press('Enter');
  await alice.composer.pressSequentially('the door is stuck');
  // A toast goes by itself: who looks for it late may not find it any more.
  const stuck = bob.toast('the door is stuck').waitFor();
  await alice.composer.press('Enter');
  await stuck;

  await alice.composer.pressSequentially('@every');
  await alice.page.getByRole('option', { name: /all members of this channel/ }).waitFor();
  await alice.composer.press('Enter');
  await alice.composer.pressSequentially('the door is mended');
  const mended = [bob, carol].map((person) => person.toast('the door is mended').waitFor());
  await alice.composer.press('Enter');
  await Promise.all(mended);
  // What was said before has had its time.
  expect(await carol.toast('the door is stuck').count()).toBe(0);

  await carol.page.getByRole('link', { name: /general 2 unread, 1 of them/i }).waitFor();
  await bob.page.getByRole('link', { name: /general 2 unread, 2 of them/i }).waitFor();
});

test('a muted channel calls bob not even by his name, and goes on counting', async ({
  alice,
  bob,
}) => {
  await bob.page.getByRole('button', { name: 'More', exact: true }).click();
  await bob.page.getByRole('menuitem', { name: 'Mute' }).click();
  await bob.page.getByRole('link', { name: /general muted/i }).waitFor();
  await bob.page.getByRole('link', { name: /random/i }).click();
  await bob.page.waitForURL(/random/);
  await alice.say('@bob are you asleep?');
  await bob.page.getByRole('link', { name: /general muted 1 unread/i }).waitFor();

  await bob.page.getByRole('link', { name: /general/i }).click();
  await bob.message('are you asleep').waitFor();
  await bob.act('are you asleep', 'Why was I notified, or not?');
  await bob.page.getByRole('dialog').getByText('It does not notify you.').waitFor();
  await bob.page.keyboard.press('Escape');
  await bob.page.getByRole('button', { name: 'More', exact: true }).click();
  await bob.page.getByRole('menuitem', { name: 'Unmute' }).click();
  await bob.page.getByRole('link', { name: /random/i }).click();
  await bob.page.waitForURL(/random/);
  await alice.say('@bob and now?');
  await bob.toast('and now?').waitFor();
  expect(await bob.toast('are you asleep').count()).toBe(0);
});

test('bob writes to alice from her card, and what she answers calls him without his name', async ({
  alice,
  bob,
}) => {
  await alice.say('who has the key?');
  await bob.message('who has the key').getByRole('button', { name: 'About alice' }).first().click();
  const card = bob.page.getByRole('dialog', { name: 'About alice' });
  await card.getByRole('button', { name: 'Message' }).click();
  await bob.page.getByRole('heading', { level: 1, name: 'alice' }).waitFor();
  await bob.say('I have it');
  await alice.toast('I have it').getByRole('button', { name: 'Open' }).click();
  await alice.message('I have it').waitFor();

  await bob.page.getByRole('link', { name: /general/i }).click();
  await bob.page.waitForURL(/general/);
  await alice.say('bring it along');
  await bob.toast('bring it along').waitFor();
  await bob.page.getByRole('link', { name: /alice.*1 unread/ }).waitFor();
  await eventually(async () => expect(await bob.page.title()).toMatch(/^\(1\) #\S+ · MiniMost$/));
});
