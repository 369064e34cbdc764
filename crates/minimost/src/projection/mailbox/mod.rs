//! Mailboxes: `users/<username>.db`, all that one person may see.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use chat::{ChannelId, Seq, Timestamp, UserId, UserName};

use crate::published::PublishedWorkspace;
use crate::wire::MessageView;

/// The path of a user's mailbox below the data directory; nothing is created.
pub fn user_db_path(data_dir: &Path, username: &UserName) -> PathBuf {
    data_dir.join("users").join(format!("{username}.db"))
}

/// Which messages of a channel.
#[derive(Clone, Copy, Debug)]
pub enum PageQuery {
    /// The newest `limit`.
    Newest { limit: usize },
    /// The newest `limit` with an id below `before`.
    Before { before: Seq, limit: usize },
    /// The oldest `limit` with an id above `after`.
    After { after: Seq, limit: usize },
    /// New or changed in `(since, until)`, oldest first, at most 1,000.
    Changed { since: Timestamp, until: Option<Timestamp> },
}

/// What waits for a person in one channel.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Counts {
    pub unread: u64,
    /// Of these, the ones that name the owner or everyone.
    pub mentions: u64,
}

/// Why a mailbox could not answer.
#[derive(Debug, thiserror::Error)]
pub enum MailboxError {
    #[error("the mailbox of {name} cannot be read")]
    Storage {
        name: String,
        #[source]
        source: rusqlite::Error,
    },
    #[error(transparent)]
    Fold(#[from] crate::fold::FoldError),
    #[error("more reads wait than the mailboxes can answer")]
    Busy,
    #[error("the server is shutting down")]
    Closed,
}

/// All mailboxes; clones share the owner threads.
#[derive(Clone)]
pub struct Mailboxes {}

impl Mailboxes {
    /// Starts the owner threads. `messages_per_channel` is the window, 0 for everything.
    pub fn start(
        data_dir: &Path,
        log: eventlog::Log,
        published: PublishedWorkspace,
        messages_per_channel: usize,
    ) -> Result<Mailboxes, MailboxError> {
        let _ = (data_dir, log, published, messages_per_channel);
        unimplemented!()
    }

    /// A page of a channel that the caller has checked the user may read, answering for at least `at`.
    pub async fn page(
        &self,
        user: UserId,
        channel: ChannelId,
        query: PageQuery,
        at: Seq,
    ) -> Result<Vec<MessageView>, MailboxError> {
        let _ = (user, channel, query, at);
        unimplemented!()
    }

    /// One message, if it is in a channel that the user may read.
    pub async fn message(
        &self,
        user: UserId,
        id: Seq,
        at: Seq,
    ) -> Result<Option<MessageView>, MailboxError> {
        let _ = (user, id, at);
        unimplemented!()
    }

    /// What waits, for every channel of the user.
    pub async fn counts(
        &self,
        user: UserId,
        at: Seq,
    ) -> Result<BTreeMap<ChannelId, Counts>, MailboxError> {
        let _ = (user, at);
        unimplemented!()
    }

    /// Unread messages that name the user or everyone, newest first.
    pub async fn unread_mentions(
        &self,
        user: UserId,
        limit: usize,
        at: Seq,
    ) -> Result<Vec<MessageView>, MailboxError> {
        let _ = (user, limit, at);
        unimplemented!()
    }

    /// The user has a live stream: their mailbox is swept within seconds instead of a minute.
    pub fn connected(&self, user: UserId) {
        let _ = user;
        unimplemented!()
    }

    /// Brings every mailbox to the head now and returns when that is done.
    pub async fn drain(&self) -> Result<(), MailboxError> {
        unimplemented!()
    }

    /// Brings open mailboxes to rest (checkpoint, close) and ends the threads.
    pub async fn close(&self) {
        unimplemented!()
    }
}
