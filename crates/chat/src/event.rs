//! Events: durable facts, past tense, never refused and never changed.
//!
//! Numbers name people, channels and messages; names stand only in `account_created` and `channel_created`, so that
//! redaction leaves no name behind.

use std::collections::BTreeSet;

use serde::{Deserialize, Serialize};

use crate::channel::ChannelChange;
use crate::group::GroupSettings;
use crate::ids::{
    ChannelId, ClientMsgId, PasswordHash, Seq, SessionId, Slug, Timestamp, TokenHash, UserId,
    UserName,
};
use crate::invite::InviteTerms;
use crate::member::History;
use crate::notice::Notice;
use crate::personal::PersonalChange;
use crate::poll::Poll;
use crate::profile::Profile;
use crate::role::AccountChange;
use crate::schedule::ScheduleOutcome;
use crate::settings::SettingsChange;
use crate::thread::{InThread, ThreadSummary};

/// Whom a message names.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Mentions {
    /// Nobody.
    #[default]
    Nobody,
    /// These people, in the order of their names.
    Users(Vec<UserId>),
    /// Everyone in the channel.
    Everyone,
}

impl Mentions {
    /// Whether nobody is named; such a field is left out of the body.
    pub fn is_nobody(&self) -> bool {
        matches!(self, Mentions::Nobody)
    }
}

/// What a new channel is.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[expect(missing_docs, reason = "fields named by the glossary; a retelling would say less")]
pub enum ChannelOrigin {
    /// The slug is fixed for ever, the name may change. Of a default one everybody is a member, of another who joins.
    Public {
        slug: Slug,
        name: String,
        #[serde(default = "yes", skip_serializing_if = "is_true")]
        is_default: bool,
    },
    /// A fixed set of people; of one for notes to oneself.
    Direct { members: BTreeSet<UserId> },
    /// Whom its members add.
    Private { name: String, members: BTreeSet<UserId> },
}

