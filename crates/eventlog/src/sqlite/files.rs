//! Which files the log stands on, so that one that was deleted, replaced or cut short is noticed.
//!
//! SQLite writes on into a file that has no name any more, or that lacks what it wrote before, and says that all is well:
//! what is acknowledged then is gone with the process.

use std::ffi::OsString;
use std::fs::{self, Metadata};
use std::io;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU64, Ordering};

/// `log.db` and its write-ahead log as they were when the log was opened, and how long they have been since.
pub(super) struct Files([Known; 2]);

struct Known {
    path: PathBuf,
    identity: Identity,
    bytes: AtomicU64,
}

/// What became of a file.
pub(super) enum Change<'a> {
    /// It is gone, or another one now.
    Another(&'a Path),
    /// It is shorter than it was. Neither file shrinks by what its one writer does, but when the writer empties the
    /// write-ahead log; another program may have done that, or have made the file smaller (`VACUUM`).
    Shorter(&'a Path),
}

/// What tells one file from another that has its name.
#[derive(Clone, Copy, PartialEq, Eq)]
struct Identity {
    device: u64,
    inode: u64,
    /// A second name is no harm yet; whoever opens the file by it has another write-ahead log.
    links: u64,
}

impl Files {
    /// Looks at the files of a log that a connection has open.
    pub(super) fn of(path: &Path) -> io::Result<Files> {
        // SQLite follows symbolic links, and names the write-ahead log after where they lead.
        let file = fs::canonicalize(path)?;
        let mut wal = OsString::from(&file);
        wal.push("-wal");
        let wal = PathBuf::from(wal);
        let known = |path: PathBuf| {
            let found = fs::metadata(&path)?;
            let (identity, bytes) = (Identity::new(&found), AtomicU64::new(found.len()));
            io::Result::Ok(Known { path, identity, bytes })
        };
        Ok(Files([known(file)?, known(wal)?]))
    }

    /// The first file that is gone or another one now.
    pub(super) fn find_another(&self) -> Option<&Path> {
        let is_another = |known: &&Known| known.look().is_none();
        self.0.iter().find(is_another).map(|known| known.path.as_path())
    }

    /// What became first of the files since the last look; for their one writer.
    pub(super) fn find_changed(&self) -> Option<Change<'_>> {
        self.0.iter().find_map(|known| match known.look() {
            None => Some(Change::Another(&known.path)),
            Some(bytes) if bytes < known.bytes.load(Ordering::Relaxed) => {
                Some(Change::Shorter(&known.path))
            }
            Some(bytes) => {
                known.bytes.store(bytes, Ordering::Relaxed);
                None
            }
        })
    }

    /// They are as long as they should be, although one was longer.
    pub(super) fn accept_lengths(&self) {
        for known in &self.0 {
            if let Some(bytes) = known.look() {
                known.bytes.store(bytes, Ordering::Relaxed);
            }
        }
    }

    /// Whether `log.db` is as long as this.
    pub(super) fn is_long(&self, bytes: u64) -> bool {
        self.0[0].look() == Some(bytes)
    }
}

impl Known {
    /// How long the file is; `None` when it is not there.
    fn look(&self) -> Option<u64> {
        let found = fs::metadata(&self.path).ok()?;
        (Identity::new(&found) == self.identity).then_some(found.len())
    }
}

impl Identity {
    #[cfg(unix)]
    fn new(found: &Metadata) -> Identity {
        use std::os::unix::fs::MetadataExt;
        Identity { device: found.dev(), inode: found.ino(), links: found.nlink() }
    }

    /// Where files have no numbers, only their absence is noticed.
    #[cfg(not(unix))]
    fn new(_: &Metadata) -> Identity {
        Identity { device: 0, inode: 0, links: 1 }
    }
}
