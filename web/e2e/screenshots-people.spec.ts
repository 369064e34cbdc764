/** People, settings, administration and later. How pictures are taken stands in `screens.ts`. */
import type { Person } from './people';
import { isPhotographing, photograph, type Views } from './screens';
import { test } from './stage';

const DAY_SECONDS = 86_400;

/** People as they wish to be known, a group, invitations, and things that wait for alice. */
async function live(alice: Person, bob: Person, carol: Person): Promise<void> {
  const soon_ts = Math.ceil(Date.now() / 1000);
  await alice.ask('/profile', {
    display_name: 'Alice Archer',
    pronouns: 'she/her',
    time_zone: 'Europe/Berlin',
    bio: 'Keeps the servers running, and the coffee machine.',
  });
  await alice.ask('/status', {
    emoji: 'headphones',
    text: 'Focusing',
    until_ts: soon_ts + DAY_SECONDS,
  });
  await bob.ask('/profile', {
    display_name: 'Robert Baker',
    name_color: '#7a52b8',
    pronouns: 'he/him',
    time_zone: 'America/New_York',
    bio: 'Bakes on Fridays.',
  });
  await bob.ask('/status', { emoji: 'palm_tree', text: 'On holiday' });
  await alice.ask('/groups', { handle: 'devs', name: 'Developers', members: ['alice', 'bob'] });
  await alice.ask('/admin/invites', {
    note: 'Erin from accounting',
    expires_in_seconds: 7 * DAY_SECONDS,
    uses_max: 1,
  });
  await alice.ask('/admin/settings', { signup: 'invite' });
  await alice.ask('/keywords', { keywords: ['release', 'archive'] });
  await alice.ask('/do_not_disturb', { enabled: true, days: [1, 2, 3, 4, 5] });
  await alice.ask('/notifications/random', { level: 'all' });
  await bob.say('Good morning. The sea is warm.');
  await carol.say('@alice @devs who looks at the release?');
  await alice.ask('/drafts/random', { text: 'I think that we should' });
  await alice.ask('/schedule/general', {
    text: 'Good morning! The release goes out at ten.',
    send_at_ts: soon_ts + DAY_SECONDS,
  });
  await alice.ask('/remind', { text: 'Call the bank', due_ts: soon_ts + 2 * DAY_SECONDS });
  await alice.ask('/remind', {
    text: 'Water the plants',
    due_ts: Math.ceil(Date.now() / 1000) + 2,
  });
  await alice.toast('Water the plants').waitFor();
}

