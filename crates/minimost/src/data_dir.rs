//! The data directory: ours alone, and only one server's at a time.

use std::fs::{self, DirBuilder, File, OpenOptions, TryLockError};
use std::path::{Path, PathBuf};

use anyhow::{Context, bail};

/// An existing data directory, locked until dropped.
pub struct DataDir {
    path: PathBuf,
    /// The lock goes with it.
    _lock: File,
}

impl DataDir {
    /// Creates the directory when it is missing, and locks it.
    ///
    /// From here on every file that this process creates is for its user only.
    pub fn open(path: &Path) -> anyhow::Result<DataDir> {
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
        refuse_lost_log(&path)?;
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
        Err(TryLockError::WouldBlock) => bail!(
            "another MiniMost is working on {}; stop it first, or choose another directory with --data",
            dir.display()
        ),
        Err(TryLockError::Error(error)) => {
            Err(error).with_context(|| format!("{} cannot be locked", path.display()))
        }
    }
}

/// A log that is gone while its projections are there is not begun anew: that would be forgetting everything.
///
/// An empty file is a new log to SQLite; after the very first start it has at least a page. Only we have `workspace.db`.
fn refuse_lost_log(dir: &Path) -> anyhow::Result<()> {
    let log = dir.join("log.db");
    let is_there = |name: &str| dir.join(name).exists();
    let is_lost = match fs::metadata(&log) {
        Ok(found) => found.len() == 0 && (is_there("workspace.db") || is_there("auth.db")),
        Err(_missing) => is_there("workspace.db"),
    };
    if is_lost {
        bail!(
            "{} is lost, or empty, and it is where everything was written; bring it back from a backup. To begin \
             anew choose another directory with --data",
            log.display()
        );
    }
    Ok(())
}

/// A directory of the original is never touched.
fn refuse_original(dir: &Path) -> anyhow::Result<()> {
    if dir.join("auth.db").exists() && !dir.join("log.db").exists() {
        bail!(
            "{} belongs to the original MiniMost (it has auth.db and no log.db). It is left as it is; bring it over \
             into a new directory with `minimost import {}`",
            dir.display(),
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
