/**
 * The chat state that `apply` folds into, as runes: one object for one reading of `GET /state`.
 * A resync throws it away and makes another.
 */
import { createContext } from 'svelte';
import { SvelteMap } from 'svelte/reactivity';
import type { Presence, State } from '../api/schema';
import type { ChannelEntry, ChatState, Echo } from '../sync/chat-state';
import type { Cursor } from '../sync/cursor';
import type { Outbox } from '../sync/sender';
import { ChannelsState } from './channels.svelte';
import { PresenceState } from './presence.svelte';
import { SessionState } from './session.svelte';
import { Timeline } from './timeline.svelte';

export class Chat implements ChatState {
  cursor: Cursor;
  users = $state.raw<readonly string[]>([]);

  readonly session: SessionState;
  readonly channelList: ChannelsState;
  readonly people: PresenceState;
  readonly #timelines = new SvelteMap<string, Timeline>();

  constructor(
    state: State,
    cursor: Cursor,
    /** Outlives this reading: what was not sent yet is still to be sent. */
    private readonly outbox: Outbox,
  ) {
    this.cursor = cursor;
    this.users = state.users;
    this.session = new SessionState(state);
    this.channelList = new ChannelsState(state.channels, state.me.username);
    this.people = new PresenceState(state.presence, state.limits.typing_seconds * 1000);
  }

  get me(): string {
    return this.session.me.username;
  }
  get my_id(): number {
    return this.session.me.id;
  }
  get channels(): readonly ChannelEntry[] {
    return this.channelList.list;
  }
  set channels(list: readonly ChannelEntry[]) {
    this.channelList.list = list;
  }
  get presence(): Readonly<Record<string, Presence>> {
    return this.people.users;
  }
  set presence(users: Readonly<Record<string, Presence>>) {
    this.people.users = users;
  }
  get echoes(): readonly Echo[] {
    return this.outbox.echoes;
  }
  set echoes(echoes: readonly Echo[]) {
    this.outbox.echoes = echoes;
  }

  timelineOf(channel: string): Timeline | undefined {
    return this.#timelines.get(channel);
  }
  typingStarted(channel: string, user: string): void {
    this.people.typingStarted(channel, user);
  }
  typingEnded(channel: string, user: string): void {
    this.people.typingEnded(channel, user);
  }

  addTimeline(channel: string): Timeline {
    const timeline = new Timeline(channel);
    this.#timelines.set(channel, timeline);
    return timeline;
  }

  /** The members of a channel: of a public one, everybody. */
  membersOf(entry: ChannelEntry): readonly string[] {
    return entry.members ?? this.users;
  }
}

export const [getChat, setChat] = createContext<Chat>();
