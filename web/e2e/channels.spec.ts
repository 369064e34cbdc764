/** Channels and who is in them, with three people at their screens at once. */
import { expect } from 'vitest';
import type { Locator } from 'playwright-core';

import { eventually, Person } from './people';
import { test } from './stage';

/** A row of the sidebar. */
function row(person: Person, name: string | RegExp): Locator {
  return person.page.getByRole('navigation', { name: 'Channels' }).getByRole('link', { name });
}

function button(within: Locator | Person, name: string | RegExp): Locator {
  const place = within instanceof Person ? within.page : within;
  return place.getByRole('button', { name, exact: true });
}

function notice(person: Person, text: string | RegExp): Locator {
  return person.timeline.getByText(text);
}

/** The panel beside the channel, opened if it is not. */
async function details(person: Person): Promise<Locator> {
  const panel = person.page.getByRole('complementary', { name: 'Details' });
  if ((await panel.count()) === 0) await button(person, /^\d+ members?$/).click();
  await panel.waitFor();
  return panel;
}

/** Chooses something from the menu beside a member. */
async function toMember(person: Person, name: string, wish: string): Promise<void> {
  await button(await details(person), `More about ${name}`).click();
  await person.page.getByRole('menuitem', { name: wish }).click();
}

async function makePrivate(maker: Person, name: string, members: readonly string[]): Promise<void> {
  await button(maker, 'New channel').click();
  const dialog = maker.page.getByRole('dialog', { name: 'New channel' });
  await dialog.getByText('Private', { exact: true }).click();
  await dialog.getByLabel('Channel name').fill(name);
  for (const member of members) {
    await dialog.getByRole('combobox').fill(member);
    await dialog.getByRole('option', { name: member }).click();
  }
  await button(dialog, 'Create channel').click();
  await row(maker, name).waitFor();
  await maker.composer.waitFor();
}

async function makePublic(maker: Person, name: string): Promise<void> {
  await button(maker, 'New channel').click();
  const dialog = maker.page.getByRole('dialog', { name: 'New channel' });
  await dialog.getByLabel('Channel name').fill(name);
  await button(dialog, 'Create channel').click();
  await maker.page.getByRole('heading', { level: 1, name }).waitFor();
}

async function addMember(person: Person, name: string, history: RegExp): Promise<void> {
  const panel = await details(person);
  await button(panel, 'Add people').click();
  const form = panel.getByRole('group', { name: 'Add people' });
  await form.getByRole('combobox').fill(name);
  await form.getByRole('option', { name }).click();
  await form.getByLabel(history).check();
  await button(form, 'Add').click();
  await form.waitFor({ state: 'detached' });
}

test('a private channel is seen by whom alice adds, and by nobody else', async ({
  alice,
  bob,
  carol,
}) => {
  await makePrivate(alice, 'Board', ['bob']);
  await alice.say('only for us');
  await row(bob, /^Board/).click();
  await bob.message('only for us').waitFor();

  await carol.page.goto(alice.page.url());
  await carol.page.getByRole('heading', { name: 'You are not in this channel' }).waitFor();
  expect(await row(carol, /^Board/).count()).toBe(0);
  expect(await carol.page.getByText('only for us').count()).toBe(0);
});

test('carol is added from now on, removed, and added again with the history', async ({
  alice,
  carol,
}) => {
  await makePrivate(alice, 'Choir', []);
  await alice.say('before carol came');
  await addMember(alice, 'carol', /from now on/);
  await notice(alice, 'added').waitFor();
  await row(carol, /^Choir/).click();
  await carol.page.getByRole('heading', { name: 'You joined Choir' }).waitFor();
  await alice.say('welcome carol');
  await carol.message('welcome carol').waitFor();
  expect(await carol.message('before carol came').count()).toBe(0);

  await toMember(alice, 'carol', 'Remove from channel');
  await button(await details(alice), 'Remove').click();
  await carol.page.getByRole('heading', { name: 'You are not in this channel' }).waitFor();
  await eventually(async () => expect(await row(carol, /^Choir/).count()).toBe(0));

  await addMember(alice, 'carol', /from the start/);
  await row(carol, /^Choir/).click();
  await carol.message('before carol came').waitFor();
});

test('who sees a part of the history cannot show all of it to others', async ({ alice, bob }) => {
  await makePrivate(alice, 'Kitchen', []);
  await addMember(alice, 'bob', /from now on/);
  await row(bob, /^Kitchen/).click();
  const panel = await details(bob);
  await button(panel, 'Add people').click();
  // How much of the history is his is asked for when he has been added.
  await eventually(async () => {
    expect(await panel.getByLabel(/from the start/).isDisabled()).toBe(true);
  });
});

