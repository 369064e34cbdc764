//! Data directories that are seeded once, kept, and copied for every run.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::atomic::{AtomicUsize, Ordering::Relaxed};
use std::thread;

use anyhow::{Context, bail, ensure};
use rusqlite::{Connection, OpenFlags};

use super::Cell;
use crate::clock::{now_micros, seconds_since};
use crate::drain;
use crate::http::{self, Client};
use crate::people::seed;
use crate::process::Server;
use crate::report::note;
use crate::seed::credentials;

/// A file system in memory, where there is one.
const MEMORY: &str = "/dev/shm";

/// Visits at a time: more than a server has threads for files.
const VISITORS: usize = 4;

/// Where they are kept, and the server that makes the files of the warm ones.
pub struct Data<'a> {
    server: &'a Path,
    kept: &'a Path,
}

impl<'a> Data<'a> {
    pub fn new(server: &'a Path, kept: &'a Path) -> Data<'a> {
        Data { server, kept }
    }

    /// The directory that a cell begins with; made if it is not there.
    pub fn of(&self, cell: Cell) -> anyhow::Result<PathBuf> {
        let name = format!("people-{}-{}", cell.people, cell.messages);
        let cold = self.made(&name, |data| {
            seed::write(data, cell.people, cell.messages)?;
            self.settle(data)
        })?;
        if cell.how.is_cold() {
            return Ok(cold);
        }
        self.made(&format!("{name}-warm"), |data| {
            copy(&cold, data)?;
            self.visit_all(data, cell.people)?;
            let files = drain::mailboxes(data)?.len();
            if files < cell.people {
                note(&format!("{files} files were made by visits, all are made anew"));
                let mut command = Command::new(self.server);
                command.args(["rebuild", "--data"]).arg(data).stdout(Stdio::null());
                let status = command.stderr(Stdio::null()).status()?;
                ensure!(status.success(), "the files could not be made");
            }
            Ok(())
        })
    }

    /// As a server leaves it that has run on it: all shared files are at the head, and nobody has one of their own.
    fn settle(&self, data: &Path) -> anyhow::Result<()> {
        Server::start(self.server, data)?.stop()?;
        for entry in fs::read_dir(data)? {
            let path = entry?.path();
            let name = path.file_name().unwrap_or_default().to_string_lossy();
            if name == "users" {
                fs::remove_dir_all(&path)?;
            } else if name.starts_with("mailboxes.db") {
                fs::remove_file(&path)?;
            }
        }
        Ok(())
    }

    /// Everybody looks once: a server whose requests make files has made them all then, several at a time.
    fn visit_all(&self, data: &Path, people: usize) -> anyhow::Result<()> {
        let server = Server::start(self.server, data)?;
        let next = AtomicUsize::new(0);
        thread::scope(|scope| {
            let visits: Vec<_> =
                (0..VISITORS).map(|_| scope.spawn(|| visit(&server, &next, people))).collect();
            visits.into_iter().try_for_each(|visit| match visit.join() {
                Ok(visited) => visited,
                Err(_) => bail!("a visitor panicked"),
            })
        })?;
        server.stop()
    }

    /// Makes a directory in memory, where nothing waits for a disk, and moves it here when it is whole.
    fn made(
        &self,
        name: &str,
        make: impl FnOnce(&Path) -> anyhow::Result<()>,
    ) -> anyhow::Result<PathBuf> {
        let path = self.kept.join(name);
        if path.exists() {
            return Ok(path);
        }
        let start = now_micros();
        let memory = Path::new(MEMORY);
        let near = if memory.is_dir() { memory.to_owned() } else { std::env::temp_dir() };
        let making = tempfile::Builder::new().prefix("minimost-bench-").tempdir_in(near)?;
        make(&making.path().join(name))?;
        let unfinished = self.kept.join(format!("{name}.unfinished"));
        if unfinished.exists() {
            fs::remove_dir_all(&unfinished)?;
        }
        copy(&making.path().join(name), &unfinished)?;
        fs::rename(&unfinished, &path)?;
        note(&format!("made {name} in {:.1} s", seconds_since(start)));
        Ok(path)
    }
}

/// The next of those who have not been there, until all have.
fn visit(server: &Server, next: &AtomicUsize, people: usize) -> anyhow::Result<()> {
    let mut client = Client::connect(server.address)?;
    loop {
        let account = next.fetch_add(1, Relaxed);
        if account >= people {
            return Ok(());
        }
        client.expect_success(&http::get("/state", &credentials(account)))?;
    }
}

/// Copies a directory, and has it on the disk before anything is measured.
pub fn copy(from: &Path, to: &Path) -> anyhow::Result<()> {
    fs::create_dir_all(to)?;
    for entry in fs::read_dir(from).with_context(|| format!("no {}", from.display()))? {
        let entry = entry?;
        let (from, to) = (entry.path(), to.join(entry.file_name()));
        if entry.file_type()?.is_dir() {
            copy(&from, &to)?;
        } else {
            fs::copy(&from, &to)?;
        }
    }
    rustix::fs::sync();
    Ok(())
}

/// The log of a server that runs, looked at from outside.
pub struct Log(Connection);

impl Log {
    pub fn open(data: &Path) -> anyhow::Result<Log> {
        let flags = OpenFlags::SQLITE_OPEN_READ_ONLY;
        Ok(Log(Connection::open_with_flags(data.join("log.db"), flags)?))
    }

    /// The number of the newest record.
    pub fn head(&self) -> anyhow::Result<u64> {
        let head: i64 = self.0.query_row("SELECT max(seq) FROM record", [], |row| row.get(0))?;
        Ok(u64::try_from(head)?)
    }

    /// All its pages, also those that stand only in the write-ahead log.
    pub fn bytes(&self) -> anyhow::Result<u64> {
        let pages: i64 = self.0.query_row("PRAGMA page_count", [], |row| row.get(0))?;
        let bytes: i64 = self.0.query_row("PRAGMA page_size", [], |row| row.get(0))?;
        Ok(u64::try_from(pages * bytes)?)
    }
}
