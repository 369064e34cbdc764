/** What several places let a person do with a channel. Each says so when it is refused. */
import { asProblem } from '../../api/problem';
import type { AppState } from '../../state/app.svelte';
import type { Chat } from '../../state/chat.svelte';
import { copyText } from '../../text/clipboard';
import type { ChannelEntry } from '../../sync/chat-state';

/**
 * Opens the conversation with these people and nobody else; with nobody, notes to oneself. It is on
 * the screen at once: what is typed from now on is for them, and never for whoever was there before.
 */
export async function writeTo(app: AppState, users: readonly string[]): Promise<void> {
  const list = app.chat?.channelList;
  if (list === undefined) return;
  const name = list.beginOpening(users);
  app.go(name);
  try {
    const channel = await app.commands.channels.openDirect(users);
    if (list.find(channel.channel)?.is_hidden) {
      await app.commands.channels.showDirect(channel.channel);
    }
    app.adopt(channel);
    list.endOpening(name);
    // What could not be saved while there was no such channel.
    app.drafts.saveAgain();
  } catch (failure) {
    // Through a broken connection it may still be written to: the first message opens it too.
    if (!asProblem(failure).isPassing) list.endOpening(name);
    throw failure;
  }
}

/** Takes a conversation out of the sidebar, until there is something new in it. */
export async function closeDirect(app: AppState, chat: Chat, entry: ChannelEntry): Promise<void> {
  const isClosed = await app.attempt(app.commands.channels.closeDirect(entry.channel));
  if (isClosed && app.channel === entry.channel) goElsewhere(app, chat, entry);
}

export async function leave(app: AppState, chat: Chat, entry: ChannelEntry): Promise<void> {
  const title = chat.channelList.titleOf(entry);
  if (!(await app.attempt(app.commands.channels.leave(entry.channel)))) return;
  app.toasts.say(`You left ${title}.`);
  if (app.channel === entry.channel) goElsewhere(app, chat, entry);
}

export async function join(app: AppState, channel: string): Promise<void> {
  await app.attempt(app.enter(app.commands.channels.join(channel)));
}

export function setMuted(app: AppState, entry: ChannelEntry, muted: boolean): Promise<boolean> {
  return app.attempt(app.commands.channels.setNotifications(entry.channel, { muted }));
}

export async function copyLink(app: AppState, path: string): Promise<void> {
  const isCopied = await copyText(new URL(path, location.origin).href);
  if (isCopied) app.toasts.say('The link is copied.');
  else app.toasts.say('The browser does not allow copying here.', 'trouble');
}

function goElsewhere(app: AppState, chat: Chat, left: ChannelEntry): void {
  const next = chat.channelList.open.find((entry) => entry.channel !== left.channel);
  if (next === undefined) app.router.go('/');
  else app.go(next.channel);
}
