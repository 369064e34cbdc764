//! A message as it is now: what its events make of it, and the rules for posting, editing and deleting it.
//!
//! Neighbours: `decide` calls the rules here; `fold` in the server feeds [`Message::apply`] from the log.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::event::{LoggedEvent, Mentions};
use crate::ids::{ChannelId, ClientMsgId, Seq, Timestamp, UserId};

/// Characters (Unicode scalar values) of one message after trimming trailing white space; contract/rules.md, 6.2.
pub const MESSAGE_CHARS_MAX: usize = 10_000;

/// One message as it is now. A tombstone has `deleted_ts`, no text, no mentions, no reply and no reactions.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Message {
    pub id: Seq,
    pub channel: ChannelId,
    pub sender: UserId,
    pub ts: Timestamp,
    /// `None` once deleted or redacted.
    pub text: Option<String>,
    pub mentions: Mentions,
    pub reply_to: Option<Seq>,
    /// Short name to reactors in the order in which they reacted; no empty lists.
    pub reactions: BTreeMap<String, Vec<UserId>>,
    pub reactions_ts: Option<Timestamp>,
    pub edited_ts: Option<Timestamp>,
    /// A redacted record whose deleting event is not applied yet is `deleted` without a time.
    pub deleted: bool,
    pub deleted_ts: Option<Timestamp>,
    pub client_msg_id: Option<ClientMsgId>,
}

impl Message {
    /// The message that a `message_posted` record made; a redacted one makes a tombstone without a time.
    ///
    /// # Panics
    ///
    /// When the record is of another kind.
    pub fn posted(record: &LoggedEvent) -> Message {
        let _ = record;
        unimplemented!()
    }

    /// Applies a later record whose target is this message; others change nothing.
    pub fn apply(&mut self, record: &LoggedEvent) {
        let _ = record;
        unimplemented!()
    }
}
