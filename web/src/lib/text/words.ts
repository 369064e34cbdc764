/** Small sentences that several places say. */
import type { Message } from '../api/schema';
import { Scanner } from './scanner';

/** "alice", "alice and bob", "alice, bob and 3 others". */
export function listNames(names: readonly string[], shown_max = 3): string {
  if (names.length <= 1) return names[0] ?? '';
  if (names.length <= shown_max) return `${names.slice(0, -1).join(', ')} and ${names.at(-1)}`;
  const rest = names.length - (shown_max - 1);
  return `${names.slice(0, shown_max - 1).join(', ')} and ${rest} others`;
}

/** Who has read a message; `count` of them, at least, of whom some are known by name. */
export function readBy(names: readonly string[], count: number, shown_max: number): string {
  if (count <= names.length) return `Read by ${listNames(names, shown_max)}`;
  const shown = names.slice(0, shown_max - 1);
  const rest = count - shown.length;
  if (shown.length === 0) return `Read by at least ${countOf(rest, 'person', 'people')}`;
  return `Read by ${shown.join(', ')} and at least ${countOf(rest, 'other')}`;
}

/** What stands where a message was. */
export function tombstone(deleted_by: string | null, nameOf: (user: string) => string): string {
  if (deleted_by === null) return 'message deleted';
  return `deleted by an administrator (${nameOf(deleted_by)})`;
}

/** What stands where a message is that the server cannot read. */
export const UNREADABLE = 'This message cannot be read';

/** What stands in place of a text that is not there. */
export function standIn(
  message: Partial<Pick<Message, 'unreadable' | 'deleted_by'>>,
  nameOf: (user: string) => string,
): string {
  if (message.unreadable) return UNREADABLE;
  return tombstone(message.deleted_by ?? null, nameOf);
}

/** Who is typing, in one line; empty when nobody is. */
export function typingLine(names: readonly string[]): string {
  const [first, second] = names;
  if (first === undefined) return '';
  if (second === undefined) return `${first} is typing`;
  if (names.length === 2) return `${first} and ${second} are typing`;
  return 'Several people are typing';
}

/** The beginning of a text on one line, cut at a whole character. */
export function excerpt(text: string, chars_max: number, scanner = new Scanner(text)): string {
  let shown = '';
  let chars = 0;
  let place = scanner.endOf(0, isSpace);
  while (place < scanner.length) {
    const letter = scanner.at(place);
    const end = isSpace(letter) ? scanner.endOf(place, isSpace) : place + letter.length;
    // White space at the end is nothing to cut.
    if (isSpace(letter) && end >= scanner.length) break;
    if (chars === chars_max) return `${shown}…`;
    shown += isSpace(letter) ? ' ' : letter;
    chars += 1;
    place = end;
  }
  return shown;
}

function isSpace(letter: string): boolean {
  return /\s/.test(letter);
}

/** "1 reply", "2 replies": what is counted, in the number that it has. */
export function countOf(count: number, one: string, many = `${one}s`): string {
  return `${count} ${count === 1 ? one : many}`;
}

/** A number for a badge: beyond 99 nobody counts. */
export function badge(count: number): string {
  return count > 99 ? '99+' : String(count);
}
