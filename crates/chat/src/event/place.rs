//! What an event is about, as the log's envelope says it.

use super::Event;
use crate::ids::{ChannelId, Seq};

impl Event {
    /// The channel it happened in; of `channel_created` that is the event's own seq, which only its record knows.
    pub fn channel(&self) -> Option<ChannelId> {
        match self {
            Event::MessagePosted(posting) | Event::ThreadReplied(posting) => Some(posting.channel),
            Event::ChannelRenamed { channel, .. }
            | Event::MessageEdited { channel, .. }
            | Event::MessageDeleted { channel, .. }
            | Event::MessageReacted { channel, .. }
            | Event::ChannelRead { channel, .. }
            | Event::MembersAdded { channel, .. }
            | Event::MemberRemoved { channel, .. }
            | Event::ChannelChanged { channel, .. }
            | Event::ThreadFollowed { channel, .. }
            | Event::ThreadRead { channel, .. }
            | Event::ThreadUnread { channel, .. }
            | Event::ThreadChanged { channel, .. }
            | Event::MessagePinned { channel, .. }
            | Event::PollVoted { channel, .. }
            | Event::PollClosed { channel, .. }
            | Event::DraftSaved { channel, .. }
            | Event::MessageScheduled { channel, .. } => Some(*channel),
            Event::AccountCreated { .. }
            | Event::PasswordSet { .. }
            | Event::AccountLocked { .. }
            | Event::SessionOpened { .. }
            | Event::SessionClosed { .. }
            | Event::SessionsForgotten { .. }
            | Event::ChannelCreated { .. }
            | Event::ProfileChanged { .. }
            | Event::PersonalChanged { .. }
            | Event::ScheduleEnded { .. }
            | Event::ReminderSet { .. }
            | Event::ReminderDue { .. }
            | Event::ReminderEnded { .. }
            | Event::AccountChanged { .. }
            | Event::SettingsChanged { .. }
            | Event::GroupSaved { .. }
            | Event::GroupDeleted { .. }
            | Event::InviteCreated { .. }
            | Event::InviteRevoked { .. }
            | Event::PasswordResetCreated { .. }
            | Event::PasswordResetEnded { .. } => None,
        }
    }

    /// The earlier event that it is about: a message, the root of a thread, an account, a session, an invite.
    pub fn target(&self) -> Option<Seq> {
        match self {
            Event::MessagePosted(posting) | Event::ThreadReplied(posting) => {
                posting.thread.as_ref().map(|thread| thread.root)
            }
            Event::MessageEdited { message, .. }
            | Event::MessageDeleted { message, .. }
            | Event::MessageReacted { message, .. }
            | Event::MessagePinned { message, .. }
            | Event::PollVoted { message, .. }
            | Event::PollClosed { message, .. } => Some(*message),
            Event::ThreadFollowed { root, .. } | Event::ThreadChanged { root, .. } => Some(*root),
            Event::PasswordSet { user, .. }
            | Event::AccountLocked { user, .. }
            | Event::SessionOpened { user, .. }
            | Event::MemberRemoved { user, .. }
            | Event::ProfileChanged { user, .. }
            | Event::AccountChanged { user, .. }
            | Event::PasswordResetCreated { user, .. } => Some(user.0),
            Event::SessionClosed { session, .. } => Some(session.0),
            Event::MessageScheduled { schedule, .. } => *schedule,
            Event::ScheduleEnded { schedule, .. } => Some(*schedule),
            Event::ReminderDue { reminder } | Event::ReminderEnded { reminder } => Some(*reminder),
            Event::GroupSaved { group, .. } => *group,
            Event::GroupDeleted { group } => Some(*group),
            Event::InviteRevoked { invite, .. } => Some(*invite),
            Event::PasswordResetEnded { reset, .. } => Some(*reset),
            Event::AccountCreated { .. }
            | Event::SessionsForgotten { .. }
            | Event::ChannelCreated { .. }
            | Event::ChannelRenamed { .. }
            | Event::ChannelRead { .. }
            // Too many of them to be found with the root.
            | Event::ThreadRead { .. }
            | Event::ThreadUnread { .. }
            | Event::MembersAdded { .. }
            | Event::ChannelChanged { .. }
            | Event::PersonalChanged { .. }
            | Event::DraftSaved { .. }
            | Event::ReminderSet { .. }
            | Event::SettingsChanged { .. }
            | Event::InviteCreated { .. } => None,
        }
    }
}
