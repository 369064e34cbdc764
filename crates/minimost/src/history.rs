//! Whether the log goes on with the history that everybody knows, or with another one under a new epoch.
//!
//! A log that was put back from a backup, or lost its tail, gives the seqs after its end to other events. Streams and
//! projections that know the lost ones must not go on with it: where it is known, the epoch is another from then on.
//! Where it cannot be known (a whole directory was put back by hand), a cursor says on which record it stands.
//!
//! Neighbours: `boot` and `cli` open the log here; `restore` begins a new history by itself.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use anyhow::Context;
use chat::Seq;
use eventlog::Log;
use tokio::task::spawn_blocking;
use tracing::{info, warn};

use crate::comparison::repair_hint;
use crate::migration::migrate;
use crate::projection::{ProjectionError, verify_log_has_its_tail};

/// Records at the end of the log that a start verifies whole, where a crash may have left something. The envelopes of those
/// before them, and the bodies that the rules are decided on, are verified when the workspace is made of them; the others
/// when they are read, and by the comparison that begins at once.
const NEWEST_VERIFIED: u64 = 10_000;

/// Opens the log of a locked data directory; of what comes after `verified_up_to` the newest records are verified.
///
/// # Errors
///
/// When it cannot be used, or when a projection is ahead of it: the right log may still be found.
pub(crate) async fn open_log(data_dir: &Path, verified_up_to: u64) -> anyhow::Result<Log> {
    let log = open(data_dir, verified_up_to).await?;
    let (dir, opened) = (data_dir.to_owned(), log.clone());
    let verified = spawn_blocking(move || verify_log_has_its_tail(&dir, &opened)).await?;
    if let Err(ProjectionError::AheadOfLog { checkpoint, .. }) = &verified {
        note_lost_tail(data_dir, *checkpoint);
    }
    verified.context("the log is not what the projections were made of")?;
    let head = log.head();
    if !goes_on_otherwise(data_dir, head) {
        forget_lost_tail(data_dir)?;
        return Ok(log);
    }
    log.close().await?;
    let path = data_dir.join("log.db");
    let epoch = spawn_blocking(move || Log::renew_epoch(&path)).await??;
    forget_lost_tail(data_dir)?;
    info!("a new history begins after event {head}, {epoch}: every screen loads anew");
    open(data_dir, head).await
}

async fn open(data_dir: &Path, verified_up_to: u64) -> anyhow::Result<Log> {
    let path = data_dir.join("log.db");
    let open = move || {
        migrate(&path)?;
        Log::open_verifying(&path, verified_up_to, NEWEST_VERIFIED).map_err(|error| {
            let hint = repair_hint(&error);
            anyhow::Error::new(error).context(format!("{} cannot be opened{hint}", path.display()))
        })
    };
    spawn_blocking(open).await?
}

/// Whether events that somebody may know came after the end of a log of which no projection is ahead: a start was refused
/// because of them, or the two files that follow the log at once were deleted, which accepts that loss.
fn goes_on_otherwise(data_dir: &Path, head: u64) -> bool {
    let is_gone = |name: &str| !data_dir.join(name).exists();
    let has_lost_its_tail = find_lost_tail(data_dir).is_some_and(|seen| seen.get() > head);
    head > 0 && (has_lost_its_tail || (is_gone("presence.db") && is_gone("auth.db")))
}

/// Where a refused start writes down how far the log went once.
fn lost_tail_path(data_dir: &Path) -> PathBuf {
    data_dir.join("lost-tail")
}

/// The refusal is what counts; without the note only deleting the projections one by one goes unnoticed.
fn note_lost_tail(data_dir: &Path, seen: Seq) {
    let seen = find_lost_tail(data_dir).map_or(seen, |before| before.max(seen));
    if let Err(error) = fs::write(lost_tail_path(data_dir), seen.to_string()) {
        warn!("that the log has lost its tail could not be written down: {error}");
    }
}

fn find_lost_tail(data_dir: &Path) -> Option<Seq> {
    let noted = fs::read_to_string(lost_tail_path(data_dir)).ok()?;
    noted.trim().parse().ok().map(Seq)
}

/// The right log is back, or the loss is accepted.
pub(crate) fn forget_lost_tail(data_dir: &Path) -> anyhow::Result<()> {
    let path = lost_tail_path(data_dir);
    match fs::remove_file(&path) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => {
            Err(error).with_context(|| format!("{} cannot be removed", path.display()))
        }
        Ok(()) | Err(_) => Ok(()),
    }
}
