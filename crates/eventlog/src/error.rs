//! What can go wrong with the log, in its own words.

use std::io;
use std::path::PathBuf;
use std::sync::Arc;

use rusqlite::ErrorCode;

/// A fault of the log. Nothing of a failed append is in it.
///
/// Sources are shared, because one failed commit fails every append that was in it.
#[derive(Clone, Debug, thiserror::Error)]
pub enum Error {
    /// The disk is full; appending works again when it is not.
    #[error("the disk that holds the log is full")]
    DiskFull(#[source] Arc<rusqlite::Error>),
    /// SQLite could not do what was asked.
    #[error("the log could not be read or written")]
    Storage(#[source] Arc<rusqlite::Error>),
    /// The file could not be created: a missing directory, or no right to write there.
    #[error("the file of the log could not be created")]
    Create(#[source] Arc<io::Error>),
    /// The file is torn or overwritten so badly that no record can be named; restore a backup.
    #[error("the file of the log is damaged")]
    FileDamaged(#[source] Arc<rusqlite::Error>),
    /// A record does not match its checksum; appends stop until an operator acts.
    #[error("the log is damaged at seq {seq}")]
    Corrupt {
        /// The first damaged record.
        seq: u64,
    },
    /// An index does not fit the records: what is read by it may be wrong. Appends stop until an operator acts.
    #[error("the log's index {index} does not fit the records{}", at(*seq))]
    IndexDamaged {
        /// Which index.
        index: &'static str,
        /// The record whose entry is missing, too much or another one, where that is known.
        seq: Option<u64>,
    },
    /// The file's schema or header is not the one that the log was made with.
    #[error("the log is not laid out as it was made: {what}")]
    Schema {
        /// What is missing, too much or different.
        what: String,
    },
    /// SQLite's look at every page found something.
    #[error("the pages of the log are not in order: {what}")]
    Structure {
        /// In SQLite's words.
        what: String,
    },
    /// A file of the log was deleted, replaced or cut short while it was open; appends stop.
    #[error("{} was deleted or replaced or cut short, or got another name, while the log was open", file.display())]
    FileChanged {
        /// `log.db` or its write-ahead log.
        file: PathBuf,
    },
    /// A commit ended so that nobody can say whether its batches are there, or will be after a crash.
    #[error("it is not known whether the log took what was appended")]
    Unknown(#[source] Arc<Error>),
    /// Records of a batch do not rise strictly after the head, by seq or by time.
    #[error("appended seq {seq} does not follow head {head}")]
    OutOfOrder {
        /// The offending seq.
        seq: u64,
        /// The head it should come after.
        head: u64,
    },
    /// The same actor used this `client_msg_id` before; the writer looks first, so this is a bug.
    #[error("client_msg_id was appended before")]
    DuplicateClientMsgId,
    /// The file belongs to something else.
    #[error("not an event log")]
    WrongFile,
    /// A newer version wrote it: there is a way back only by a backup.
    #[error(
        "the log was written by a newer version: its format is {format}, and this version knows {known}"
    )]
    Newer {
        /// The file's format.
        format: i64,
        /// The highest that this version knows.
        known: i64,
    },
    /// An older version wrote it; [`migrate`](crate::migrate) brings it here.
    #[error("the log has an older format, {format}, and was not brought to this version's")]
    Older {
        /// The file's format.
        format: i64,
    },
    /// The layer above cannot read a record that is whole.
    #[error("the record at seq {seq} cannot be understood")]
    NotUnderstood {
        /// Which one.
        seq: u64,
    },
    /// The last record's time is implausibly far ahead of the clock.
    ///
    /// The log has no clock: whoever opens it compares and says this.
    #[error("the last record was written {ahead_seconds} seconds in the future")]
    FromTheFuture {
        /// How far ahead.
        ahead_seconds: i64,
    },
    /// The log was closed.
    #[error("the log is closed")]
    Closed,
}

impl Error {
    /// Whether the records may be whole all the same, so that [`repair`](crate::repair) can help.
    pub fn is_repairable(&self) -> bool {
        matches!(
            self,
            Error::IndexDamaged { .. }
                | Error::Schema { .. }
                | Error::Structure { .. }
                | Error::FileDamaged(_)
        )
    }
}

impl Error {
    /// Whether what was written is not there any more as it was.
    pub fn is_damage(&self) -> bool {
        self.is_repairable() || matches!(self, Error::Corrupt { .. })
    }

    /// Whether the machine would not let us read or write: nothing is known to be wrong in the file.
    pub fn is_refused_by_machine(&self) -> bool {
        let (Error::Storage(source) | Error::DiskFull(source)) = self else {
            return matches!(self, Error::Create(_));
        };
        matches!(
            source.sqlite_error_code(),
            Some(
                ErrorCode::CannotOpen
                    | ErrorCode::SystemIoFailure
                    | ErrorCode::DiskFull
                    | ErrorCode::PermissionDenied
                    | ErrorCode::ReadOnly
                    | ErrorCode::OutOfMemory
            )
        )
    }
}

fn at(seq: Option<u64>) -> String {
    seq.map_or_else(String::new, |seq| format!(": look at record {seq}"))
}

impl From<rusqlite::Error> for Error {
    fn from(error: rusqlite::Error) -> Error {
        match error.sqlite_error_code() {
            Some(ErrorCode::DiskFull) => Error::DiskFull(Arc::new(error)),
            Some(ErrorCode::DatabaseCorrupt) => Error::FileDamaged(Arc::new(error)),
            Some(ErrorCode::NotADatabase) => Error::WrongFile,
            _ => Error::Storage(Arc::new(error)),
        }
    }
}
