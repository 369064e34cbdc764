//! `minimost restore`: a backup of the log takes the place of the log, and a new history begins after it.
//!
//! Promises: nothing of the data directory is touched before the backup was found to be whole; the log from before is
//! kept aside; ended at any moment it can be run again. Nothing of the backup is changed.
//!
//! Neighbour: `cli` has locked the data directory and says what was done.

use std::fs::{self, File, OpenOptions, TryLockError};
use std::io;
use std::path::{Path, PathBuf};

use anyhow::{Context, bail, ensure};
use chat::{Seq, Workspace};
use eventlog::Log;

use crate::data_dir::DataDir;
use crate::history;
use crate::migration::migrate;
use crate::projection::{self, check, snapshot};

/// What stands beside a SQLite file while it is in use, and after a crash.
const WAL: &str = "-wal";
const SHARED_MEMORY: &str = "-shm";

/// What was done.
pub(crate) struct Restored {
    /// The backup's log.
    pub(crate) from: PathBuf,
    /// Its last event.
    pub(crate) head: u64,
    /// Where the log from before is now; `None` when there was none.
    pub(crate) aside: Option<PathBuf>,
}

/// Puts a backup, a directory with `log.db` or such a file itself, in the place of the log.
pub(crate) async fn restore(data_dir: &DataDir, backup: &Path) -> anyhow::Result<Restored> {
    let dir = data_dir.path();
    let from = find_log(backup)?;
    let log = dir.join("log.db");
    let is_own = fs::canonicalize(&log).is_ok_and(|own| own == from);
    ensure!(!is_own, "{} is the log itself, and no backup of it", from.display());
    let _lock = lock_beside(&from)?;
    let copy = dir.join("log.db.restoring");
    remove_with_side_files(&copy)?;
    let head = match copied_and_verified(&from, &copy).await {
        Ok(head) => head,
        Err(error) => {
            remove_with_side_files(&copy)?;
            return Err(error.context("nothing was restored, and everything is as it was"));
        }
    };
    let aside = set_aside(dir, &log)?;
    fs::rename(&copy, &log).with_context(|| format!("{} cannot be moved", copy.display()))?;
    File::open(dir).and_then(|dir| dir.sync_all()).context("the directory cannot be written")?;
    projection::remove_all(dir)?;
    history::forget_lost_tail(dir)?;
    Ok(Restored { from, head, aside })
}

fn find_log(backup: &Path) -> anyhow::Result<PathBuf> {
    let unfound = || format!("there is no backup {}", backup.display());
    let backup = fs::canonicalize(backup).with_context(unfound)?;
    let log = if backup.is_dir() { backup.join("log.db") } else { backup };
    ensure!(log.is_file(), "there is no {}", log.display());
    fs::canonicalize(&log).with_context(unfound)
}

/// A directory that a server works on is no backup: its files do not stand still. Kept until the copy is made.
fn lock_beside(log: &Path) -> anyhow::Result<Option<File>> {
    let dir = log.parent().expect("a file lies in a directory");
    // Without that file, or the right to read it, no server of ours can be told from none.
    let Ok(lock) = File::open(dir.join("minimost.lock")) else { return Ok(None) };
    match lock.try_lock_shared() {
        Err(TryLockError::WouldBlock) => {
            bail!("a MiniMost is working on {}; give a backup of it", dir.display())
        }
        Ok(()) | Err(TryLockError::Error(_)) => Ok(Some(lock)),
    }
}

/// Copies a log, verifies the whole of it, and gives the copy an epoch of its own; answers with its last event.
async fn copied_and_verified(from: &Path, copy: &Path) -> anyhow::Result<u64> {
    copy_private(from, copy)?;
    if beside(from, WAL).exists() {
        copy_private(&beside(from, WAL), &beside(copy, WAL))?;
    }
    let (from, copy) = (from.to_owned(), copy.to_owned());
    let verified = tokio::task::spawn_blocking({
        let copy = copy.clone();
        move || {
            migrate(&copy)?;
            let log = Log::open(&copy, u64::MAX)?;
            check::verify_log(&log)?;
            // That it can be understood, too.
            snapshot::fold(&mut log.reader()?, &mut Workspace::default(), Seq(log.head()))?;
            anyhow::Ok(log)
        }
    });
    let log = verified.await?.with_context(|| format!("{} is not whole", from.display()))?;
    let head = log.head();
    log.close().await?;
    ensure!(head > 0, "{} is empty", from.display());
    Log::renew_epoch(&copy)?;
    // SQLite has emptied it into the file, and would otherwise find it beside the wrong one.
    remove_with(&copy, &[WAL, SHARED_MEMORY])?;
    OpenOptions::new()
        .write(true)
        .open(&copy)
        .and_then(|file| file.sync_all())
        .with_context(|| format!("{} cannot be written", copy.display()))?;
    Ok(head)
}

/// Copies a file for its user only, whatever the mode of the other.
fn copy_private(from: &Path, to: &Path) -> anyhow::Result<()> {
    let copy = || -> io::Result<()> {
        let mut source = File::open(from)?;
        let mut options = OpenOptions::new();
        options.write(true).create_new(true);
        #[cfg(unix)]
        std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
        io::copy(&mut source, &mut options.open(to)?)?;
        Ok(())
    };
    copy().with_context(|| format!("{} cannot be copied to {}", from.display(), to.display()))
}

/// Moves the log from before out of the way, under a name that is free; with its write-ahead log, which belongs to it and
/// would otherwise be played into the new one.
fn set_aside(dir: &Path, log: &Path) -> anyhow::Result<Option<PathBuf>> {
    let free = |number: &u32| {
        let aside = dir.join(format!("log.db.before-restore-{number}"));
        (!aside.exists() && !beside(&aside, WAL).exists()).then_some(aside)
    };
    let aside = (1..).find_map(|number| free(&number)).expect("there are numbers enough");
    let unmoved = || format!("{} cannot be moved", log.display());
    let mut is_any = false;
    for (old, new) in [(log.to_owned(), aside.clone()), (beside(log, WAL), beside(&aside, WAL))] {
        if old.exists() {
            fs::rename(old, new).with_context(unmoved)?;
            is_any = true;
        }
    }
    remove_with(log, &[SHARED_MEMORY])?;
    Ok(is_any.then_some(aside))
}

fn remove_with_side_files(file: &Path) -> anyhow::Result<()> {
    remove_with(file, &["", WAL, SHARED_MEMORY])
}

fn remove_with(file: &Path, suffixes: &[&str]) -> anyhow::Result<()> {
    for suffix in suffixes {
        let path = beside(file, suffix);
        match fs::remove_file(&path) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => {
                return Err(error).with_context(|| format!("{} cannot be removed", path.display()));
            }
            Ok(()) | Err(_) => {}
        }
    }
    Ok(())
}

fn beside(file: &Path, suffix: &str) -> PathBuf {
    let mut name = file.as_os_str().to_owned();
    name.push(suffix);
    PathBuf::from(name)
}
