/**
 * The last events of a stream, for tabs that come later or were away. Without holes from `from` up to
 * where the stream stands; what is older is dropped, and a tab that needs it takes the state anew.
 */
import { contains, formatCursor, later, parseCursor, type Cursor } from './cursor';
import type { Frame } from './words';

/** At two hundred messages a second this is twenty seconds; on most servers it is hours. */
export const RECENT_EVENTS_MAX = 4_000;
/** Messages may be long. */
export const RECENT_CHARS_MAX = 4_000_000;

export interface RecentEvent {
  readonly frame: Frame;
  readonly cursor: Cursor;
  /** The event before it. */
  readonly after: string;
}

export class Recent {
  #events: RecentEvent[] = [];
  #chars = 0;
  /** Everything after it is held. */
  #from: Cursor;
  /** The last event. */
  #last: Cursor;
  #position: Cursor;

  constructor(from: Cursor) {
    this.#from = from;
    this.#last = from;
    this.#position = from;
  }

  /** Where the stream continues: after the last event, or further where a heartbeat said so. */
  get position(): Cursor {
    return this.#position;
  }

  /** Takes in an event; null for one that was there already. */
  add(frame: Frame): RecentEvent | null {
    const cursor = parseCursor(frame.id);
    if (cursor === null || contains(this.#position, cursor)) return null;
    const event = { frame, cursor, after: formatCursor(this.#last) };
    this.#events.push(event);
    this.#chars += frame.data.length;
    this.#last = cursor;
    this.#position = cursor;
    while (this.#events.length > RECENT_EVENTS_MAX || this.#chars > RECENT_CHARS_MAX) {
      const oldest = this.#events.shift();
      if (oldest === undefined) break;
      this.#chars -= oldest.frame.data.length;
      this.#from = oldest.cursor;
    }
    return event;
  }

  /** All that this tab may see up to there has come: signals carry the id of the last heartbeat. */
  moveTo(id: string): void {
    const cursor = parseCursor(id);
    if (cursor?.epoch === this.#position.epoch) this.#position = later(this.#position, cursor);
  }

  isOfHistory(cursor: Cursor): boolean {
    return cursor.epoch === this.#from.epoch;
  }

  /** The events after a place; null where some of them are not held any more, or never were. */
  after(cursor: Cursor): readonly RecentEvent[] | null {
    if (!contains(cursor, this.#from)) return null;
    return this.#events.filter((event) => !contains(cursor, event.cursor));
  }
}
