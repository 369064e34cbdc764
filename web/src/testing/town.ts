/**
 * A small server in memory: it says what happens, and what `GET /state` and `GET /threads` answer to alice, counted anew
 * from all that happened. It shares no line with the fold that is tested by it.
 */
import type { DurableEvent } from '../lib/api/events';
import type { FollowedThread, Message, State } from '../lib/api/schema';
import { freshEntry } from '../lib/sync/unread';
import { aChannel, aliceState, aMessage, at, aThread } from './people';

const ALICE = 'alice';

interface Place {
  readonly channel: string;
  topic: string;
  /** What came before is not unread; null when alice is not in it. */
  from_id: number | null;
  read_id: number | null;
  pins: readonly number[];
}

export class Town {
  #seq = 20;
  readonly messages: Message[] = [];
  readonly #places: Place[] = ['general', 'lunch', 'garden'].map((channel) => ({
    channel,
    topic: '',
    from_id: 1,
    read_id: null,
    pins: [],
  }));
  #saved: readonly number[] = [];
  /** By root: up to where alice has read it. Who is not in there does not follow. */
  readonly #markers = new Map<number, number>();
  /** What every stream has yet to hear. */
  readonly log: DurableEvent[] = [];

  get cursor() {
    return at(this.#seq);
  }
  isIn(channel: string): boolean {
    return this.#place(channel).from_id !== null;
  }
  rootsIn(channel: string): readonly Message[] {
    return this.messages.filter((one) => one.channel === channel && one.thread_id === null);
  }

  post(channel: string, mentions: readonly string[] = [], sender = 'bob'): Message {
    const id = (this.#seq += 1);
    const message = aMessage(id, sender, 'hi', { channel, mentions: [...mentions] });
    this.messages.push(message);
    if (this.isIn(channel))
      this.log.push({ kind: 'message_posted', cursor: at(id), data: message });
    return message;
  }

  reply(root: Message, mentions: readonly string[] = []): Message {
    const id = (this.#seq += 1);
    const { channel } = root;
    const rest = { channel, thread_id: root.id, mentions: [...mentions] };
    const message = aMessage(id, 'bob', 'and', rest);
    this.messages.push(message);
    if (!this.isIn(channel)) return message;
    const isNew = mentions.includes(ALICE) && !this.#markers.has(root.id);
    if (isNew) this.#markers.set(root.id, id - 1);
    const data = { ...message, root_thread: aThread(1, id) };
    this.log.push({ kind: 'thread_replied', cursor: at(id), data });
    return message;
  }

  delete({ id, channel }: Message): void {
    const place = this.messages.findIndex((one) => one.id === id);
    const message = this.messages[place];
    if (message === undefined || message.deleted) return;
    this.messages[place] = { ...message, deleted: true, mentions: [] };
    const where = this.#place(channel);
    where.pins = where.pins.filter((pin) => pin !== id);
    const data = { id, channel, deleted_ts: 1, sender: message.sender, deleted_by: null };
    this.#say(channel, { kind: 'message_deleted', data });
  }

  edit({ id, channel }: Message, mentions: readonly string[]): void {
    const place = this.messages.findIndex((one) => one.id === id);
    const message = this.messages[place];
    // Whom an edit names in a thread follows it: another story.
    if (message === undefined || message.deleted || message.thread_id !== null) return;
    this.messages[place] = { ...message, mentions: [...mentions] };
    const data = { id, channel, content: 'hm', mentions: [...mentions], edited_ts: 1 };
    this.#say(channel, { kind: 'message_edited', data });
  }

  /** Alice reads as far as this on another screen. */
  read({ id, channel }: Message): void {
    const place = this.#place(channel);
    if (place.from_id === null || id <= (place.read_id ?? 0)) return;
    place.read_id = id;
    const data = { channel, user: ALICE, last_read_id: id, last_read_ts: 1 };
    this.#say(channel, { kind: 'channel_read', data });
  }

  pin({ id, channel }: Message): void {
    const place = this.#place(channel);
    const on = !place.pins.includes(id);
    const others = place.pins.filter((pin) => pin !== id);
    place.pins = on ? [id, ...others] : others;
    const data = { id, channel, user: 'bob', on, pinned_ts: 1 };
    this.#say(channel, { kind: 'message_pinned', data });
  }

  topic(channel: string): void {
    const topic = `as of ${this.#seq}`;
    this.#place(channel).topic = topic;
    this.#say(channel, { kind: 'channel_changed', data: { channel, topic } });
  }

  save({ id, channel }: Message): void {
    if (!this.isIn(channel)) return;
    const on = !this.#saved.includes(id);
    const others = this.#saved.filter((one) => one !== id);
    this.#saved = on ? [id, ...others] : others;
    this.#say(channel, { kind: 'message_saved', data: { id, on, saved_ts: 1 } });
  }

  follow({ id, channel }: Message): void {
    if (!this.isIn(channel)) return;
    const on = !this.#markers.has(id);
    if (on) this.#markers.set(id, this.#seq);
    else this.#markers.delete(id);
    this.#say(channel, { kind: 'thread_followed', data: { id, channel, on } });
  }

  /** Alice reads a part of a thread on another screen. */
  readThread({ id, channel }: Message, last_read_id = this.#seq): void {
    if (!this.isIn(channel) || last_read_id <= (this.#markers.get(id) ?? Infinity)) return;
    this.#markers.set(id, last_read_id);
    this.#say(channel, { kind: 'thread_read', data: { id, channel, last_read_id } });
  }

  /** Alice leaves a channel, or comes back: then what was said there is read. */
  comeOrGo(channel: string): void {
    const place = this.#place(channel);
    if (place.from_id !== null) {
      const data = { channel, user: ALICE, by: ALICE, member_count: 1 };
      this.#say(channel, { kind: 'member_removed', data });
      Object.assign(place, { from_id: null, read_id: null });
      for (const { id } of this.rootsIn(channel)) this.#markers.delete(id);
      return;
    }
    place.from_id = this.#seq + 1;
    const data = { channel: this.#channel(place), users: [ALICE], by: ALICE };
    this.#say(channel, { kind: 'members_added', data });
  }

  state(isWhole = true): State {
    const places = this.#places.filter(({ from_id }) => from_id !== null);
    const isSeen = (id: number) => {
      const message = this.messages.find((one) => one.id === id);
      return message !== undefined && this.isIn(message.channel);
    };
    const waiting = this.unreadThreads();
    const unread_in = waiting.map(({ id, unread }): [number, number] => [id, unread]);
    return {
      ...aliceState(),
      channels: places.map((place) => this.#summary(place)),
      saved: this.#saved.filter(isSeen),
      threads: {
        unread: waiting.reduce((sum, { unread }) => sum + unread, 0),
        mentions: waiting.reduce((sum, { mentions }) => sum + mentions, 0),
        unread_in: Object.fromEntries(unread_in),
        followed: isWhole ? [...this.#markers.keys()] : null,
      },
    };
  }

  unreadThreads(): FollowedThread[] {
    const threads = [...this.#markers].map(([id, marker]) => {
      const counted = this.messages.filter(
        (one) => one.thread_id === id && one.id > marker && !one.deleted,
      );
      const root = this.messages.find((one) => one.id === id) ?? null;
      const mentions = counted.filter((one) => one.mentions.includes(ALICE)).length;
      const channel = root?.channel ?? '';
      const unread = counted.length;
      return { id, channel, root, unread, mentions, last_read_id: marker, last_reply_ts: 1 };
    });
    return threads.filter(({ unread }) => unread > 0);
  }

  #say(channel: string, event: Omit<DurableEvent, 'cursor'>): void {
    const isIn = this.isIn(channel);
    this.#seq += 1;
    if (isIn) this.log.push({ ...event, cursor: at(this.#seq) } as DurableEvent);
  }

  #place(channel: string): Place {
    return this.#places.find((place) => place.channel === channel)!;
  }

  #channel({ channel, topic }: Place) {
    const id = channel.length;
    const is_default = channel === 'general';
    return aChannel(channel, { id, is_default, topic, owner: is_default ? null : 'bob' });
  }

  #summary(place: Place): State['channels'][number] {
    const { channel, from_id, read_id, pins } = place;
    const shown = this.rootsIn(channel);
    const after = Math.max(read_id ?? 0, from_id ?? 0);
    const counted = shown.filter((one) => one.id > after && !one.deleted && one.sender !== ALICE);
    const mentions = counted.filter((one) => one.mentions.includes(ALICE)).length;
    const {
      isCountStale: _stale,
      as_of: _as_of,
      members_seq: _seq,
      ...summary
    } = freshEntry(this.#channel(place));
    const newest_id = shown.at(-1)?.id ?? null;
    const counts = { unread: counted.length, mentions, newest_id, last_read_id: read_id };
    return { ...summary, ...counts, pins };
  }
}
