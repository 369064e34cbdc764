/** Messages and echoes as the rows of a timeline: days, runs of one sender, the new ones. */
import type { Message } from '../api/schema';
import type { Echo } from '../sync/chat-state';
import { dayOf, type Day } from './time';

/** Messages of one sender closer than this stand under one name. */
const RUN_SECONDS_MAX = 300;

export type Row =
  | { readonly kind: 'day'; readonly key: string; readonly ts: number }
  | { readonly kind: 'new'; readonly key: string }
  | {
      readonly kind: 'message';
      readonly key: string;
      readonly message: Message;
      /** Continues the run above: without avatar and name. */
      readonly isContinued: boolean;
    }
  | {
      readonly kind: 'echo';
      readonly key: string;
      readonly echo: Echo;
      readonly isContinued: boolean;
    };

/**
 * The rows of one channel, oldest first. `new_after_id` is the last message read when the channel
 * was opened: the divider stands before the first later message by others; null for none.
 */
export function timelineRows(
  messages: readonly Message[],
  echoes: readonly Echo[],
  me: string,
  new_after_id: number | null,
): readonly Row[] {
  const rows: Row[] = [];
  let before: { sender: string; ts: number } | null = null;
  let day: Day | null = null;
  let isNewShown = new_after_id === null;

  const open = (sender: string, ts: number): boolean => {
    const isNewDay = day === null || ts < day.start_ts || ts >= day.end_ts;
    if (isNewDay) {
      day = dayOf(ts);
      rows.push({ kind: 'day', key: `day-${ts}`, ts });
    }
    const isContinued =
      !isNewDay &&
      rows.at(-1)?.kind !== 'new' &&
      before?.sender === sender &&
      ts - before.ts < RUN_SECONDS_MAX;
    before = { sender, ts };
    return isContinued;
  };

  for (const message of messages) {
    if (!isNewShown && message.id > (new_after_id ?? 0) && message.sender !== me) {
      isNewShown = true;
      rows.push({ kind: 'new', key: 'new' });
    }
    const isContinued = open(message.sender, message.ts) && message.reply_to_id === null;
    // The echo and its message are one row to the eye: the same key keeps the element in place.
    const isOwn = message.sender === me && message.client_msg_id !== null;
    const key = isOwn ? echoKey(message.client_msg_id) : `message-${message.id}`;
    rows.push({ kind: 'message', key, message, isContinued });
  }

  const shown = new Set(messages.flatMap((m) => (m.sender === me && m.client_msg_id) || []));
  for (const echo of echoes) {
    if (shown.has(echo.client_msg_id)) continue;
    const isContinued = open(me, echo.ts) && echo.reply_to_id === null;
    rows.push({ kind: 'echo', key: echoKey(echo.client_msg_id), echo, isContinued });
  }
  return rows;
}

/**
 * The same rows, with the objects of `before` wherever nothing differs: a row that is the same
 * object is not looked at again, and of a thousand nearly all are.
 */
export function keepRows(before: readonly Row[], after: readonly Row[]): readonly Row[] {
  const known = new Map(before.map((row) => [row.key, row]));
  return after.map((row) => {
    const old = known.get(row.key);
    return old !== undefined && isSameRow(old, row) ? old : row;
  });
}

function isSameRow(a: Row, b: Row): boolean {
  if (a.kind === 'message' && b.kind === 'message') {
    return a.message === b.message && a.isContinued === b.isContinued;
  }
  if (a.kind === 'echo' && b.kind === 'echo') {
    return a.echo === b.echo && a.isContinued === b.isContinued;
  }
  // Days and the divider are what their key says.
  return a.kind === b.kind;
}

/** A script may have chosen an id that looks like one of ours, so the kinds are kept apart. */
function echoKey(client_msg_id: string | null): string {
  return `own-${client_msg_id}`;
}
