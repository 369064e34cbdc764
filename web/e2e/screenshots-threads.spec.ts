/** Threads, and what is done to messages. How pictures are taken stands in `screens.ts`. */
import type { Person } from './people';
import { isPhotographing, openMenu, photograph, type Views } from './screens';
import { test } from './stage';

/** What alice finds when she comes: a thread, a poll, a pin, something saved, something forwarded. */
async function live(alice: Person, bob: Person, carol: Person): Promise<void> {
  await alice.say('Who brings the old archive over to the new server this week?');
  await bob.message('old archive').waitFor();
  await bob.act('old archive', 'Reply in thread');
  await reply(bob, 'I can, on Thursday. It is 40 GB, so overnight.');
  await carol.page.getByRole('button', { name: /1 reply/ }).click();
  await reply(carol, 'Then I will check the links on Friday morning.');
  await reply(bob, '@alice shall we tell everybody?');
  await bob.page.keyboard.press('Escape');
  await carol.say('The code of the side door is 4711, the key hangs behind it.');
  await bob.message('side door').waitFor();
  await bob.act('side door', 'Pin to the channel');
  await bob.page.getByRole('button', { name: 'Add to the message' }).click();
  await bob.page.getByRole('menuitem', { name: 'Create a poll…' }).click();
  const dialog = bob.page.getByRole('dialog');
  await dialog.getByLabel('Question').fill('Where do we eat on Friday?');
  await dialog.getByRole('textbox', { name: 'Option 1' }).fill('At the harbour');
  await dialog.getByRole('textbox', { name: 'Option 2' }).fill('In the garden');
  await dialog.getByRole('button', { name: 'Add an option' }).click();
  await dialog.getByRole('textbox', { name: 'Option 3' }).fill('Everybody at home');
  await dialog.getByRole('button', { name: 'Post the poll' }).click();
  await bob.page.getByRole('radio', { name: /harbour/ }).click();
  await carol.page.getByRole('radio', { name: /harbour/ }).click();
  await alice.page.getByRole('radio', { name: /garden/ }).click();
  await carol.act('side door', 'Forward…');
  await carol.page.getByRole('combobox').fill('random');
  await carol.page.getByRole('option').first().click();
  await carol.page
    .getByRole('textbox', { name: /Add a word/ })
    .fill('For those who are not there:');
  await carol.page.getByRole('dialog').getByRole('button', { name: 'Forward' }).click();
  await alice.message('side door').waitFor();
  await alice.act('side door', 'Save');
  const lunch = { question: 'Who is here on Monday?', options: ['Me', 'Only in the morning'] };
  const { id } = (await bob.ask('/poll/random', { ...lunch, is_multiple: true })) as { id: number };
  await alice.ask(`/vote/${id}`, { options: [0] });
  await carol.ask(`/vote/${id}`, { options: [0, 1] });
  await bob.ask(`/close_poll/${id}`, {});
  await alice.say('The ferry leaves at nine.');
  await alice.message('ferry').getByRole('button').first().waitFor();
  await alice.act('ferry', 'Edit');
  await alice.page.getByRole('textbox', { name: 'Edit message' }).fill('The ferry leaves at ten.');
  await alice.page.getByRole('button', { name: 'Save' }).click();
}

async function reply(person: Person, text: string): Promise<void> {
  await person.page.getByRole('textbox', { name: 'Reply' }).fill(text);
  await person.page.keyboard.press('Enter');
  await person.page.getByRole('log', { name: 'Replies' }).getByText(text).waitFor();
}

