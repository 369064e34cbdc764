//! What every handler has at hand.

use std::collections::BTreeMap;
use std::ops::Deref;
use std::sync::Arc;

use chat::{ChannelId, Seq, UserId, Workspace};

use crate::auth::Auth;
use crate::clock::Clock;
use crate::config::Config;
use crate::live::{Cursor, Hub};
use crate::projection::mailbox::{Counts, MailboxError, Mailboxes};
use crate::published::PublishedWorkspace;
use crate::write::Writer;

/// The running server as handlers see it; clones share it.
#[derive(Clone)]
pub struct App(Arc<Parts>);

/// The parts of an [`App`].
pub struct Parts {
    pub config: Config,
    pub clock: Clock,
    pub epoch: eventlog::Epoch,
    pub writer: Writer,
    pub published: PublishedWorkspace,
    pub mailboxes: Mailboxes,
    pub hub: Hub,
    pub auth: Auth,
}

impl App {
    pub fn new(parts: Parts) -> App {
        App(Arc::new(parts))
    }

    /// The workspace at the head: what a request that arrives now must answer for.
    pub fn workspace(&self) -> Arc<Workspace> {
        self.published.now()
    }

    /// What waits for `user` in every channel, and the workspace that it was counted for.
    pub async fn counts(
        &self,
        user: UserId,
    ) -> Result<(Arc<Workspace>, BTreeMap<ChannelId, Counts>), MailboxError> {
        let workspace = self.workspace();
        let counts = self.mailboxes.counts(user, workspace.head).await?;
        Ok((workspace, counts))
    }

    /// `<epoch>.<seq>`, where a live stream continues from.
    pub fn cursor(&self, seq: Seq) -> String {
        format!("{}.{seq}", self.epoch)
    }

    /// Where a client says that it stands. What cannot be read is of no epoch of ours, so the stream says `resync`.
    pub fn parse_cursor(&self, text: &str) -> Cursor {
        let parsed = text.split_once('.').and_then(|(epoch, seq)| {
            let epoch = u64::from_str_radix(epoch, 16).ok()?;
            Some(Cursor { epoch: eventlog::Epoch(epoch), seq: Seq(seq.parse().ok()?) })
        });
        let foreign = eventlog::Epoch(!self.epoch.0);
        parsed.unwrap_or(Cursor { epoch: foreign, seq: Seq::ZERO })
    }
}

impl Deref for App {
    type Target = Parts;

    fn deref(&self) -> &Parts {
        &self.0
    }
}
