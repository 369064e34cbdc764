//! The hub: who is connected, and how an event reaches every screen that may see it.

pub mod outbox;
pub mod presence;

use std::collections::BTreeMap;

use chat::ids::SessionId;
use chat::signal::{PresenceOverride, PresenceState, Signal};
use chat::{ChannelId, Seq, UserId};
use tokio::sync::mpsc;

use crate::clock::Clock;
use crate::published::{Announcement, PublishedWorkspace};

/// Where a client stands: a log's history and a place in it; `<epoch>.<seq>` on the wire.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Cursor {
    pub epoch: eventlog::Epoch,
    pub seq: Seq,
}

/// Who connects, and from where.
#[derive(Clone, Copy, Debug)]
pub struct Connect {
    pub user: UserId,
    pub session: SessionId,
    /// `None`: from the head.
    pub cursor: Option<Cursor>,
    /// The channel that is open on the screen.
    pub channel: Option<ChannelId>,
}

/// Why there is no stream.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ConnectError {
    #[error("too many streams are open for this account, at most {streams_max}")]
    TooManyStreams { streams_max: usize },
    #[error("the server is shutting down")]
    Closing,
}

/// The hub's handle; clones share it.
#[derive(Clone)]
pub struct Hub {}

impl Hub {
    /// Makes a hub; signals worth keeping go to `signals`, dropped when the queue is full.
    pub fn new(
        log: eventlog::Log,
        published: PublishedWorkspace,
        clock: Clock,
        signals: mpsc::Sender<Signal>,
    ) -> Hub {
        let _ = (log, published, clock, signals);
        unimplemented!()
    }

    /// Tells every commit to every screen until the announcements end or `close` is called; `boot` owns the task.
    pub async fn run(self, announcements: mpsc::Receiver<Announcement>) {
        let _ = announcements;
        unimplemented!()
    }

    /// Opens a stream of Server-Sent Events.
    pub fn connect(&self, connect: Connect) -> Result<outbox::Outbox, ConnectError> {
        let _ = connect;
        unimplemented!()
    }

    /// Says which channel is open on the screen of a stream; false when the user has no such stream.
    pub fn view(&self, user: UserId, stream: &str, channel: Option<ChannelId>) -> bool {
        let _ = (user, stream, channel);
        unimplemented!()
    }

    /// A key was pressed; tells the others who have the channel open.
    pub fn typing(&self, user: UserId, channel: ChannelId) {
        let _ = (user, channel);
        unimplemented!()
    }

    /// Who typed in the channel within 5 s, without `except`.
    pub fn typing_in(&self, channel: ChannelId, except: UserId) -> Vec<UserId> {
        let _ = (channel, except);
        unimplemented!()
    }

    /// A sign of life, and a change of state.
    pub fn update_presence(&self, user: UserId, state: PresenceState) {
        let _ = (user, state);
        unimplemented!()
    }

    /// Sets or clears the manual override.
    pub fn set_override(&self, user: UserId, value: Option<PresenceOverride>) {
        let _ = (user, value);
        unimplemented!()
    }

    /// The manual override.
    pub fn override_of(&self, user: UserId) -> Option<PresenceOverride> {
        let _ = user;
        unimplemented!()
    }

    /// Everybody seen within the hour, as they appear.
    pub fn online(&self) -> BTreeMap<UserId, PresenceState> {
        unimplemented!()
    }

    /// Whether the user has a live stream: mailboxes of connected people are swept sooner.
    pub fn is_connected(&self, user: UserId) -> bool {
        let _ = user;
        unimplemented!()
    }

    /// Ends every stream and refuses new ones.
    pub fn close(&self) {
        unimplemented!()
    }
}