const VIEWS: Views = {
  threads: async (page) => {
    await page.goto('/view/threads');
    await page.getByRole('article').first().waitFor();
  },
  unread: async (page) => {
    await page.goto('/c/general');
    await page.getByRole('button', { name: /3 replies/ }).waitFor();
    await page.getByText('The ferry leaves').click();
    await page.getByRole('button', { name: 'More actions' }).waitFor();
  },
  mentions: async (page) => {
    await page.goto('/view/mentions');
    await page.getByRole('article').first().waitFor();
  },
  saved: async (page) => {
    await page.goto('/view/saved');
    await page.getByRole('article').first().waitFor();
  },
  tools: async (page) => {
    await page.goto('/c/general');
    await page.getByRole('radio').first().waitFor();
  },
  pins: async (page) => {
    await page.goto('/c/general?panel=pins');
    await page.getByRole('complementary').getByRole('article').first().waitFor();
  },
  forwarded: async (page) => {
    await page.goto('/c/random');
    await page.getByRole('figure').waitFor();
  },
  thread: async (page) => {
    await page.goto('/c/general');
    await page.getByRole('button', { name: /3 replies/ }).click();
    await page.getByRole('log', { name: 'Replies' }).getByText('overnight').waitFor();
  },
  menu: async (page) => {
    await page.goto('/c/general');
    await openMenu(page, 'The ferry leaves');
  },
  remind: async (page) => {
    await page.goto('/c/general');
    await openMenu(page, 'The ferry leaves');
    await page.getByRole('menuitem', { name: 'Remind me…' }).click();
    await page.getByRole('menuitem', { name: 'Another time…' }).waitFor();
  },
  readers: async (page) => {
    await page.goto('/c/general');
    await openMenu(page, 'The ferry leaves');
    await page.getByRole('menuitem', { name: 'Who has read it?' }).click();
    await page.getByRole('list', { name: 'Read by' }).waitFor();
  },
  history: async (page) => {
    await page.goto('/c/general');
    await page.getByRole('button', { name: '(edited)' }).click();
    await page.locator('ins').waitFor();
  },
  forward: async (page) => {
    await page.goto('/c/general');
    await openMenu(page, 'The ferry leaves');
    await page.getByRole('menuitem', { name: 'Forward…' }).click();
    await page.getByRole('option').first().waitFor();
  },
  poll: async (page) => {
    await page.goto('/c/general');
    await page.getByRole('button', { name: 'Add to the message' }).click();
    await page.getByRole('menuitem', { name: 'Create a poll…' }).click();
    await page.getByLabel('Question').fill('Which evening?');
  },
  why: async (page) => {
    await page.goto('/c/general');
    await openMenu(page, 'side door');
    await page.getByRole('menuitem', { name: /Why was I/ }).click();
    await page.getByText(/It (does not )?notif/).waitFor();
  },
  'remind-at': async (page) => {
    await page.goto('/c/general');
    await openMenu(page, 'The ferry leaves');
    await page.getByRole('menuitem', { name: 'Remind me…' }).click();
    await page.getByRole('menuitem', { name: 'Another time…' }).click();
    await page.getByRole('dialog').getByRole('button').last().waitFor();
  },
  'delete-message': async (page) => {
    await page.goto('/c/general');
    await openMenu(page, 'The ferry leaves');
    await page.getByRole('menuitem', { name: 'Delete…' }).click();
    await page.getByRole('dialog').getByRole('button', { name: 'Delete', exact: true }).waitFor();
  },
  editing: async (page) => {
    await page.goto('/c/general');
    await openMenu(page, 'The ferry leaves');
    await page.getByRole('menuitem', { name: 'Edit', exact: true }).click();
    await page.getByRole('textbox', { name: 'Edit message' }).waitFor();
  },
  reacting: async (page) => {
    await page.goto('/c/general');
    await page.getByText('The ferry leaves').click();
    await page.getByRole('button', { name: 'React', exact: true }).click();
    await page.getByRole('searchbox').waitFor();
    await page.getByRole('button', { name: 'thumbsup', exact: true }).first().waitFor();
  },
  'poll-closed': async (page) => {
    await page.goto('/c/random');
    await page.getByText('This poll is closed.').waitFor();
    await page.getByRole('button', { name: 'Show who voted' }).first().click();
  },
  completing: async (page) => {
    await page.goto('/c/general');
    await page.getByRole('textbox', { name: 'Message', exact: true }).fill('@');
    await page.getByRole('option').first().waitFor();
  },
  permalink: async (page) => {
    const found = await page.request.get('/messages/random');
    const [first] = (await found.json()) as { id: number }[];
    await page.goto(`/c/random/${first?.id}`);
    await page.getByRole('figure').waitFor();
  },
};

test.runIf(isPhotographing)(
  'threads and the tools of messages',
  { timeout: 900_000 },
  async ({ browser, alice, bob, carol }) => {
    await live(alice, bob, carol);
    await photograph(browser, alice, VIEWS, {
      thread: ['desktop-light', 'phone-dark'],
      threads: ['desktop-dark'],
      tools: ['desktop-dark', 'phone-light'],
      menu: ['phone-dark'],
      mentions: ['phone-light'],
    });
  },
);
