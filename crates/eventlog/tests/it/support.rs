//! A log in a directory of its own, and records that read like a chat.

use std::path::PathBuf;
use std::sync::Arc;

use eventlog::{
    Batch, Body, Label, LabelChange, Log, Meaning, NotUnderstood, Record, Redaction, When,
};
use tempfile::TempDir;

/// Who they are: the seqs of their accounts, if there were accounts here.
pub const ALICE: u64 = 1;
pub const BOB: u64 = 2;
pub const GENERAL: u64 = 3;
pub const RANDOM: u64 = 4;

pub const POSTED: u16 = 8;
pub const EDITED: u16 = 9;
pub const DELETED: u16 = 10;

/// Why a test erases.
pub const WHY: u8 = 1;

/// A label of a message that is there: every third one, its sender's.
pub const SAID: u8 = 1;
/// A label of the message that was edited: alice's, and its value is the last edit.
pub const CHANGED: u8 = 2;

/// What the records of these tests mean. It asks only what erasing leaves.
pub struct Plain;

pub fn plain() -> Arc<dyn Meaning> {
    Arc::new(Plain)
}

impl Meaning for Plain {
    fn why(&self, kind: u16) -> u8 {
        if kind == DELETED { WHY } else { WHY + 1 }
    }

    fn labels(&self, record: &Record, changes: &mut Vec<LabelChange>) -> Result<(), NotUnderstood> {
        let Record { kind, channel, actor, seq, target, .. } = *record;
        let Some(channel) = channel else { return Ok(()) };
        match (kind, target) {
            (POSTED, None) if seq % 3 == 0 => {
                let label = Label { kind: SAID, owner: actor, channel, seq };
                changes.push(LabelChange::Set { label, value: seq << 2, when: When::Always });
            }
            (EDITED, Some(target)) => {
                let label = Label { kind: CHANGED, owner: ALICE, channel, seq: target };
                changes.push(LabelChange::Set { label, value: seq, when: When::Always });
            }
            (DELETED, Some(seq)) => {
                changes.extend([SAID, CHANGED].map(|kind| LabelChange::ClearRecord { kind, seq }));
            }
            _ => {}
        }
        Ok(())
    }
}

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
        digest: None,
    }
}

/// Something that alice did to the message `target` in general.
pub fn about(seq: u64, target: u64, kind: u16, text: &str) -> Record {
    Record { kind, target: Some(target), ..posted(seq, ALICE, GENERAL, text) }
}

pub fn batch(records: Vec<Record>) -> Batch {
    let mut labels = Vec::new();
    for record in &records {
        Plain.labels(record, &mut labels).unwrap();
    }
    Batch { records, labels, ..Batch::default() }
}

/// Erases `seq` in the batch of the record `by`.
pub fn erasing(seq: u64, by: Record) -> Batch {
    let redactions = vec![Redaction { seq, by: by.seq, why: WHY }];
    Batch { redactions, ..batch(vec![by]) }
}

/// All records, in order.
pub async fn everything(log: &Log) -> Vec<Record> {
    log.read(|reader| reader.range(0, u64::MAX, usize::MAX)).await.unwrap()
}

pub fn seqs(records: &[Record]) -> Vec<u64> {
    records.iter().map(|record| record.seq).collect()
}
