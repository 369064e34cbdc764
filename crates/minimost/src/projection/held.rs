//! What was erased from the rows of a file and may still be in it, and who is told when another program keeps it there.
//!
//! For the files that have an owner thread each; mailboxes are many, and have `mailbox::erasure`.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use chat::Timestamp;
use rusqlite::Connection;
use tokio::time::Instant;
use tracing::{info, warn};

use super::follower::Moment;
use super::mailbox::StillErasing;
use super::{ProjectionError, sqlite};

/// How long a file may be held before it is told: whoever copies it, or looks at it for a moment, does no harm.
const HOLDS: Duration = Duration::from_secs(3);

/// The files that are held, by name, and since when there is erased text in them, where that is known; clones share it.
#[derive(Clone, Default)]
pub struct HeldFiles(Arc<Mutex<BTreeMap<&'static str, Option<Timestamp>>>>);

impl HeldFiles {
    /// What mailboxes say of themselves and of the log, and these files too.
    pub fn join(&self, still: Option<StillErasing>) -> Option<StillErasing> {
        let held = self.0.lock().expect("nobody panics holding it");
        if held.is_empty() {
            return still;
        }
        let (files, since) = (held.len(), held.values().copied().flatten().min());
        let mut joined = StillErasing {
            files,
            since,
            held: Vec::new(),
            held_files: held.keys().copied().collect(),
        };
        if let Some(still) = still {
            joined.files += still.files;
            joined.since = still.since.into_iter().chain(since).min();
            joined.held = still.held;
            joined.held_files.splice(0..0, still.held_files);
        }
        Some(joined)
    }

    fn tell(&self, name: &'static str, since: Option<Timestamp>) {
        self.0.lock().expect("nobody panics holding it").insert(name, since);
    }

    fn forget(&self, name: &'static str) {
        self.0.lock().expect("nobody panics holding it").remove(name);
    }
}

/// What is left in a file.
#[derive(Clone, Copy)]
enum Left {
    Nothing,
    Since(Timestamp),
    /// Something or nothing: nobody knows.
    Unknown,
}

/// What may be left of erased text in one file: in its write-ahead log, or in pages that it was moved out of.
pub(super) struct Remains {
    name: &'static str,
    left: Left,
    /// Since when the file could not be rid of it.
    held_since: Option<Instant>,
    /// It was named in the diagnostics.
    was_told: bool,
    files: HeldFiles,
}

impl Remains {
    /// Nobody knows what a process left behind that was killed, or a connection that failed.
    pub fn unknown(name: &'static str, files: HeldFiles) -> Remains {
        Remains { name, left: Left::Unknown, held_since: None, was_told: false, files }
    }

    /// Something left the rows at this time; `None` adds nothing.
    pub fn add(&mut self, erased: Option<Timestamp>) {
        if let (Left::Nothing, Some(ts)) = (self.left, erased) {
            self.left = Left::Since(ts);
        }
    }

    pub fn are_there(&self) -> bool {
        !matches!(self.left, Left::Nothing)
    }

    /// Whether the file could not be rid of them at the last attempt.
    pub fn are_held(&self) -> bool {
        self.held_since.is_some()
    }

    /// The file is rid of them.
    pub fn are_gone(&mut self) {
        self.left = Left::Nothing;
        self.wait();
        if std::mem::take(&mut self.was_told) {
            info!("{} holds no erased text any more", self.name);
        }
    }

    /// They are there, and nobody but ourselves puts it off.
    pub fn wait(&mut self) {
        self.held_since = None;
        self.files.forget(self.name);
    }

    /// The file could not be rid of them; told when that goes on.
    pub fn hold(&mut self, now: Instant) {
        let since = match self.left {
            Left::Nothing => return,
            Left::Since(ts) => Some(ts),
            Left::Unknown => None,
        };
        let began = *self.held_since.get_or_insert(now);
        if now.saturating_duration_since(began) < HOLDS {
            return;
        }
        self.files.tell(self.name, since);
        if !std::mem::replace(&mut self.was_told, true) {
            let (name, why) =
                (self.name, "because another program looks at it or the machine refuses");
            if let Some(since) = since.map(Timestamp::as_seconds) {
                warn!("{name} still holds erased text since {since}, {why}; it is tried again");
            } else {
                warn!("{name} may still hold erased text, {why}; it is tried again");
            }
        }
    }

    /// After a fault the file is closed, and nobody knows what of it is still in its pages. Where the fault is another's, the
    /// file is held.
    pub fn fail(&mut self, error: &ProjectionError) {
        if let Left::Nothing = self.left {
            self.left = Left::Unknown;
        }
        if error.is_busy() || error.is_refused_by_machine() {
            self.hold(Instant::now());
        }
    }

    /// Empties the write-ahead log; false while another program looks at it. Who waits for a drain, or for the end, waits
    /// for that program too; a tick comes again.
    pub fn empty_wal(connection: &Connection, moment: Moment) -> rusqlite::Result<bool> {
        if moment != Moment::Tick {
            return sqlite::truncate_wal(connection);
        }
        sqlite::be_quick(connection)?;
        let emptied = sqlite::truncate_wal(connection);
        sqlite::be_patient(connection)?;
        emptied
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const NAME: &str = "auth.db";

    fn held(files: usize, since: Option<i64>, held_files: &[&'static str]) -> StillErasing {
        let (since, held_files) = (since.map(Timestamp), held_files.to_vec());
        StillErasing { files, since, held: Vec::new(), held_files }
    }

    #[test]
    fn a_file_is_told_of_when_it_is_held_for_long_and_since_when_if_that_is_known() {
        let files = HeldFiles::default();
        let mut remains = Remains::unknown(NAME, files.clone());
        let began = Instant::now();
        let after = |millis| began + Duration::from_millis(millis);
        remains.hold(after(0));
        remains.hold(after(2_999));
        assert_eq!(files.join(None), None);
        remains.hold(after(3_000));
        assert_eq!(files.join(None), Some(held(1, None, &[NAME])));
        remains.are_gone();
        assert_eq!(files.join(None), None);
        remains.hold(after(9_000));
        remains.hold(after(19_000));
        assert_eq!(files.join(None), None, "nothing is in it");
        remains.add(Some(Timestamp(7)));
        remains.add(Some(Timestamp(8)));
        remains.hold(after(20_000));
        remains.wait();
        remains.hold(after(24_000));
        assert_eq!(files.join(None), None, "it was not held all the time");
        remains.hold(after(27_000));
        assert_eq!(files.join(None), Some(held(1, Some(7), &[NAME])));
    }

    #[test]
    fn what_is_held_here_stands_beside_what_is_held_elsewhere() {
        let files = HeldFiles::default();
        let log = Some(held(1, Some(5), &["log.db"]));
        assert_eq!(files.join(log.clone()), log);
        files.tell("presence.db", Some(Timestamp(3)));
        files.tell(NAME, None);
        assert_eq!(files.join(log), Some(held(3, Some(3), &["log.db", NAME, "presence.db"])));
    }
}
