//! Events with the envelope of the log around them.

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
