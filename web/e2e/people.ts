/** People with browsers: each has a context of their own, as on a machine of their own. */
import { expect } from 'vitest';
import {
  type Browser,
  type BrowserContext,
  type BrowserContextOptions,
  chromium,
  type Locator,
  type Page,
} from 'playwright-core';

export const PASSWORD = 'Correct-horse-1';

export function openBrowser(): Promise<Browser> {
  return chromium.launch({
    executablePath: process.env['CHROMIUM'] ?? '/usr/bin/chromium',
    args: [
      // A name in somebody's network: plain http:// to it is no secure context, as it is to this machine.
      '--host-resolver-rules=MAP chat.lan 127.0.0.1',
      '--no-sandbox',
      '--disable-gpu',
      '--disable-background-networking',
      '--disable-component-update',
      '--disable-sync',
      '--no-first-run',
    ],
  });
}

/** Waits until `check` holds: a page changes when it changes, and no test guesses how long that takes. */
export async function eventually(check: () => Promise<void>): Promise<void> {
  await expect.poll(() => check().then(() => 'yes', String), { timeout: 20_000 }).toBe('yes');
}

/** Notes what a page throws, and what the policy of the server does not let it do. */
function watch(page: Page, faults: string[]): void {
  page.on('pageerror', (error) => faults.push(error.message));
  page.on('console', (message) => {
    if (message.text().includes('Content Security Policy')) faults.push(message.text());
  });
}

export class Person {
  private constructor(
    readonly name: string,
    readonly context: BrowserContext,
    readonly page: Page,
    readonly faults: string[],
  ) {}

  static async arrive(
    browser: Browser,
    name: string,
    url: string,
    options: BrowserContextOptions = {},
  ): Promise<Person> {
    const context = await browser.newContext({ baseURL: url, ...options });
    const page = await context.newPage();
    const faults: string[] = [];
    watch(page, faults);
    return new Person(name, context, page, faults);
  }

  /** At the door, or by a link that somebody sent. */
  async signUp(link = '/signup'): Promise<void> {
    await this.page.goto(link);
    await this.page.getByLabel('User name').fill(this.name);
    await this.page.getByLabel('Password', { exact: true }).fill(PASSWORD);
    await this.page.getByLabel('Confirm password').fill(PASSWORD);
    await this.page.getByRole('button', { name: 'Create account' }).click();
    await this.composer.waitFor();
  }

  /** Gets an account as a script would, and opens the chat. */
  async join(): Promise<void> {
    const account = { username: this.name, password: PASSWORD };
    await this.ask('/signup', account);
    await this.page.goto('/c/general');
    await this.composer.waitFor();
  }

  async logIn(): Promise<void> {
    await this.page.goto('/login');
    await this.page.getByLabel('User name').fill(this.name);
    await this.page.getByLabel('Password', { exact: true }).fill(PASSWORD);
    await this.page.getByRole('button', { name: 'Log in' }).click();
    await this.composer.waitFor();
  }

  get composer(): Locator {
    return this.page.getByRole('textbox', { name: 'Message', exact: true });
  }

  get timeline(): Locator {
    return this.page.getByRole('log', { name: 'Messages' });
  }

  async say(text: string): Promise<void> {
    await this.composer.fill(text);
    await this.composer.press('Enter');
  }

  /** The message with this text on this person's screen. */
  message(text: string): Locator {
    return this.timeline.getByRole('article').filter({ hasText: text });
  }

  /** Every text of the timeline that begins with `prefix`, in order, as this person sees it. */
  async texts(prefix: RegExp): Promise<string[]> {
    const all = await this.timeline.getByRole('article').allInnerTexts();
    const lines = all.flatMap((text) => text.split('\n')).map((line) => line.trim());
    return lines.filter((line) => prefix.test(line));
  }

  /** Does something to a message: by its own button, or from its menu. */
  async act(text: string, action: string, within: Locator = this.timeline): Promise<void> {
    const message = within.getByRole('article').filter({ hasText: text }).first();
    await message.hover();
    const actions = message.getByRole('group', { name: 'Message actions' });
    const button = actions.getByRole('button', { name: action, exact: true });
    if (await button.isVisible()) return button.click();
    await actions.getByRole('button', { name: 'More actions' }).click();
    await this.page.getByRole('menuitem', { name: action, exact: true }).click();
  }

  /** Another window of the same person, as on their other computer. */
  async window(path: string): Promise<Page> {
    const page = await this.context.newPage();
    watch(page, this.faults);
    await page.goto(path);
    return page;
  }

  /** Asks the server as a script of this person would, for what takes long to click together. */
  async ask(path: string, body: object): Promise<unknown> {
    const answer = await this.page.request.post(path, { data: body });
    expect(answer.ok(), `${path}: ${answer.status()} ${await answer.text()}`).toBe(true);
    return answer.status() === 204 ? undefined : await answer.json();
  }

  get account(): Locator {
    return this.page.getByRole('button', { name: `Account: ${this.name}` });
  }

  /** A short sentence that comes over the page. */
  toast(text: string | RegExp): Locator {
    return this.page.locator('.toast').filter({ hasText: text });
  }

  async leave(): Promise<void> {
    await this.context.close();
  }
}
