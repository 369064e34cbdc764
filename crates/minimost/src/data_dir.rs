//! The data directory: ours alone, and only one server's at a time.

use std::fs::{self, DirBuilder, File, OpenOptions, TryLockError};
use std::path::{Path, PathBuf};

use anyhow::{Context, bail};

use crate::projection;

/// Another process has the directory.
#[derive(Debug, thiserror::Error)]
#[error(
    "another MiniMost is working on {}; stop it first, or choose another directory with --data",
    .0.display()
)]
pub(crate) struct InUse(PathBuf);

/// An existing data directory, locked until dropped.
pub struct DataDir {
    path: PathBuf,
    /// The lock goes with it.
    _lock: File,
}

impl DataDir {
    /// Creates the directory when it is missing, and locks it. Refused is one whose log is lost.
    ///
    /// From here on every file that this process creates is for its user only.
    pub fn open(path: &Path) -> anyhow::Result<DataDir> {
        let data_dir = DataDir::open_for_log(path)?;
        refuse_lost_log(&data_dir.path)?;
        Ok(data_dir)
    }

    /// The same for who brings a log.
    pub fn open_for_log(path: &Path) -> anyhow::Result<DataDir> {
        keep_files_private();
        let mut builder = DirBuilder::new();
        builder.recursive(true);
        #[cfg(unix)]
        std::os::unix::fs::DirBuilderExt::mode(&mut builder, 0o700);
        builder
            .create(path)
            .with_context(|| format!("the data directory {} cannot be created", path.display()))?;
        let path = fs::canonicalize(path)
            .with_context(|| format!("the data directory {} cannot be opened", path.display()))?;
        let lock = lock(&path)?;
        projection::keep_temporary_files_in(&path)?;
        clear_leftovers(&path)?;
        refuse_original(&path)?;
        Ok(DataDir { path, _lock: lock })
    }

    /// Where it is, absolute.
    pub fn path(&self) -> &Path {
        &self.path
    }
}

fn lock(dir: &Path) -> anyhow::Result<File> {
    let path = dir.join("minimost.lock");
    let file = OpenOptions::new()
        .create(true)
        .truncate(false)
        .write(true)
        .open(&path)
        .with_context(|| format!("{} cannot be opened", path.display()))?;
    match file.try_lock() {
        Ok(()) => Ok(file),
        Err(TryLockError::WouldBlock) => Err(InUse(dir.to_owned()).into()),
        Err(TryLockError::Error(error)) => {
            Err(error).with_context(|| format!("{} cannot be locked", path.display()))
        }
    }
}

/// The copies of messages that a command makes and takes away again. No erasure finds them.
const COPIES: [&str; 4] =
    ["check.tmp", "log.db.repairing", "log.db.repair-source", "log.db.restoring"];

/// What SQLite puts beside a file.
const SIDE_FILES: [&str; 4] = ["", "-wal", "-shm", "-journal"];

/// Removes what a `check`, a `repair-log` or a `restore` left behind that was killed.
fn clear_leftovers(dir: &Path) -> anyhow::Result<()> {
    let left = fs::read_dir(dir).with_context(|| format!("{} cannot be listed", dir.display()))?;
    for entry in left {
        let path = entry.with_context(|| format!("{} cannot be listed", dir.display()))?.path();
        let name = path.file_name().unwrap_or_default().to_string_lossy();
        // By their whole names: what an operator called alike stays.
        let is_left = COPIES
            .iter()
            .any(|copy| name.strip_prefix(copy).is_some_and(|rest| SIDE_FILES.contains(&rest)));
        if !is_left {
            continue;
        }
        let removed =
            if path.is_dir() { fs::remove_dir_all(&path) } else { fs::remove_file(&path) };
        removed.with_context(|| {
            format!("{} holds copies of messages and cannot be removed", path.display())
        })?;
    }
    Ok(())
}

/// A log that is gone while its projections are there is not begun anew: that would be forgetting everything.
///
/// An empty file is a new log to SQLite; after the very first start it has at least a page.
fn refuse_lost_log(dir: &Path) -> anyhow::Result<()> {
    let log = dir.join("log.db");
    let has_log = fs::metadata(&log).is_ok_and(|found| found.len() > 0);
    if !has_log && has_projections(dir)? {
        bail!(
            "{} is lost, or empty, and it is where everything was written; bring it back from a backup. To begin \
             anew choose another directory with --data",
            log.display()
        );
    }
    Ok(())
}

fn has_projections(dir: &Path) -> anyhow::Result<bool> {
    let is_there = |name: &str| dir.join(name).exists();
    if ["workspace.db", "presence.db", "auth.db"].into_iter().any(is_there) {
        return Ok(true);
    }
    let users = dir.join("users");
    if !users.exists() {
        return Ok(false);
    }
    let unlisted = || format!("{} cannot be listed", users.display());
    let mut entries = fs::read_dir(&users).with_context(unlisted)?;
    let is_mailbox =
        |entry: &fs::DirEntry| entry.path().extension().is_some_and(|kind| kind == "db");
    Ok(entries.any(|entry| entry.is_ok_and(|entry| is_mailbox(&entry))))
}

/// A directory of the original is never touched. It has `auth.db` too, but only we have `workspace.db`.
fn refuse_original(dir: &Path) -> anyhow::Result<()> {
    let auth = dir.join("auth.db");
    let is_there = |name: &str| dir.join(name).exists();
    if auth.exists()
        && !is_there("log.db")
        && !is_there("workspace.db")
        && !projection::is_ours(&auth)
    {
        bail!(
            "{} belongs to the original MiniMost (it has auth.db and no log.db). It is left as it is: this version \
             cannot take it over yet. Choose another directory with --data",
            dir.display()
        );
    }
    Ok(())
}

#[cfg(unix)]
fn keep_files_private() {
    use rustix::fs::Mode;
    rustix::process::umask(Mode::RWXG | Mode::RWXO);
}

#[cfg(not(unix))]
fn keep_files_private() {}
