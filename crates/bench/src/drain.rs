//! Waiting until no mailbox lacks anything: what a send costs in the end.

use std::fs;
use std::path::{Path, PathBuf};
use std::thread;
use std::time::Duration;

use anyhow::{Context, ensure};
use rusqlite::{Connection, OpenFlags};

use crate::clock::{now_micros, seconds_since};
use crate::http::{self, Client, Credentials};
use crate::process::Server;

/// The mailboxes of absent people follow within ten minutes: longer, and something is wrong.
const DRAIN_MAX_SECONDS: f64 = 660.0;

/// Between looks at the files: seldom, because looking takes CPU from the server.
const LOOK_INTERVAL: Duration = Duration::from_millis(500);

/// What the server has noted of its mailboxes, every few seconds. A file that nothing concerns stays behind the head.
pub struct Noted {
    /// Up to which event.
    pub seq: u64,
    pub mailboxes: usize,
    /// How many of them lack something.
    pub behind: usize,
    /// The first event that one of them lacks.
    pub from: Option<u64>,
}

impl Noted {
    /// `None` of a server from before `mailboxes.db`, or while nobody can look into it.
    pub fn find(data: &Path) -> Option<Noted> {
        const SELECT: &str = "
            SELECT (SELECT seq FROM checkpoint), count(*), count(concerned_from), min(concerned_from)
              FROM mailbox";
        let flags = OpenFlags::SQLITE_OPEN_READ_ONLY;
        let register = Connection::open_with_flags(data.join("mailboxes.db"), flags).ok()?;
        let noted = register.query_row(SELECT, [], |row| {
            let number = |column| row.get::<_, i64>(column).map(i64::cast_unsigned);
            let count = |column| number(column).map(|it| usize::try_from(it).unwrap_or(usize::MAX));
            Ok(Noted {
                seq: number(0)?,
                mailboxes: count(1)?,
                behind: count(2)?,
                from: row.get::<_, Option<i64>>(3)?.map(i64::cast_unsigned),
            })
        });
        noted.ok()
    }
}

/// Waits until a server that was just started has made the files of everybody, which takes up to half a core: a measurement
/// of something else begins after it.
pub fn settle(server: &Server, data: &Path, accounts: usize) -> anyhow::Result<()> {
    let drained = wait(data, accounts, head(server)?)?;
    ensure!(drained.is_some(), "the files of {accounts} people were not made in time");
    Ok(())
}

/// The last seq of the server's log.
pub fn head(server: &Server) -> anyhow::Result<u64> {
    let mut client = Client::connect(server.address)?;
    client.expect_success(&http::get("/healthz", &Credentials::None))?;
    let health: serde_json::Value = serde_json::from_str(&client.body())?;
    health["head"].as_u64().context("/healthz does not say the head")
}

/// Waits until all mailboxes have what there is up to `head`; seconds that it took, or `None` when it took too long.
pub fn wait(data: &Path, accounts: usize, head: u64) -> anyhow::Result<Option<f64>> {
    let start = now_micros();
    let mut drained = 0;
    let mut waiting: Vec<PathBuf> = Vec::new();
    while seconds_since(start) < DRAIN_MAX_SECONDS {
        if let Some(noted) = Noted::find(data) {
            if noted.seq >= head && noted.mailboxes >= accounts && noted.behind == 0 {
                return Ok(Some(seconds_since(start)));
            }
            thread::sleep(LOOK_INTERVAL);
            continue;
        }
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
