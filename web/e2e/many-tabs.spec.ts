/** One person with many tabs, over HTTP/1.1, which gives a browser six connections to a server. */
import type { Page } from 'playwright-core';
import { expect } from 'vitest';

import { eventually, Person, PASSWORD } from './people';
import { test as plain } from './stage';
import { Wire } from './wire';

/** alice comes over a wire that knows how many streams lie through it. */
const test = plain.extend<{ wire: Wire; alice: Person }>({
  wire: async ({ server }, use) => {
    const wire = await Wire.lay(() => server.port);
    await use(wire);
    await wire.remove();
  },
  alice: async ({ arrive, wire }, use) => {
    const alice = await arrive('alice', wire.url);
    await alice.join();
    await use(alice);
  },
});

const timeline = (page: Page) => page.getByRole('log', { name: 'Messages' });
const composer = (page: Page) => page.getByRole('textbox', { name: 'Message', exact: true });

async function lines(page: Page, prefix: RegExp): Promise<string[]> {
  const all = await timeline(page).getByRole('article').allInnerTexts();
  const lines = all.flatMap((text) => text.split('\n')).map((line) => line.trim());
  return lines.filter((line) => prefix.test(line));
}

/** With the one that she has. */
async function tabsOf(person: Person, count: number): Promise<Page[]> {
  const tabs = [person.page];
  while (tabs.length < count) {
    const tab = await person.window('/c/general');
    await composer(tab).waitFor();
    tabs.push(tab);
  }
  return tabs;
}

/** bob, without a browser, says as many lines as fast as they are acknowledged. */
async function burst(bob: Person, from: number, to: number): Promise<void> {
  for (let line = from; line <= to; line += 1) {
    await bob.ask('/send/general', { text: `line ${line}` });
  }
}

const numbered = (to: number) => Array.from({ length: to }, (_, n) => `line ${n + 1}`);

async function expectAll(tabs: readonly Page[], to: number): Promise<void> {
  for (const tab of tabs) {
    await eventually(async () => expect(await lines(tab, /^line \d+$/)).toEqual(numbered(to)));
  }
}

for (const count of [6, 10, 12]) {
  test(`${count} tabs are all live, with one stream`, async ({ wire, alice, bob }) => {
    const tabs = await tabsOf(alice, count);
    await eventually(async () => expect(wire.streams).toBe(1));
    await bob.ask('/send/general', { text: 'line 1' });
    await expectAll(tabs, 1);
    const last = tabs.at(-1)!;
    await composer(last).fill('line 2');
    await composer(last).press('Enter');
    await bob.message('line 2').waitFor();
    await expectAll(tabs, 2);
    await bob.composer.pressSequentially('so…');
    for (const tab of tabs) await tab.getByText(/bob is typing/).waitFor();
    expect(wire.streams).toBe(1);
  });
}

test('each tab shows who types in the channel that it shows', async ({ wire, alice, bob }) => {
  const [general, random] = [alice.page, await alice.window('/c/random')];
  await composer(random).waitFor();
  await bob.composer.pressSequentially('so…');
  await general.getByText(/bob is typing/).waitFor();
  await bob.page.goto('/c/random');
  await bob.composer.waitFor();
  await bob.composer.pressSequentially('here…');
  await random.getByText(/bob is typing/).waitFor();
  expect(wire.streams).toBe(1);
});

test('tabs are closed in the middle of a burst, the first among them', async ({
  wire,
  alice,
  bob,
}) => {
  const tabs = await tabsOf(alice, 6);
  const said = burst(bob, 1, 90);
  for (const n of [0, 2, 4]) {
    await timeline(tabs[5]!)
      .getByText(`line ${n * 15 + 10}`, { exact: true })
      .waitFor();
    await tabs[n]!.close();
  }
  const late = await alice.window('/c/general');
  await said;
  await expectAll([tabs[1]!, tabs[3]!, tabs[5]!], 90);
  await eventually(async () => {
    const shown = await lines(late, /^line \d+$/);
    expect(shown.at(-1)).toBe('line 90');
    expect(shown).toEqual(numbered(90).slice(-shown.length));
  });
  expect(wire.streams).toBe(1);
});

