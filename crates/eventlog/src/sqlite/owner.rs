//! The owner thread: the only one that writes to the log.
//!
//! Whatever waits when a commit ends goes into the next one (group commit), so the disk's flush is paid once for all of
//! it. Each batch keeps its own fate: one that is refused is rolled back to its savepoint, the others stay.

use std::path::PathBuf;
use std::sync::Arc;
use std::sync::mpsc::{Receiver, RecvTimeoutError, TryRecvError};
use std::time::Duration;

use rusqlite::Connection;
use tokio::sync::{OwnedSemaphorePermit, oneshot};

use super::damage::Damage;
use super::file::{self, Tip};
use super::insert;
use crate::Error;
use crate::follow::Head;
use crate::record::Batch;

/// Records that one commit takes at most; what is beyond waits for the next, so that no caller waits for all the world.
const GROUP_RECORDS_MAX: usize = 8_192;

/// Commits after which erased bytes leave the WAL even when the queue is never idle; about a second of full load.
const ERASURE_COMMITS_MAX: u32 = 1_000;

/// How long emptying the WAL waits for a reader that is in the middle of it.
const ERASURE_BUSY_TIMEOUT: Duration = Duration::from_millis(100);

/// How long a chore that failed (emptying the WAL, opening the file again) is left alone.
const CHORE_RETRY_DELAY: Duration = Duration::from_secs(1);

/// A batch on its way, and who waits for it.
pub(super) struct Append {
    pub batch: Batch,
    pub answer: oneshot::Sender<Result<u64, Error>>,
    /// Its place in the queue, free again when it is answered.
    pub place: OwnedSemaphorePermit,
}

/// What the owner thread may be told.
pub(super) enum Order {
    Append(Append),
    /// Fails every page beyond the file's present size, until it is told otherwise.
    FillDisk(bool),
    Close(oneshot::Sender<Result<(), Error>>),
}

/// The state of the owner thread.
pub(super) struct Owner {
    pub path: PathBuf,
    /// `None` after a failure: what SQLite believes of the file is then read anew.
    pub connection: Option<Connection>,
    pub tip: Tip,
    pub head: Arc<Head>,
    pub damage: Arc<Damage>,
    /// Commits since the oldest erasure whose bytes are still in the WAL.
    pub commits_since_erasure: Option<u32>,
    pub disk_is_filled: bool,
}

impl Owner {
    /// Follows orders until it is closed or every handle is gone.
    pub(super) fn run(mut self, orders: &Receiver<Order>) {
        while let Some(mut order) = self.next_order(orders) {
            let mut group = Vec::new();
            let mut records = 0;
            let other = loop {
                match order {
                    Order::Append(append) => {
                        records += append.batch.records.len();
                        group.push(append);
                    }
                    other @ (Order::FillDisk(_) | Order::Close(_)) => break Some(other),
                }
                if records >= GROUP_RECORDS_MAX {
                    break None;
                }
                // Disconnected is noticed by the next wait; first this group is answered.
                let Ok(next) = orders.try_recv() else { break None };
                order = next;
            };
            self.append(group);
            match other {
                Some(Order::Close(answer)) => {
                    let result = self.finish();
                    // Nobody waiting for the end is no reason not to end.
                    let _ = answer.send(result);
                    return;
                }
                Some(Order::FillDisk(is_filled)) => {
                    self.disk_is_filled = is_filled;
                    self.connection = None;
                }
                Some(Order::Append(_)) | None => {}
            }
        }
        // Every handle is gone, so nobody can be told; what failed here is done again at the next start.
        let _ = self.finish();
    }

    /// Waits for an order, and uses idle moments for chores.
    fn next_order(&mut self, orders: &Receiver<Order>) -> Option<Order> {
        loop {
            match orders.try_recv() {
                Ok(order) => return Some(order),
                Err(TryRecvError::Disconnected) => return None,
                Err(TryRecvError::Empty) => {}
            }
            if self.do_chores() {
                return orders.recv().ok();
            }
            match orders.recv_timeout(CHORE_RETRY_DELAY) {
                Ok(order) => return Some(order),
                Err(RecvTimeoutError::Disconnected) => return None,
                Err(RecvTimeoutError::Timeout) => {}
            }
        }
    }

    /// Opens the file again if it has to be and empties the WAL of erased bytes; false when something is left to do.
    fn do_chores(&mut self) -> bool {
        // A failure is told to whoever appends next; here it only means trying again.
        let is_connected = self.connect().is_ok();
        is_connected
            && self.empty_wal_if_erased().is_ok_and(|()| self.commits_since_erasure.is_none())
    }

