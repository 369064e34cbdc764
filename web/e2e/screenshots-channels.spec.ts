/** Channels and who is in them. How pictures are taken stands in `screens.ts`. */
import type { Person } from './people';
import { isPhotographing, photograph, type Views } from './screens';
import { test } from './stage';

/** The private channel that the pictures show. */
let roof = '';

/** What alice finds when she comes: a channel that has a past, one to join, one that is over. */
async function live(alice: Person, bob: Person, carol: Person): Promise<void> {
  const wish = { name: 'Roof', members: ['bob', 'carol'] };
  const made = await alice.ask('/private_channels/create', wish);
  roof = (made as { channel: string }).channel;
  await alice.ask(`/channels/${roof}/topic`, { topic: 'Offers until Friday' });
  await bob.ask(`/send/${roof}`, { text: 'The second offer is in. It is the better one.' });
  await carol.ask(`/channels/${roof}/description`, {
    description: 'The new roof of the old house.\nMinutes are pinned.',
  });
  await alice.ask(`/channels/${roof}/owner`, { user: 'bob' });
  await alice.ask(`/send/${roof}`, { text: 'Then let us decide on Monday.' });
  await bob.ask('/channels', { channel: 'garden', name: 'Garden', topic: 'Tomatoes are in' });
  await carol.ask('/channels/garden/join', {});
  await carol.ask('/channels', { channel: 'cinema', name: 'Cinema club' });
  await bob.ask('/channels', { channel: 'moving', name: 'Moving' });
  await alice.ask('/channels/moving/join', {});
  await bob.ask('/channels/moving/archive', {});
  await alice.ask('/channels/random/posters', { users: ['carol'] });
  await alice.ask('/dms', { users: [] });
  await bob.ask('/send/dm:alice:bob', { text: 'Coffee?' });
  await carol.ask('/send/dm:alice:bob:carol', { text: 'The three of us, on Friday?' });
}

const VIEWS: Views = {
  notices: async (page) => {
    await page.goto(`/c/${roof}`);
    await page.getByText('let us decide').waitFor();
  },
  details: async (page) => {
    await page.goto(`/c/${roof}?panel=details`);
    await page.getByRole('list', { name: 'Members' }).waitFor();
  },
  'add-people': async (page) => {
    await page.goto(`/c/${roof}?panel=details`);
    await page.getByRole('button', { name: 'Add people' }).click();
    await page.getByText('from the start').waitFor();
  },
  browse: async (page) => {
    await page.goto('/view/browse');
    await page.getByRole('button', { name: 'Join Garden' }).waitFor();
  },
  join: async (page) => {
    await page.goto('/c/garden');
    await page.getByRole('button', { name: 'Join channel' }).waitFor();
  },
  archived: async (page) => {
    await page.goto('/c/moving');
    await page.getByText('This channel is archived.').waitFor();
  },
  notes: async (page) => {
    await page.goto('/c/dm:alice');
    await page.getByRole('textbox', { name: 'Message', exact: true }).waitFor();
  },
  'new-channel': async (page) => {
    await page.goto('/view/browse');
    await page.getByRole('button', { name: 'New channel' }).last().click();
    await page.getByRole('dialog').getByText('Private', { exact: true }).click();
    await page.getByLabel('Channel name').fill('Choir');
    await page.getByRole('option', { name: 'carol' }).click();
  },
  'member-menu': async (page) => {
    await page.goto(`/c/${roof}?panel=details`);
    await page.getByRole('button', { name: 'More about carol' }).click();
    await page.getByRole('menuitem').first().waitFor();
  },
  'channel-menu': async (page) => {
    await page.goto(`/c/${roof}`);
    await page.getByRole('button', { name: 'More', exact: true }).click();
    await page.getByRole('menuitem').first().waitFor();
  },
  'leave-channel': async (page) => {
    await page.goto(`/c/${roof}?panel=details`);
    await page.getByRole('button', { name: 'Leave channel' }).click();
    await page.getByRole('button', { name: 'Stay' }).waitFor();
  },
  announcements: async (page) => {
    await page.goto('/c/random?panel=details');
    await page.getByRole('button', { name: 'Choose who writes' }).click();
    await page.getByRole('list', { name: 'Members' }).waitFor();
  },
  absent: async (page) => {
    await page.goto('/c/private:4711');
    await page.getByRole('heading', { name: 'You are not in this channel' }).waitFor();
  },
  direct: async (page) => {
    await page.goto('/c/dm:alice:bob');
    await page.getByText('Coffee?').waitFor();
  },
  group: async (page) => {
    await page.goto('/c/dm:alice:bob:carol');
    await page.getByText('The three of us').waitFor();
  },
  'new-direct': async (page) => {
    await page.goto('/c/dm:alice:bob?panel=details');
    await page.getByRole('list', { name: 'Members' }).waitFor();
    const drawer = page.getByRole('button', { name: 'Open the sidebar' });
    if (await drawer.isVisible()) {
      await page.getByRole('button', { name: 'Close details' }).click();
      await drawer.click();
    }
    await page.getByRole('button', { name: 'New direct message' }).click();
    await page.getByRole('dialog').getByRole('option', { name: 'bob' }).click();
  },
  'browse-archived': async (page) => {
    await page.goto('/view/browse');
    await page.getByRole('button', { name: 'Archived', exact: true }).click();
    await page.getByRole('main').getByText('Moving').waitFor();
  },
};

test.runIf(isPhotographing)(
  'the screens of channels',
  { timeout: 900_000 },
  async ({ browser, alice, bob, carol }) => {
    await live(alice, bob, carol);
    await photograph(browser, alice, VIEWS, {
      details: ['desktop-light', 'phone-dark'],
      browse: ['desktop-light', 'phone-dark'],
    });
  },
);
