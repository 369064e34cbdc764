/**
 * Real screens, taken at desk and in the hand, by day and by night: `npm run screenshots` takes those that
 * `docs/screenshots` keeps, `MINIMOST_SCREENSHOTS=all npm run screenshots` takes all of them into `test-results`, to
 * look at. Not in an ordinary run.
 */
import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { Browser, BrowserContextOptions, Page } from 'playwright-core';

import type { Person } from './people';

export const isPhotographing = process.env['MINIMOST_SCREENSHOTS'] !== undefined;
const isAll = process.env['MINIMOST_SCREENSHOTS'] === 'all';
const FOLDER = fileURLToPath(
  new URL(isAll ? '../test-results/screens/' : '../../docs/screenshots/', import.meta.url),
);

// A picture in the middle of a movement shows neither where it began nor where it ends.
const STILL = { reducedMotion: 'reduce' } as const;
const DESK = { ...STILL, viewport: { width: 1280, height: 800 } };
const HAND = { ...STILL, viewport: { width: 390, height: 844 }, isMobile: true, hasTouch: true };

export const SCREENS = {
  'desktop-light': { ...DESK, colorScheme: 'light' },
  'desktop-dark': { ...DESK, colorScheme: 'dark' },
  'phone-light': { ...HAND, colorScheme: 'light' },
  'phone-dark': { ...HAND, colorScheme: 'dark' },
} as const satisfies Record<string, BrowserContextOptions>;

export type Screen = keyof typeof SCREENS;

/** A view, by the way that leads there. */
export type Views = Readonly<Record<string, (page: Page) => Promise<void>>>;

/** Takes the views as this person sees them; `kept` says which pictures the docs hold. */
export async function photograph(
  browser: Browser,
  { context, page: own }: Person,
  views: Views,
  kept: Readonly<Record<string, readonly Screen[]>> = {},
): Promise<void> {
  await mkdir(FOLDER, { recursive: true });
  const cookies = await context.cookies();
  for (const screen of Object.keys(SCREENS) as Screen[]) {
    const asked = Object.entries(views).filter(([view]) => isAll || kept[view]?.includes(screen));
    if (asked.length === 0) continue;
    const there = await browser.newContext({
      baseURL: new URL(own.url()).origin,
      ...SCREENS[screen],
    });
    await there.addCookies(cookies);
    for (const [view, go] of asked) {
      const page = await there.newPage();
      await go(page);
      const path = join(FOLDER, `${view}-${screen}.png`);
      await page.screenshot({ path, animations: 'disabled' });
      await page.close();
      // What one view began to write is not there in the next.
      await own.request.post('/drafts/general', { data: { text: '' } });
    }
    await there.close();
  }
}

/** Opens the menu of the message with this text. */
export async function openMenu(page: Page, text: string): Promise<void> {
  const message = page.getByRole('article').filter({ hasText: text }).first();
  // A finger has no hover; a touch on the text shows the buttons as well.
  await message.getByText(text).first().click();
  await message.getByRole('button', { name: 'More actions' }).click();
  await page.getByRole('menuitem').first().waitFor();
}