/// Public channels of the first version were all default ones and did not say so.
fn yes() -> bool {
    true
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde hands a reference")]
fn is_true(value: &bool) -> bool {
    *value
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde hands a reference")]
fn is_false(value: &bool) -> bool {
    !*value
}

/// A message as it was posted, to a channel or only to a thread in it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[expect(missing_docs, reason = "fields named by the glossary; a retelling would say less")]
pub struct Posting {
    pub channel: ChannelId,
    pub text: String,
    #[serde(default, skip_serializing_if = "Mentions::is_nobody")]
    pub mentions: Mentions,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reply_to: Option<Seq>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub attached: Option<Box<Attached>>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub thread: Option<Box<InThread>>,
}

impl Posting {
    /// Plain text that names nobody.
    pub fn text(channel: ChannelId, text: String) -> Posting {
        let (mentions, reply_to, attached, thread) = (Mentions::Nobody, None, None, None);
        Posting { channel, text, mentions, reply_to, attached, thread }
    }
}

/// What a message carries beside its text.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Attached {
    /// Something happened in the channel; the server says so.
    Notice(Notice),
    /// Another message, as it was when it was forwarded.
    Forward(Forward),
    /// A question with options.
    Poll(Poll),
}

/// A message as it was when somebody passed it on: a copy, as if quoted by hand, that stays when the original goes.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[expect(missing_docs, reason = "fields named by the glossary; a retelling would say less")]
pub struct Forward {
    pub message: Seq,
    pub channel: ChannelId,
    pub sender: UserId,
    pub ts: Timestamp,
    pub text: String,
}

/// A fact. The serialised form is the body of a log record; kind, channel and target stand in its envelope too.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "snake_case")]
#[expect(missing_docs, reason = "fields named by the glossary; a retelling would say less")]
pub enum Event {
    AccountCreated {
        name: UserName,
        is_admin: bool,
        /// The invite that let them in.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        invite: Option<Seq>,
    },
    /// The hash stands alone in its event, so that a superseded one can be redacted without touching the account.
    PasswordSet {
        user: UserId,
        password_hash: PasswordHash,
    },
    AccountLocked {
        user: UserId,
        until: Timestamp,
    },
    SessionOpened {
        user: UserId,
        token_hash: TokenHash,
    },
    SessionClosed {
        user: UserId,
        session: SessionId,
    },
    ChannelCreated {
        origin: ChannelOrigin,
    },
    ChannelRenamed {
        channel: ChannelId,
        name: String,
    },
    MessagePosted(Posting),
    /// Posted to a thread only: no part of the channel's own timeline.
    ThreadReplied(Posting),
    /// Carries the target's sender and mentions before and after, so that a mailbox can count without its row.
    MessageEdited {
        channel: ChannelId,
        message: Seq,
        text: String,
        mentions_before: Mentions,
        mentions: Mentions,
        /// The message is only in a thread: no part of what the channel counts.
        #[serde(default, skip_serializing_if = "is_false")]
        is_beside: bool,
    },
    MessageDeleted {
        channel: ChannelId,
        message: Seq,
        sender: UserId,
        mentions_before: Mentions,
        #[serde(default, skip_serializing_if = "is_false")]
        is_beside: bool,
    },
    MessageReacted {
        channel: ChannelId,
        message: Seq,
        reaction: String,
        on: bool,
    },
    /// `up_to_ts` is the time of that message, so that a receipt can show it.
    ChannelRead {
        channel: ChannelId,
        up_to: Seq,
        up_to_ts: Timestamp,
    },
    MembersAdded {
        channel: ChannelId,
        users: Vec<UserId>,
        history: History,
    },
    /// Left by themselves when the actor is the user.
    MemberRemoved {
        channel: ChannelId,
        user: UserId,
    },
    ChannelChanged {
        channel: ChannelId,
        change: ChannelChange,
    },
    /// Never redacted: whose thread it is must not depend on a reply that is gone.
    ThreadFollowed {
        channel: ChannelId,
        root: Seq,
        users: Vec<UserId>,
        on: bool,
    },
    ThreadRead {
        channel: ChannelId,
        root: Seq,
        up_to: Seq,
    },
    /// The replies from this one on are unread; those before it stay as they are.
    ThreadUnread {
        channel: ChannelId,
        root: Seq,
        from: Seq,
    },
    /// A reply was deleted: what the thread comes to now.
    ThreadChanged {
        channel: ChannelId,
        root: Seq,
        summary: ThreadSummary,
    },
    MessagePinned {
        channel: ChannelId,
        message: Seq,
        on: bool,
    },
    /// All that the actor votes for now.
    PollVoted {
        channel: ChannelId,
        message: Seq,
        options: Vec<u8>,
    },
    PollClosed {
        channel: ChannelId,
        message: Seq,
    },
    /// The whole profile after it.
    ProfileChanged {
        user: UserId,
        profile: Profile,
    },
    /// Something that is the actor's own business.
    PersonalChanged {
        change: PersonalChange,
    },
    /// An empty text clears it. The one before is redacted.
    DraftSaved {
        channel: ChannelId,
        thread: Option<Seq>,
        text: String,
    },
    /// `schedule` is the first event of this scheduled message when this one changes it; the one before is redacted.
    MessageScheduled {
        channel: ChannelId,
        schedule: Option<Seq>,
        thread: Option<Seq>,
        text: String,
        send_at: Timestamp,
    },
    ScheduleEnded {
        schedule: Seq,
        outcome: ScheduleOutcome,
    },
    /// `channel` is the message's.
    ReminderSet {
        message: Option<Seq>,
        #[serde(default, skip_serializing_if = "Option::is_none")]
        channel: Option<ChannelId>,
        text: String,
        due: Timestamp,
    },
    ReminderDue {
        reminder: Seq,
    },
    ReminderEnded {
        reminder: Seq,
    },
    AccountChanged {
        user: UserId,
        change: AccountChange,
    },
    SettingsChanged {
        change: SettingsChange,
    },
    /// `group` is the first event of this group when this one changes it.
    GroupSaved {
        group: Option<Seq>,
        settings: GroupSettings,
    },
    GroupDeleted {
        group: Seq,
    },
    InviteCreated {
        token_hash: TokenHash,
        terms: InviteTerms,
    },
    InviteRevoked {
        invite: Seq,
    },
}

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

impl Event {
    /// The message that it begins.
    pub fn posting(&self) -> Option<&Posting> {
        if let Event::MessagePosted(posting) | Event::ThreadReplied(posting) = self {
            Some(posting)
        } else {
            None
        }
    }

    /// Whether the server itself says it, whoever gave the reason.
    pub fn is_notice(&self) -> bool {
        let attached = self.posting().and_then(|posting| posting.attached.as_deref());
        matches!(attached, Some(Attached::Notice(_)))
    }

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
            | Event::InviteRevoked { .. } => None,
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
            | Event::AccountChanged { user, .. } => Some(user.0),
            Event::SessionClosed { session, .. } => Some(session.0),
            Event::MessageScheduled { schedule, .. } => *schedule,
            Event::ScheduleEnded { schedule, .. } => Some(*schedule),
            Event::ReminderDue { reminder } | Event::ReminderEnded { reminder } => Some(*reminder),
            Event::GroupSaved { group, .. } => *group,
            Event::GroupDeleted { group } => Some(*group),
            Event::InviteRevoked { invite } => Some(*invite),
            Event::AccountCreated { .. }
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

/// What is left of an event when it is read back.
#[derive(Clone, Debug, PartialEq, Eq)]
#[expect(missing_docs, reason = "fields named by the glossary; a retelling would say less")]
pub enum Body {
    /// All of it.
    Present(Event),
    /// Erased; only the numbers of the envelope remain.
    Redacted { by: Seq },
}

/// An event with its envelope, as the log has it.
#[derive(Clone, Debug, PartialEq, Eq)]
#[expect(missing_docs, reason = "fields named by the glossary; a retelling would say less")]
pub struct LoggedEvent {
    pub seq: Seq,
    pub ts: Timestamp,
    pub kind: EventKind,
    /// Who did it; [`UserId::SYSTEM`] when nobody did.
    /// Of `account_created` it is the new user itself.
    pub actor: UserId,
    /// For `channel_created` its own seq.
    pub channel: Option<ChannelId>,
    pub target: Option<Seq>,
    pub client_msg_id: Option<ClientMsgId>,
    pub body: Body,
}

impl LoggedEvent {
    /// Puts an envelope around a new event.
    pub fn new(
        seq: Seq,
        ts: Timestamp,
        actor: UserId,
        client_msg_id: Option<ClientMsgId>,
        event: Event,
    ) -> LoggedEvent {
        let kind = event.kind();
        let is_new_channel = kind == EventKind::ChannelCreated;
        let channel = if is_new_channel { Some(ChannelId(seq)) } else { event.channel() };
        let target = event.target();
        LoggedEvent {
            seq,
            ts,
            kind,
            actor,
            channel,
            target,
            client_msg_id,
            body: Body::Present(event),
        }
    }

    /// The event, unless it was erased.
    pub fn event(&self) -> Option<&Event> {
        match &self.body {
            Body::Present(event) => Some(event),
            Body::Redacted { .. } => None,
        }
    }
}
