//! Events with the envelope of the log around them.

use serde::{Deserialize, Serialize};

use super::{Event, EventKind};
use crate::ids::{ChannelId, ClientMsgId, Seq, Timestamp, UserId};

/// What is left of an event when it is read back.
#[derive(Clone, Debug, PartialEq, Eq)]
#[expect(missing_docs, reason = "fields named by the glossary; a retelling would say less")]
pub enum Body {
    /// All of it.
    Present(Event),
    /// Erased; only the numbers of the envelope remain.
    Redacted { by: Seq },
    /// The log is damaged there, and what it said is not known; it may have been erased.
    Damaged,
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

/// What erasing leaves of an event, as the log writes it down.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[expect(missing_docs, reason = "the fields of a logged event")]
pub struct Envelope {
    pub seq: Seq,
    pub ts: Timestamp,
    /// The number of its kind.
    pub kind: u16,
    pub actor: UserId,
    pub channel: Option<ChannelId>,
    pub target: Option<Seq>,
    pub client_msg_id: Option<ClientMsgId>,
}

impl LoggedEvent {
    /// Its envelope.
    pub fn envelope(&self) -> Envelope {
        Envelope {
            seq: self.seq,
            ts: self.ts,
            kind: self.kind.code(),
            actor: self.actor,
            channel: self.channel,
            target: self.target,
            client_msg_id: self.client_msg_id.clone(),
        }
    }

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

    /// The event, unless it was erased or cannot be read.
    pub fn event(&self) -> Option<&Event> {
        match &self.body {
            Body::Present(event) => Some(event),
            Body::Redacted { .. } | Body::Damaged => None,
        }
    }
}
