//! What each event makes of the workspace.
//!
//! Neighbours: `accounts`, `channels`, `people` and `house` have the arms of their nouns.

use std::sync::Arc;

use super::{Channel, User, Workspace};
use crate::event::{Body, Event, EventKind, LoggedEvent};
use crate::ids::{ChannelId, Seq, Timestamp, UserId};

/// Kinds of which a workspace takes no more than that they happened, when and where: to fold one, their bodies need not
/// be read.
pub const PASSED: [EventKind; 10] = [
    EventKind::MessagePosted,
    EventKind::ThreadReplied,
    EventKind::MessageEdited,
    EventKind::MessageReacted,
    EventKind::ThreadFollowed,
    EventKind::ThreadRead,
    EventKind::ThreadUnread,
    EventKind::ThreadChanged,
    EventKind::PollVoted,
    EventKind::PollClosed,
];

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

    /// Folds an event of one of the kinds in [`PASSED`] without its body. The last event before anybody looks at the
    /// workspace is folded whole.
    ///
    /// # Panics
    ///
    /// When it is of another kind, or not after `head`.
    pub fn pass(&mut self, seq: Seq, ts: Timestamp, kind: EventKind, channel: Option<ChannelId>) {
        assert!(PASSED.contains(&kind), "the body of {kind:?} changes a workspace");
        assert!(seq > self.head, "record {seq} is not after head {}", self.head);
        self.head = seq;
        self.last_ts = ts;
        if kind == EventKind::MessagePosted {
            self.move_newest(channel.expect("a posted message names its channel"), seq, ts);
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
            Event::MessagePosted(posting) => {
                self.move_newest(posting.channel, record.seq, record.ts);
            }
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
            self.move_newest(channel, record.seq, record.ts);
        } else if record.kind == EventKind::InviteCreated {
            self.add_revoked_invite(record);
        }
    }

    fn move_newest(&mut self, channel: ChannelId, seq: Seq, ts: Timestamp) {
        let channel = self.channel_mut(channel);
        channel.newest = Some(seq);
        channel.newest_ts = Some(ts);
    }

    pub(super) fn user_mut(&mut self, user: UserId) -> &mut User {
        self.users.get_mut(&user).expect("an event names only users whose account was created")
    }

    pub(super) fn channel_mut(&mut self, channel: ChannelId) -> &mut Channel {
        let channel = self.channels.get_mut(&channel);
        Arc::make_mut(channel.expect("an event names only channels that were created"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::History;

    #[test]
    fn what_is_passed_leaves_the_same_workspace_as_what_is_read() {
        let mut passed = 0;
        for seed in 0..20 {
            let log = History::random(seed, 400).story.log;
            let (mut read, mut without) = (Workspace::default(), Workspace::default());
            for event in &log {
                read.apply(event);
                if PASSED.contains(&event.kind) && event.seq != log[log.len() - 1].seq {
                    without.pass(event.seq, event.ts, event.kind, event.channel);
                    passed += 1;
                } else {
                    without.apply(event);
                }
            }
            assert!(read == without, "seed {seed}");
        }
        assert!(passed > 1_000, "{passed}");
    }
}