test('a tab that the browser has frozen goes on without a gap', async ({ wire, alice, bob }) => {
  const tabs = await tabsOf(alice, 3);
  const frozen = tabs[1]!;
  const devtools = await alice.context.newCDPSession(frozen);
  await devtools.send('Page.setWebLifecycleState', { state: 'frozen' });
  await burst(bob, 1, 20);
  await expectAll([tabs[0]!, tabs[2]!], 20);
  await devtools.send('Page.setWebLifecycleState', { state: 'active' });
  await burst(bob, 21, 25);
  await expectAll(tabs, 25);
  expect(wire.streams).toBe(1);
});

test('the network is lost and found, and every tab says so', async ({ wire, alice, bob }) => {
  const tabs = await tabsOf(alice, 6);
  await burst(bob, 1, 3);
  await expectAll(tabs, 3);
  wire.cut();
  for (const tab of tabs) {
    const banner = tab.getByRole('status').filter({ hasText: /reconnecting/i });
    await banner.waitFor();
  }
  await burst(bob, 4, 12);
  wire.mend();
  await expectAll(tabs, 12);
  for (const tab of tabs) {
    const banner = tab.getByRole('status').filter({ hasText: /reconnecting/i });
    await banner.waitFor({ state: 'detached' });
  }
  expect(wire.streams).toBe(1);
});

test('the worker dies, and the tabs have another', async ({ browser, wire, alice, bob }) => {
  const tabs = await tabsOf(alice, 3);
  await burst(bob, 1, 3);
  await expectAll(tabs, 3);
  const devtools = await browser.newBrowserCDPSession();
  const { targetInfos } = await devtools.send('Target.getTargets');
  const workers = targetInfos.filter(
    ({ type, url }) => type === 'shared_worker' && url.startsWith(wire.url),
  );
  expect(workers).toHaveLength(1);
  await devtools.send('Target.closeTarget', { targetId: workers[0]!.targetId });
  await eventually(async () => expect(wire.streams).toBe(0));
  await burst(bob, 4, 6);
  // They notice that nobody asks any more whether they are there.
  await timeline(tabs[0]!).getByText('line 6', { exact: true }).waitFor({ timeout: 80_000 });
  await expectAll(tabs, 6);
  await eventually(async () => expect(wire.streams).toBe(1));
}, 180_000);

test('two people in two profiles have a stream each', async ({ wire, arrive, alice }) => {
  const bob = await arrive('bob', wire.url);
  await bob.join();
  const [hers, his] = [await tabsOf(alice, 3), await tabsOf(bob, 3)];
  await eventually(async () => expect(wire.streams).toBe(2));
  await burst(bob, 1, 5);
  await expectAll([...hers, ...his], 5);
  await his[0]!.close();
  await burst(bob, 6, 9);
  await expectAll([...hers, ...his.slice(1)], 9);
  expect(wire.streams).toBe(2);
});

test('somebody else logs in beside tabs that are open, and they become theirs', async ({
  wire,
  arrive,
  alice,
  bob,
}) => {
  const elsewhere = await arrive('carol');
  await elsewhere.ask('/signup', { username: 'carol', password: PASSWORD });
  const tabs = await tabsOf(alice, 4);
  // The cookies are those of the tabs.
  await alice.ask('/login', { username: 'carol', password: PASSWORD });
  wire.cut();
  for (const tab of tabs) {
    await tab
      .getByRole('status')
      .filter({ hasText: /reconnecting/i })
      .waitFor();
  }
  await bob.ask('/send/dm:bob:carol', { text: 'for carol alone' });
  wire.mend();
  for (const tab of tabs) {
    await tab.getByRole('button', { name: 'Account: carol' }).waitFor();
    await tab.getByRole('link', { name: /bob.*1 unread/i }).waitFor();
    expect(await tab.getByRole('button', { name: 'Account: alice' }).count()).toBe(0);
  }
  await eventually(async () => expect(wire.streams).toBe(1));
});

test('over plain http to a name, where there are no locks, too', async ({
  server,
  arrive,
  bob,
}) => {
  const wire = await Wire.lay(() => server.port, 'chat.lan');
  try {
    const carol = await arrive('carol', wire.url);
    await carol.page.goto('/signup');
    await carol.signUp();
    const tabs = await tabsOf(carol, 8);
    expect(await carol.page.evaluate(() => [isSecureContext, 'locks' in navigator])).toEqual([
      false,
      false,
    ]);
    await burst(bob, 1, 5);
    await expectAll(tabs, 5);
    expect(wire.streams).toBe(1);
  } finally {
    await wire.remove();
  }
});
