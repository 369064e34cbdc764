//! The owner thread: the only one that writes to the log.
//!
//! Whatever waits when a commit ends goes into the next one (group commit), so the disk's flush is paid once for all of
//! it. Each batch keeps its own fate: one that is refused is rolled back to its savepoint, the others stay.

use std::path::PathBuf;
use std::sync::Arc;
use std::sync::mpsc::{Receiver, RecvTimeoutError};
use std::time::{Duration, Instant};

use rusqlite::{Connection, ErrorCode, ffi};
use tokio::sync::{OwnedSemaphorePermit, oneshot, watch};

use super::damage::Damage;
use super::file::{self, Tip};
use super::files::{Change, Files};
use super::insert;
use crate::Error;
use crate::appends::Progress;
use crate::fault::fault_point;
use crate::follow::Head;
use crate::record::{Batch, Haste};

/// Records that one commit takes at most; what is beyond waits for the next, so that no caller waits for all the world.
const GROUP_RECORDS_MAX: usize = 8_192;

/// How long erased bytes may stay in the WAL, so that several erasures share one emptying: it costs more than a commit,
/// and everybody who appends waits for it.
const ERASURE_DELAY: Duration = Duration::from_secs(1);

/// The same for those that are in no haste: what people write is saved as they write, and takes its own place each time.
const LATER_ERASURE_DELAY: Duration = Duration::from_secs(30);

/// How long emptying the WAL waits for a reader that is in the middle of it.
const ERASURE_BUSY_TIMEOUT: Duration = Duration::from_millis(100);

/// How long a file that could not be opened again is left alone, when nobody appends.
const REOPEN_DELAY: Duration = Duration::from_secs(1);

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

/// Erased bytes that could not leave the WAL when they had to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct HeldErasure {
    /// The time of the record that erased the first of them, in microseconds; `None` where it is not known, nor whether
    /// there are any: of a WAL that was found at the start.
    pub since: Option<i64>,
}

/// The state of the owner thread.
pub(super) struct Owner {
    pub path: PathBuf,
    /// `None` after a failure: what SQLite believes of the file is then read anew.
    pub connection: Option<Connection>,
    pub tip: Tip,
    pub head: Arc<Head>,
    pub appends: Progress,
    pub damage: Arc<Damage>,
    pub files: Arc<Files>,
    /// A commit failed and may lie in the WAL as one that did not: a crash would bring it back.
    pub wal_holds_refused: bool,
    /// When bytes that were erased have to leave the WAL.
    pub erasure_due: Option<Instant>,
    /// What is known of them.
    pub erased: Option<HeldErasure>,
    /// Tells of bytes that could not leave the WAL when they had to.
    pub held_erasure: watch::Sender<Option<HeldErasure>>,
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

    /// Waits for an order, and does what is due meanwhile.
    fn next_order(&mut self, orders: &Receiver<Order>) -> Option<Order> {
        loop {
            let Some(delay) = self.do_chores() else { return orders.recv().ok() };
            match orders.recv_timeout(delay) {
                Ok(order) => return Some(order),
                Err(RecvTimeoutError::Disconnected) => return None,
                Err(RecvTimeoutError::Timeout) => {}
            }
        }
    }

    /// Opens the file again if it has to be, empties the WAL if that is due, and says when there is more to do.
    fn do_chores(&mut self) -> Option<Duration> {
        if self.connect().is_err() {
            // Whoever appends next is told; here it only means trying again.
            if self.erasure_due.is_some_and(|due| due <= now()) {
                self.tell_erasure(false);
            }
            return Some(REOPEN_DELAY);
        }
        let due = self.erasure_due?;
        let delay = due.saturating_duration_since(now());
        if !delay.is_zero() {
            return Some(delay);
        }
        let is_done = self.empty_wal().unwrap_or(false);
        // A reader in the middle of it, or a fault that the next append will tell.
        self.erasure_due = (!is_done).then(|| now() + ERASURE_DELAY);
        self.tell_erasure(is_done);
        (!is_done).then_some(ERASURE_DELAY)
    }

    /// Says what came of emptying the WAL.
    fn tell_erasure(&mut self, is_done: bool) {
        let held = (!is_done).then(|| *self.erased.get_or_insert(HeldErasure { since: None }));
        if is_done {
            self.erased = None;
        }
        self.held_erasure.send_if_modified(|told| std::mem::replace(told, held) != held);
    }

