//! What a message begins with, and what it carries.

use serde::{Deserialize, Serialize};

use crate::ids::{ChannelId, Seq, Timestamp, UserId};
use crate::notice::Notice;
use crate::poll::Poll;
use crate::thread::InThread;

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
