/** Finding the way: addresses, titles, positions, and what is said to who does not see. */
import { expect } from 'vitest';
import type { Page } from 'playwright-core';

import { eventually, PASSWORD, type Person } from './people';
import { test } from './stage';

function top(page: Page): Promise<number> {
  return page
    .getByRole('log', { name: 'Messages' })
    .evaluate((log) => log.parentElement?.scrollTop ?? -1);
}

/** The first message that is in sight, and how far below the edge it begins. */
function reading(page: Page): Promise<{ id: string; below: number }> {
  return page.getByRole('log', { name: 'Messages' }).evaluate((log) => {
    const edge = log.parentElement?.getBoundingClientRect().top ?? 0;
    const rows = [...log.querySelectorAll<HTMLElement>('[data-id]')];
    const row = rows.find((one) => one.getBoundingClientRect().bottom > edge);
    const below = (row?.getBoundingClientRect().top ?? 0) - edge;
    return { id: row?.dataset['id'] ?? '', below: Math.round(below) };
  });
}

async function fill(person: Person, channel: string, count: number): Promise<void> {
  for (let line = 1; line <= count; line += 1) {
    await person.ask(`/send/${channel}`, { text: `${channel} ${line}` });
  }
}

test('an address that leads nowhere stops no event', async ({ alice, bob }) => {
  const made = (await alice.ask('/private_channels/create', {
    name: 'Plans',
    members: ['bob'],
  })) as {
    channel: string;
  };
  for (const path of ['/c/zzz', `/c/${made.channel}`]) {
    await bob.page.goto('/c/general');
    await bob.composer.waitFor();
    if (path !== '/c/zzz') {
      await alice.ask(`/channels/${made.channel}/members/remove`, { user: 'bob' });
    }
    await bob.page.goto(path);
    await bob.page.getByRole('link', { name: 'Browse channels' }).first().waitFor();
    const before = await bob.page.title();
    await alice.ask('/send/general', { text: `@bob at ${path}` });
    await bob.page.getByRole('link', { name: /general.*unread/i }).waitFor({ timeout: 10_000 });
    await eventually(async () => expect(await bob.page.title()).not.toBe(before));
  }
  await bob.page.goto('/c/zzz');
  await bob.page.getByText('There is no public channel of this address.').waitFor();
  expect(await bob.page.getByRole('heading', { level: 1 }).allInnerTexts()).toEqual([
    'There is no such channel',
  ]);
});

test('where nothing arrives, every screen says so', async ({ server, alice }) => {
  for (const path of ['/view/threads', '/c/zzz']) {
    await alice.page.goto(path);
    await alice.page.getByRole('navigation', { name: 'Channels' }).waitFor();
    await alice.context.setOffline(true);
    await alice.page
      .getByRole('status')
      .filter({ hasText: /reconnecting|offline/i })
      .waitFor();
    await alice.context.setOffline(false);
  }
  expect(server.url).not.toBe('');
});

test('a link survives the login page, and only a path of this house does', async ({
  alice,
  arrive,
}) => {
  await fill(alice, 'random', 3);
  const [first] = (await (await alice.page.request.get('/messages/random?limit=3')).json()) as {
    id: number;
  }[];
  const link = `/c/random/${first?.id}?panel=details`;
  const guest = await arrive('alice');
  await guest.page.goto(link);
  await guest.page.waitForURL(/\/login/);
  await guest.page.getByLabel('User name').fill('alice');
  await guest.page.getByLabel('Password', { exact: true }).fill(PASSWORD);
  await guest.page.getByRole('button', { name: 'Log in' }).click();
  await guest.composer.waitFor();
  expect(guest.page.url()).toContain(link);

  for (const evil of [
    '//evil.example/x',
    'https://evil.example',
    '/\\evil.example',
    'javascript:alert(1)',
  ]) {
    const other = await arrive('alice');
    await other.page.goto(`/login?to=${encodeURIComponent(evil)}`);
    await other.page.getByLabel('User name').fill('alice');
    await other.page.getByLabel('Password', { exact: true }).fill(PASSWORD);
    await other.page.getByRole('button', { name: 'Log in' }).click();
    await other.composer.waitFor();
    expect(new URL(other.page.url()).host).toBe(new URL(alice.page.url()).host);
  }
});

test('the title says how much, where, and whose', async ({ alice, bob }) => {
  await alice.ask('/channels', { channel: 'eng', name: 'eng' });
  await alice.page.goto('/c/eng');
  await eventually(async () => expect(await alice.page.title()).toBe('#eng · MiniMost'));
  await bob.ask('/send/general', { text: '@alice one' });
  await bob.ask('/send/general', { text: '@alice two' });
  await eventually(async () => expect(await alice.page.title()).toBe('(2) #eng · MiniMost'));
  await alice.page.goto('/view/saved');
  await eventually(async () => expect(await alice.page.title()).toBe('(2) Saved · MiniMost'));
  await alice.page.goto('/c/dm:alice:bob');
  await bob.ask('/profile', { display_name: 'Robert' });
  await bob.ask('/send/dm:alice:bob', { text: 'hi' });
  await eventually(async () => expect(await alice.page.title()).toBe('(2) Robert · MiniMost'));
});

