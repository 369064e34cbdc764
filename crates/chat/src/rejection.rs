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
    #[error(
        "a direct channel has two or more different people, you among them, and at most {members_max}"
    )]
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
    #[error("the client_msg_id was used for something else")]
    ClientMsgIdReused,
    #[error(transparent)]
    Name(#[from] NameError),
}
