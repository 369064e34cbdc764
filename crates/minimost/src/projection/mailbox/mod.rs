//! Mailboxes: `users/<username>.db`, all that one person may see.
//!
//! Promises: a read answers for at least the head of the log at its arrival; counts cost the same at any size; a file
//! holds a window, and pages older than it come from the log without a seam. A mailbox that cannot be written is not
//! read either: the log answers until it can, and at once where another program holds the file.
//!
//! Flow: `sweep` hears of what happened (`concern`), knows who is behind (`standing`) and whose turn it is (`turn`);
//! `catch_up` and `apply` bring a file to the head, `window` keeps it small. `api` asks a handle here, and `answering`
//! brings the mailbox to the head for it; `read` answers.

mod answering;
mod apply;
mod bringing;
mod catch_up;
mod chosen;
mod comparing;
mod concern;
mod erasure;
mod file;
mod files;
mod from_log;
mod group;
mod marker;
mod member;
mod mentions;
mod owner;
mod pool;
mod read;
mod record_read;
mod register;
mod rows;
mod share;
mod standing;
mod sweep;
mod thread;
mod thread_log;
mod thread_read;
mod turn;
mod window;

use std::collections::{BTreeMap, HashMap};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use chat::{ChannelId, Seq, Timestamp, UserId, UserName, Workspace};
use tokio::runtime;
use tokio::sync::{mpsc, oneshot};
use tokio::time::Instant;

pub use chosen::EditHistory;
use erasure::ErasureReport;
pub use erasure::StillErasing;
use file::Mailbox;
pub(super) use file::Sources;
pub use file::init_user_db;
use owner::{Ask, Owner};
use read::Folding;
pub(super) use register::register_path;
use sweep::Connected;
pub use thread_read::{FollowedThread, Standing, ThreadPage, ThreadQuery};

use super::{InFile, ProjectionError};
use crate::published::PublishedWorkspace;
use crate::wire::MessageView;

/// The name of the owner thread.
const THREAD: &str = "mailboxes";

/// Reads waiting for one owner thread, a second's worth at a millisecond each; beyond, the answer is `Busy`.
const ASKS_MAX: usize = 1_024;

/// Messages in one answer to [`PageQuery::Changed`].
pub const CHANGED_MAX: usize = 1_000;

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

/// Which messages of a channel.
#[derive(Clone, Copy, Debug)]
pub enum PageQuery {
    /// The newest `limit`.
    Newest { limit: usize },
    /// The newest `limit` with an id below `before`.
    Before { before: Seq, limit: usize },
    /// The oldest `limit` with an id above `after`.
    After { after: Seq, limit: usize },
    /// `limit` messages with this one in the middle.
    Around { id: Seq, limit: usize },
    /// The newest `limit` that were said earlier than `before`.
    Earlier { before: Timestamp, limit: usize },
    /// New or changed in `(since, until)`, oldest first, replies that stand only in a thread among them.
    Changed { since: Timestamp, until: Option<Timestamp>, limit: usize },
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
    /// Neither the mailbox nor the log could answer.
    #[error(transparent)]
    Fault(#[from] ProjectionError),
    #[error("more reads wait than the mailboxes can answer")]
    Busy,
    #[error("the server is shutting down")]
    Closed,
}

/// All mailboxes; clones share the owner thread.
#[derive(Clone)]
pub struct Mailboxes {
    data_dir: Arc<Path>,
    asks: mpsc::Sender<Ask>,
    published: PublishedWorkspace,
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
            published.clone(),
            sources,
            Arc::clone(&connected),
            Arc::clone(&report),
        );
        // Only for waiting with a timeout; nothing else runs on it.
        let runtime =
            runtime::Builder::new_current_thread().enable_time().build().in_file(data_dir)?;
        std::thread::Builder::new()
            .name(THREAD.to_owned())
            .spawn(move || owner.run(&runtime, receiver))
            .in_file(data_dir)?;
        Ok(Mailboxes { data_dir: data_dir.into(), asks, published, connected, report })
    }

    /// A page of a channel that the caller has checked the user may read, answering for at least `at`.
    pub async fn page(
        &self,
        user: UserId,
        channel: ChannelId,
        query: PageQuery,
        at: Seq,
    ) -> Result<Vec<MessageView>, MailboxError> {
        self.ask(at, move |owner| {
            owner.answer(
                user,
                |mailbox, sources, workspace| mailbox.page(sources, workspace, channel, query),
                |sources, workspace| Folding::new(sources, workspace, user, channel).page(query),
            )
        })
        .await
    }

    /// One message, if it is in a channel that the user may read.
    pub async fn message(
        &self,
        user: UserId,
        id: Seq,
        at: Seq,
    ) -> Result<Option<MessageView>, MailboxError> {
        self.ask(at, move |owner| {
            owner.answer(
                user,
                |mailbox, sources, workspace| mailbox.message(sources, workspace, id),
                |sources, workspace| from_log::message(sources, workspace, user, id),
            )
        })
        .await
    }

    /// These messages, in this order; those that the user may not see are left out.
    pub async fn messages(
        &self,
        user: UserId,
        ids: Vec<Seq>,
        at: Seq,
    ) -> Result<Vec<MessageView>, MailboxError> {
        if ids.is_empty() {
            return Ok(Vec::new());
        }
        self.ask(at, move |owner| {
            owner.answer(
                user,
                |mailbox, sources, workspace| mailbox.chosen(sources, workspace, &ids),
                |sources, workspace| chosen::chosen(sources, workspace, user, &ids),
            )
        })
        .await
    }

    /// What a message has said, if the user may see it and it was not deleted.
    pub async fn edit_history(
        &self,
        user: UserId,
        id: Seq,
        at: Seq,
    ) -> Result<Option<EditHistory>, MailboxError> {
        self.ask(at, move |owner| {
            let workspace = owner.published.now();
            chosen::edit_history(&mut owner.sources, &workspace, user, id)
        })
        .await
    }

    /// What waits, for every channel of the user, and the workspace that it was counted for.
    pub async fn counts(
        &self,
        user: UserId,
        at: Seq,
    ) -> Result<(Workspace, BTreeMap<ChannelId, Counts>), MailboxError> {
        self.ask(at, move |owner| {
            owner.answer(
                user,
                |mailbox, _, workspace| Ok((workspace.clone(), mailbox.counts())),
                |sources, workspace| {
                    Ok((workspace.clone(), from_log::counts(sources, workspace, user)?))
                },
            )
        })
        .await
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

    /// The mailboxes that may still hold what was erased; `None` when none does.
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

    async fn ask<T: Send + 'static>(
        &self,
        at: Seq,
        read: impl FnOnce(&mut Owner) -> Result<T, ProjectionError> + Send + 'static,
    ) -> Result<T, MailboxError> {
        if !self.published.clone().reached(at).await {
            return Err(MailboxError::Closed);
        }
        let (answer, answered) = oneshot::channel();
        let read = Box::new(move |owner: &mut Owner| {
            // Whoever asked may have gone.
            drop(answer.send(read(owner)));
        });
        self.asks.try_send(Ask::Read(read)).map_err(|error| match error {
            mpsc::error::TrySendError::Full(_) => MailboxError::Busy,
            mpsc::error::TrySendError::Closed(_) => MailboxError::Closed,
        })?;
        Ok(answered.await.map_err(|_| MailboxError::Closed)??)
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
