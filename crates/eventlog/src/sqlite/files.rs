//! Which files the log stands on, so that one that was deleted or replaced is noticed.
//!
//! SQLite writes on into a file that has no name any more, and says that all is well: what is acknowledged then is gone
//! with the process.

use std::ffi::OsString;
use std::fs::{self, Metadata};
use std::io;
use std::path::{Path, PathBuf};

/// `log.db` and its write-ahead log as they were when the log was opened.
pub(super) struct Files([(PathBuf, Identity); 2]);

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
        let identities = (identity(&file)?, identity(&wal)?);
        Ok(Files([(file, identities.0), (wal, identities.1)]))
    }

    /// The first file that is gone or another one now.
    pub(super) fn find_changed(&self) -> Option<&Path> {
        let changed = self.0.iter().find(|(path, known)| identity(path).ok() != Some(*known));
        changed.map(|(path, _)| path.as_path())
    }
}

fn identity(path: &Path) -> io::Result<Identity> {
    fs::metadata(path).map(|found| Identity::new(&found))
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
