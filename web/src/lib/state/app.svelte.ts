/**
 * The root of the client: owns the state and everything that speaks to the server, and hands both
 * down by context. Neighbours: `sync/line.ts` brings events, `sync/apply.ts` folds them,
 * `sync/sender.ts` carries messages away.
 */
import { createContext, untrack } from 'svelte';
import { ApiClient, type Read } from '../api/client';
import type { StreamEvent } from '../api/events';
import { asProblem, type ApiProblem } from '../api/problem';
import type { Channel, State } from '../api/schema';
import { channelPath, doorPath, Router } from '../router.svelte';
import { apply, applyAnswer } from '../sync/apply';
import { Batcher } from '../sync/batcher';
import { callAlone, callShared } from '../sync/call';
import type { Place } from '../sync/chat-state';
import { newClientMsgId } from '../sync/client-msg-id';
import { Commands } from '../sync/commands';
import { Line } from '../sync/line';
import { reportPresence, type PresenceReporter } from '../sync/presence-reporter';
import { Sender } from '../sync/sender';
import { unknownEntry } from '../sync/unread';
import { AheadState } from './ahead.svelte';
import { AttentionState } from './attention.svelte';
import { Chat } from './chat.svelte';
import { ConnectionState } from './connection.svelte';
import { DraftsState } from './drafts.svelte';
import { EmojiState } from './emoji.svelte';
import { Keeper } from './keeper';
import { Marking } from './marking';
import { Notifier } from './notifier';
import { notifierPorts } from './notifier-ports';
import { OpenChannel } from './open-channel';
import { OwnOverride } from './own-override';
import { Pages } from './pages';
import { presencePorts } from './presence-ports';
import { Reading } from './reading';
import { isAmongFewAdded, Recount } from './recount';
import { openSiblings } from './siblings';
import type { Timeline } from './timeline.svelte';
import { ToastsState } from './toasts.svelte';