test('alice hands the channel over and leaves, and bob can do what she could', async ({
  alice,
  bob,
  carol,
}) => {
  await makePrivate(alice, 'Attic', [bob.name, carol.name]);
  await row(bob, /^Attic/).click();
  const his = await details(bob);
  expect(await button(his, 'Archive channel').count()).toBe(0);

  await toMember(alice, 'bob', 'Make owner');
  await button(await details(alice), 'Hand over').click();
  await notice(bob, 'handed the channel over to').waitFor();
  await button(his, 'Archive channel').waitFor();

  await button(await details(alice), 'Leave channel').click();
  await button(await details(alice), 'Stay').click();
  await button(await details(alice), 'Leave channel').click();
  await button(await details(alice), 'Leave').click();
  await eventually(async () => expect(await row(alice, /^Attic/).count()).toBe(0));
  await notice(bob, /left/).waitFor();
  await toMember(bob, carol.name, 'Remove from channel');
  await button(his, 'Remove').click();
  await button(bob, '1 member').waitFor();
});

test('an archived channel can be read and not written in, until it is brought back', async ({
  alice,
  bob,
}) => {
  await makePrivate(alice, 'Cellar', ['bob']);
  await alice.say('for the record');
  await row(bob, /^Cellar/).click();
  await button(await details(alice), 'Archive channel').click();
  await button(await details(alice), 'Archive').click();

  await bob.page.getByText('This channel is archived.').waitFor();
  expect(await bob.composer.count()).toBe(0);
  await bob.message('for the record').waitFor();
  await button(bob, /^Archived/).waitFor();

  await button(alice, 'Bring it back').click();
  await bob.composer.waitFor();
  await bob.say('here again');
  await alice.message('here again').waitFor();
  await notice(bob, 'brought the channel back').waitFor();
});

test('announcements are written by whom alice chooses, and read by all', async ({
  alice,
  bob,
  carol,
}) => {
  await button(alice, /^\d+ members$/).click();
  const panel = await details(alice);
  await panel.getByText('Announcements only').click();
  await bob.page.getByText(/^Only administrators write here/).waitFor();
  expect(await bob.composer.count()).toBe(0);

  await button(panel, 'Choose who writes').click();
  await panel.getByLabel('Find people who write here').first().fill('bob');
  await panel.getByRole('option', { name: 'bob' }).click();
  await button(panel, 'Save').click();
  await bob.composer.waitFor();
  await bob.say('the lift works again');
  await carol.message('the lift works again').waitFor();
  await carol.page.getByText(/^Only bob and administrators write here/).waitFor();

  await panel.getByText('Announcements only').click();
  await carol.composer.waitFor();
});

test('a public channel is found, joined, left and joined again', async ({ alice, bob }) => {
  await makePublic(bob, 'Garden');
  await bob.say('tomatoes are in');
  await row(alice, 'Browse channels').click();
  const found = alice.page.getByRole('list', { name: 'Channels' }).getByRole('listitem');
  await found.filter({ hasText: 'general' }).getByText('2 members').waitFor();
  await alice.page.getByRole('searchbox', { name: 'Find a channel' }).fill('gard');
  await found.filter({ hasText: 'general' }).waitFor({ state: 'detached' });
  await found.filter({ hasText: 'Garden' }).getByText('1 member').waitFor();
  await button(alice, 'Join Garden').click();
  await alice.message('tomatoes are in').waitFor();
  await button(bob, '2 members').waitFor();
  await alice.say('and beans');
  await bob.message('and beans').waitFor();

  await row(alice, 'Browse channels').click();
  await button(alice, 'Leave Garden').click();
  await button(alice, 'Join Garden').waitFor();
  expect(await row(alice, /^Garden/).count()).toBe(0);

  await alice.page.goto('/c/garden');
  await button(alice, 'Join channel').click();
  await alice.message('and beans').waitFor();
});

test('the quick switcher leads to a channel that carol has not joined', async ({ bob, carol }) => {
  await makePublic(bob, 'Orchard');
  await carol.page.keyboard.press('Control+k');
  const dialog = carol.page.getByRole('dialog', { name: 'Go to' });
  await dialog.getByRole('combobox').fill('orch');
  await dialog.getByRole('option', { name: /Orchard/ }).click();
  await carol.page.getByRole('heading', { name: 'Orchard' }).waitFor();
  await button(carol, 'Join channel').click();
  await carol.composer.waitFor();
});

test('name, topic and description change in place, and everybody is told', async ({
  alice,
  bob,
}) => {
  await makePrivate(alice, 'Roof', ['bob']);
  await row(bob, /^Roof/).click();
  const panel = await details(alice);
  const change = async (what: string, text: string) => {
    await button(panel, `Edit ${what}`).click();
    await panel.getByRole('textbox', { name: what }).fill(text);
    await button(panel, 'Save').click();
    await button(panel, `Edit ${what}`).waitFor();
  };
  await change('topic', 'the new roof');
  await change('description', 'Minutes are pinned.');
  await change('name', 'Roof garden');

  await notice(bob, 'set the topic: the new roof').waitFor();
  await notice(bob, 'changed the description').waitFor();
  await notice(bob, 'renamed the channel to “Roof garden”').waitFor();
  await row(bob, /^Roof garden/).waitFor();
  await bob.page
    .getByRole('banner')
    .or(bob.page.locator('header'))
    .getByText('the new roof')
    .waitFor();
  expect(await row(bob, /^Roof.*unread/).count()).toBe(0);

  await button(panel, 'Edit topic').click();
  await alice.page.keyboard.press('Escape');
  await button(panel, 'Edit topic').waitFor();
});

