//! Projections: files derived from the log, deletable, rebuildable, each with its checkpoint in the same transaction.
//!
//! Promises: what a file shows at its checkpoint is a function of the log alone, however the events arrived; a file of
//! another epoch, format or window is rebuilt; a damaged one is set aside and rebuilt. Deliberately absent: decisions.
//! Nothing here is read to allow or refuse anything but the snapshot in `workspace.db`, which is believed when its sum
//! is right; an edit by hand elsewhere is found by [`check`].
//!
//! Files: `workspace.db`, `users/<username>.db`, `mailboxes.db`, `presence.db`, `auth.db` in the data directory.
//!
//! Flow: the log's events, in order, through `feed` into the owner thread of each file. Nobody is answered out of one.

pub mod auth;
pub mod check;
mod feed;
mod follower;
mod held;
pub mod mailbox;
pub mod presence;
pub mod snapshot;
mod sqlite;

pub use held::HeldFiles;
pub use sqlite::is_ours;
pub(crate) use sqlite::keep_temporary_files_in;

use std::io;
use std::path::{Path, PathBuf};

use chat::Seq;

use crate::codec::DecodeError;
use crate::fold::FoldError;

/// A fault of a projection; it loses nothing, because the log has it all.
#[derive(Debug, thiserror::Error)]
pub enum ProjectionError {
    #[error("{} cannot be read or written", file.display())]
    Storage {
        file: PathBuf,
        #[source]
        source: rusqlite::Error,
    },
    #[error("{} cannot be created, moved or removed", file.display())]
    File {
        file: PathBuf,
        #[source]
        source: io::Error,
    },
    /// The projection has applied events that the log does not have: the log's end was lost.
    #[error(
        "{} has applied event {checkpoint}, but the log ends at {head}: the log has lost its tail; \
         put the right log.db back, or delete the projections to accept the loss", file.display()
    )]
    AheadOfLog { file: PathBuf, checkpoint: Seq, head: Seq },
    /// The content is not what was written.
    #[error("{} does not match its checksum", file.display())]
    SumDiffers { file: PathBuf },
    #[error("the workspace cannot be written down")]
    Serialise(#[from] serde_json::Error),
    #[error(transparent)]
    Log(#[from] eventlog::Error),
    #[error(transparent)]
    Decode(#[from] DecodeError),
    #[error("the server is shutting down")]
    Closed,
}

impl ProjectionError {
    /// Whether the log itself is broken.
    pub fn is_log_damage(&self) -> bool {
        let ProjectionError::Log(error) = self else { return false };
        error.is_repairable() || matches!(error, eventlog::Error::Corrupt { .. })
    }
}

impl ProjectionError {
    /// Whether the machine would not let us read or write a file: nothing is known to be wrong in it.
    pub fn is_refused_by_machine(&self) -> bool {
        match self {
            ProjectionError::Storage { source, .. } => sqlite::is_refused_by_machine(source),
            ProjectionError::File { .. } | ProjectionError::Log(eventlog::Error::Create(_)) => true,
            ProjectionError::Log(
                eventlog::Error::Storage(source) | eventlog::Error::DiskFull(source),
            ) => sqlite::is_refused_by_machine(source),
            _ => false,
        }
    }
}

impl From<FoldError> for ProjectionError {
    fn from(error: FoldError) -> ProjectionError {
        match error {
            FoldError::Log(error) => ProjectionError::Log(error),
            FoldError::Decode(error) => ProjectionError::Decode(error),
        }
    }
}

/// Says which file a storage fault happened in.
pub(crate) trait InFile<T> {
    fn in_file(self, file: &Path) -> Result<T, ProjectionError>;
}

impl<T> InFile<T> for rusqlite::Result<T> {
    fn in_file(self, file: &Path) -> Result<T, ProjectionError> {
        self.map_err(|source| ProjectionError::Storage { file: file.to_owned(), source })
    }
}

impl<T> InFile<T> for io::Result<T> {
    fn in_file(self, file: &Path) -> Result<T, ProjectionError> {
        self.map_err(|source| ProjectionError::File { file: file.to_owned(), source })
    }
}

/// Removes every projection; it is no fault when there is none. They are made anew of whatever log there is then.
pub(crate) fn remove_all(data_dir: &Path) -> Result<(), ProjectionError> {
    for name in ["workspace.db", "presence.db", "auth.db"] {
        sqlite::remove(&data_dir.join(name))?;
    }
    sqlite::remove(&mailbox::register_path(data_dir))?;
    let users = data_dir.join("users");
    match std::fs::read_dir(&users) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(()),
        entries => {
            for entry in entries.in_file(&users)? {
                let name = entry.in_file(&users)?.file_name();
                // Also of a file that is gone: it would never be looked for again.
                let file = name.to_str().map(|name| users.join(sqlite::without_side(name)));
                if let Some(file) = file.filter(|it| it.extension().is_some_and(|it| it == "db")) {
                    sqlite::remove(&file)?;
                }
            }
            Ok(())
        }
    }
}

/// Refuses to start on a log that is shorter than what `presence.db`, `auth.db` or `workspace.db` has applied.
///
/// Mailboxes are many; each is compared when it is opened.
pub fn verify_log_has_its_tail(
    data_dir: &Path,
    log: &eventlog::Log,
) -> Result<(), ProjectionError> {
    let head = Seq(log.head());
    for name in ["presence.db", "auth.db"] {
        sqlite::verify_not_ahead(&data_dir.join(name), log.epoch(), head)?;
    }
    snapshot::verify_not_ahead(data_dir, log.epoch(), head)
}