test('Tab leads first past the sidebar', async ({ alice }) => {
  // A channel gives the focus to its composer; everywhere else the keyboard begins at the top.
  await alice.page.goto('/view/saved');
  await alice.page.getByRole('heading', { name: 'Saved' }).waitFor();
  await alice.page.keyboard.press('Tab');
  const skip = alice.page.getByRole('link', { name: 'Skip to the conversation' });
  await eventually(async () => {
    expect(await skip.evaluate((link) => link === document.activeElement)).toBe(true);
  });
  await skip.press('Enter');
  await eventually(async () => {
    const inMain = await alice.page.evaluate(
      () => document.activeElement?.closest('main') !== null,
    );
    expect(inMain).toBe(true);
  });
  expect(alice.page.url()).toMatch(/\/view\/saved$/);
});

test('what one says is added to the page once', async ({ alice }) => {
  await alice.say('the first');
  await alice.message('the first').waitFor();
  // What a screen reader is told of: the articles that come into the live list.
  await alice.timeline.evaluate((log) => {
    const told: string[] = [];
    (window as unknown as { told: string[] }).told = told;
    new MutationObserver((changes) => {
      for (const { addedNodes } of changes) {
        for (const node of addedNodes) {
          if (node.textContent?.includes('said once')) told.push(node.nodeName);
        }
      }
    }).observe(log, { childList: true, subtree: true });
  });
  await alice.say('said once');
  await alice.message('said once').waitFor();
  await eventually(async () => {
    const ids = await alice.message('said once').getAttribute('data-id');
    expect(ids).not.toBeNull();
  });
  await alice.say('the last');
  await alice.message('the last').waitFor();
  const told = await alice.page.evaluate(() => (window as unknown as { told: string[] }).told);
  expect(told).toEqual(['ARTICLE']);
});

test('the open channel is in sight in the sidebar', async ({ alice }) => {
  for (let n = 10; n < 60; n += 1)
    await alice.ask('/channels', { channel: `c${n}`, name: `c${n}` });
  const inSight = () =>
    alice.page.locator('nav a[aria-current=page]').evaluate((link) => {
      const box = link.closest('.lists')?.getBoundingClientRect();
      const own = link.getBoundingClientRect();
      return box !== undefined && own.top >= box.top - 1 && own.bottom <= box.bottom + 1;
    });
  await alice.page.goto('/c/c59');
  await alice.composer.waitFor();
  await eventually(async () => expect(await inSight()).toBe(true));
  await alice.page.keyboard.press('Control+k');
  await alice.page.getByRole('dialog').getByRole('combobox').fill('general');
  await alice.page.getByRole('dialog').getByRole('option').first().click();
  await alice.page.waitForURL(/general/);
  await eventually(async () => expect(await inSight()).toBe(true));
});

test('reading goes on where it was, between channels and on Back', async ({ alice, bob }) => {
  await fill(bob, 'general', 80);
  await fill(bob, 'random', 80);
  const { page } = alice;
  const go = (name: RegExp) =>
    page.getByRole('navigation', { name: 'Channels' }).getByRole('link', { name }).click();
  await page.goto('/c/random');
  await alice.message('random 80').waitFor();
  await go(/general/);
  await alice.message('general 80').waitFor();
  await page.getByRole('log', { name: 'Messages' }).evaluate((log) => {
    const row = [...log.querySelectorAll('[data-id]')].find((one) =>
      one.textContent?.includes('general 30'),
    );
    row?.scrollIntoView({ block: 'start' });
  });
  await eventually(async () => expect(await top(page)).toBeGreaterThan(0));
  await page.waitForTimeout(100);
  const before = await reading(page);
  await go(/random/);
  await alice.message('random 80').waitFor();
  const elsewhere = await top(page);
  await go(/general/);
  await eventually(async () => expect(await reading(page)).toEqual(before));
  await page.goBack();
  await alice.message('random 80').waitFor();
  await eventually(async () => expect(await top(page)).toBe(elsewhere));
  await page.goBack();
  await eventually(async () => expect(await reading(page)).toEqual(before));
  // Who was at the end is at the end again, whatever was said meanwhile.
  await go(/random/);
  await alice.message('random 80').waitFor();
  await bob.ask('/send/general', { text: 'general 81' });
  await go(/general/);
  await eventually(async () => expect(await reading(page)).toEqual(before));
});

test('reactions stand in the order in which they came, also after a reload', async ({ alice }) => {
  const { id } = (await alice.ask('/send/general', { text: 'shipped' })) as { id: number };
  for (const name of ['wave', 'heart', 'cloud']) {
    await alice.ask(`/react/${id}`, { reaction: name });
  }
  const chips = async () =>
    (
      await alice
        .message('shipped')
        .getByRole('list', { name: 'Reactions' })
        .getByRole('button', { pressed: true })
        .evaluateAll((all) => all.map((one) => one.getAttribute('aria-label') ?? ''))
    ).map((label) => label.split(',')[0]);
  await eventually(async () => expect(await chips()).toEqual(['wave', 'heart', 'cloud']));
  await alice.page.reload();
  await eventually(async () => expect(await chips()).toEqual(['wave', 'heart', 'cloud']));
});
