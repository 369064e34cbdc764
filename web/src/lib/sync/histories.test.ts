/**
 * Folds the histories that the server's own test wrote, `crates/minimost/tests/it/histories.rs`: a
 * screen that joined somewhere in the middle ends up with what the server has.
 */
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { completed, completedMessage } from '../api/completed';
import { parseEvent } from '../api/events';
import type { Message, State } from '../api/schema';
import { PlainState } from '../../testing/people';
import { apply } from './apply';
import { parseCursor, type Cursor } from './cursor';
import { parseSse } from './sse';
import { takePage } from './timeline-fold';

/** The ones that are kept, and those of the last run of the server's tests. */
const FOLDERS = ['testdata/histories', 'target/histories'];
const ROOT = join(import.meta.dirname, '../../../..');

/** What the pages were asked for with; each channel has fewer. */
const PAGE_LIMIT = 200;

type ByChannel<Value> = Record<string, Value>;

interface History {
  epoch: string;
  cases: {
    seed: number;
    join_state: State;
    /** `<epoch>.<seq>` that the state answers for, and where the stream starts. */
    join_cursor: string;
    pages: ByChannel<Message[]>;
    /** What each page answers for: the same or later. */
    page_cursors: ByChannel<string>;
    stream: string;
    expected: {
      channels: ByChannel<Message[]>;
      users: string[];
      unread: ByChannel<number>;
      mentions: ByChannel<number>;
      last_read_id: ByChannel<number | null>;
      names: ByChannel<string>;
    };
  }[];
}

type Case = History['cases'][number];

const files = FOLDERS.map((folder) => join(ROOT, folder))
  .filter((folder) => existsSync(folder))
  .flatMap((folder) => readdirSync(folder).map((name) => join(folder, name)));

function cursorOf(text: string): Cursor {
  const cursor = parseCursor(text);
  if (cursor === null) throw new Error(`not a cursor: ${text}`);
  return cursor;
}

/** The screen at the end: pages taken as they came, the stream folded, new channels opened. */
function screenOf({ join_state, join_cursor, pages, page_cursors, stream }: Case): PlainState {
  // Histories are kept from servers of other versions, too.
  const state = new PlainState(completed(join_state), cursorOf(join_cursor));
  for (const [channel, page] of Object.entries(pages)) {
    const as_of = cursorOf(page_cursors[channel] ?? join_cursor).seq;
    takePage(state.openTimeline(channel), page.map(completedMessage), as_of, PAGE_LIMIT);
  }
  for (const frame of parseSse(stream)) {
    const event = parseEvent(frame);
    if (event === null) continue;
    apply(state, event);
    if (event.kind === 'channel_created' && !(event.data.channel in pages)) {
      takePage(state.openTimeline(event.data.channel), [], event.cursor.seq, PAGE_LIMIT);
    }
  }
  return state;
}

/**
 * What a screen shows of a message. Of a deleted one it shows that it is gone; what happened to it
 * before is known to those who were there, and is not replayed to those who were not.
 */
function shown(message: Message): Partial<Message> {
  if (!message.deleted) return message;
  const { edited: _edited, edited_ts: _edited_ts, reactions_ts: _reactions_ts, ...rest } = message;
  return rest;
}

function byChannel<Value>(entries: [string, Value][]): ByChannel<Value> {
  return Object.fromEntries(entries);
}

describe('a screen that joins anywhere ends up like the server', () => {
  it('has histories to fold', () => {
    expect(files.length).toBeGreaterThanOrEqual(3);
  });

  it.each(files)('%s', (file) => {
    const history = JSON.parse(readFileSync(file, 'utf8')) as History;
    for (const each of history.cases) {
      const { expected } = each;
      const state = screenOf(each);
      const messages = [...state.timelines].map(([channel, timeline]): [string, unknown] => [
        channel,
        timeline.messages.map(shown),
      ]);
      const expectedMessages = Object.entries(expected.channels).map(
        ([channel, page]): [string, unknown] => [channel, page.map(completedMessage).map(shown)],
      );
      expect(byChannel(messages)).toEqual(byChannel(expectedMessages));
      expect(state.users).toEqual(expected.users);

      const field = <Value>(of: (entry: PlainState['channels'][number]) => Value) =>
        byChannel(state.channels.map((entry): [string, Value] => [entry.channel, of(entry)]));
      expect(field((entry) => entry.name)).toEqual(expected.names);
      expect(field((entry) => entry.last_read_id)).toEqual(expected.last_read_id);
      expect(field((entry) => entry.unread)).toEqual(expected.unread);
      expect(field((entry) => entry.mentions)).toEqual(expected.mentions);
      expect(state.channels.filter((entry) => entry.isCountStale)).toEqual([]);
    }
  });
});