const VIEWS: Views = {
  'settings-profile': async (page) => {
    await page.goto('/view/settings/profile');
    await page.getByRole('group', { name: 'Preview' }).waitFor();
  },
  'settings-notifications': async (page) => {
    await page.goto('/view/settings/notifications');
    await page.getByText('release').waitFor();
  },
  'settings-preferences': async (page) => {
    await page.goto('/view/settings/preferences');
    await page.getByText('Compact').waitFor();
  },
  'admin-people': async (page) => {
    await page.goto('/view/admin/people');
    await page.getByText('@carol').waitFor();
  },
  'admin-invites': async (page) => {
    await page.goto('/view/admin/invites');
    await page.getByText('Erin from accounting').waitFor();
  },
  'admin-workspace': async (page) => {
    await page.goto('/view/admin/workspace');
    await page.getByText('With an invitation').waitFor();
  },
  later: async (page) => {
    await page.goto('/view/later');
    await page.getByText('Water the plants').waitFor();
  },
  profile: async (page) => {
    await page.goto('/c/general?profile=bob');
    await page.getByText('Bakes on Fridays.').waitFor();
  },
  card: async (page) => {
    await page.goto('/c/general');
    await page.getByRole('button', { name: 'About Robert Baker' }).first().click();
    await page.getByText('Bakes on Fridays.').waitFor();
  },
  status: async (page) => {
    await page.goto('/c/general?profile=alice');
    await page.getByRole('button', { name: 'Set a status' }).click();
    await page.getByRole('dialog', { name: 'Set a status' }).waitFor();
  },
  'send-later': async (page) => {
    await page.goto('/c/general');
    await page.getByRole('textbox', { name: 'Message', exact: true }).fill('See you at ten');
    await page.getByRole('button', { name: 'Send later' }).click();
    await page.getByRole('button', { name: /Tomorrow/ }).waitFor();
  },
  signup: async (page) => {
    await page.goto('/signup');
    await page.getByRole('heading', { name: 'You need an invitation' }).waitFor();
  },
  'settings-password': async (page) => {
    await page.goto('/view/settings/password');
    await page.getByLabel('Current password').waitFor();
  },
  'admin-groups': async (page) => {
    await page.goto('/view/admin/groups');
    await page.getByText('Developers').waitFor();
  },
  'edit-group': async (page) => {
    await page.goto('/view/admin/groups');
    await page.getByRole('button', { name: /Edit Developers|Change Developers/ }).click();
    await page.getByRole('dialog').waitFor();
  },
  'invite-made': async (page) => {
    await page.goto('/view/admin/invites');
    await page.getByLabel('Note').fill('Frank');
    await page.getByRole('button', { name: 'Make a link' }).click();
    await page.getByLabel('The link for Frank').waitFor();
  },
  deactivate: async (page) => {
    await page.goto('/view/admin/people');
    await page.getByRole('button', { name: 'Change carol' }).click();
    await page.getByRole('menuitem', { name: /Deactivate/ }).click();
    await page.getByRole('button', { name: 'Cancel' }).waitFor();
  },
  'new-reminder': async (page) => {
    await page.goto('/view/later');
    await page.getByRole('button', { name: 'New reminder' }).click();
    await page.getByRole('dialog').waitFor();
  },
  account: async (page) => {
    await page.goto('/c/general');
    const drawer = page.getByRole('button', { name: 'Open the sidebar' });
    if (await drawer.isVisible()) await drawer.click();
    await page.getByRole('button', { name: 'Account: alice' }).click();
    await page.getByRole('button', { name: /Log out/ }).waitFor();
  },
  help: async (page) => {
    await page.goto('/c/general');
    await page.getByRole('textbox', { name: 'Message', exact: true }).waitFor();
    await page.getByRole('log').focus();
    await page.keyboard.press('?');
    await page.getByRole('dialog').waitFor();
  },
  switcher: async (page) => {
    await page.goto('/c/general');
    await page.getByRole('button', { name: /Go to/ }).click();
    await page.getByRole('option').first().waitFor();
  },
  'signup-by-link': async (page) => {
    const made = await page.request.post('/admin/invites', { data: { note: 'Gina' } });
    const { path } = (await made.json()) as { path: string };
    await page.goto(path);
    await page.getByLabel('User name').waitFor();
  },
};

/** What somebody sees who has done nothing yet. */
const EMPTY: Views = {
  'empty-channel': async (page) => {
    await page.goto('/c/random');
    await page.getByRole('heading', { name: /beginning/ }).waitFor();
  },
  'empty-threads': async (page) => {
    await page.goto('/view/threads');
    await page.getByText('You follow no thread yet').waitFor();
  },
  'empty-mentions': async (page) => {
    await page.goto('/view/mentions');
    await page
      .getByText(/mention/i)
      .nth(2)
      .waitFor();
  },
  'empty-saved': async (page) => {
    await page.goto('/view/saved');
    await page.getByText('Nothing is saved yet.').waitFor();
  },
  'empty-later': async (page) => {
    await page.goto('/view/later');
    await page.getByText('Nothing waits for later').waitFor();
  },
  'empty-pins': async (page) => {
    await page.goto('/c/general?panel=pins');
    await page.getByText('Nothing is pinned here yet.').waitFor();
  },
  'settings-fresh': async (page) => {
    await page.goto('/view/settings/notifications');
    await page.getByLabel('Keywords', { exact: true }).waitFor();
  },
};

test.runIf(isPhotographing)(
  'people, settings, administration and later',
  { timeout: 900_000 },
  async ({ browser, alice, bob, carol }) => {
    await photograph(browser, alice, EMPTY);
    await live(alice, bob, carol);
    await photograph(browser, alice, VIEWS, {
      'settings-profile': ['desktop-light'],
      'settings-notifications': ['phone-light'],
      'admin-people': ['desktop-dark'],
      later: ['desktop-light', 'phone-dark'],
      profile: ['desktop-dark'],
      status: ['phone-light'],
    });
  },
);
