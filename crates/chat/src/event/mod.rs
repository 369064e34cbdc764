//! Events: durable facts, past tense, never refused and never changed.
//!
//! Numbers name people, channels and messages; names stand only in `account_created` and `channel_created`, so that
//! redaction leaves no name behind.
//!
//! Neighbours: `kinds` numbers them, `place` says what they are about, `logged` puts the log's envelope around them,
//! `erasure` says why it is all that is left of some;
//! `posting` and `origin` are what a message and a channel begin with.

mod erasure;
mod kinds;
mod logged;
mod origin;
mod place;
mod posting;

use serde::{Deserialize, Serialize};

pub use self::erasure::Erasure;
pub use self::kinds::EventKind;
pub use self::logged::{Body, Envelope, LoggedEvent};
pub use self::origin::ChannelOrigin;
pub use self::posting::{Attached, Forward, Mentions, Posting};
use crate::channel::ChannelChange;
use crate::group::GroupSettings;
use crate::ids::{ChannelId, PasswordHash, Seq, SessionId, Timestamp, TokenHash, UserId, UserName};
use crate::invite::{InviteTerms, RevokedInvite};
use crate::member::History;
use crate::personal::PersonalChange;
use crate::profile::Profile;
use crate::role::AccountChange;
use crate::schedule::ScheduleOutcome;
use crate::session::SessionEnd;
use crate::settings::SettingsChange;
use crate::thread::ThreadSummary;

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
    /// Nobody logs in before `until`; at the time of the event itself an administrator has taken the lock away.
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
        /// Absent in logs from before it was kept.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        why: Option<SessionEnd>,
    },
    /// Why sessions ended is told no longer, of those that this and earlier events closed; those are redacted.
    SessionsForgotten {
        up_to: Seq,
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
    /// The event that made it is erased, for its note.
    InviteRevoked {
        invite: Seq,
        /// Absent in logs from before that.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        kept: Option<RevokedInvite>,
    },
    /// Redacted when the link holds no longer, or another has taken its place.
    PasswordResetCreated {
        user: UserId,
        token_hash: TokenHash,
        expires: Timestamp,
    },
    /// It was used, its time was over, or it had become pointless.
    PasswordResetEnded {
        user: UserId,
        reset: Seq,
    },
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
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde hands a reference")]
fn is_false(value: &bool) -> bool {
    !*value
}
