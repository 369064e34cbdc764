import type { Reminder } from '../api/schema';
import type { AppState } from './app.svelte';
import { chime } from './chime';
import { choicesOf } from './choices';
import { showOnDesktop } from './desktop';
import { openMessage } from './open-message';
import type { NotifierPorts } from './notifier';

/** How the notifier reaches the person of this window. Called while the app is made: it asks for nothing yet. */
export function notifierPorts(app: AppState): NotifierPorts {
  return {
    isHere: () => app.attention.isHere,
    isVisible: () => app.attention.isVisible,
    isShown: ({ channel, thread_id }) => {
      const { panel } = app.router;
      if (thread_id === null) return app.channel === channel;
      return panel?.kind === 'thread' && panel.root_id === thread_id;
    },
    hasSound: () => app.chat !== null && choicesOf(app.chat.preferences).sound,
    nameOf: (user) => app.chat?.profileList.nameOf(user) ?? user,
    placeOf: (channel) => placeName(app, channel),
    go: (path) => app.router.go(path),
    openMessage: (id) => void app.attempt(openMessage(app, id)),
    toast: (text, more) => app.toasts.say(text, 'news', more),
    desktop: showOnDesktop,
    chime,
    finish: ({ id }) => void app.attempt(app.commands.later.finishReminder(id)),
    remindAgain: (reminder, due_ts) => void app.attempt(remindAgain(app, reminder, due_ts)),
    now: Date.now,
    random: Math.random,
  };
}

/** Sets the new one before it ends the old: in between there are rather two than none. */
export async function remindAgain(
  app: AppState,
  { id, message_id, text }: Reminder,
  due_ts: number,
): Promise<void> {
  const about = message_id === null ? {} : { message_id };
  await app.commands.later.remind({ ...about, ...(text === '' ? {} : { text }), due_ts });
  await app.commands.later.finishReminder(id);
}

function placeName(app: AppState, channel: string): string {
  const entry = app.chat?.channelList.find(channel);
  if (!app.chat || !entry) return channel;
  if (entry.kind !== 'direct') return app.chat.channelList.labelOf(entry);
  const isGroup = (entry.members?.length ?? 0) > 2;
  return isGroup ? 'a group conversation' : '';
}
