//! Mailboxes: `users/<username>.db`, all that one person may see.
//!
//! Promises: a file follows what concerns its owner within seconds or minutes, however many there are; it holds a window;
//! what was deleted leaves it within a minute where there are 1,000, whatever else is to be done. Nobody's question is
//! answered out of one: that is what `reading` is for.
//!
//! Flow: `sweep` hears of what happened (`concern`), knows who is behind (`standing`), whose turn it is (`turn`) and what
//! is done next (`schedule`);
//! `catch_up` and `apply` bring a file to the head, `window` keeps it small; `making` makes one as it is there.

mod ahead;
mod apply;
mod asides;
mod bringing;
mod catch_up;
mod comparing;
mod concern;
mod erasure;
mod file;
mod files;
mod group;
mod making;
mod marker;
mod member;
mod owner;
mod pool;
mod register;
mod rows;
mod schedule;
mod share;
mod standing;
#[cfg(test)]
mod stepwise;
mod sweep;
#[cfg(test)]
mod tests;
mod thread;
mod turn;
mod window;
mod windows;

use std::collections::HashMap;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use chat::{UserId, UserName, Workspace};
use tokio::runtime;
use tokio::sync::{mpsc, oneshot};
use tokio::time::Instant;

use erasure::ErasureReport;
pub use erasure::StillErasing;
use file::Mailbox;
pub(super) use file::Sources;
pub use file::init_user_db;
use owner::{Ask, Owner};
pub(super) use register::register_path;
use sweep::Connected;

use super::{InFile, ProjectionError};
use crate::published::PublishedWorkspace;

/// The name of the owner thread.
const THREAD: &str = "mailboxes";

/// Wishes that wait for the owner thread: to drain, or to close.
const ASKS_MAX: usize = 16;

/// The path of a user's mailbox below the data directory; nothing is created.
pub fn user_db_path(data_dir: &Path, username: &UserName) -> PathBuf {
    data_dir.join("users").join(format!("{username}.db"))
}

/// Bytes of a SQLite file and its WAL.
fn size(file: &Path) -> u64 {
    let mut wal = file.as_os_str().to_owned();
    wal.push("-wal");
    let bytes = |path: &Path| path.metadata().map_or(0, |metadata| metadata.len());
    bytes(file) + bytes(Path::new(&wal))
}

/// Why the mailboxes do not follow.
#[derive(Debug, thiserror::Error)]
pub enum MailboxError {
    #[error(transparent)]
    Fault(#[from] ProjectionError),
    #[error("the server is shutting down")]
    Closed,
}

/// All mailboxes; clones share the owner thread.
#[derive(Clone)]
pub struct Mailboxes {
    data_dir: Arc<Path>,
    asks: mpsc::Sender<Ask>,
    connected: Connected,
    report: ErasureReport,
}

impl Mailboxes {
    /// Starts the owner thread. `messages_per_channel` is the window, 0 for everything.
    pub fn start(
        data_dir: &Path,
        log: &eventlog::Log,
        published: PublishedWorkspace,
        messages_per_channel: usize,
    ) -> Result<Mailboxes, MailboxError> {
        let (connected, report) = (Connected::default(), ErasureReport::default());
        let (asks, receiver) = mpsc::channel(ASKS_MAX);
        let reader = log.reader().map_err(ProjectionError::from)?;
        let sources = Sources::new(reader, log.epoch(), messages_per_channel);
        let owner = Owner::new(
            data_dir.to_owned(),
            published,
            sources,
            Arc::clone(&connected),
            Arc::clone(&report),
            log.watch_held_erasure(),
        );
        // Only for waiting with a timeout; nothing else runs on it.
        let runtime =
            runtime::Builder::new_current_thread().enable_time().build().in_file(data_dir)?;
        std::thread::Builder::new()
            .name(THREAD.to_owned())
            .spawn(move || owner.run(&runtime, receiver))
            .in_file(data_dir)?;
        Ok(Mailboxes { data_dir: data_dir.into(), asks, connected, report })
    }

    /// What each mailbox takes on disk, with what waits in its WAL. A file that is not there yet takes nothing.
    pub async fn storage_bytes(&self, workspace: &Workspace) -> HashMap<UserId, u64> {
        let users = workspace.users.iter().map(|(id, user)| (*id, user.name.clone()));
        let (users, data_dir) = (users.collect::<Vec<_>>(), Arc::clone(&self.data_dir));
        let look = move || {
            let sizes =
                users.into_iter().map(|(id, name)| (id, size(&user_db_path(&data_dir, &name))));
            sizes.collect()
        };
        tokio::task::spawn_blocking(look).await.expect("looking at sizes does not panic")
    }

    /// The user gave a sign of life: for two minutes their mailbox follows as that of somebody who is connected.
    pub fn connected(&self, user: UserId) {
        let mut connected = self.connected.lock().expect("nobody panics holding it");
        connected.insert(user, Instant::now());
    }

    /// The mailboxes that may still hold what was erased, and the log; `None` when none does.
    pub fn still_erasing(&self) -> Option<StillErasing> {
        self.report.lock().expect("nobody panics holding it").clone()
    }

    /// Returns when the owner thread has ended, and names it.
    pub async fn ended(&self) -> String {
        self.asks.closed().await;
        THREAD.to_owned()
    }

    /// Brings every mailbox that is behind to the head now and returns when that is done.
    pub async fn drain(&self) -> Result<(), MailboxError> {
        let (answer, answered) = oneshot::channel();
        self.asks.send(Ask::Drain(answer)).await.map_err(|_| MailboxError::Closed)?;
        Ok(answered.await.map_err(|_| MailboxError::Closed)??)
    }

    /// Brings open mailboxes to rest (erases, checkpoints, closes) and ends the thread; a second call finds it done.
    pub async fn close(&self) {
        let (answer, answered) = oneshot::channel();
        if self.asks.send(Ask::Close(answer)).await.is_ok() {
            // An error says that the thread has ended already, which is what was wanted.
            drop(answered.await);
        }
    }
}

/// Brings one mailbox to `workspace.head` and closes it.
pub(super) fn bring_to_head(
    data_dir: &Path,
    user: UserId,
    sources: &mut Sources,
    workspace: &Workspace,
) -> Result<(), ProjectionError> {
    let mut mailbox = Mailbox::open(data_dir, user, sources, workspace, workspace.head)?;
    mailbox.be_patient()?;
    mailbox.catch_up(sources, workspace)
}
