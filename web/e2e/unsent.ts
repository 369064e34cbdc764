/** What is looked at in tests of messages that have not arrived. */
import { expect } from 'vitest';
import type { Page, Route } from 'playwright-core';

import { eventually, PASSWORD, type Person } from './people';

export const SENDS = '**/send/**';
export const lose = (route: Route) => route.abort();

/** The texts that this browser keeps, of messages and of drafts. */
export async function kept(page: Page, store: 'outbox' | 'drafts'): Promise<string[]> {
  return page.evaluate(async (name) => {
    const done = <T>(request: IDBRequest<T>) =>
      new Promise<T>((resolve, reject) => {
        request.onsuccess = () => resolve(request.result);
        request.onerror = () => reject(request.error);
      });
    const database = await done(indexedDB.open('minimost'));
    const rows = await done(database.transaction(name).objectStore(name).getAll());
    database.close();
    return rows.map((row) => row.text ?? row.echo.text);
  }, store);
}

export async function keeps(page: Page, texts: readonly string[]): Promise<void> {
  await eventually(async () => expect(await kept(page, 'outbox')).toEqual(texts));
}

/** On the screen of somebody else. */
export async function arrived(who: Person, texts: readonly string[]): Promise<void> {
  await eventually(async () => expect(await who.texts(/^part /)).toEqual(texts));
}

export async function logInAs(page: Page, name: string, password = PASSWORD): Promise<void> {
  await page.getByLabel('User name').fill(name);
  await page.getByLabel('Password', { exact: true }).fill(password);
  await page.getByRole('button', { name: 'Log in' }).click();
  await page.getByRole('button', { name: `Account: ${name}` }).waitFor();
}
