//! The numbers of the kinds of events.

use super::Event;

macro_rules! kinds {
    ($($kind:ident = $code:literal,)*) => {
        /// The kind of an event as the number in the log's envelope; numbers are never reused.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
        #[repr(u16)]
        #[expect(missing_docs, reason = "fields named by the glossary; a retelling would say less")]
        pub enum EventKind {
            $($kind = $code),*
        }

        impl EventKind {
            /// Every kind, in the order of their numbers.
            pub const ALL: &[EventKind] = &[$(EventKind::$kind),*];
        }

        impl Event {
            /// Its kind.
            pub fn kind(&self) -> EventKind {
                match self {
                    $(Event::$kind { .. } => EventKind::$kind),*
                }
            }
        }
    };
}

kinds! {
    AccountCreated = 1,
    PasswordSet = 2,
    AccountLocked = 3,
    SessionOpened = 4,
    SessionClosed = 5,
    ChannelCreated = 6,
    ChannelRenamed = 7,
    MessagePosted = 8,
    MessageEdited = 9,
    MessageDeleted = 10,
    MessageReacted = 11,
    ChannelRead = 12,
    ThreadReplied = 13,
    MembersAdded = 14,
    MemberRemoved = 15,
    ChannelChanged = 16,
    ThreadFollowed = 17,
    ThreadRead = 18,
    ThreadChanged = 19,
    MessagePinned = 20,
    PollVoted = 21,
    PollClosed = 22,
    ProfileChanged = 23,
    PersonalChanged = 24,
    DraftSaved = 25,
    MessageScheduled = 26,
    ScheduleEnded = 27,
    ReminderSet = 28,
    ReminderDue = 29,
    ReminderEnded = 30,
    AccountChanged = 31,
    SettingsChanged = 32,
    GroupSaved = 33,
    GroupDeleted = 34,
    InviteCreated = 35,
    InviteRevoked = 36,
    ThreadUnread = 37,
    SessionsForgotten = 38,
    PasswordResetCreated = 39,
    PasswordResetEnded = 40,
}

impl EventKind {
    /// The number in the envelope.
    pub fn code(self) -> u16 {
        self as u16
    }

    /// The kind with this number.
    pub fn from_code(code: u16) -> Option<EventKind> {
        EventKind::ALL.iter().copied().find(|kind| kind.code() == code)
    }

    /// Whether a message begins with it.
    pub fn begins_message(self) -> bool {
        matches!(self, EventKind::MessagePosted | EventKind::ThreadReplied)
    }
}
