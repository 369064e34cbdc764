//! THE write path: gather, decide, append, acknowledge.
//!
//! Neighbours: `api/messages.rs` submits; `chat::decide` rules; `eventlog` remembers; `live/mod.rs` hears of it through
//! an [`Announcement`](crate::published::Announcement).

use std::sync::Arc;

use chat::{Actor, ClientMsgId, Command, Message, Rejection, Seq, UserId, Workspace};
use tokio::sync::mpsc;

use crate::clock::Clock;
use crate::published::{Announcement, PublishedWorkspace};

/// A handle for submitting commands; clones share the queue.
#[derive(Clone)]
pub struct Writer {}

/// What a command came to.
#[derive(Clone)]
pub struct Receipt {
    /// False when the same `client_msg_id` was answered before: nothing was written now.
    pub is_new: bool,
    /// The first event of the decision; `None` when the wish was already true.
    pub seq: Option<Seq>,
    /// The message that the command was about, as it is now.
    pub message: Option<Message>,
    /// The workspace after it, durable.
    pub workspace: Arc<Workspace>,
}

/// Why a command came to nothing. Nothing was written.
#[derive(Debug, thiserror::Error)]
pub enum SubmitError {
    #[error(transparent)]
    Rejected(#[from] Rejection),
    /// More commands wait than the queue holds.
    #[error("the server has more to write than it can; try again")]
    Busy,
    #[error("the disk is full")]
    DiskFull,
    /// The log failed; details were logged once, where it happened.
    #[error("the message log cannot be written")]
    Unavailable,
}

impl Writer {
    /// Starts the writer. It ends when every handle is dropped or `close` was called.
    pub fn start(
        log: eventlog::Log,
        workspace: Workspace,
        clock: Clock,
        announcements: mpsc::Sender<Announcement>,
    ) -> (Writer, PublishedWorkspace) {
        let _ = (log, workspace, clock, announcements);
        unimplemented!()
    }

    /// Submits a command and waits until it is durable or refused.
    ///
    /// # Cancellation
    ///
    /// Dropping the future does not take the command back.
    pub async fn submit(
        &self,
        actor: Actor,
        client_msg_id: Option<ClientMsgId>,
        command: Command,
    ) -> Result<Receipt, SubmitError> {
        let _ = (actor, client_msg_id, command);
        unimplemented!()
    }

    /// Accepts a read marker: the first of a person and channel is written at once, later ones within a second.
    pub async fn mark_read(&self, actor: Actor, command: Command) -> Result<(), SubmitError> {
        let _ = (actor, command);
        unimplemented!()
    }

    /// Writes this user's waiting markers now, so that their own read includes them; cheap when none wait.
    pub async fn flush_markers(&self, user: UserId) -> Result<(), SubmitError> {
        let _ = user;
        unimplemented!()
    }

    /// Writes what waits, refuses what comes later, and ends.
    pub async fn close(&self) {
        unimplemented!()
    }
}
