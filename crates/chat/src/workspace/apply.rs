//! What each event makes of the workspace.
//!
//! Neighbours: `accounts`, `channels`, `people` and `house` have the arms of their nouns.

use std::sync::Arc;

use super::{Channel, User, Workspace};
use crate::event::{Body, Event, EventKind, LoggedEvent};
use crate::ids::{ChannelId, UserId};

impl Workspace {
    /// Folds one event. Redacted bodies change only what their envelope says.
    ///
    /// # Panics
    ///
    /// When `record.seq` is not after `head`: the log would have gone backwards.
    pub fn apply(&mut self, record: &LoggedEvent) {
        assert!(record.seq > self.head, "record {} is not after head {}", record.seq, self.head);
        self.head = record.seq;
        self.last_ts = record.ts;
        self.last = Some(Arc::new(record.envelope()));
        match &record.body {
            Body::Present(event) => self.apply_event(record, event),
            Body::Redacted { .. } | Body::Damaged => self.apply_envelope(record),
        }
    }

    fn apply_event(&mut self, record: &LoggedEvent, event: &Event) {
        match event {
            Event::AccountCreated { .. }
            | Event::PasswordSet { .. }
            | Event::AccountLocked { .. }
            | Event::SessionOpened { .. }
            | Event::SessionClosed { .. }
            | Event::SessionsForgotten { .. }
            | Event::AccountChanged { .. }
            | Event::PasswordResetCreated { .. }
            | Event::PasswordResetEnded { .. }
            | Event::ProfileChanged { .. } => self.apply_to_account(record, event),
            Event::ChannelCreated { .. }
            | Event::ChannelRenamed { .. }
            | Event::MembersAdded { .. }
            | Event::MemberRemoved { .. }
            | Event::ChannelChanged { .. }
            | Event::MessagePinned { .. }
            | Event::ChannelRead { .. } => self.apply_to_channel(record, event),
            Event::MessagePosted(posting) => self.move_newest(posting.channel, record),
            Event::MessageDeleted { channel, message, .. } => {
                self.channel_mut(*channel).pins.remove(message);
            }
            Event::PersonalChanged { .. }
            | Event::DraftSaved { .. }
            | Event::MessageScheduled { .. }
            | Event::ScheduleEnded { .. }
            | Event::ReminderSet { .. }
            | Event::ReminderDue { .. }
            | Event::ReminderEnded { .. } => self.apply_to_person(record, event),
            Event::SettingsChanged { .. }
            | Event::GroupSaved { .. }
            | Event::GroupDeleted { .. }
            | Event::InviteCreated { .. }
            | Event::InviteRevoked { .. } => self.apply_to_house(record, event),
            // What becomes of a message or a thread stands with the message.
            Event::ThreadReplied(_)
            | Event::MessageEdited { .. }
            | Event::MessageReacted { .. }
            | Event::ThreadFollowed { .. }
            | Event::ThreadRead { .. }
            | Event::ThreadUnread { .. }
            | Event::ThreadChanged { .. }
            | Event::PollVoted { .. }
            | Event::PollClosed { .. } => {}
        }
    }

    /// What an erased event still changes: only bodies that others have superseded are erased, and those of messages
    /// and of revoked invites.
    fn apply_envelope(&mut self, record: &LoggedEvent) {
        if record.kind == EventKind::MessagePosted {
            let channel = record.channel.expect("a message_posted record names its channel");
            self.move_newest(channel, record);
        } else if record.kind == EventKind::InviteCreated {
            self.add_revoked_invite(record);
        }
    }

    fn move_newest(&mut self, channel: ChannelId, record: &LoggedEvent) {
        let channel = self.channel_mut(channel);
        channel.newest = Some(record.seq);
        channel.newest_ts = Some(record.ts);
    }

    pub(super) fn user_mut(&mut self, user: UserId) -> &mut User {
        self.users.get_mut(&user).expect("an event names only users whose account was created")
    }

    pub(super) fn channel_mut(&mut self, channel: ChannelId) -> &mut Channel {
        let channel = self.channels.get_mut(&channel);
        Arc::make_mut(channel.expect("an event names only channels that were created"))
    }
}
