//! `workspace.db`: the workspace as it was at some event, so that starting does not fold the whole log.
//!
//! Promises: losing the file costs time, nothing else; what is not what was written is not believed. It is written every
//! 10,000 events unless that took more than a hundredth of the time, every minute if something happened, and at shutdown.
//! What is written is what has changed since, and all of it in one transaction.
//!
//! Flow: `boot` calls [`load`] before the writer starts; the owner thread writes what the writer published. Neither the
//! writer nor anybody who reads waits for it: the workspace that it writes down never changes.

mod first_fold;
mod parts;
#[cfg(test)]
mod tests;

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use chat::workspace::{PartKey, WorkspaceParts};
use chat::{Seq, Workspace};
use eventlog::{Epoch, Log, Reader};
use rusqlite::Connection;
use tokio::time::Instant;
use tracing::warn;

use parts::Total;

use super::follower::{self, Follower, Moment, Projector};
use super::held::{HeldFiles, Remains};
use super::sqlite::{self, Checkpoint};
use super::{InFile, ProjectionError};
use crate::codec;
use crate::published::PublishedWorkspace;

/// A start folds about this many events, unless a busy server has put off the snapshot; at half a million a second that
/// is not felt.
const EVENTS_BETWEEN: u64 = 10_000;

/// After so many times the time that one took, the next may be written for its events. However busy it is, a minute is
/// the end of it: what was superseded must leave the file.
const PAUSE_PER_COST: u32 = 100;

const TIME_BETWEEN: Duration = Duration::from_secs(60);
const TICK: Duration = Duration::from_secs(1);

/// Events folded between two reads of the log.
const FOLD_EVENTS: usize = 4_096;

/// Version of the serialised form; another one means fold again.
const FORMAT: i64 = 9;

const SCHEMA: &str = include_str!("snapshot.sql");

const NAME: &str = "workspace.db";

/// The path of the snapshot below the data directory.
pub fn snapshot_path(data_dir: &Path) -> PathBuf {
    data_dir.join(NAME)
}

