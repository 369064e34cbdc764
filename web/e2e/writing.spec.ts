/** What happens between the keys and the message. */
import { expect } from 'vitest';

import { eventually, type Person } from './people';
import { test } from './stage';

function offered(person: Person) {
  return person.page.getByRole('listbox', { name: 'Suggestions' }).getByRole('option');
}

/** Writes as a person does, letter by letter. */
async function type(person: Person, text: string): Promise<void> {
  await person.composer.fill('');
  await person.composer.pressSequentially(text);
}

test('Esc waves suggestions away for one word, not for ever', async ({ alice, bob: _bob }) => {
  await type(alice, '@bo');
  await offered(alice).first().waitFor();
  await alice.composer.press('Escape');
  await offered(alice).first().waitFor({ state: 'detached' });
  await alice.composer.press('b');
  expect(await offered(alice).count(), 'the same word, waved away').toBe(0);
  await alice.composer.press('Space');
  await alice.composer.pressSequentially('and @bo');
  await offered(alice).first().waitFor();
  await alice.composer.press('Escape');
  await offered(alice).first().waitFor({ state: 'detached' });

  // The same place in the next message, and the same place after the caret was elsewhere.
  await type(alice, '@bo');
  await offered(alice).first().waitFor();
  await alice.composer.press('Escape');
  await offered(alice).first().waitFor({ state: 'detached' });
  await alice.composer.press('Enter');
  await alice.message('@bo').first().waitFor();
  await alice.composer.pressSequentially('@bo');
  await offered(alice).first().waitFor();
  await alice.composer.press('Escape');
  await offered(alice).first().waitFor({ state: 'detached' });
  await alice.composer.press('Home');
  await alice.composer.pressSequentially('x ');
  await alice.composer.press('End');
  await offered(alice).first().waitFor();
});

test('names are completed and found in any script, without accents, and by handle', async ({
  alice,
  bob,
  carol,
}) => {
  await bob.ask('/profile', { display_name: 'Inês Nyström' });
  await carol.ask('/profile', { display_name: 'فرهاد' });
  await alice.ask('/dms/open', { channel: 'dm:alice:bob' }).catch(() => undefined);
  await bob.ask('/send/dm:alice:bob', { text: 'hello' });
  await alice.page.reload();
  for (const [written, name] of [
    ['@Inê', 'Inês Nyström'],
    ['@Nyström', 'Inês Nyström'],
    ['@nystrom', 'Inês Nyström'],
    ['(@bo', 'Inês Nyström'],
    ['@فر', 'فرهاد'],
  ] as const) {
    await type(alice, written);
    await offered(alice).filter({ hasText: name }).first().waitFor({ timeout: 5_000 });
  }
  await type(alice, '');
  const dialog = alice.page.getByRole('dialog');
  await alice.page.keyboard.press('Control+k');
  // By handle, although there is a direct channel with him; without accents.
  for (const query of ['bob', 'nystrom', 'ines', 'INÊS']) {
    await dialog.getByRole('combobox').fill(query);
    await eventually(async () => {
      expect(await dialog.getByRole('option').first().innerText(), query).toContain('Inês Nyström');
    });
  }
});

test('Up edits the last message that can be edited', async ({ alice }) => {
  await alice.say('an ordinary message');
  await alice.message('an ordinary message').waitFor();
  await alice.ask('/poll/general', { question: 'Lunch?', options: ['yes', 'no'] });
  await alice.message('Lunch?').waitFor();
  await alice.composer.press('ArrowUp');
  const editor = alice.page.getByRole('textbox', { name: 'Edit message' });
  await editor.waitFor();
  expect(await editor.inputValue()).toBe('an ordinary message');
});

