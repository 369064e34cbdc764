//! What happens to a person's own things: preferences, levels, saved messages, drafts, what is to come later.

use std::sync::Arc;

use imbl::OrdMap;

use super::{ChannelKind, Workspace};
use crate::event::{Event, LoggedEvent};
use crate::ids::{ChannelId, Seq, UserId};
use crate::notification::{ChannelNotifications, Level};
use crate::personal::{Draft, Personal, PersonalChange, Reminder, SavedMessage, ScheduledMessage};
use crate::schedule::ScheduleOutcome;

impl Workspace {
    pub(super) fn apply_to_person(&mut self, record: &LoggedEvent, event: &Event) {
        if let Event::PersonalChanged { change } = event {
            self.change_personal(record, change);
        } else if let Event::DraftSaved { channel, thread, text } = event {
            let drafts = &mut self.personal_mut(record.actor).drafts;
            let place = thread.unwrap_or(channel.0);
            if text.is_empty() {
                drafts.remove(&place);
            } else {
                let (text, ts, saved) = (text.clone(), record.ts, record.seq);
                let draft = Draft { channel: *channel, thread: *thread, text, ts, saved };
                drafts.insert(place, draft);
            }
        } else if let Event::MessageScheduled { channel, schedule, thread, text, send_at } = event {
            let id = schedule.unwrap_or(record.seq);
            let before = self.personal_mut(record.actor).scheduled.remove(&id);
            if let Some(before) = before {
                self.agenda.remove(&(before.send_at, id));
            }
            let scheduled = ScheduledMessage {
                channel: *channel,
                thread: *thread,
                text: text.clone(),
                send_at: *send_at,
                saved: record.seq,
                failure: None,
            };
            self.personal_mut(record.actor).scheduled.insert(id, scheduled);
            self.agenda.insert((*send_at, id), record.actor);
        } else if let Event::ScheduleEnded { schedule, outcome } = event {
            self.end_schedule(record.actor, *schedule, outcome);
        } else if let Event::ReminderSet { message, channel, text, due } = event {
            let (message, channel, text, due) = (*message, *channel, text.clone(), *due);
            let reminder = Reminder { message, channel, text, due, fired_ts: None };
            self.personal_mut(record.actor).reminders.insert(record.seq, reminder);
            self.agenda.insert((due, record.seq), record.actor);
        } else if let Event::ReminderDue { reminder } = event {
            if let Some(found) = self.personal_mut(record.actor).reminders.get_mut(reminder) {
                found.fired_ts = Some(record.ts);
                let due = found.due;
                self.agenda.remove(&(due, *reminder));
            }
        } else if let Event::ReminderEnded { reminder } = event
            && let Some(ended) = self.personal_mut(record.actor).reminders.remove(reminder)
        {
            self.agenda.remove(&(ended.due, *reminder));
        }
    }

    /// What somebody who is no longer in a channel wanted of it is over.
    pub(super) fn forget_plans(&mut self, user: UserId, channel: ChannelId) {
        let personal = &self.users[&user].personal;
        if personal.texts_in(channel).is_empty() && !personal.notifications.contains_key(&channel) {
            return;
        }
        let personal = self.personal_mut(user);
        personal.notifications.remove(&channel);
        take(&mut personal.drafts, |it| it.channel == channel);
        let scheduled = take(&mut personal.scheduled, |it| it.channel == channel);
        let reminders = take(&mut personal.reminders, |it| it.channel == Some(channel));
        let scheduled = scheduled.into_iter().map(|(id, it)| (it.send_at, id));
        for place in scheduled.chain(reminders.into_iter().map(|(id, it)| (it.due, id))) {
            self.agenda.remove(&place);
        }
    }

