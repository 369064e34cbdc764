//! `workspace.db`: the workspace as it was at some event, so that starting does not fold the whole log.
//!
//! Promises: losing the file costs time, nothing else; what is not what was written is not believed. It is written every 10,000 events, every minute if something
//! happened, and at shutdown.
//!
//! Flow: `boot` calls [`load_workspace`] before the writer starts; the owner thread writes what the writer published.

use std::path::{Path, PathBuf};
use std::time::Duration;

use chat::{Seq, Workspace};
use eventlog::{Epoch, Log, Reader};
use rusqlite::{Connection, OptionalExtension, Row};
use sha2::{Digest, Sha256};
use tokio::time::Instant;
use tracing::warn;

use super::follower::{self, Follower, Moment, Projector};
use super::sqlite::{self, Checkpoint};
use super::{InFile, ProjectionError};
use crate::codec;
use crate::published::PublishedWorkspace;

/// A start folds at most about this many events; at half a million a second that is not felt.
const EVENTS_BETWEEN: u64 = 10_000;
const TIME_BETWEEN: Duration = Duration::from_secs(60);
const TICK: Duration = Duration::from_secs(1);

/// Events folded between two reads of the log.
const FOLD_EVENTS: usize = 4_096;

/// Version of the serialised form; another one means fold again.
const FORMAT: i64 = 8;

const SCHEMA: &str = include_str!("snapshot.sql");

/// The path of the snapshot below the data directory.
pub fn snapshot_path(data_dir: &Path) -> PathBuf {
    data_dir.join("workspace.db")
}

/// The seq of the stored snapshot, 0 without one that is to be believed: up to here the log was verified when it was
/// folded.
pub fn stored_seq(data_dir: &Path) -> Seq {
    let file = snapshot_path(data_dir);
    let found = file.exists().then(|| open_and_read(&file));
    match found {
        Some(Ok(Some(found))) => found.checkpoint.seq,
        // Whoever loads the workspace says what is wrong.
        Some(Ok(None) | Err(_)) | None => Seq::ZERO,
    }
}

/// Refuses a log that is shorter than what the snapshot was made of.
pub(super) fn verify_not_ahead(
    data_dir: &Path,
    epoch: Epoch,
    head: Seq,
) -> Result<(), ProjectionError> {
    match find_stored(&snapshot_path(data_dir), epoch, head) {
        Err(error @ ProjectionError::AheadOfLog { .. }) => Err(error),
        // What is not to be believed says nothing of the log.
        Ok(_) | Err(_) => Ok(()),
    }
}

/// The workspace at the head of the log: the snapshot and what came after it.
pub fn load_workspace(data_dir: &Path, log: &Log) -> Result<Workspace, ProjectionError> {
    let head = Seq(log.head());
    let file = snapshot_path(data_dir);
    let mut reader = log.reader()?;
    let mut workspace = match find_stored(&file, log.epoch(), head) {
        Ok(stored) => stored.unwrap_or_default(),
        Err(error @ ProjectionError::AheadOfLog { .. }) => return Err(error),
        Err(error) => {
            // What another program holds may be sound.
            let is_broken = !error.is_busy();
            let now = if is_broken { sqlite::set_aside(&file, head)? } else { file };
            let (now, error) = (now.display(), &error as &dyn std::error::Error);
            warn!(
                error,
                "the snapshot is not to be believed and is now {now}; the log is folded instead"
            );
            Workspace::default()
        }
    };
    fold(&mut reader, &mut workspace, head)?;
    Ok(workspace)
}

/// Applies the log's events after `workspace.head` up to `up_to`, inclusive.
pub(crate) fn fold(
    reader: &mut Reader,
    workspace: &mut Workspace,
    up_to: Seq,
) -> Result<(), ProjectionError> {
    while workspace.head < up_to {
        let records = reader.range(workspace.head.get(), up_to.get(), FOLD_EVENTS)?;
        if records.is_empty() {
            break;
        }
        for record in &records {
            workspace.apply(&codec::decode(record)?);
        }
    }
    Ok(())
}

const SELECT_WORKSPACE: &str = "
    SELECT json, sum FROM workspace WHERE id = 1";

/// The stored workspace, when there is one of this log.
///
/// # Errors
///
/// When what is there is not what was written, or is ahead of the log.
pub(super) fn find_stored(
    file: &Path,
    epoch: Epoch,
    head: Seq,
) -> Result<Option<Workspace>, ProjectionError> {
    if !file.exists() {
        return Ok(None);
    }
    let Some(Stored { checkpoint, json }) = open_and_read(file)? else { return Ok(None) };
    if checkpoint.epoch != epoch {
        return Ok(None);
    }
    if checkpoint.seq > head {
        let (file, checkpoint) = (file.to_owned(), checkpoint.seq);
        return Err(ProjectionError::AheadOfLog { file, checkpoint, head });
    }
    serde_json::from_str(&json).map(Some).map_err(ProjectionError::Serialise)
}

/// A snapshot as it was written down.
struct Stored {
    checkpoint: Checkpoint,
    json: String,
}

