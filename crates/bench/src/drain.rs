//! Waiting until every mailbox has applied the whole log: what a send costs in the end.

use std::fs;
use std::path::{Path, PathBuf};
use std::thread;
use std::time::Duration;

use rusqlite::{Connection, OpenFlags};

use crate::clock::{now_micros, seconds_since};

/// The server sweeps the mailboxes of absent people each minute, with a tenth of a core: longer, and something is wrong.
const DRAIN_MAX_SECONDS: f64 = 80.0;

/// Between looks at the files: seldom, because looking takes CPU from the server.
const LOOK_INTERVAL: Duration = Duration::from_millis(500);

/// Waits until all mailboxes are at `head`; seconds that it took, or `None` when it took too long.
pub fn wait(data: &Path, accounts: usize, head: u64) -> anyhow::Result<Option<f64>> {
    let start = now_micros();
    let mut drained = 0;
    let mut waiting: Vec<PathBuf> = Vec::new();
    while seconds_since(start) < DRAIN_MAX_SECONDS {
        if drained + waiting.len() < accounts {
            // Some have had no file yet: look for all again.
            waiting = mailboxes(data)?;
            drained = 0;
        }
        let before = waiting.len();
        waiting.retain(|mailbox| checkpoint(mailbox).is_none_or(|seq| seq < head));
        drained += before - waiting.len();
        if drained == accounts {
            return Ok(Some(seconds_since(start)));
        }
        thread::sleep(LOOK_INTERVAL);
    }
    Ok(None)
}

/// The files of all mailboxes.
pub fn mailboxes(data: &Path) -> anyhow::Result<Vec<PathBuf>> {
    let users = data.join("users");
    if !users.exists() {
        return Ok(Vec::new());
    }
    let paths = fs::read_dir(users)?.map(|entry| Ok(entry?.path()));
    let paths: Vec<PathBuf> = paths.collect::<anyhow::Result<_>>()?;
    Ok(paths.into_iter().filter(|path| path.extension().is_some_and(|end| end == "db")).collect())
}

/// How far a mailbox is; `None` while the file is being made, or written in a way that locks readers out.
pub fn checkpoint(mailbox: &Path) -> Option<u64> {
    let connection = Connection::open_with_flags(mailbox, OpenFlags::SQLITE_OPEN_READ_ONLY).ok()?;
    let seq = connection.query_row("SELECT seq FROM checkpoint", [], |row| row.get(0));
    seq.ok().and_then(|seq: i64| u64::try_from(seq).ok())
}