    fn end_schedule(&mut self, user: UserId, id: Seq, outcome: &ScheduleOutcome) {
        let scheduled = &mut self.personal_mut(user).scheduled;
        let send_at = match outcome {
            ScheduleOutcome::Sent | ScheduleOutcome::Cancelled => {
                scheduled.remove(&id).map(|ended| ended.send_at)
            }
            ScheduleOutcome::Failed(reason) => scheduled.get_mut(&id).map(|failed| {
                failed.failure = Some(reason.clone());
                failed.send_at
            }),
        };
        if let Some(send_at) = send_at {
            self.agenda.remove(&(send_at, id));
        }
    }

    fn change_personal(&mut self, record: &LoggedEvent, change: &PersonalChange) {
        let personal = self.personal_mut(record.actor);
        match change {
            PersonalChange::Preferences(changes) => {
                for (key, value) in changes {
                    match value {
                        Some(value) => {
                            drop(personal.preferences.insert(key.clone(), value.clone()));
                        }
                        None => drop(personal.preferences.remove(key)),
                    }
                }
                personal.preferences_set = record.seq;
            }
            PersonalChange::AllPreferences(preferences) => {
                personal.preferences.clone_from(preferences);
                personal.preferences_set = record.seq;
            }
            PersonalChange::Notifications { channel, notifications } => {
                let (channel, notifications) = (*channel, *notifications);
                self.set_notifications(record.actor, channel, notifications);
            }
            PersonalChange::DoNotDisturb(schedule) => personal.do_not_disturb = schedule.clone(),
            PersonalChange::Keywords(words) => {
                personal.keywords.clone_from(words);
                personal.keywords_set = record.seq;
                if words.is_empty() {
                    self.keyword_users.remove(&record.actor);
                } else {
                    self.keyword_users.insert(record.actor);
                }
            }
            PersonalChange::Saved { message, channel, on: true } => {
                let saved = SavedMessage { channel: *channel, ts: record.ts };
                personal.saved.insert(*message, saved);
            }
            PersonalChange::Saved { message, on: false, .. } => {
                personal.saved.remove(message);
            }
            PersonalChange::DirectHidden { channel, on: true } => {
                personal.hidden.insert(*channel, record.seq);
                self.user_mut(record.actor).put_into.remove(channel);
            }
            PersonalChange::DirectHidden { channel, on: false } => {
                personal.hidden.remove(channel);
            }
        }
    }

    fn set_notifications(
        &mut self,
        user: UserId,
        channel: ChannelId,
        notifications: ChannelNotifications,
    ) {
        let own = &mut self.personal_mut(user).notifications;
        if notifications == ChannelNotifications::default() {
            own.remove(&channel);
        } else {
            own.insert(channel, notifications);
        }
        let watchers = &mut self.channel_mut(channel).watchers;
        if notifications.level == Level::All {
            watchers.insert(user);
        } else {
            watchers.remove(&user);
        }
    }

    /// Whether a direct channel is closed for `user`: nothing was said in it since they closed it, or since somebody else
    /// opened it.
    pub fn is_hidden(&self, user: UserId, channel: ChannelId) -> bool {
        let hidden = self.users.get(&user).and_then(|user| user.personal.hidden.get(&channel));
        let found = self.channels.get(&channel);
        hidden.zip(found).is_some_and(|(hidden, found)| {
            matches!(found.kind, ChannelKind::Direct { .. })
                && found.newest.is_none_or(|newest| newest < *hidden)
        })
    }

    pub(super) fn personal_mut(&mut self, user: UserId) -> &mut Personal {
        Arc::make_mut(&mut self.user_mut(user).personal)
    }
}

/// Takes out what `is_over`; the maps are small.
fn take<T: Clone>(map: &mut OrdMap<Seq, T>, is_over: impl Fn(&T) -> bool) -> Vec<(Seq, T)> {
    let over: Vec<_> = map.iter().filter(|(_, it)| is_over(it)).map(|(id, _)| *id).collect();
    over.into_iter().filter_map(|id| Some((id, map.remove(&id)?))).collect()
}
