//! What every handler has at hand.

use std::ops::Deref;
use std::sync::Arc;

use chat::{Seq, Workspace};

use crate::auth::Auth;
use crate::clock::Clock;
use crate::comparison::Comparisons;
use crate::config::Config;
use crate::live::{Cursor, Hub};
use crate::projection::HeldFiles;
use crate::projection::mailbox::Mailboxes;
use crate::published::PublishedWorkspace;
use crate::reading::Reading;
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
    pub reading: Reading,
    pub mailboxes: Mailboxes,
    pub held_files: HeldFiles,
    pub hub: Hub,
    pub auth: Auth,
    pub comparisons: Comparisons,
}

impl App {
    pub fn new(parts: Parts) -> App {
        App(Arc::new(parts))
    }

    /// The workspace at the head: what a request that arrives now must answer for.
    pub fn workspace(&self) -> Arc<Workspace> {
        self.published.now()
    }

    /// Where a live stream continues from, for who has been told all of this workspace.
    pub fn cursor(&self, workspace: &Workspace) -> String {
        Cursor::at_head(self.epoch, workspace).to_string()
    }

    /// Where a client says that it stands. What cannot be read is of no epoch of ours, so the stream says `resync`.
    pub fn parse_cursor(&self, text: &str) -> Cursor {
        let foreign = eventlog::Epoch(!self.epoch.0);
        Cursor::parse(text).unwrap_or(Cursor { epoch: foreign, seq: Seq::ZERO, sum: None })
    }
}

impl Deref for App {
    type Target = Parts;

    fn deref(&self) -> &Parts {
        &self.0
    }
}