export class AppState {
  readonly router = new Router();
  readonly api = new ApiClient(fetch.bind(globalThis), (problem) => this.#signedOut(problem));
  readonly toasts = new ToastsState();
  readonly drafts = new DraftsState({
    save: (...draft) => this.keeper.inOwnName(() => this.api.later.saveDraft(...draft)),
    keep: (...draft) => this.keeper.keepDraft(...draft),
    drop: (...draft) => this.keeper.dropDraft(...draft),
  });
  readonly keeper: Keeper = new Keeper({
    api: this.api,
    drafts: () => this.drafts,
    resume: () => this.sender.resume(),
    onother: () => this.#begin(),
  });
  readonly ahead = new AheadState();
  readonly outbox = this.keeper.outbox;
  readonly connection = new ConnectionState();
  readonly attention = new AttentionState();
  readonly override = new OwnOverride(this.api, () => this.chat, Math.random);
  readonly emoji = new EmojiState(this.api);
  readonly commands = new Commands(this.api);
  readonly pages: Pages = new Pages(this.api, {
    isShown: (chat) => chat === this.chat,
    isOpen: (channel) => this.#opened.is(channel),
    onotherhistory: () => this.#goBack(),
  });
  readonly notifier = new Notifier(notifierPorts(this), openSiblings());
  readonly sender = new Sender(this.outbox, {
    post: async (echo) => {
      const text = await this.emoji.meant(echo.text);
      return this.keeper.inOwnName(() => this.api.messages.sendEcho({ ...echo, text }));
    },
    turn: (echo) => this.keeper.turn(echo),
    onelsewhere: (echo) => this.outbox.release(echo),
    onposted: (message, echo) => this.chat && applyAnswer(this.chat, message, echo),
    newId: newClientMsgId,
    now: Date.now,
    random: Math.random,
  });

  /** Null until the first `GET /state` has answered. */
  chat = $state.raw<Chat | null>(null);
  /** Why there is nothing to show yet; null when nothing is wrong. */
  failure = $state<string | null>(null);

  readonly #stream = new Line({
    shared: callShared,
    alone: callAlone,
    onevent: (event) => this.#events.add(event),
    onconnected: () => {
      this.connection.found();
      // The first time all has just been asked for.
      if (this.#heard === this.chat) this.#opened.catchUp();
      this.#heard = this.chat;
      this.sender.wake();
      this.drafts.saveAgain();
      this.#presence?.again();
      this.#recount.wake();
      this.#marking.again();
    },
    ondisconnected: () => this.connection.lost(),
    // Only a plain request can see whether it is the session that has ended.
    onrefused: () => void this.api.me().catch(() => {}),
    now: Date.now,
  });
  readonly #events = new Batcher<StreamEvent>((batch) => this.#hear(batch));
  #presence: PresenceReporter | undefined;
  readonly #opened = new OpenChannel(this.pages, () => this.chat, Math.random);
  /** Whose stream has been there before. */
  #heard: Chat | null = null;
  readonly #marking = new Marking({
    unheard: (place) => this.chat?.unheardMark(place) ?? null,
    say: (place, message_id) =>
      typeof place === 'number'
        ? this.api.threads.markRead(place, message_id)
        : this.api.channels.markRead(place, message_id),
    random: Math.random,
  });
  readonly #recount = new Recount(this.api, () => this.#goBack(), Math.random);
  readonly #reading = new Reading<Read<State>>({
    read: () => this.#readState(),
    take: (answer) => this.#take(answer),
    onfailure: ({ sentence }) => {
      this.failure = sentence;
      this.connection.lost();
    },
    now: Date.now,
    random: Math.random,
  });

  /** The channel on the screen; at `/` the first there is. */
  readonly channel: string | null = $derived.by(() => {
    const { route } = this.router;
    if (route.screen !== 'chat') return null;
    if (route.view.kind !== 'channel') return null;
    return route.view.channel ?? this.chat?.channelList.open[0]?.channel ?? null;
  });

  /** The same, if it is one that we are in: an address may name any. */
  get #viewed(): string | null {
    const { channel } = this;
    return channel === null ? null : (this.chat?.channelList.find(channel)?.channel ?? null);
  }

  /** Begins to listen; the result ends everything that belongs to the session. */
  start(): () => void {
    const stopAttention = this.attention.start(() => this.#divideNew());
    const stopping = new AbortController();
    const options = { signal: stopping.signal };
    addEventListener('visibilitychange', () => document.hidden && this.drafts.flush(), options);
    addEventListener('offline', () => (this.connection.isOnline = false), options);
    addEventListener('online', () => this.#backOnline(), options);
    addEventListener('pagehide', () => this.#stream.pause(), options);
    addEventListener('pageshow', () => this.#stream.resume(), options);
    this.keeper.start(stopping.signal);
    this.#begin();
    return () => {
      stopping.abort();
      stopAttention();
      this.#end();
    };
  }

  /** Shows a channel. */
  open(channel: string): void {
    this.#opened.open(channel);
    this.#sayViewing();
  }

  /** No channel is on the screen any more. */
  leave(): void {
    this.#opened.letGo();
    this.#sayViewing();
  }

  go(channel: string): void {
    this.router.go(channelPath(channel));
  }

  /** Goes to a channel that is only being made or joined. What is typed meanwhile is for it. */
  async enter(wish: Promise<Channel>, onentered = () => {}): Promise<void> {
    const me = this.chat?.me;
    this.ahead.begin();
    try {
      const channel = await wish;
      // By the time of the answer somebody else may sit here.
      if (me === undefined || this.chat?.me !== me) return;
      const draft = this.drafts.of(channel.channel);
      draft.text += this.ahead.take();
      this.adopt(channel);
      this.go(channel.channel);
      // In the same breath: the focus goes from what closes to where one writes.
      onentered();
    } finally {
      this.ahead.end();
    }
  }

  /** Takes in a channel that was just made here, whose event may still be on its way. */
  adopt(channel: Channel): void {
    const { chat } = this;
    if (chat === null) return;
    // It may have a history, if it was joined and not made.
    if (chat.channelList.find(channel.channel) === undefined)
      chat.channels = [...chat.channels, unknownEntry(channel)];
    this.#recount.hurry(chat);
  }

  /** Moves our read marker. */
  markRead(place: Place, message_id: number): void {
    this.chat?.marks.ask(place, message_id);
    this.#marking.mark(place, message_id);
  }

  /** Begins to follow what happens in a thread, until it is left. */
  openThread(channel: string, root_id: number): Timeline | null {
    const { chat } = this;
    if (chat === null) return null;
    chat.marks.release(root_id);
    const thread = chat.threadOf(root_id) ?? chat.addThread(channel, root_id);
    if (!thread.isLoaded) void this.pages.loadNewest(chat, thread);
    return thread;
  }
  leaveThread(root_id: number): void {
    this.chat?.closeThread(root_id);
  }
  /** Moves our marker back to just before a message, and shows from where on it is new. */
  async markUnread(timeline: Timeline, message_id: number): Promise<void> {
    this.chat?.marks.keep(timeline.thread_id ?? timeline.channel);
    timeline.newAfterId = message_id - 1;
    await this.attempt(this.commands.messages.markUnread(message_id));
  }
  async markAllRead(): Promise<void> {
    const isDone = await this.attempt(this.commands.channels.markAllRead());
    if (isDone) this.toasts.say('Everything is marked as read.');
  }

  /** Carries out a wish, and says so in a toast when it is refused. True when it was fulfilled. */
  async attempt(wish: Promise<unknown>): Promise<boolean> {
    try {
      await wish;
      return true;
    } catch (failure) {
      this.toasts.explain(failure);
      return false;
    }
  }

  /** What this browser keeps is deleted in any case, whether or not there is a session to be ended. */
  async signOut(): Promise<void> {
    const failure = await this.api.logout().then(() => null, asProblem);
    const isOut = failure === null || failure.status === 401;
    // While the disk is being cleared: what is asked now would be refused, and lead to another door.
    if (isOut) this.#end();
    await this.keeper.erase();
    if (isOut) return this.router.go('/login?logged_out=1');
    const what = 'What was not sent is deleted from this browser. You are still logged in.';
    this.#begin();
    this.toasts.say(`${failure.sentence} ${what}`, 'trouble');
  }

  /** Shows nothing until it is known whose session this is: what is written now would be nobody's. */
  #begin(): void {
    this.#end();
    this.#presence = reportPresence(window, presencePorts(this.api));
    this.#reading.begin();
  }

  /** Nothing is shown, heard or asked any more. */
  #end(): void {
    this.#listenNoMore();
    this.#reading.end();
    this.#presence?.stop();
    this.#presence = undefined;
    this.chat = null;
    this.#clear();
  }

  /** What waits for one person is not for the next. */
  #clear(): void {
    this.toasts.clear();
    this.ahead.clear();
  }

  /** What we hold is void. It stays on the screen until the state is read anew. */
  #goBack(): void {
    this.#listenNoMore();
    this.connection.lost();
    this.#reading.again();
  }

  #listenNoMore(): void {
    this.#stream.close();
    this.#events.clear();
    this.#recount.end();
    this.#marking.end();
  }

  #readState(): Promise<Read<State>> {
    this.drafts.expect();
    return this.api.state();
  }

  async #take({ value, cursor }: Read<State>): Promise<void> {
    this.#listenNoMore();
    if (this.chat !== null && this.chat.me !== value.me.username) this.#clear();
    // What this browser has kept is read from the disk; the screen does not wait for it.
    const belonging = this.keeper.belongTo(value.me.username, value.drafts);
    this.drafts.adopt(value.drafts);
    this.chat = new Chat(value, cursor, this.outbox, (notification) =>
      this.notifier.tell(notification),
    );
    this.failure = null;
    const viewed = untrack(() => this.#viewed);
    this.#stream.open(value.me.username, cursor, viewed);
    await belonging;
  }

  #hear(events: readonly StreamEvent[]): void {
    for (const event of events) {
      const { chat } = this;
      // A resync among them has thrown away what the others would change.
      if (chat === null) return;
      if (event.kind === 'resync') return this.#goBack();
      const shown = chat.people.of(chat.me);
      apply(chat, event);
      if (chat.people.of(chat.me) !== shown) this.override.look();
      if (event.kind === 'draft_saved') this.drafts.hear(event.data);
      if (event.kind === 'read_markers') this.#opened.markersTold(event.data);
      if (event.kind === 'reminder_due') this.notifier.remind(event.data);
      if (event.kind === 'message_deleted') {
        const { sender, deleted_by } = event.data;
        if (sender === chat.me && deleted_by) this.notifier.deleted({ ...event.data, deleted_by });
      }
    }
    if (events.some((event) => event.kind === 'message_posted')) this.sender.writingWorks();
    const { chat } = this;
    if (chat === null) return;
    // What there is for us we want to see at once; of a crowd each waits for a moment of their own.
    if (events.some((event) => isAmongFewAdded(event, chat.me))) this.#recount.hurry(chat);
    else this.#recount.look(chat);
  }

  #sayViewing(): void {
    this.#stream.view(untrack(() => this.#viewed));
  }

  /** The person comes back: what was posted meanwhile is new. */
  #divideNew(): void {
    const entry = this.channel ? this.chat?.channelList.find(this.channel) : undefined;
    const timeline = entry && this.chat?.timelineOf(entry.channel);
    if (entry && timeline && entry.unread > 0) timeline.newAfterId = entry.last_read_id ?? 0;
  }

  #backOnline(): void {
    this.connection.isOnline = true;
    this.sender.wake();
    this.#reading.wake();
    if (this.chat !== null) this.#stream.reopen();
  }

  #signedOut(problem: ApiProblem): void {
    void this.keeper.refused(problem);
    if (this.router.route.screen !== 'chat') return;
    this.#clear();
    this.router.replace(doorPath('/login', location.pathname + location.search));
  }
}

export const [getApp, setApp] = createContext<AppState>();
