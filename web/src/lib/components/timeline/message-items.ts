/** The menu of a message: what this person can do to it, and what each wish sets in motion. */
import type { Message } from '../../api/schema';
import { placePath } from '../../routes';
import type { AppState } from '../../state/app.svelte';
import type { Chat } from '../../state/chat.svelte';
import type { Panels } from '../../state/panels.svelte';
import type { Timeline } from '../../state/timeline.svelte';
import type { Barrier } from '../../sync/rights';
import { copyText } from '../../text/clipboard';
import { laterMoments, momentName } from '../../text/moments';
import { timeOfDay } from '../../text/time';
import type { MenuItem } from '../ui/MenuList.svelte';
import type { MenuPage, TimelineView } from './view.svelte';

export interface MessageTools {
  readonly app: AppState;
  readonly chat: Chat;
  readonly panels: Panels;
  readonly view: TimelineView;
}

type Group = readonly MenuItem[];

export function messageItems(
  tools: MessageTools,
  message: Message,
  timeline: Timeline,
  open: (page: MenuPage) => void,
): readonly Group[] {
  return [
    answering(tools, message, timeline),
    keeping(tools, message, timeline, open),
    asking(tools, message, open),
    message.sender === tools.chat.me
      ? changing(tools, message, timeline)
      : moderating(tools, message),
  ];
}

/** Moments to be reminded at, and the way to name another. */
export function reminderItems(tools: MessageTools, message: Message): readonly Group[] {
  const moments = laterMoments(Date.now()).map(({ label, ts }) => ({
    label,
    hint: timeOfDay(ts),
    onchoose: () => void remind(tools, message, ts),
  }));
  const other: MenuItem = {
    label: 'Another time…',
    icon: 'clock',
    onchoose: () => tools.panels.show({ kind: 'remind', message }),
  };
  return [moments, [other]];
}

export function quote({ app, view }: MessageTools, message: Message, timeline: Timeline): void {
  app.drafts.of(message.channel, timeline.thread_id).replyTo = message;
  view.composer?.focus();
}

/** Opens the thread of a message, or of the message that it replies to in one. */
export function openThread({ app }: Pick<MessageTools, 'app'>, message: Message): void {
  const root_id = message.thread_id ?? message.id;
  const reply_id = message.thread_id === null ? null : message.id;
  app.router.open({ kind: 'thread', root_id, channel: message.channel, reply_id });
}

/** Why nothing can be written where a message stands; null where one may. */
export function barrierAt(chat: Chat, message: Message): Barrier | null {
  const entry = chat.channelList.find(message.channel);
  return entry === undefined ? null : chat.barrierIn(entry);
}

/** Who may read what a message said before it was edited. */
export function isHistoryShown(chat: Chat, message: Message): boolean {
  if (!message.edited || message.deleted) return false;
  switch (chat.settings.edit_history) {
    case 'everyone':
      return true;
    case 'sender':
      return message.sender === chat.me;
    case 'administrators':
      return chat.isAdmin;
    case 'nobody':
      return false;
  }
}

function answering(tools: MessageTools, message: Message, timeline: Timeline): Group {
  const { app, panels } = tools;
  const thread: MenuItem = {
    label: message.thread_id === null ? 'Reply in thread' : 'Open the thread',
    icon: 'thread',
    letter: 't',
    onchoose: () => openThread({ app }, message),
  };
  const reply: MenuItem = {
    label: 'Reply with quote',
    icon: 'reply',
    letter: 'q',
    onchoose: () => quote(tools, message, timeline),
  };
  const isWritable = barrierAt(tools.chat, message) === null;
  const hasThread = timeline.thread_id === null && (isWritable || message.thread !== null);
  return [
    ...(hasThread ? [thread] : []),
    ...(isWritable ? [reply] : []),
    {
      label: 'Forward…',
      icon: 'forward',
      letter: 'f',
      onchoose: () => panels.show({ kind: 'forward', message }),
    },
  ];
}

