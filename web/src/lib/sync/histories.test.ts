/**
 * Folds the histories that the server's own test wrote: a screen that joined at some cursor ends up
 * with the same messages as the server.
 */
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { parseEvent } from '../api/events';
import type { Message, State } from '../api/schema';
import { PlainState } from '../../testing/people';
import { apply } from './apply';
import { parseCursor } from './cursor';
import { parseSse } from './sse';
import { takePage } from './timeline-fold';

const FOLDER = join(import.meta.dirname, '../../../../testdata/histories');

interface History {
  epoch: string;
  cases: {
    join_state: State;
    /** `<epoch>.<seq>` that the state and the pages answer for. */
    cursor?: string;
    pages: Record<string, Message[]>;
    stream: string;
    expected: { channels: Record<string, Message[]> };
  }[];
}

const files = existsSync(FOLDER)
  ? readdirSync(FOLDER).filter((name) => name.endsWith('.json'))
  : [];

describe.skipIf(files.length === 0)('a screen that joins anywhere ends up like the server', () => {
  if (files.length === 0) console.warn(`skipped: no histories in ${FOLDER}`);

  it.each(files)('%s', (file) => {
    const history = JSON.parse(readFileSync(join(FOLDER, file), 'utf8')) as History;
    for (const { join_state, cursor, pages, stream, expected } of history.cases) {
      const start = parseCursor(cursor) ?? { epoch: history.epoch, seq: 0 };
      const state = new PlainState(join_state, start);
      for (const [channel, page] of Object.entries(pages)) {
        takePage(state.openTimeline(channel), page, start.seq, 100);
      }
      for (const frame of parseSse(stream)) {
        const event = parseEvent(frame);
        if (event !== null) apply(state, event);
      }
      const channels = Object.fromEntries(
        [...state.timelines].map(([channel, timeline]) => [channel, timeline.messages]),
      );
      expect(channels).toEqual(expected.channels);
    }
  });
});
