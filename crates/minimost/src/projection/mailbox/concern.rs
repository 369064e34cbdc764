//! Whom the log's events concern: whose files are other files after them, and out of whose files text has to go.
//!
//! Promises: what is kept is a few numbers for a channel and for a person, never one for each person and message; what
//! [`apply`](super::apply) would change in a file is told for its owner here. It may tell of one that stays as it is.
//!
//! Neighbours: `sweep` shows it the log, `standing` takes what was heard and knows how far each file is.

use std::collections::HashMap;

use chat::member::Members;
use chat::personal::PersonalChange;
use chat::{ChannelId, Event, EventKind, LoggedEvent, Seq, Timestamp, UserId, Workspace};

/// The events that concern a channel's members, or a person: the first, the newest, and the first that erases.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Touch {
    pub first: Seq,
    pub first_ts: Timestamp,
    pub newest: Seq,
    /// When the first was that takes text out of files.
    pub erased_ts: Option<Timestamp>,
}

impl Touch {
    fn new(event: &LoggedEvent, erases: bool) -> Touch {
        let erased_ts = erases.then_some(event.ts);
        Touch { first: event.seq, first_ts: event.ts, newest: event.seq, erased_ts }
    }

    /// Both, whatever their order.
    fn and(self, other: Touch) -> Touch {
        let (early, late) = if self.first <= other.first { (self, other) } else { (other, self) };
        Touch {
            newest: early.newest.max(late.newest),
            erased_ts: early.erased_ts.into_iter().chain(late.erased_ts).min(),
            ..early
        }
    }
}

/// What was heard since the last time that it was told.
#[derive(Default)]
pub(super) struct News {
    channels: HashMap<ChannelId, Touch>,
    people: HashMap<UserId, Touch>,
}

impl News {
    /// Takes note of the next event of the log.
    pub fn hear(&mut self, event: &LoggedEvent) {
        match event.kind {
            EventKind::ChannelCreated
            | EventKind::MessagePosted
            | EventKind::ThreadReplied
            | EventKind::MessageEdited
            | EventKind::MessageReacted
            | EventKind::PollVoted
            | EventKind::PollClosed
            | EventKind::ThreadChanged => self.of_channel(event, false),
            EventKind::MessageDeleted => self.of_channel(event, true),
            EventKind::AccountCreated
            | EventKind::ChannelRead
            | EventKind::ThreadRead
            | EventKind::ThreadUnread => self.of_person(event.actor, event, false),
            EventKind::MembersAdded | EventKind::MemberRemoved | EventKind::ThreadFollowed => {
                self.of_named(event);
            }
            EventKind::PersonalChanged => {
                if let Some(Event::PersonalChanged { change }) = event.event()
                    && matches!(change, PersonalChange::DirectHidden { .. })
                {
                    self.of_person(event.actor, event, false);
                }
            }
            EventKind::PasswordSet
            | EventKind::AccountLocked
            | EventKind::SessionOpened
            | EventKind::SessionClosed
            | EventKind::SessionsForgotten
            | EventKind::AccountChanged
            | EventKind::ProfileChanged
            | EventKind::ChannelRenamed
            | EventKind::ChannelChanged
            | EventKind::MessagePinned
            | EventKind::DraftSaved
            | EventKind::MessageScheduled
            | EventKind::ScheduleEnded
            | EventKind::ReminderSet
            | EventKind::ReminderDue
            | EventKind::ReminderEnded
            | EventKind::SettingsChanged
            | EventKind::GroupSaved
            | EventKind::GroupDeleted
            | EventKind::InviteCreated
            | EventKind::InviteRevoked
            | EventKind::PasswordResetCreated
            | EventKind::PasswordResetEnded => {}
        }
    }

    /// Tells `each` of the people whom it concerns, at a workspace that has heard it too, and forgets it. Whoever has
    /// left a channel meanwhile is concerned by that.
    pub fn tell(&mut self, workspace: &Workspace, mut each: impl FnMut(UserId, Touch)) {
        for (user, touch) in self.people.drain() {
            each(user, touch);
        }
        let mut everyone: Option<Touch> = None;
        for (channel, touch) in self.channels.drain() {
            match workspace.channels.get(&channel).map(|channel| &channel.members) {
                Some(Members::Everyone) => {
                    everyone = Some(everyone.map_or(touch, |known| known.and(touch)));
                }
                Some(Members::Listed(members)) => {
                    members.keys().for_each(|user| each(*user, touch));
                }
                None => {}
            }
        }
        if let Some(touch) = everyone {
            workspace.users.keys().for_each(|user| each(*user, touch));
        }
    }

    /// The people who are named in an event about who is where.
    fn of_named(&mut self, event: &LoggedEvent) {
        match event.event() {
            Some(Event::MembersAdded { users, .. } | Event::ThreadFollowed { users, .. }) => {
                for user in users {
                    self.of_person(*user, event, false);
                }
            }
            // A file loses what was said there.
            Some(Event::MemberRemoved { user, .. }) => self.of_person(*user, event, true),
            Some(_) | None => {}
        }
    }

    fn of_channel(&mut self, event: &LoggedEvent, erases: bool) {
        if let Some(channel) = event.channel {
            let touch = Touch::new(event, erases);
            self.channels.entry(channel).and_modify(|it| *it = it.and(touch)).or_insert(touch);
        }
    }

    fn of_person(&mut self, user: UserId, event: &LoggedEvent, erases: bool) {
        let touch = Touch::new(event, erases);
        self.people.entry(user).and_modify(|it| *it = it.and(touch)).or_insert(touch);
    }
}
