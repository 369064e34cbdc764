//! The owner thread of a projection that has one file: it follows the log in the background, a tick at a time.

use std::fs;
use std::path::Path;
use std::sync::Arc;
use std::thread;
use std::time::Duration;

use chat::Seq;
use eventlog::fault_point;
use rusqlite::Connection;
use tokio::runtime;
use tokio::sync::{mpsc, oneshot};
use tracing::{error, info, warn};

use super::sqlite::{self, Checkpoint};
use super::{InFile, ProjectionError};

/// Requests waiting for one owner thread: there are only `drain` and `close`, and few who ask.
const ASKS_MAX: usize = 16;

/// Why a projection is asked to move.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Moment {
    /// Time has passed.
    Tick,
    /// Somebody waits until everything is on disk.
    Drain,
    /// Nothing comes after this.
    Close,
}

/// A projection that follows the log by itself.
pub(super) trait Projector: Send + 'static {
    /// Applies what is new.
    fn advance(&mut self, moment: Moment) -> Result<(), ProjectionError>;
}

enum Ask {
    Drain(oneshot::Sender<Result<(), ProjectionError>>),
    Close(oneshot::Sender<()>),
}

/// A handle to the owner thread; clones share it.
#[derive(Clone)]
pub(super) struct Follower {
    asks: mpsc::Sender<Ask>,
    name: Arc<str>,
}

impl Follower {
    /// Starts the owner thread; it ends at `close`, or when every handle is gone.
    pub fn start(
        name: &'static str,
        every: Duration,
        projector: impl Projector,
    ) -> Result<Follower, ProjectionError> {
        let (asks, receiver) = mpsc::channel(ASKS_MAX);
        // Only for waiting with a timeout; nothing else runs on it.
        let runtime =
            runtime::Builder::new_current_thread().enable_time().build().in_file(name.as_ref())?;
        thread::Builder::new()
            .name(name.to_owned())
            .spawn(move || follow(name, &runtime, every, receiver, projector))
            .in_file(name.as_ref())?;
        Ok(Follower { asks, name: name.into() })
    }

    /// Returns when the owner thread has ended.
    pub async fn ended(&self) {
        self.asks.closed().await;
    }

    /// Brings the projection to the head and returns when that is on disk.
    pub async fn drain(&self) -> Result<(), ProjectionError> {
        let (answer, answered) = oneshot::channel();
        self.asks.send(Ask::Drain(answer)).await.map_err(|_| ProjectionError::Closed)?;
        answered.await.map_err(|_| ProjectionError::Closed)?
    }

    /// Brings the projection to the head, closes its file and ends the thread; a second call finds it done.
    pub async fn close(&self) {
        let (answer, answered) = oneshot::channel();
        if self.asks.send(Ask::Close(answer)).await.is_ok() && answered.await.is_err() {
            error!(projection.name = %self.name, "the owner thread of {} panicked", self.name);
        }
    }
}

fn follow(
    name: &str,
    runtime: &runtime::Runtime,
    every: Duration,
    mut asks: mpsc::Receiver<Ask>,
    mut projector: impl Projector,
) {
    let mut is_failing = false;
    loop {
        let asked = runtime.block_on(async { tokio::time::timeout(every, asks.recv()).await });
        let moment = match &asked {
            Err(_elapsed) => Moment::Tick,
            Ok(Some(Ask::Drain(_))) => Moment::Drain,
            Ok(Some(Ask::Close(_)) | None) => Moment::Close,
        };
        fault_point(name);
        let result = projector.advance(moment);
        // Once when it begins and once when it ends: a full disk must not fill the diagnostics too.
        match &result {
            Err(error) if !is_failing => {
                let error = error as &dyn std::error::Error;
                error!(projection.name = name, error, "{name} does not follow the log");
            }
            Ok(()) if is_failing => info!(projection.name = name, "{name} follows the log again"),
            Ok(()) | Err(_) => {}
        }
        is_failing = result.is_err();
        match asked {
            // Whoever asked may have gone; the work is done all the same.
            Ok(Some(Ask::Drain(answer))) => drop(answer.send(result)),
            Ok(Some(Ask::Close(answer))) => {
                drop(projector);
                let _ = answer.send(());
                return;
            }
            Ok(None) => return,
            Err(_elapsed) => {}
        }
    }
}

/// Opens a projection's file and says how far it is; one that is new, or of another epoch or format, is begun at 0.
///
/// `expected.seq` is the head of the log: a file that is further has seen what the log has lost.
pub(super) fn open_or_begin(
    file: &Path,
    expected: Checkpoint,
    schema: &str,
) -> Result<(Connection, Seq), ProjectionError> {
    let connection = sqlite::open(file)?;
    let found = sqlite::checkpoint(&connection).in_file(file)?;
    match found {
        Some(found) if (found.format, found.epoch) == (expected.format, expected.epoch) => {
            if found.seq > expected.seq {
                let (file, checkpoint, head) = (file.to_owned(), found.seq, expected.seq);
                return Err(ProjectionError::AheadOfLog { file, checkpoint, head });
            }
            Ok((connection, found.seq))
        }
        Some(_) | None => {
            // Close before removing: a connection to a removed file would write into nothing.
            drop(connection);
            sqlite::remove(file)?;
            let connection = sqlite::open(file)?;
            connection.execute_batch(schema).in_file(file)?;
            connection.execute_batch(sqlite::CHECKPOINT_SCHEMA).in_file(file)?;
            let begun = Checkpoint { seq: Seq::ZERO, ..expected };
            sqlite::set_checkpoint(&connection, begun).in_file(file)?;
            Ok((connection, Seq::ZERO))
        }
    }
}

/// Does something with a file; when that is damaged, it is set aside and everything is done once more, with a new one.
///
/// Whatever has the file open must be closed when `act` fails.
pub(super) fn or_set_aside<T>(
    file: &Path,
    head: Seq,
    mut act: impl FnMut() -> Result<T, ProjectionError>,
) -> Result<T, ProjectionError> {
    match act() {
        Err(error) if error.is_damage() => {
            let now = put_aside(file, head)?;
            let (name, error) = (file.display(), &error as &dyn std::error::Error);
            warn!(error, "{name} was damaged and {now}; it is rebuilt from the log");
            act()
        }
        result => result,
    }
}

/// Gets a damaged file out of the way, and says what became of it. One is kept for whoever wants to look, and no more: a
/// disk that breaks each new one too must not fill itself.
fn put_aside(file: &Path, head: Seq) -> Result<String, ProjectionError> {
    if has_aside(file)? {
        sqlite::remove(file)?;
        return Ok("was removed, because one of before is kept".to_owned());
    }
    Ok(format!("is now {}", sqlite::set_aside(file, head)?.display()))
}

fn has_aside(file: &Path) -> Result<bool, ProjectionError> {
    let dir = file.parent().expect("a projection lies in the data directory");
    let name = file.file_name().unwrap_or_default().to_string_lossy();
    for entry in fs::read_dir(dir).in_file(dir)? {
        let found = entry.in_file(dir)?.file_name();
        let rest = found.to_str().and_then(|it| it.strip_prefix(&*name));
        if rest.is_some_and(|it| it.starts_with(".damaged-")) {
            return Ok(true);
        }
    }
    Ok(false)
}