    /// Commits a group and answers each of its batches.
    fn append(&mut self, group: Vec<Append>) {
        if group.is_empty() {
            return;
        }
        fault_point("log-owner");
        let (batches, waiting): (Vec<_>, Vec<_>) = group
            .into_iter()
            .map(|Append { batch, answer, place }| (batch, (answer, place)))
            .unzip();
        // Said before anybody can read what it commits, and again before anybody is answered.
        self.appends.begin();
        let answers = match self.commit(&batches) {
            Ok(answers) => answers,
            Err(error) => vec![Err(error); batches.len()],
        };
        self.appends.end(answers.iter().flatten().copied().max());
        for ((waiting, _place), answer) in waiting.into_iter().zip(answers) {
            // A caller that went away cannot take its append back; it is as durable as any.
            let _ = waiting.send(answer);
        }
    }

    /// Makes a group durable; the outer error means that nothing of it is, or that it is not known.
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
        if let Err(error) = self.verify_lengths() {
            self.connection = None;
            return Err(error);
        }
        let connection = self.connection.as_ref().expect("it is as it was");
        let committed =
            connection.prepare_cached("COMMIT").and_then(|mut commit| commit.execute([]));
        if let Some(haste) = applied.haste {
            // Of a failed commit too: what is due too often is only slow.
            self.erasure_due = Some(due(self.erasure_due, haste, now()));
            let erasing = batches.iter().find(|batch| !batch.redactions.is_empty());
            let first = erasing.and_then(|batch| batch.records.first());
            let ts = first.map_or(applied.tip.ts_micros, |record| record.ts_micros);
            self.erased.get_or_insert(HeldErasure { since: Some(ts) });
        }
        match committed {
            Ok(_) => {
                // Frames of a record lie now where those of the refused commit did.
                self.wal_holds_refused &= self.tip == applied.tip;
                self.tip = applied.tip;
            }
            Err(error) => {
                self.connection = None;
                self.wal_holds_refused = may_rise(&error);
                let is_told_by_tip = self.tip != applied.tip;
                let is_there = is_told_by_tip && self.connect().ok() == Some(applied.tip);
                if !is_there && may_rise(&error) {
                    return Err(Error::Unknown(Arc::new(error.into())));
                }
                if !is_there {
                    return Err(error.into());
                }
            }
        }
        self.verify_files().map_err(|error| Error::Unknown(Arc::new(error)))?;
        self.head.move_to(self.tip.seq);
        Ok(applied.answers)
    }

    /// Makes sure that there is a connection, and finds the tip where the last one left it.
    fn connect(&mut self) -> Result<Tip, Error> {
        if self.connection.is_some() {
            return Ok(self.tip);
        }
        // It is opened by name, which may be another file's now.
        self.verify_files()?;
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
                let busy = ffi::Error::new(ffi::SQLITE_BUSY);
                return Err(rusqlite::Error::SqliteFailure(busy, None).into());
            }
            self.tip = tip;
            self.head.move_to(tip.seq);
        }
        self.connection = Some(connection);
        if self.wal_holds_refused {
            // Otherwise the next commit writes over it, and the next chore tries again.
            self.wal_holds_refused = !self.empty_wal().unwrap_or(false);
        }
        Ok(tip)
    }

    /// Makes sure that what was written has a name and is all there: two looks beside an fsync.
    fn verify_files(&self) -> Result<(), Error> {
        match self.files.find_changed() {
            None => Ok(()),
            Some(Change::Shorter(_)) if self.is_whole()? => {
                self.files.accept_lengths();
                Ok(())
            }
            Some(Change::Another(file) | Change::Shorter(file)) => {
                Err(self.damage.report(Error::FileChanged { file: file.to_owned() }))
            }
        }
    }

    /// Makes sure that nothing is missing, before what is written next makes the files as long as they were.
    fn verify_lengths(&self) -> Result<(), Error> {
        match self.files.find_changed() {
            Some(Change::Shorter(_)) => self.verify_files(),
            // Told when it has been tried: then nobody knows what became of it.
            Some(Change::Another(_)) | None => Ok(()),
        }
    }

    /// Whether the files hold all that they should, although one is shorter than it was. A new connection has nothing in
    /// memory: it finds the last record, or not, where the files say it is. The last commit is what a shorter
    /// write-ahead log lacks first; and a file that was made smaller in good order is as long as it says.
    fn is_whole(&self) -> Result<bool, Error> {
        let look = || -> Result<bool, Error> {
            let connection = file::open_reading(&self.path)?;
            file::epoch(&connection)?;
            let number =
                |pragma| connection.pragma_query_value(None, pragma, |row| row.get::<_, i64>(0));
            let bytes: i64 = number("page_count")? * number("page_size")?;
            let is_long = self.files.is_long(bytes.cast_unsigned());
            Ok(is_long && file::tip(&connection)? == self.tip)
        };
        match look() {
            Err(Error::Storage(error)) if is_passing(&error) => Err(Error::Storage(error)),
            looked => Ok(looked.unwrap_or(false)),
        }
    }

    /// Moves the WAL into the file and truncates it; false while a reader is in the middle of it.
    ///
    /// Erased bytes are overwritten in the file, but older frames of the WAL still have them.
    fn empty_wal(&self) -> Result<bool, Error> {
        let connection = self.connection.as_ref().expect("chores begin with connect()");
        connection.busy_timeout(ERASURE_BUSY_TIMEOUT)?;
        self.verify_lengths()?;
        let is_done = checkpoint(connection, "PRAGMA wal_checkpoint(TRUNCATE)")?;
        self.files.accept_lengths();
        connection.busy_timeout(file::BUSY_TIMEOUT)?;
        Ok(is_done)
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

/// When the WAL is to be emptied, which was due at `before`, after an erasure at `now`.
fn due(before: Option<Instant>, haste: Haste, now: Instant) -> Instant {
    let delay = match haste {
        Haste::Soon => ERASURE_DELAY,
        Haste::Later => LATER_ERASURE_DELAY,
    };
    before.map_or(now + delay, |before| before.min(now + delay))
}

/// Whether a COMMIT that ended so may have left all of its frames in the WAL: then it was not the writing that failed.
fn may_rise(error: &rusqlite::Error) -> bool {
    let code = error.sqlite_error().map(|error| error.extended_code);
    !matches!(code, Some(ffi::SQLITE_FULL | ffi::SQLITE_IOERR_WRITE))
}

/// Whether a look failed for want of something else than the file.
fn is_passing(error: &rusqlite::Error) -> bool {
    matches!(
        error.sqlite_error_code(),
        Some(ErrorCode::CannotOpen | ErrorCode::DatabaseBusy | ErrorCode::DatabaseLocked)
    )
}

/// Runs a checkpoint; false when readers kept it from being complete.
fn checkpoint(connection: &Connection, pragma: &str) -> Result<bool, Error> {
    let is_busy: bool = connection.query_row(pragma, [], |row| row.get(0))?;
    Ok(!is_busy)
}

/// The machine's own pace, for delays that no rule and no record depends on.
#[expect(
    clippy::disallowed_methods,
    reason = "the log has no clock; nothing of this is ever stored"
)]
pub(super) fn now() -> Instant {
    Instant::now()
}

#[cfg(test)]
mod tests {
    use super::*;

    /// How often the WAL is emptied in ten minutes, when something is erased thirty times a second.
    fn emptied(haste: Haste) -> usize {
        let start = now();
        let (mut erasure_due, mut times) = (None, 0);
        for at in (0..600_000).step_by(33).map(|ms| start + Duration::from_millis(ms)) {
            times += usize::from(erasure_due.take_if(|due| *due <= at).is_some());
            erasure_due = Some(due(erasure_due, haste, at));
        }
        times
    }

    #[test]
    fn what_is_in_no_haste_empties_the_wal_twice_a_minute_and_what_is_each_second() {
        assert_eq!(emptied(Haste::Later), 19);
        assert!((550..600).contains(&emptied(Haste::Soon)), "{}", emptied(Haste::Soon));
    }

    #[test]
    fn haste_is_not_kept_waiting_by_what_has_none() {
        let start = now();
        let later = due(None, Haste::Later, start);
        let soon = due(Some(later), Haste::Soon, start);
        assert_eq!(soon, start + ERASURE_DELAY);
        assert_eq!(due(Some(soon), Haste::Later, start), soon);
    }
}
