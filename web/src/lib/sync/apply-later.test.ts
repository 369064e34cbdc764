import { expect, it } from 'vitest';
import type { DurableEvent } from '../api/events';
import type { Draft, Reminder, Scheduled } from '../api/schema';
import { aliceState, at, PlainState } from '../../testing/people';
import { apply } from './apply';

/** Tells the story, then again as after a reconnect; the second time must change nothing. */
function afterHearingTwice(story: readonly DurableEvent[]): PlainState {
  const state = new PlainState(aliceState(), at(20));
  story.forEach((event) => apply(state, event));
  const once = structuredClone([state.saved, state.drafts, state.scheduled, state.reminders]);
  state.cursor = at(20);
  story.forEach((event) => apply(state, event));
  expect(structuredClone([state.saved, state.drafts, state.scheduled, state.reminders])).toEqual(
    once,
  );
  return state;
}

function saved(seq: number, id: number, on: boolean): DurableEvent {
  return { kind: 'message_saved', cursor: at(seq), data: { id, on, saved_ts: seq } };
}

it('keeps what alice saves, the newest first', () => {
  const state = afterHearingTwice([saved(21, 10, true), saved(22, 12, true), saved(23, 10, false)]);
  expect(state.saved).toEqual([12]);
});

it('keeps one draft per place, and none where its text is empty', () => {
  const draft = (seq: number, text: string, thread_id: number | null = null): DurableEvent => {
    const data: Draft = { channel: 'general', thread_id, text, ts: seq };
    return { kind: 'draft_saved', cursor: at(seq), data };
  };
  const state = afterHearingTwice([
    draft(21, 'Go'),
    draft(22, 'Good', 10),
    draft(23, 'Good morning'),
    draft(24, '', 10),
  ]);
  expect(state.drafts.map((one) => one.text)).toEqual(['Good morning']);
});

it('keeps scheduled messages by their time until they are sent', () => {
  const scheduled = (seq: number, id: number, send_at_ts: number): DurableEvent => {
    const data: Scheduled = {
      id,
      channel: 'general',
      thread_id: null,
      text: 'later',
      send_at_ts,
      created_ts: 1,
      failure: null,
    };
    return { kind: 'message_scheduled', cursor: at(seq), data };
  };
  const state = afterHearingTwice([
    scheduled(21, 21, 900),
    scheduled(22, 22, 800),
    scheduled(23, 23, 700),
    { kind: 'schedule_ended', cursor: at(24), data: { id: 23, outcome: 'sent' } },
    scheduled(25, 21, 500),
  ]);
  expect(state.scheduled.map((one) => one.id)).toEqual([21, 22]);
});

it('says when a reminder is due, and forgets it when alice is done', () => {
  const reminder = (id: number, fired_ts: number | null): Reminder => {
    return { id, message_id: null, channel: null, text: 'bread', due_ts: 500 + id, fired_ts };
  };
  const state = afterHearingTwice([
    { kind: 'reminder_set', cursor: at(21), data: reminder(21, null) },
    { kind: 'reminder_set', cursor: at(22), data: reminder(22, null) },
    { kind: 'reminder_due', cursor: at(23), data: reminder(21, 521) },
    { kind: 'reminder_ended', cursor: at(24), data: { id: 22 } },
  ]);
  expect(state.reminders).toEqual([reminder(21, 521)]);
});
