//! A log in a directory of its own, and records that read like a chat.

use std::path::PathBuf;

use eventlog::{Batch, Body, Log, Record, Redaction};
use tempfile::TempDir;

/// Who they are: the seqs of their accounts, if there were accounts here.
pub const ALICE: u64 = 1;
pub const BOB: u64 = 2;
pub const GENERAL: u64 = 3;
pub const RANDOM: u64 = 4;

pub const POSTED: u16 = 8;
pub const EDITED: u16 = 9;
pub const DELETED: u16 = 10;

/// A directory that goes when the test ends.
pub struct Place {
    directory: TempDir,
}

impl Place {
    pub fn new() -> Place {
        Place { directory: TempDir::new().unwrap() }
    }

    /// Where a flush costs nothing, for tests of hundreds of files; elsewhere where there is no such place.
    pub fn in_memory() -> Place {
        TempDir::new_in("/dev/shm").map_or_else(|_| Place::new(), |directory| Place { directory })
    }

    pub fn path(&self) -> PathBuf {
        self.directory.path().join("log.db")
    }

    pub fn open(&self) -> Log {
        Log::open(&self.path(), 0).unwrap()
    }

    /// Every byte of the log on disk: the file and whatever stands beside it.
    pub fn bytes(&self) -> Vec<u8> {
        let mut bytes = Vec::new();
        for entry in std::fs::read_dir(self.directory.path()).unwrap() {
            bytes.extend(std::fs::read(entry.unwrap().path()).unwrap());
        }
        bytes
    }

    pub fn holds(&self, text: &str) -> bool {
        self.bytes().windows(text.len()).any(|window| window == text.as_bytes())
    }

    /// Works on the closed file with plain SQLite, as an accident would.
    pub fn tamper(&self, sql: &str) {
        let connection = rusqlite::Connection::open(self.path()).unwrap();
        connection.execute_batch(sql).unwrap();
    }
}

/// A message by `actor` in `channel`.
pub fn posted(seq: u64, actor: u64, channel: u64, text: &str) -> Record {
    Record {
        seq,
        ts_micros: 1_716_000_000_000_000 + i64::try_from(seq).unwrap() * 1_000,
        kind: POSTED,
        channel: Some(channel),
        actor,
        target: None,
        client_msg_id: None,
        body: Body::Present(text.as_bytes().to_vec()),
    }
}

/// Something that alice did to the message `target` in general.
pub fn about(seq: u64, target: u64, kind: u16, text: &str) -> Record {
    Record { kind, target: Some(target), ..posted(seq, ALICE, GENERAL, text) }
}

pub fn batch(records: Vec<Record>) -> Batch {
    Batch { records, redactions: Vec::new() }
}

/// Erases `seq` in the batch of the record `by`.
pub fn erasing(seq: u64, by: Record) -> Batch {
    let redactions = vec![Redaction { seq, by: by.seq }];
    Batch { records: vec![by], redactions }
}

/// All records, in order.
pub async fn everything(log: &Log) -> Vec<Record> {
    log.read(|reader| reader.range(0, u64::MAX, usize::MAX)).await.unwrap()
}

pub fn seqs(records: &[Record]) -> Vec<u64> {
    records.iter().map(|record| record.seq).collect()
}
