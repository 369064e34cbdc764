/**
 * The chat state that `apply` folds into, as runes: one object for one reading of `GET /state`.
 * A resync throws it away and makes another.
 */
import { createContext } from 'svelte';
import { SvelteMap } from 'svelte/reactivity';
import type { Message, Notification, Presence, State } from '../api/schema';
import type { Position } from '../attachments/scroller.svelte';
import { followedAtFirst, unreadIn } from '../sync/apply-threads';
import type { ChannelEntry, Changed, ChatState, Echo, Followed, Place } from '../sync/chat-state';
import type { Cursor } from '../sync/cursor';
import { Passed } from '../sync/questions';
import { barrierIn, rightsIn, type Barrier, type Rights } from '../sync/rights';
import type { Outbox } from '../sync/sender';
import { ChannelsState } from './channels.svelte';
import { LaterState } from './later.svelte';
import { Marks } from './marks.svelte';
import { PresenceState } from './presence.svelte';
import { ProfilesState } from './profiles.svelte';
import { SessionState } from './session.svelte';
import { Timeline } from './timeline.svelte';

export class Chat implements ChatState {
  cursor: Cursor;
  readonly passed = new Passed();
  followed: Followed = $state.raw({
    unread: 0,
    mentions: 0,
    unreadIn: {},
    is: {},
    isWhole: false,
    doubted: {},
    isStale: false,
    as_of: 0,
  });
  changed: Changed = $state.raw({ mentions: 0, threads: 0 });
  pinners: Readonly<Record<number, string>> = $state.raw({});

  readonly session: SessionState;
  readonly marks = new Marks();
  readonly channelList: ChannelsState;
  /** Who is here. */
  readonly people: PresenceState;
  /** Who they are. */
  readonly profileList: ProfilesState;
  readonly later: LaterState;
  /** Where somebody reads in channels that are not on the screen; those that are absent, at the end. */
  readonly positions = new Map<string, Position>();
  readonly #timelines = new SvelteMap<string, Timeline>();
  /** The opened threads, by their roots. */
  readonly #threads = new SvelteMap<number, Timeline>();
  /** The surroundings of a message that somebody went to, far from the newest. */
  readonly #contexts = new SvelteMap<string, Timeline>();

  constructor(
    state: State,
    cursor: Cursor,
    /** Outlives this reading: what was not sent yet is still to be sent. */
    private readonly outbox: Outbox,
    private readonly onnotify: (notification: Notification) => void = () => {},
  ) {
    this.cursor = cursor;
    this.followed = followedAtFirst(state.threads, cursor);
    this.profileList = new ProfilesState(state);
    this.later = new LaterState(state);
    this.session = new SessionState(state);
    const nameOf = (user: string) => this.profileList.nameOf(user);
    this.channelList = new ChannelsState(state.channels, state.me.username, this.marks, nameOf);
    this.people = new PresenceState(
      state.users,
      state.presence,
      state.limits.typing_seconds * 1000,
    );
  }

  get me(): string {
    return this.session.me.username;
  }
  get my_id(): number {
    return this.session.me.id;
  }
  /** As of now: administrators come and go while we are here. */
  get isAdmin(): boolean {
    return this.profileList.of(this.me).is_admin;
  }
  get channels(): readonly ChannelEntry[] {
    return this.channelList.list;
  }
  set channels(list: readonly ChannelEntry[]) {
    this.channelList.list = list;
  }
  get echoes(): readonly Echo[] {
    return this.outbox.echoes;
  }
  set echoes(echoes: readonly Echo[]) {
    this.outbox.echoes = echoes;
  }

  get saved(): LaterState['saved'] {
    return this.later.saved;
  }
  set saved(value: LaterState['saved']) {
    this.later.saved = value;
  }
  get drafts(): LaterState['drafts'] {
    return this.later.drafts;
  }
  set drafts(value: LaterState['drafts']) {
    this.later.drafts = value;
  }
  get scheduled(): LaterState['scheduled'] {
    return this.later.scheduled;
  }
  set scheduled(value: LaterState['scheduled']) {
    this.later.scheduled = value;
  }
  get reminders(): LaterState['reminders'] {
    return this.later.reminders;
  }
  set reminders(value: LaterState['reminders']) {
    this.later.reminders = value;
  }
  get isLaterStale(): boolean {
    return this.later.isLaterStale;
  }
  set isLaterStale(value: boolean) {
    this.later.isLaterStale = value;
  }
  get users(): ProfilesState['users'] {
    return this.profileList.users;
  }
  set users(value: ProfilesState['users']) {
    this.profileList.users = value;
  }
  get profiles(): ProfilesState['profiles'] {
    return this.profileList.profiles;
  }
  set profiles(value: ProfilesState['profiles']) {
    this.profileList.profiles = value;
  }
  get groups(): ProfilesState['groups'] {
    return this.profileList.groups;
  }
  set groups(value: ProfilesState['groups']) {
    this.profileList.groups = value;
  }
  get settings(): ProfilesState['settings'] {
    return this.profileList.settings;
  }
  set settings(value: ProfilesState['settings']) {
    this.profileList.settings = value;
  }
  get preferences(): ProfilesState['preferences'] {
    return this.profileList.preferences;
  }
  set preferences(value: ProfilesState['preferences']) {
    this.profileList.preferences = value;
  }
  get keywords(): ProfilesState['keywords'] {
    return this.profileList.keywords;
  }
  set keywords(value: ProfilesState['keywords']) {
    this.profileList.keywords = value;
  }
  get do_not_disturb(): ProfilesState['do_not_disturb'] {
    return this.profileList.do_not_disturb;
  }
  set do_not_disturb(value: ProfilesState['do_not_disturb']) {
    this.profileList.do_not_disturb = value;
  }

