/**
 * What an answer tells, brought up to where the stream stands: a chat state of its own, into which everything that has
 * passed since is folded as it was folded into the live one. What is stale there is then taken from here.
 */
import type { DurableEvent } from '../api/events';
import type { State } from '../api/schema';
import { routeEvent } from './apply';
import { countMessageEvent } from './apply-messages';
import type { ChannelEntry, ChatState, Echo, Followed, TimelineData } from './chat-state';
import type { Cursor } from './cursor';
import { Passed } from './questions';
import { asEntry } from './unread';

export class Told implements ChatState {
  readonly me: string;
  readonly my_id: number;
  cursor: Cursor;
  channels: readonly ChannelEntry[] = [];
  saved: ChatState['saved'] = [];
  drafts: ChatState['drafts'] = [];
  scheduled: ChatState['scheduled'] = [];
  reminders: ChatState['reminders'] = [];
  isLaterStale = false;

  // Nothing of these is ever stale: they are not asked for again, and not folded again.
  users: readonly string[] = [];
  profiles: ChatState['profiles'] = [];
  groups: ChatState['groups'] = [];
  settings: ChatState['settings'];
  preferences: ChatState['preferences'] = {};
  keywords: readonly string[] = [];
  do_not_disturb: ChatState['do_not_disturb'];
  changed: ChatState['changed'] = { mentions: 0, threads: 0 };
  pinners: ChatState['pinners'] = {};
  echoes: readonly Echo[] = [];
  readonly passed = new Passed();

  constructor(
    private readonly live: ChatState,
    seq: number,
    public followed: Followed,
  ) {
    this.me = live.me;
    this.my_id = live.my_id;
    this.cursor = { epoch: live.cursor.epoch, seq };
    this.settings = live.settings;
    this.do_not_disturb = live.do_not_disturb;
  }

  /** With the channels and what is kept, as `GET /state` tells them. */
  static of(live: ChatState, state: State, seq: number, followed: Followed): Told {
    const told = new Told(live, seq, followed);
    told.channels = state.channels.map((summary) => asEntry(summary, seq));
    told.saved = state.saved;
    told.drafts = state.drafts;
    told.scheduled = state.scheduled;
    told.reminders = state.reminders;
    return told;
  }

  hear(passed: readonly DurableEvent[]): void {
    // What is held of messages has heard all this already: it is looked at for counting, and stays as it is.
    for (const event of passed) routeEvent(this, event, countMessageEvent);
  }

  timelineOf(channel: string): TimelineData | undefined {
    return this.live.timelineOf(channel);
  }
  asidesOf(channel: string): readonly TimelineData[] {
    return this.live.asidesOf(channel);
  }
  dropTimelines(): void {}
  readTold(): void {}
  unreadTold(): void {}
  notified(): void {}
  presenceTold(): void {}
  typingStarted(): void {}
  typingEnded(): void {}
}
