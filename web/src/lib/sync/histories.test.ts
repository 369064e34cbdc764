/**
 * Folds the histories that the server's own test wrote, `crates/minimost/tests/it/histories/`: a
 * screen that joined somewhere in the middle ends up with what the server has.
 *
 * Where events alone do not tell, the client asks again. What it was answered is in the recording,
 * and reaches the screen as it would have reached it: some events after it was asked for.
 */
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { RecordedScreen, type History } from '../../testing/recorded-screen';
import { pinnersOf, seenOf, shownBy } from '../../testing/seen';

/** The ones that are kept, and those of the last run of the server's tests. */
const FOLDERS = ['testdata/histories', 'target/histories'];
const ROOT = join(import.meta.dirname, '../../../..');

const files = FOLDERS.map((folder) => join(ROOT, folder))
  .filter((folder) => existsSync(folder))
  .flatMap((folder) => readdirSync(folder).map((name) => join(folder, name)));

function historyIn(file: string): History {
  return JSON.parse(readFileSync(file, 'utf8')) as History;
}

describe('a screen that joins anywhere ends up like the server', () => {
  it('has histories to fold', () => {
    expect(files.length).toBeGreaterThanOrEqual(3);
  });

  it.each(files)('%s', (file) => {
    const history = historyIn(file);
    const screen = new RecordedScreen(history);
    screen.play();
    expect(shownBy(screen.state)).toEqual(seenOf(history.expected, screen.state));
    const pinners = pinnersOf(history.expected, screen.state);
    expect(pinners.shown).toEqual(pinners.seen);
  });

  // Of the kept ones only: others are as they are, and may have little in them.
  it('knows much of it without asking at the end', () => {
    const kept = files.filter((file) => file.includes('testdata'));
    const screens = kept.map((file) => new RecordedScreen(historyIn(file)));
    for (const screen of screens) screen.play();
    const shareOf = (of: (screen: RecordedScreen) => number | boolean) =>
      screens.reduce((sum, screen) => sum + Number(of(screen)), 0) / screens.length;
    const channels = shareOf(({ state }) => state.channels.length);
    expect(shareOf(({ known }) => known.channels)).toBeGreaterThan(0.8 * channels);
    expect(shareOf(({ known }) => known.later)).toBeGreaterThan(0);
  });
});