    /// Commits a group and answers each of its batches.
    fn append(&mut self, group: Vec<Append>) {
        if group.is_empty() {
            return;
        }
        let (batches, waiting): (Vec<_>, Vec<_>) = group
            .into_iter()
            .map(|Append { batch, answer, place }| (batch, (answer, place)))
            .unzip();
        let answers = match self.commit(&batches) {
            Ok(answers) => answers,
            Err(error) => vec![Err(error); batches.len()],
        };
        for ((waiting, _place), answer) in waiting.into_iter().zip(answers) {
            // A caller that went away cannot take its append back; it is as durable as any.
            let _ = waiting.send(answer);
        }
        if self.commits_since_erasure.is_some_and(|commits| commits >= ERASURE_COMMITS_MAX) {
            self.commits_since_erasure = Some(1);
            // It is still marked as to be done, so a failure is made up for by the next chores.
            let _ = self.empty_wal_if_erased();
        }
    }

    /// Makes a group durable; the outer error means that nothing of it is.
    fn commit(&mut self, batches: &[Batch]) -> Result<Vec<Result<u64, Error>>, Error> {
        self.damage.check()?;
        let tip = self.connect()?;
        let connection = self.connection.as_ref().expect("connect() left one");
        let applied = match insert::apply(connection, tip, batches) {
            Ok(applied) => applied,
            Err(error) => {
                self.connection = None;
                return Err(error);
            }
        };
        let committed =
            connection.prepare_cached("COMMIT").and_then(|mut commit| commit.execute([]));
        if applied.has_redactions || self.commits_since_erasure.is_some() {
            self.commits_since_erasure = Some(self.commits_since_erasure.map_or(1, |n| n + 1));
        }
        match committed {
            Ok(_) => self.tip = applied.tip,
            Err(error) => {
                self.connection = None;
                let is_told_by_tip = self.tip != applied.tip;
                if !is_told_by_tip || self.connect().ok() != Some(applied.tip) {
                    return Err(error.into());
                }
            }
        }
        self.head.move_to(self.tip.seq);
        Ok(applied.answers)
    }

    /// Makes sure that there is a connection, and finds the tip where the last one left it.
    fn connect(&mut self) -> Result<Tip, Error> {
        if self.connection.is_some() {
            return Ok(self.tip);
        }
        let connection = file::reopen(&self.path)?;
        if self.disk_is_filled {
            connection.pragma_update(None, "max_page_count", 1)?;
        }
        let tip = file::tip(&connection)?;
        if tip.seq < self.tip.seq {
            // Records that were acknowledged are gone.
            return Err(self.damage.found(tip.seq + 1));
        }
        if tip != self.tip {
            // A COMMIT failed and happened all the same. Its flush may be what failed: moving the WAL into the file
            // flushes anew, and only then may anybody hear of it.
            if !checkpoint(&connection, "PRAGMA wal_checkpoint(FULL)")? {
                let busy = rusqlite::ffi::Error::new(rusqlite::ffi::SQLITE_BUSY);
                return Err(rusqlite::Error::SqliteFailure(busy, None).into());
            }
            self.tip = tip;
            self.head.move_to(tip.seq);
        }
        self.connection = Some(connection);
        Ok(tip)
    }

    /// Overwritten in the file, erased bytes are still in older frames of the WAL: moves it into the file, truncates it.
    fn empty_wal_if_erased(&mut self) -> Result<(), Error> {
        let (Some(_), Some(connection)) = (self.commits_since_erasure, &self.connection) else {
            return Ok(());
        };
        connection.busy_timeout(ERASURE_BUSY_TIMEOUT)?;
        let is_done = checkpoint(connection, "PRAGMA wal_checkpoint(TRUNCATE)")?;
        connection.busy_timeout(file::BUSY_TIMEOUT)?;
        if is_done {
            self.commits_since_erasure = None;
        }
        Ok(())
    }

    /// Leaves the file in one piece: everything moved out of the WAL, the connection closed.
    fn finish(&mut self) -> Result<(), Error> {
        self.connect()?;
        let connection = self.connection.take().expect("connect() left one");
        // A reader elsewhere may keep it from being emptied; the last connection to close does it then.
        checkpoint(&connection, "PRAGMA wal_checkpoint(TRUNCATE)")?;
        connection.close().map_err(|(_, error)| Error::from(error))
    }
}

/// Runs a checkpoint; false when readers kept it from being complete.
fn checkpoint(connection: &Connection, pragma: &str) -> Result<bool, Error> {
    let is_busy: bool = connection.query_row(pragma, [], |row| row.get(0))?;
    Ok(!is_busy)
}
