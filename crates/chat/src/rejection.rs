//! Rejections: the rules said no; the text is for the user.

use crate::ids::{NameError, Timestamp, UserName};

/// Why a command was refused. Nothing was written.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[expect(missing_docs, reason = "fields named by the glossary; a retelling would say less")]
pub enum Rejection {
    #[error("log in first")]
    NotLoggedIn,
    #[error("the name {0} is taken")]
    NameTaken(UserName),
    #[error("there is no account named {}", .0.join(", "))]
    NoSuchUser(Vec<String>),
    #[error("the password was changed meanwhile; log in again")]
    PasswordChangedMeanwhile,
    #[error("too many failed attempts; try again later")]
    AccountLocked { until: Timestamp },
    #[error("only an administrator may do that")]
    NotAnAdministrator,
    #[error("there is no such channel")]
    ChannelNotFound,
    #[error("there is a channel with that name already, or there was one once")]
    ChannelExists,
    #[error("a channel's name has 1 to {chars_max} characters")]
    ChannelNameLength { chars_max: usize },
    #[error("you are not a member of this channel")]
    NotAMember,
    #[error("not in this channel: {}", .0.join(", "))]
    NotMembers(Vec<String>),
    #[error(
        "{} sees only a part of this channel; remove and add them again to show them everything",
        .0.join(", ")
    )]
    AlreadyAMember(Vec<String>),
    #[error("a direct channel has at most {members_max} people, you among them")]
    DirectMembers { members_max: usize },
    /// Also for a message that exists where the actor may not look: both must read the same.
    #[error("there is no such message")]
    MessageNotFound,
    #[error("only its sender may do that to a message")]
    NotTheSender,
    #[error("the message was deleted")]
    MessageDeleted,
    #[error("a message needs some text")]
    TextEmpty,
    #[error("a message has at most {chars_max} characters, this one has {chars}")]
    TextTooLong { chars: usize, chars_max: usize },
    #[error("the message that this one replies to is not in this channel")]
    ReplyNotInChannel,
    #[error("{0:?} is not the short name of an emoji")]
    UnknownReaction(String),
    #[error("a message carries at most {reactions_max} different reactions")]
    TooManyReactions { reactions_max: usize },
    #[error("the account was deactivated")]
    AccountDeactivated,
    #[error("nobody may sign up here; ask an administrator")]
    SignupClosed,
    #[error("the invite does not hold: it is unknown, used up, expired or revoked")]
    InviteInvalid,
    #[error("there is no such invite")]
    InviteNotFound,
    /// Also of one that never was: whoever guesses learns nothing.
    #[error("the link does not hold: it is unknown, used or expired")]
    ResetInvalid,
    #[error("somebody must remain an administrator")]
    LastAdministrator,
    #[error("only its owner or an administrator may do that to a channel")]
    NotTheOwner,
    #[error("the channel is archived")]
    ChannelArchived,
    #[error("only chosen people post in this channel")]
    NotAPoster,
    #[error("everybody is in this channel")]
    DefaultChannel,
    #[error("the people of a direct channel are fixed")]
    DirectChannelFixed,
    #[error("people join a public channel by themselves")]
    ChannelIsPublic,
    #[error("this is only done with direct channels")]
    NotADirectChannel,
    #[error("the message is a notice of the server")]
    MessageIsNotice,
    #[error("the message is no poll")]
    NotAPoll,
    #[error("the poll is closed")]
    PollClosed,
    #[error("the message is in no thread")]
    NotInAThread,
    #[error("there is no such group")]
    GroupNotFound,
    #[error("the handle {0} is taken by a user or a group")]
    HandleTaken(UserName),
    #[error("there is no such scheduled message")]
    ScheduleNotFound,
    #[error("there is no such reminder")]
    ReminderNotFound,
    #[error("earlier texts of this message are not shown")]
    HistoryHidden,
    /// A limit of how many one may have.
    #[error("there are at most {max} {what}")]
    TooMany { what: &'static str, max: usize },
    /// They were put into as many as they may be.
    #[error("{} are in too many channels of others; they can leave some", .0.join(", "))]
    InTooManyChannels(Vec<String>),
    #[error("at most {max} new channels an hour; try again in {seconds} s")]
    ChannelsTooOften { max: usize, seconds: u64 },
    /// A value outside its rule.
    #[error("{field}: {reason}")]
    InvalidValue { field: &'static str, reason: String },
    #[error("the client_msg_id was used for something else")]
    ClientMsgIdReused,
    #[error(transparent)]
    Name(#[from] NameError),
}

impl Rejection {
    /// A value outside its rule.
    pub(crate) fn invalid(field: &'static str, reason: impl Into<String>) -> Rejection {
        Rejection::InvalidValue { field, reason: reason.into() }
    }
}