test('a conversation of three is closed by bob and comes back with the next message', async ({
  alice,
  bob,
  carol,
}) => {
  await button(alice, 'New direct message').click();
  const dialog = alice.page.getByRole('dialog', { name: 'New direct message' });
  for (const name of ['bob', 'carol']) {
    await dialog.getByRole('combobox').fill(name);
    await dialog.getByRole('option', { name }).click();
  }
  await button(dialog, 'Start conversation').click();
  await alice.say('the three of us');
  await row(carol, /bob/).waitFor();

  const his = row(bob, /alice, carol/);
  await his.hover();
  await button(bob, 'Close conversation with alice, carol').click();
  await his.waitFor({ state: 'detached' });
  await alice.say('still there, bob?');
  await row(bob, /alice, carol.*unread/).click();
  await bob.message('still there, bob?').waitFor();
});

test('notes to self are for alice alone', async ({ alice, bob }) => {
  await button(alice, 'New direct message').click();
  await button(alice, 'Notes to self').click();
  await alice.page.getByRole('heading', { level: 1, name: 'Notes to self' }).waitFor();
  await alice.say('buy bolts');
  await alice.message('buy bolts').waitFor();
  await row(alice, /Notes to self/).waitFor();
  await bob.page.goto('/c/dm:alice');
  await bob.page.getByRole('heading', { name: 'You are not in this channel' }).waitFor();
});

test('a muted channel stays quiet in the sidebar, on every screen of bob', async ({ bob }) => {
  await button(bob, 'More').click();
  await bob.page.getByRole('menuitem', { name: 'Mute' }).click();
  await row(bob, /general muted/i).waitFor();
  const panel = await details(bob);
  expect(await panel.getByLabel('Mute').isChecked()).toBe(true);
  await panel.getByText('Mute', { exact: true }).click();
  await panel.getByLabel('Notify me of').selectOption('all');
  await bob.page.reload();
  const again = await details(bob);
  expect(await again.getByLabel('Notify me of').inputValue()).toBe('all');
  expect(await row(bob, /muted/).count()).toBe(0);
});

test('bob comes to more than a screen of new messages: he begins where they begin, and nothing is read unseen', async ({
  alice,
  bob,
}) => {
  for (let line = 1; line <= 60; line += 1) {
    await alice.ask('/send/random', { text: `line ${line}` });
  }
  await bob.page.getByRole('link', { name: /random.*60 unread/i }).click();
  const divider = bob.timeline.getByText('New messages');
  await divider.waitFor();
  await eventually(async () => {
    const box = await divider.boundingBox();
    expect(box !== null && box.y > 0 && box.y < 400, `at ${box?.y}`).toBe(true);
  });
  expect(await bob.message('line 1').first().isVisible()).toBe(true);
  await bob.page.getByRole('button', { name: '60 new messages' }).waitFor();
  // Another width folds the lines anew: he stays where he was, and nothing counts as seen.
  await bob.page.setViewportSize({ width: 700, height: 500 });
  await bob.page.setViewportSize({ width: 1280, height: 800 });
  expect(await bob.message('line 1').first().isVisible()).toBe(true);
  await bob.page.getByRole('link', { name: /random.*60 unread/i }).waitFor();
  await bob.page.getByRole('button', { name: /new message|Jump to latest/ }).click();
  await eventually(async () => {
    expect(await bob.page.getByRole('link', { name: /random.*unread/i }).count()).toBe(0);
  });
});

test('who is not in a channel is not proposed there, and a name that reaches nobody is plain', async ({
  alice,
  bob,
  carol,
}) => {
  await alice.ask('/channels', { channel: 'garden', name: 'Garden' });
  await bob.ask('/channels/garden/join', {});
  await alice.page.goto('/c/garden');
  await alice.composer.pressSequentially('@');
  await alice.page.getByRole('option', { name: /bob/ }).waitFor();
  await eventually(async () => {
    expect(await alice.page.getByRole('option', { name: /carol/ }).count()).toBe(0);
  });
  await alice.composer.fill('');
  await alice.say(`ask @bob and @${carol.name}`);
  await bob.page.goto('/c/garden');
  await bob.message('ask').getByRole('button', { name: 'About bob' }).waitFor();
  expect(await bob.message('ask').getByRole('button', { name: 'About carol' }).count()).toBe(0);
});
