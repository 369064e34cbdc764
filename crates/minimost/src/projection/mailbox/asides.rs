//! Mailboxes that were damaged, or said something else than the log, and were set aside for whoever wants to look.
//!
//! Promises: of one person there is at most one, however often their file breaks; and a deletion of what the person could
//! read takes it away, because nobody can take single messages out of a damaged file.

use std::ffi::OsStr;
use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use chat::UserId;
use tokio::time::Instant;

use super::super::{InFile, ProjectionError, sqlite};
use super::owner::Owner;

/// Whose mailbox was set aside under this name; `None` of any other file.
pub(super) fn owner_of(name: &OsStr) -> Option<&str> {
    let (owner, at) = name.to_str()?.rsplit_once(".db.damaged-")?;
    // A person may be called so that their file begins like this.
    let is_seq = !at.is_empty() && at.bytes().all(|byte| byte.is_ascii_digit());
    is_seq.then_some(owner)
}

/// The files that stand beside a mailbox because they were set aside.
fn beside(mailbox: &Path) -> Result<Vec<PathBuf>, ProjectionError> {
    let dir = mailbox.parent().expect("a mailbox lies in a directory");
    let owner = mailbox.file_stem().and_then(OsStr::to_str);
    match fs::read_dir(dir) {
        Ok(entries) => {
            let mut asides = Vec::new();
            for entry in entries {
                let name = entry.in_file(dir)?.file_name();
                if owner_of(&name).is_some_and(|it| Some(it) == owner) {
                    asides.push(dir.join(name));
                }
            }
            Ok(asides)
        }
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(Vec::new()),
        Err(error) => Err(error).in_file(dir),
    }
}

impl Owner {
    /// Gets somebody's file out of the way that is not what it should be, and says what became of it.
    pub fn put_aside(&mut self, user: UserId) -> Result<String, ProjectionError> {
        let path = self.mailbox_path(user);
        let standings = &mut self.sweep.standings;
        let why = if standings.find(user).is_some_and(|standing| standing.erasure.is_some()) {
            Some("it may hold what was deleted")
        } else if !beside(&path)?.is_empty() {
            Some("one of before is kept")
        } else {
            None
        };
        if let Some(why) = why {
            sqlite::remove(&path)?;
            return Ok(format!("was removed, because {why}"));
        }
        let aside = sqlite::set_aside(&path, self.sweep.target.head)?;
        standings.see_aside(user, true);
        Ok(format!("is now {}", aside.display()))
    }

    /// Nothing that was erased is in somebody's file any more: now it leaves what was set aside.
    pub fn erased(&mut self, user: UserId) {
        if self.sweep.standings.has_aside(user) && !self.remove_asides(user) {
            return;
        }
        self.sweep.standings.erase(user);
        self.sweep.erasures.tell_done(user);
    }

    fn remove_asides(&mut self, user: UserId) -> bool {
        let path = self.mailbox_path(user);
        let removed =
            beside(&path).and_then(|files| files.iter().try_for_each(|it| sqlite::remove(it)));
        if let Err(error) = &removed {
            let (ts, now) = (self.sweep.target_ts, Instant::now());
            self.sweep.standings.hold_aside(user, ts, now);
            self.sweep.standings.put_off(user, now);
            // It, or the directory, where that is what cannot be looked at.
            let file = if let ProjectionError::File { file, .. } = error { file } else { &path };
            let why = "it cannot be removed";
            self.sweep.erasures.tell_held(user, file, "still holds", why);
            tracing::debug!(
                error = error as &dyn std::error::Error,
                "a file that was set aside stays"
            );
        } else {
            self.sweep.standings.see_aside(user, false);
        }
        removed.is_ok()
    }
}