  rightsIn(entry: ChannelEntry): Rights {
    return rightsIn(entry, this.me, this.isAdmin);
  }
  barrierIn(entry: ChannelEntry): Barrier | null {
    const isGone = (user: string) => this.profileList.of(user).is_deactivated;
    return barrierIn(entry, this.me, this.isAdmin, isGone);
  }

  /** Whether we may delete what somebody else said. */
  mayModerate(message: Pick<Message, 'channel' | 'sender'>): boolean {
    const entry = this.channelList.find(message.channel);
    if (entry === undefined || message.sender === this.me) return false;
    return this.session.isModerated && this.rightsIn(entry).moderate;
  }

  timelineOf(channel: string): Timeline | undefined {
    return this.#timelines.get(channel);
  }
  threadOf(root_id: number): Timeline | undefined {
    return this.#threads.get(root_id);
  }
  contextOf(channel: string): Timeline | undefined {
    return this.#contexts.get(channel);
  }
  asidesOf(channel: string): readonly Timeline[] {
    const asides = [...this.#threads.values(), ...this.#contexts.values()];
    return asides.filter((aside) => aside.channel === channel);
  }
  dropTimelines(channel: string): void {
    this.#timelines.delete(channel);
    for (const aside of this.asidesOf(channel)) this.#threads.delete(aside.thread_id ?? 0);
    this.#contexts.delete(channel);
  }
  readTold(place: Place, last_read_id: number, isAll: boolean): void {
    this.marks.told(place, last_read_id, isAll);
  }
  unreadTold(place: Place): void {
    this.marks.keep(place);
  }
  /** Up to where the server has yet to tell us that we have read; null where nothing is to be told. */
  unheardMark(place: Place): number | null {
    const asked = this.marks.askedFor(place);
    if (typeof place === 'number') {
      const unread = unreadIn(this.followed, place);
      // Only who follows a thread has a marker in it.
      const isOpen = unread === null ? this.followed.is[place] === true : unread > 0;
      return isOpen && asked > 0 ? asked : null;
    }
    const { unread = 0, last_read_id = null } = this.channelList.find(place) ?? {};
    return unread > 0 && asked > (last_read_id ?? 0) ? asked : null;
  }
  notified(notification: Notification): void {
    this.onnotify(notification);
  }
  presenceTold(users: Readonly<Record<string, Presence>>, isWhole: boolean): void {
    this.people.told(users, isWhole);
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

  /** The surroundings of a message, with their first page in them. */
  showContext(context: Timeline): void {
    this.#contexts.set(context.channel, context);
  }
  closeContext(channel: string): void {
    this.#contexts.delete(channel);
  }
  /** It has grown up to the newest message: from now on it is what is held of the channel. */
  promoteContext(context: Timeline): void {
    if (this.#contexts.get(context.channel) !== context) return;
    const {
      markers = {},
      readCounts = null,
      newAfterId = null,
    } = this.#timelines.get(context.channel) ?? {};
    context.markers = markers;
    context.readCounts = readCounts;
    context.newAfterId = newAfterId;
    this.#timelines.set(context.channel, context);
    this.#contexts.delete(context.channel);
  }

  addThread(channel: string, root_id: number): Timeline {
    const thread = new Timeline(channel, root_id);
    this.#threads.set(root_id, thread);
    return thread;
  }
  /** Nobody looks at it any more: its events need no folding. */
  closeThread(root_id: number): void {
    this.#threads.delete(root_id);
  }

  /** Whom one may name in a channel: in a public one everybody, whether they read it or not. */
  membersOf(entry: ChannelEntry): readonly string[] {
    return entry.members ?? this.profileList.active;
  }
  memberCount(entry: ChannelEntry): number {
    if (entry.is_default) return this.profileList.active.length;
    return entry.members?.length ?? entry.member_count;
  }
}

export const [getChat, setChat] = createContext<Chat>();