fn open_and_read(file: &Path) -> Result<Option<Stored>, ProjectionError> {
    read(&sqlite::open(file)?, file)
}

/// The snapshot, if there is one of this format: rules are decided on it, so its sum is verified before anybody looks
/// at what it says.
fn read(connection: &Connection, file: &Path) -> Result<Option<Stored>, ProjectionError> {
    let checkpoint = sqlite::checkpoint(connection).in_file(file)?;
    let Some(checkpoint) = checkpoint.filter(|found| found.format == FORMAT) else {
        return Ok(None);
    };
    let row = |row: &Row<'_>| Ok((row.get::<_, String>(0)?, row.get::<_, Vec<u8>>(1)?));
    let row = connection.query_row(SELECT_WORKSPACE, [], row).optional().in_file(file)?;
    match row {
        Some((json, sum)) if sum == sum_of(checkpoint, &json) => {
            Ok(Some(Stored { checkpoint, json }))
        }
        // Begun, and not written yet.
        None if checkpoint.seq == Seq::ZERO => Ok(None),
        Some(_) | None => Err(ProjectionError::SumDiffers { file: file.to_owned() }),
    }
}

/// The SHA-256 of a snapshot and of what it is a snapshot of.
fn sum_of(checkpoint: Checkpoint, json: &str) -> Vec<u8> {
    let Checkpoint { format, epoch, seq } = checkpoint;
    let mut sum = Sha256::new();
    sum.update(format!("{format} {epoch} {seq} "));
    sum.update(json);
    sum.finalize().to_vec()
}

const UPSERT_WORKSPACE: &str = "
    INSERT INTO workspace (id, json, sum)
    VALUES (1, ?1, ?2)
    ON CONFLICT (id) DO UPDATE
       SET json = excluded.json, sum = excluded.sum";

/// Writes a workspace down; false when the snapshot before it, which may hold a superseded password hash, is still in the
/// WAL, because another program looks at it.
pub(super) fn write(
    file: &Path,
    epoch: Epoch,
    workspace: &Workspace,
) -> Result<bool, ProjectionError> {
    let json = serde_json::to_string(workspace).map_err(ProjectionError::Serialise)?;
    let expected = Checkpoint { format: FORMAT, epoch, seq: workspace.head };
    let (connection, _) = follower::open_or_begin(file, expected, SCHEMA)?;
    let put = |connection: &Connection| {
        let transaction = connection.unchecked_transaction()?;
        transaction.execute(UPSERT_WORKSPACE, (&json, sum_of(expected, &json)))?;
        sqlite::set_checkpoint(&transaction, expected)?;
        transaction.commit()?;
        sqlite::truncate_wal(connection)
    };
    put(&connection).in_file(file)
}

/// The owner of `workspace.db`; clones share it.
#[derive(Clone)]
pub struct Snapshots {
    follower: Follower,
}

impl Snapshots {
    /// Starts the owner thread.
    pub fn start(
        data_dir: &Path,
        log: &Log,
        published: PublishedWorkspace,
    ) -> Result<Snapshots, ProjectionError> {
        let file = snapshot_path(data_dir);
        let written = Written { up_to: stored_seq(data_dir), at: Instant::now() };
        let epoch = log.epoch();
        let keeper = Keeper { file, epoch, published, written, wal_holds_erased: false };
        Ok(Snapshots { follower: Follower::start("workspace.db", TICK, keeper)? })
    }

    /// Returns when the owner thread has ended.
    pub async fn ended(&self) {
        self.follower.ended().await;
    }

    /// Writes a snapshot of the head now.
    pub async fn drain(&self) -> Result<(), ProjectionError> {
        self.follower.drain().await
    }

    /// Writes a snapshot of the head and ends the thread.
    pub async fn close(&self) {
        self.follower.close().await;
    }
}

struct Written {
    up_to: Seq,
    at: Instant,
}

struct Keeper {
    file: PathBuf,
    epoch: Epoch,
    published: PublishedWorkspace,
    written: Written,
    /// The WAL still holds the snapshot before.
    wal_holds_erased: bool,
}

impl Projector for Keeper {
    fn advance(&mut self, moment: Moment) -> Result<(), ProjectionError> {
        let workspace = self.published.now();
        let events = workspace.head.get().saturating_sub(self.written.up_to.get());
        let is_due = match moment {
            Moment::Tick => {
                events >= EVENTS_BETWEEN || events > 0 && self.written.at.elapsed() >= TIME_BETWEEN
            }
            Moment::Drain | Moment::Close => events > 0,
        };
        if is_due {
            self.wal_holds_erased = !follower::or_set_aside(&self.file, workspace.head, || {
                write(&self.file, self.epoch, &workspace)
            })?;
            self.written = Written { up_to: workspace.head, at: Instant::now() };
        } else if self.wal_holds_erased {
            let is_done = sqlite::truncate_wal(&sqlite::open(&self.file)?).in_file(&self.file)?;
            self.wal_holds_erased = !is_done;
        }
        Ok(())
    }
}
