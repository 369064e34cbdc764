//! `workspace.db`: the workspace as it was at some event, so that starting does not fold the whole log.
//!
//! Promises: losing the file costs time, nothing else. It is written every 10,000 events, every minute if something
//! happened, and at shutdown.
//!
//! Flow: `boot` calls [`load_workspace`] before the writer starts; the owner thread writes what the writer published.

use std::path::{Path, PathBuf};
use std::time::Duration;

use chat::{Seq, Workspace};
use eventlog::{Epoch, Log, Reader};
use rusqlite::{Connection, OptionalExtension};
use tokio::time::Instant;
use tracing::warn;

use super::follower::{Follower, Moment, Projector};
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
const FORMAT: i64 = 4;

const SCHEMA: &str = include_str!("snapshot.sql");

/// The path of the snapshot below the data directory.
pub fn snapshot_path(data_dir: &Path) -> PathBuf {
    data_dir.join("workspace.db")
}

/// The seq of the stored snapshot, 0 without one: up to here the log was verified when it was folded.
pub fn stored_seq(data_dir: &Path) -> Seq {
    let file = snapshot_path(data_dir);
    if !file.exists() {
        return Seq::ZERO;
    }
    let found = sqlite::open(&file).ok().and_then(|open| sqlite::checkpoint(&open).ok().flatten());
    found.map_or(Seq::ZERO, |found| found.seq)
}

/// The workspace at the head of the log: the snapshot and what came after it.
pub fn load_workspace(data_dir: &Path, log: &Log) -> Result<Workspace, ProjectionError> {
    let head = Seq(log.head());
    let file = snapshot_path(data_dir);
    sqlite::verify_not_ahead(&file, log.epoch(), head)?;
    let mut reader = log.reader()?;
    let mut workspace = stored(&file, log.epoch(), head)?.unwrap_or_default();
    fold(&mut reader, &mut workspace, head)?;
    Ok(workspace)
}

/// Applies the log's events after `workspace.head` up to `up_to`, inclusive.
pub(super) fn fold(
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
    SELECT json FROM workspace WHERE id = 1";

/// The stored workspace, when there is one that belongs to this log and can be read.
pub(super) fn stored(
    file: &Path,
    epoch: Epoch,
    head: Seq,
) -> Result<Option<Workspace>, ProjectionError> {
    if !file.exists() {
        return Ok(None);
    }
    match read(file, epoch) {
        Ok(workspace) => Ok(workspace),
        Err(error) => {
            let aside = sqlite::set_aside(file, head)?;
            let (aside, error) = (aside.display(), &error as &dyn std::error::Error);
            warn!(
                error,
                "the snapshot was unreadable and is now {aside}; the log is folded instead"
            );
            Ok(None)
        }
    }
}

fn read(file: &Path, epoch: Epoch) -> Result<Option<Workspace>, ProjectionError> {
    let connection = sqlite::open(file)?;
    let checkpoint = sqlite::checkpoint(&connection).in_file(file)?;
    if !checkpoint.is_some_and(|found| found.epoch == epoch && found.format == FORMAT) {
        return Ok(None);
    }
    let json: Option<String> =
        connection.query_row(SELECT_WORKSPACE, [], |row| row.get(0)).optional().in_file(file)?;
    json.map(|json| serde_json::from_str(&json).map_err(ProjectionError::Serialise)).transpose()
}

const UPSERT_WORKSPACE: &str = "
    INSERT INTO workspace (id, json)
    VALUES (1, ?1)
    ON CONFLICT (id) DO UPDATE
       SET json = excluded.json";

/// Writes a workspace down.
pub(super) fn write(
    file: &Path,
    epoch: Epoch,
    workspace: &Workspace,
) -> Result<(), ProjectionError> {
    let json = serde_json::to_string(workspace).map_err(ProjectionError::Serialise)?;
    let connection = sqlite::open(file)?;
    let put = |connection: &Connection| {
        connection.execute_batch(sqlite::CHECKPOINT_SCHEMA)?;
        connection.execute_batch(SCHEMA)?;
        let transaction = connection.unchecked_transaction()?;
        transaction.execute(UPSERT_WORKSPACE, [json])?;
        let checkpoint = Checkpoint { format: FORMAT, epoch, seq: workspace.head };
        sqlite::set_checkpoint(&transaction, checkpoint)?;
        transaction.commit()?;
        // The old snapshot may hold a superseded password hash.
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
        let keeper = Keeper { file, epoch: log.epoch(), published, written };
        Ok(Snapshots { follower: Follower::start("workspace.db", TICK, keeper)? })
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
            write(&self.file, self.epoch, &workspace)?;
            self.written = Written { up_to: workspace.head, at: Instant::now() };
        }
        Ok(())
    }
}
