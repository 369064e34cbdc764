/** Folds what we keep and put off: saved messages, drafts, scheduled messages, reminders. */
import type { LaterEvent } from '../api/events';
import type { Draft } from '../api/schema';
import type { LaterData } from './chat-state';

export function applyLaterEvent(state: LaterData, event: LaterEvent): void {
  switch (event.kind) {
    case 'message_saved': {
      const { id, on } = event.data;
      const others = state.saved.filter((one) => one !== id);
      state.saved = on ? [id, ...others] : others;
      return;
    }
    case 'draft_saved': {
      const draft = event.data;
      const others = state.drafts.filter((one) => !isSamePlace(one, draft));
      state.drafts = draft.text === '' ? others : [draft, ...others];
      return;
    }
    case 'message_scheduled':
      state.scheduled = [...without(state.scheduled, event.data.id), event.data].sort(
        (a, b) => a.send_at_ts - b.send_at_ts,
      );
      return;
    case 'schedule_ended':
      state.scheduled = without(state.scheduled, event.data.id);
      return;
    case 'reminder_set':
    case 'reminder_due':
      state.reminders = [...without(state.reminders, event.data.id), event.data].sort(
        (a, b) => a.due_ts - b.due_ts,
      );
      return;
    case 'reminder_ended':
      state.reminders = without(state.reminders, event.data.id);
      return;
  }
}

function isSamePlace(a: Draft, b: Draft): boolean {
  return a.channel === b.channel && a.thread_id === b.thread_id;
}

function without<T extends { readonly id: number }>(list: readonly T[], id: number): readonly T[] {
  return list.filter((one) => one.id !== id);
}