test('Up directly after Enter edits what was just said, as soon as it is there', async ({
  alice,
}) => {
  // Stored, not only shown: or it would be the one that is held below.
  const stored = alice.page.waitForResponse('**/send/general');
  await alice.say('before');
  await stored;
  const editor = alice.page.getByRole('textbox', { name: 'Edit message' });
  const held: (() => void)[] = [];
  await alice.page.route('**/send/general', async (route) => {
    await new Promise<void>((resolve) => held.push(resolve));
    await route.continue();
  });
  const release = () =>
    eventually(async () => {
      expect(held.length).toBe(1);
      held.pop()?.();
    });
  await alice.say('just said');
  await alice.composer.press('ArrowUp');
  expect(await editor.count()).toBe(0);
  await release();
  await editor.waitFor();
  expect(await editor.inputValue()).toBe('just said');
  await editor.press('Escape');

  // Whoever goes on writing is left alone.
  await alice.say('and another');
  await alice.composer.press('ArrowUp');
  await alice.composer.pressSequentially('more');
  await release();
  await alice.message('and another').getByText('sending').waitFor({ state: 'detached' });
  expect(await editor.count()).toBe(0);
  expect(await alice.composer.inputValue()).toBe('more');
});

test('emoji are written by the names that Slack and GitHub know', async ({ alice, bob }) => {
  for (const [name, char] of [
    ['tada', '🎉'],
    ['+1', '👍'],
    ['joy', '😂'],
    ['100', '💯'],
  ] as const) {
    await type(alice, `:${name}`);
    await eventually(async () => {
      expect(await offered(alice).first().innerText(), name).toContain(char);
    });
  }
  await alice.composer.press('Escape');
  await alice.say(':thumbsup: for :confetti_ball: and :party:, not for `:tada:`');
  const sent = bob.message('👍 for 🎊 and 🎉, not for `:tada:`');
  await sent.waitFor();

  await sent.getByText('🎉').hover();
  await eventually(async () => {
    expect(await sent.getByText('🎉').getAttribute('title')).toContain(':tada:');
  });
  const [message] = (await (await bob.page.request.get('/messages/general?limit=1')).json()) as {
    id: number;
  }[];
  await bob.ask(`/react/${message?.id}`, { reaction: '+1' });
  await sent.getByRole('button', { name: /thumbsup/ }).waitFor();
  const tip = sent.getByRole('button', { name: /thumbsup/ });
  expect(await tip.getAttribute('data-tip')).toContain(':+1:');

  await alice.act('for 🎊', 'Edit');
  const editor = alice.page.getByRole('textbox', { name: 'Edit message' });
  await editor.fill('shipped :tada:');
  await editor.press('Enter');
  await bob.message('shipped 🎉').waitFor();
});

test('a text that is too long says how much, and is kept', async ({ alice }) => {
  const long = `beginning ${'x'.repeat(10_020)} end`;
  const refused: string[] = [];
  alice.page.on('response', (answer) => {
    if (answer.url().includes('/drafts/') && !answer.ok()) refused.push(String(answer.status()));
  });
  await alice.composer.fill(long);
  await alice.composer.press('Enter');
  await alice.page
    .getByRole('alert')
    .filter({ hasText: /34 characters too long/ })
    .waitFor();
  expect(await alice.composer.inputValue()).toBe(long);
  // Elsewhere and back: this screen still has it all. The server is not asked to keep what it cannot.
  await alice.page.getByRole('link', { name: /random/ }).click();
  await alice.page.waitForURL(/random/);
  await alice.page
    .getByRole('link', { name: /general/ })
    .first()
    .click();
  await eventually(async () => expect(await alice.composer.inputValue()).toBe(long));
  await alice.page.evaluate(() => dispatchEvent(new Event('visibilitychange')));
  expect(refused).toEqual([]);
  await alice.composer.fill(long.slice(0, 10_000));
  await alice.page.getByRole('alert').waitFor({ state: 'detached' });
  await alice.composer.press('Enter');
  await eventually(async () => expect(await alice.composer.inputValue()).toBe(''));

  await alice.message('beginning').waitFor();
  await alice.composer.press('ArrowUp');
  const editor = alice.page.getByRole('textbox', { name: 'Edit message' });
  await editor.fill(long);
  await editor.press('Enter');
  await alice.page
    .getByRole('alert')
    .filter({ hasText: /34 characters too long/ })
    .waitFor();
});

test('a name that is sent before the list of emoji has come is what it means', async ({
  alice,
  bob,
}) => {
  await alice.page.route('**/emoji', async (route) => {
    await alice.message('shipped').waitFor();
    await route.continue();
  });
  await alice.say('shipped :party:');
  await bob.message('shipped 🎉').waitFor();
  await alice.message('shipped 🎉').waitFor();
});
