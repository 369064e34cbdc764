//! Events: durable facts, past tense, never refused and never changed.
//!
//! Numbers name people, channels and messages; names stand only in `account_created` and `channel_created`, so that
//! redaction leaves no name behind.

use std::collections::BTreeSet;

use serde::{Deserialize, Serialize};

use crate::ids::{
    ChannelId, ClientMsgId, PasswordHash, Seq, SessionId, Slug, Timestamp, TokenHash, UserId,
    UserName,
};

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
    /// Everybody is a member; the slug is fixed for ever, the name may change.
    Public { slug: Slug, name: String },
    /// A fixed set of two or more people.
    Direct { members: BTreeSet<UserId> },
}

/// A fact. The serialised form is the body of a log record; kind, channel and target stand in its envelope too.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "snake_case")]
#[expect(missing_docs, reason = "fields named by the glossary; a retelling would say less")]
pub enum Event {
    AccountCreated {
        name: UserName,
        is_admin: bool,
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
    MessagePosted {
        channel: ChannelId,
        text: String,
        #[serde(default, skip_serializing_if = "Mentions::is_nobody")]
        mentions: Mentions,
        #[serde(default, skip_serializing_if = "Option::is_none")]
        reply_to: Option<Seq>,
    },
    /// Carries the target's sender and mentions before and after, so that a mailbox can count without its row.
    MessageEdited {
        channel: ChannelId,
        message: Seq,
        text: String,
        mentions_before: Mentions,
        mentions: Mentions,
    },
    MessageDeleted {
        channel: ChannelId,
        message: Seq,
        sender: UserId,
        mentions_before: Mentions,
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
}

/// The kind of an event as the number in the log's envelope; numbers are never reused.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[repr(u16)]
#[expect(missing_docs, reason = "fields named by the glossary; a retelling would say less")]
pub enum EventKind {
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
}

impl EventKind {
    /// Every kind, in the order of their numbers.
    pub const ALL: [EventKind; 12] = [
        EventKind::AccountCreated,
        EventKind::PasswordSet,
        EventKind::AccountLocked,
        EventKind::SessionOpened,
        EventKind::SessionClosed,
        EventKind::ChannelCreated,
        EventKind::ChannelRenamed,
        EventKind::MessagePosted,
        EventKind::MessageEdited,
        EventKind::MessageDeleted,
        EventKind::MessageReacted,
        EventKind::ChannelRead,
    ];

    /// The number in the envelope.
    pub fn code(self) -> u16 {
        self as u16
    }

    /// The kind with this number.
    pub fn from_code(code: u16) -> Option<EventKind> {
        EventKind::ALL.into_iter().find(|kind| kind.code() == code)
    }
}

impl Event {
    /// Its kind.
    pub fn kind(&self) -> EventKind {
        match self {
            Event::AccountCreated { .. } => EventKind::AccountCreated,
            Event::PasswordSet { .. } => EventKind::PasswordSet,
            Event::AccountLocked { .. } => EventKind::AccountLocked,
            Event::SessionOpened { .. } => EventKind::SessionOpened,
            Event::SessionClosed { .. } => EventKind::SessionClosed,
            Event::ChannelCreated { .. } => EventKind::ChannelCreated,
            Event::ChannelRenamed { .. } => EventKind::ChannelRenamed,
            Event::MessagePosted { .. } => EventKind::MessagePosted,
            Event::MessageEdited { .. } => EventKind::MessageEdited,
            Event::MessageDeleted { .. } => EventKind::MessageDeleted,
            Event::MessageReacted { .. } => EventKind::MessageReacted,
            Event::ChannelRead { .. } => EventKind::ChannelRead,
        }
    }

    /// The channel it happened in; of `channel_created` that is the event's own seq, which only its record knows.
    pub fn channel(&self) -> Option<ChannelId> {
        match self {
            Event::ChannelRenamed { channel, .. }
            | Event::MessagePosted { channel, .. }
            | Event::MessageEdited { channel, .. }
            | Event::MessageDeleted { channel, .. }
            | Event::MessageReacted { channel, .. }
            | Event::ChannelRead { channel, .. } => Some(*channel),
            Event::AccountCreated { .. }
            | Event::PasswordSet { .. }
            | Event::AccountLocked { .. }
            | Event::SessionOpened { .. }
            | Event::SessionClosed { .. }
            | Event::ChannelCreated { .. } => None,
        }
    }

    /// The earlier event that it is about: a message, an account, a session.
    pub fn target(&self) -> Option<Seq> {
        match self {
            Event::MessageEdited { message, .. }
            | Event::MessageDeleted { message, .. }
            | Event::MessageReacted { message, .. } => Some(*message),
            Event::PasswordSet { user, .. }
            | Event::AccountLocked { user, .. }
            | Event::SessionOpened { user, .. } => Some(user.0),
            Event::SessionClosed { session, .. } => Some(session.0),
            Event::AccountCreated { .. }
            | Event::ChannelCreated { .. }
            | Event::ChannelRenamed { .. }
            | Event::MessagePosted { .. }
            | Event::ChannelRead { .. } => None,
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
