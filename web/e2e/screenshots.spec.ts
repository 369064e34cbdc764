/** The first screen, and the door. How pictures are taken stands in `screens.ts`. */
import type { Person } from './people';
import { isPhotographing, photograph, type Views } from './screens';
import { test } from './stage';

/** A morning in #general. */
async function live(alice: Person, bob: Person, carol: Person): Promise<void> {
  await alice.say('Good morning. The new server is up, and last night it did nothing but run.');
  await bob.message('Good morning').waitFor();
  await bob.say('Seen. I pulled the plug on it twice, and every message was there afterwards.');
  await carol.message('pulled the plug').waitFor();
  await carol.say('@alice who moves the old archive over? https://wiki.lan/archive has the list.');
  await alice.message('who moves').waitFor();
  await alice.say('I will, @carol, after lunch.');
  await bob.message('after lunch').waitFor();
  await bob.act('after lunch', 'React');
  await bob.page.getByRole('searchbox').fill('thumbsup');
  await bob.page.getByRole('button', { name: 'thumbsup', exact: true }).first().click();
  await carol.act('pulled the plug', 'Reply');
  await carol.say('Only twice?');
  await alice.message('Only twice?').waitFor();
  await bob.ask('/send/random', { text: 'Cake in the kitchen 🎂' });
  await alice.ask('/drafts/random', { text: 'I will bring' });
  await alice.page.getByRole('link', { name: /random.*1 unread/i }).waitFor();
}

test.runIf(isPhotographing)(
  'the first screen, and the door',
  { timeout: 900_000 },
  async ({ browser, alice, bob, carol }) => {
    await live(alice, bob, carol);
    const views: Views = {
      channel: async (page) => {
        await page.goto('/c/general');
        await page.getByRole('article').filter({ hasText: 'Only twice?' }).waitFor();
        await bob.composer.pressSequentially('a third time, then');
        await page.getByText(/bob is typing/).waitFor();
      },
      sidebar: async (page) => {
        await page.goto('/c/general');
        await page.getByRole('article').filter({ hasText: 'Only twice?' }).waitFor();
        const drawer = page.getByRole('button', { name: 'Open the sidebar' });
        if (await drawer.isVisible()) await drawer.click();
        else await page.getByRole('link', { name: /random/ }).hover();
      },
      login: async (page) => {
        await page.context().clearCookies();
        await page.goto('/login');
        await page.getByLabel('User name').waitFor();
      },
    };
    await photograph(browser, alice, views, {
      channel: ['desktop-light', 'desktop-dark', 'phone-light', 'phone-dark'],
      login: ['desktop-light'],
    });
  },
);