/// The seq of the stored snapshot, 0 without one that is to be believed: up to here the log was verified when it was
/// folded.
pub fn stored_seq(data_dir: &Path) -> Seq {
    let file = snapshot_path(data_dir);
    let found = file.exists().then(|| verified(&file));
    match found {
        Some(Ok(Some(checkpoint))) => checkpoint.seq,
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
    let file = snapshot_path(data_dir);
    // Only who says that it is ahead is looked at whole: what is not to be believed says nothing of the log.
    match sqlite::verify_not_ahead(&file, epoch, head) {
        Err(error) if matches!(verified(&file), Ok(Some(_))) => Err(error),
        Ok(()) | Err(_) => Ok(()),
    }
}

/// The workspace at the head of the log, and what of it is stored.
pub struct Loaded {
    pub workspace: Workspace,
    /// The snapshot that it was made of, for whoever writes the next.
    pub stored: Option<Stored>,
}

/// The workspace at the head of the log.
pub fn load_workspace(data_dir: &Path, log: &Log) -> Result<Workspace, ProjectionError> {
    Ok(load(data_dir, log)?.workspace)
}

/// The workspace at the head of the log: the snapshot and what came after it.
pub fn load(data_dir: &Path, log: &Log) -> Result<Loaded, ProjectionError> {
    let head = Seq(log.head());
    let file = snapshot_path(data_dir);
    let stored = match find_stored(&file, log.epoch(), head) {
        Ok(stored) => stored,
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
            None
        }
    };
    let mut workspace =
        stored.as_ref().map(|stored| Workspace::clone(&stored.workspace)).unwrap_or_default();
    first_fold::fold(log, &mut workspace, head)?;
    Ok(Loaded { workspace, stored })
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

/// A snapshot as it stands in the file.
pub struct Stored {
    pub(super) workspace: Arc<Workspace>,
    total: Total,
}

/// The stored workspace, when there is one of this log.
///
/// # Errors
///
/// When what is there is not what was written, or is ahead of the log.
pub(super) fn find_stored(
    file: &Path,
    epoch: Epoch,
    head: Seq,
) -> Result<Option<Stored>, ProjectionError> {
    if !file.exists() {
        return Ok(None);
    }
    let connection = sqlite::open(file)?;
    let mut found = WorkspaceParts::default();
    // That it does not say what such a part says is told only when it is what was written.
    let mut strange = Ok(());
    let read = read(&connection, file, |key, json| {
        if strange.is_ok() {
            strange = found.add(key, json);
        }
    })?;
    let Some((checkpoint, total)) = read else { return Ok(None) };
    if checkpoint.epoch != epoch {
        return Ok(None);
    }
    if checkpoint.seq > head {
        let (file, checkpoint) = (file.to_owned(), checkpoint.seq);
        return Err(ProjectionError::AheadOfLog { file, checkpoint, head });
    }
    strange?;
    Ok(Some(Stored { workspace: Arc::new(found.workspace()?), total }))
}

/// What a file is a snapshot of, when it is what was written.
fn verified(file: &Path) -> Result<Option<Checkpoint>, ProjectionError> {
    let read = read(&sqlite::open(file)?, file, |_, _| {})?;
    Ok(read.map(|(checkpoint, _)| checkpoint))
}

/// Reads the snapshot, if there is one of this format. Rules are decided on it: until this returns, nobody may believe
/// what its parts say.
fn read(
    connection: &Connection,
    file: &Path,
    take: impl FnMut(PartKey, &str),
) -> Result<Option<(Checkpoint, Total)>, ProjectionError> {
    let checkpoint = sqlite::checkpoint(connection).in_file(file)?;
    let Some(checkpoint) = checkpoint.filter(|found| found.format == FORMAT) else {
        return Ok(None);
    };
    let total = parts::read(connection, file, take)?;
    match parts::seal(connection).in_file(file)? {
        Some(seal) if seal == total.seal(checkpoint) => Ok(Some((checkpoint, total))),
        // Begun, and not written yet.
        None if checkpoint.seq == Seq::ZERO && total == Total::default() => Ok(None),
        Some(_) | None => Err(ProjectionError::SumDiffers { file: file.to_owned() }),
    }
}

/// Writes a workspace down where nothing is known of what is there.
pub(super) fn write_whole(
    file: &Path,
    epoch: Epoch,
    workspace: &Workspace,
) -> Result<(), ProjectionError> {
    write(file, epoch, &Arc::new(workspace.clone()), None).map(drop)
}

/// What became of writing a snapshot.
struct Written {
    stored: Stored,
    /// False when the snapshot before it, which may hold a superseded password hash, is still in the WAL, because another
    /// program looks at it.
    is_wal_empty: bool,
}

/// Writes a workspace down: what has changed since `before` where that is what stands in the file, else all of it.
fn write(
    file: &Path,
    epoch: Epoch,
    workspace: &Arc<Workspace>,
    before: Option<&Stored>,
) -> Result<Written, ProjectionError> {
    let expected = Checkpoint { format: FORMAT, epoch, seq: workspace.head };
    let (connection, at) = follower::open_or_begin(file, expected, SCHEMA)?;
    let at = Checkpoint { seq: at, ..expected };
    let seal = parts::seal(&connection).in_file(file)?;
    let is_there = |before: &&Stored| {
        before.workspace.head == at.seq && seal.as_deref() == Some(&before.total.seal(at))
    };
    let transaction = connection.unchecked_transaction().in_file(file)?;
    let nothing = Stored { workspace: Arc::default(), total: Total::default() };
    let there = before.filter(is_there);
    if there.is_none() {
        parts::clear(&transaction).in_file(file)?;
    }
    let Stored { workspace: before, total } = there.unwrap_or(&nothing);
    let total = parts::write_changes(&transaction, file, workspace, before, *total)?;
    let finish = || {
        parts::set_seal(&transaction, &total.seal(expected))?;
        sqlite::set_checkpoint(&transaction, expected)
    };
    finish().in_file(file)?;
    transaction.commit().in_file(file)?;
    let is_wal_empty = sqlite::truncate_wal(&connection).in_file(file)?;
    Ok(Written { stored: Stored { workspace: Arc::clone(workspace), total }, is_wal_empty })
}

/// The owner of `workspace.db`; clones share it.
#[derive(Clone)]
pub struct Snapshots {
    follower: Follower,
}

impl Snapshots {
    /// Starts the owner thread. `stored` is the snapshot that the published workspace was made of.
    pub fn start(
        data_dir: &Path,
        log: &Log,
        published: PublishedWorkspace,
        stored: Option<Stored>,
        held: HeldFiles,
    ) -> Result<Snapshots, ProjectionError> {
        let keeper = Keeper {
            file: snapshot_path(data_dir),
            epoch: log.epoch(),
            published,
            stored,
            at: Instant::now(),
            pause: Duration::ZERO,
            remains: Remains::unknown(NAME, held),
        };
        Ok(Snapshots { follower: Follower::start(NAME, TICK, keeper)? })
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

struct Keeper {
    file: PathBuf,
    epoch: Epoch,
    published: PublishedWorkspace,
    /// What was written last; it shares with the workspace now what has not changed since.
    stored: Option<Stored>,
    /// When that was, and how long no other is written for its events.
    at: Instant,
    pause: Duration,
    /// What the WAL still holds of the snapshot before.
    remains: Remains,
}

impl Keeper {
    fn is_due(&self, head: Seq, moment: Moment) -> bool {
        let up_to = self.stored.as_ref().map_or(Seq::ZERO, |stored| stored.workspace.head);
        let events = head.get().saturating_sub(up_to.get());
        match moment {
            Moment::Tick => is_due(events, self.at.elapsed(), self.pause),
            Moment::Drain | Moment::Close => events > 0,
        }
    }
}

/// Whether a snapshot is due after so many events and so much time, when the last one asks for a pause.
fn is_due(events: u64, elapsed: Duration, pause: Duration) -> bool {
    (events >= EVENTS_BETWEEN && elapsed >= pause) || (events > 0 && elapsed >= TIME_BETWEEN)
}

impl Projector for Keeper {
    fn advance(&mut self, moment: Moment) -> Result<(), ProjectionError> {
        let workspace = self.published.now();
        let advanced = if self.is_due(workspace.head, moment) {
            self.write(&workspace)
        } else {
            match self.empty_wal(moment) {
                Err(error) if error.is_damage() => self.write(&workspace),
                emptied => emptied,
            }
        };
        if let Err(error) = &advanced {
            self.remains.fail(error);
        }
        advanced
    }
}

impl Keeper {
    fn write(&mut self, workspace: &Arc<Workspace>) -> Result<(), ProjectionError> {
        let begun = Instant::now();
        let written = follower::or_set_aside(&self.file, workspace.head, || {
            write(&self.file, self.epoch, workspace, self.stored.as_ref())
        })?;
        self.stored = Some(written.stored);
        self.at = Instant::now();
        self.pause = begun.elapsed() * PAUSE_PER_COST;
        self.remains.add(Some(workspace.last_ts));
        self.tell(written.is_wal_empty);
        Ok(())
    }

    fn empty_wal(&mut self, moment: Moment) -> Result<(), ProjectionError> {
        if self.remains.are_there() {
            // None is made for it; what whoever took it away has left beside it goes too.
            let is_rid = if sqlite::is_there(&self.file)? {
                Remains::empty_wal(&sqlite::open(&self.file)?, moment).in_file(&self.file)?
            } else {
                sqlite::remove_side_files(&self.file)?;
                true
            };
            self.tell(is_rid);
        }
        Ok(())
    }

    fn tell(&mut self, is_rid: bool) {
        if is_rid {
            self.remains.are_gone();
        } else {
            self.remains.hold(Instant::now());
        }
    }
}
