//! Which files are there: one that somebody took away is made anew, one that was set aside is known of.

use std::collections::HashSet;
use std::ffi::OsString;
use std::fs;
use std::io;
use std::os::unix::fs::FileTypeExt;
use std::path::{Path, PathBuf};
use std::time::{Duration, SystemTime};

use chat::UserId;
use tokio::time::Instant;

use super::super::{InFile, ProjectionError, sqlite};
use super::sweep::Sweep;
use super::{asides, user_db_path};

/// How often the directory is looked at.
const LOOK_EVERY: Duration = Duration::from_secs(2);

/// When the directory was looked at, and what it said of itself then.
#[derive(Default)]
pub(super) struct Files {
    looked: Option<Instant>,
    modified: Option<SystemTime>,
}

/// What is in a directory; nothing where there is none.
fn names_in(dir: &Path) -> io::Result<HashSet<OsString>> {
    match fs::read_dir(dir) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(HashSet::new()),
        entries => entries?.map(|entry| Ok(entry?.file_name())).collect(),
    }
}

/// Brings mailboxes to the disk with what is beside them; false when that takes longer than `until`. None may be open, since
/// closing a file lets go of the locks that SQLite has there.
pub(super) fn sync(
    data_dir: &Path,
    mailboxes: impl Iterator<Item = PathBuf>,
    until: Instant,
) -> Result<bool, ProjectionError> {
    for mailbox in mailboxes {
        if Instant::now() >= until {
            return Ok(false);
        }
        let mut wal = mailbox.clone().into_os_string();
        wal.push("-wal");
        for file in [mailbox, PathBuf::from(wal)] {
            sync_one(&file).in_file(&file)?;
        }
    }
    let users = data_dir.join("users");
    sync_one(&users).in_file(&users)?;
    Ok(true)
}

/// What is not there need not be brought anywhere, nor what is no file: opening a pipe waits for who writes into it.
fn sync_one(path: &Path) -> io::Result<()> {
    match fs::metadata(path) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(()),
        found => {
            if found?.file_type().is_fifo() {
                Ok(())
            } else {
                fs::File::open(path)?.sync_all()
            }
        }
    }
}

impl Sweep {
    /// Notes whose file is gone. A directory in which nothing has come or gone since is not listed.
    pub fn see_files(&mut self, data_dir: &Path, now: Instant) {
        let is_early = self.files.looked.is_some_and(|looked| now < looked + LOOK_EVERY);
        if is_early && !self.is_draining() {
            return;
        }
        self.files.looked = Some(now);
        let users = data_dir.join("users");
        let modified = fs::metadata(&users).and_then(|found| found.modified()).ok();
        if modified.is_some() && modified == self.files.modified {
            return;
        }
        let Ok(names) = names_in(&users) else {
            // What cannot be listed now says nothing of the files, and anybody's may have been set aside there.
            self.files.modified = None;
            for user in self.target.users.keys() {
                self.standings.see_aside(*user, true);
            }
            return;
        };
        self.files.modified = modified;
        let asides: HashSet<&str> =
            names.iter().filter_map(|name| asides::owner_of(name)).collect();
        for (user, account) in &self.target.users {
            self.standings.see_aside(*user, asides.contains(account.name.as_str()));
        }
        let is_gone = |user: &UserId| {
            let user = self.target.users.get(user);
            user.is_some_and(|it| !names.contains(&OsString::from(format!("{}.db", it.name))))
        };
        let there = self.standings.iter().filter(|(_, standing)| !standing.is_missing());
        let gone: Vec<UserId> = there.map(|(user, _)| user).filter(is_gone).collect();
        for user in gone {
            let path = user_db_path(data_dir, &self.target.users[&user].name);
            // What was written last stands in the WAL, which whoever took the file away may have left.
            if sqlite::remove_side_files(&path).is_ok() {
                self.standings.miss(user, now);
            } else {
                self.standings.lose(user, now);
                self.standings.hold(user, self.target_ts, now);
            }
        }
    }
}
