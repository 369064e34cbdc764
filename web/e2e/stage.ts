/**
 * Where the plays of the browser tests happen: a fresh server and, for each who is named, a browser of their own, all
 * put away after the test. A test says who is in it: `test('…', async ({ alice, bob }) => …)`.
 *
 * Neighbours: `people.ts`, what a person can do; `server.ts`.
 */
import { expect, test as plain } from 'vitest';
import type { Browser, BrowserContextOptions } from 'playwright-core';

import { openBrowser, Person } from './people';
import { Server } from './server';

interface Stage {
  browser: Browser;
  server: Server;
  /** Somebody comes to the door; they have no account yet. */
  arrive: (name: string, url?: string, options?: BrowserContextOptions) => Promise<Person>;
  /** The administrator: she is always there, and always first. */
  alice: Person;
  bob: Person;
  carol: Person;
}

export const test = plain.extend<Stage>({
  browser: [
    async ({}, use) => {
      const browser = await openBrowser();
      await use(browser);
      await browser.close();
    },
    { scope: 'file' },
  ],
  server: async ({}, use) => {
    const server = await Server.start();
    await use(server);
    await server.stop();
  },
  arrive: async ({ browser, server, onTestFinished }, use) => {
    const people: Person[] = [];
    // Not below: what throws there keeps the server from being stopped.
    onTestFinished(() => {
      expect(
        people.flatMap((person) => person.faults),
        'no page threw',
      ).toEqual([]);
    });
    await use(async (name, url = server.url, options) => {
      const person = await Person.arrive(browser, name, url, options);
      people.push(person);
      return person;
    });
    for (const person of people) await person.leave();
  },
  alice: async ({ arrive }, use) => {
    const alice = await arrive('alice');
    await alice.join();
    await use(alice);
  },
  // They depend on alice because the first account is the administrator's.
  bob: async ({ arrive, alice: _first }, use) => {
    const bob = await arrive('bob');
    await bob.join();
    await use(bob);
  },
  carol: async ({ arrive, alice: _first }, use) => {
    const carol = await arrive('carol');
    await carol.join();
    await use(carol);
  },
});