function keeping(
  { app, chat, view }: MessageTools,
  message: Message,
  timeline: Timeline,
  open: (page: MenuPage) => void,
): Group {
  const { id } = message;
  const isSaved = chat.later.isSaved(id);
  const isPinned = chat.channelList.find(message.channel)?.pins.includes(id) ?? false;
  const pin: MenuItem = {
    label: isPinned ? 'Unpin' : 'Pin to the channel',
    icon: 'pin',
    letter: 'p',
    onchoose: () => void app.attempt(app.commands.messages.pin(id, !isPinned)),
  };
  return [
    ...(barrierAt(chat, message) === 'archived' ? [] : [pin]),
    {
      label: isSaved ? 'Remove from saved' : 'Save',
      icon: 'bookmark',
      letter: 's',
      onchoose: () => void app.attempt(app.commands.messages.save(id, !isSaved)),
    },
    {
      label: 'Remind me…',
      icon: 'clock',
      letter: 'm',
      isOpening: true,
      onchoose: () => open('remind'),
    },
    {
      label: 'Mark unread from here',
      icon: 'unread',
      letter: 'u',
      onchoose: () => {
        view.activeId = null;
        void app.markUnread(timeline, id);
      },
    },
  ];
}

function asking(
  { app, chat, panels }: MessageTools,
  message: Message,
  open: (page: MenuPage) => void,
): Group {
  const history: MenuItem = {
    label: 'Edit history…',
    icon: 'history',
    letter: 'h',
    onchoose: () => panels.show({ kind: 'history', message }),
  };
  const why: MenuItem = {
    label: 'Why was I notified, or not?',
    icon: 'bell',
    letter: 'w',
    isOpening: true,
    onchoose: () => open('why'),
  };
  return [
    {
      label: 'Copy link',
      icon: 'link',
      letter: 'l',
      onchoose: () => void copy(app, location.origin + placePath(message), 'The link'),
    },
    ...(message.content ? [textItem(() => void copy(app, message.content ?? '', 'The text'))] : []),
    ...(isHistoryShown(chat, message) ? [history] : []),
    {
      label: 'Who has read it?',
      icon: 'eye',
      letter: 'r',
      isOpening: true,
      onchoose: () => open('readers'),
    },
    ...(message.sender === chat.me ? [] : [why]),
  ];
}

/**
 * The sender alone may edit, and only where they may still speak. What one has said one may always
 * delete.
 */
function changing(tools: MessageTools, message: Message, timeline: Timeline): Group {
  const barrier = barrierAt(tools.chat, message);
  const isEditable = message.poll === null && (barrier === null || barrier === 'gone');
  const edit: MenuItem = {
    label: 'Edit',
    icon: 'pencil',
    letter: 'e',
    onchoose: () => (timeline.editingId = message.id),
  };
  return [...(isEditable ? [edit] : []), deleteItem(tools, message)];
}

/** What another said, whoever looks after the channel may delete. */
function moderating(tools: MessageTools, message: Message): Group {
  return tools.chat.mayModerate(message) ? [deleteItem(tools, message)] : [];
}

function deleteItem({ panels }: MessageTools, message: Message): MenuItem {
  return {
    label: 'Delete…',
    icon: 'trash',
    letter: 'd',
    isGrave: true,
    onchoose: () => panels.show({ kind: 'delete-message', message }),
  };
}

function textItem(onchoose: () => void): MenuItem {
  return { label: 'Copy text', icon: 'copy', letter: 'c', onchoose };
}

async function remind({ app }: MessageTools, message: Message, due_ts: number): Promise<void> {
  const isSet = await app.attempt(app.commands.later.remind({ message_id: message.id, due_ts }));
  if (isSet) app.toasts.say(`You will be reminded: ${momentName(due_ts, Date.now())}.`);
}

async function copy(app: AppState, text: string, what: string): Promise<void> {
  if (await copyText(text)) app.toasts.say(`${what} is copied.`);
  else app.toasts.say('The browser does not let us copy.', 'trouble');
}
