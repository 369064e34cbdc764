//! Group commit with nothing behind it: rows into SQLite with `synchronous=FULL`, and records into the event log.

use std::path::Path;

use eventlog::{Batch, Body, Log, Record};
use rusqlite::{Connection, params};

use crate::clock::{now_micros, own_cpu_micros, real, seconds, seconds_since};

/// Bytes of a body, about what a message of 64 characters comes to.
const BODY_BYTES: usize = 120;

/// What appending alone came to.
#[derive(Clone, Copy)]
pub struct Appended {
    /// Rows a second.
    pub rate: f64,
    /// CPU time of this process for each.
    pub cpu_micros_each: f64,
}

/// Commits batches of `batch` rows for a while: one table, no index but the key.
pub fn sqlite(directory: &Path, batch: usize, for_seconds: f64) -> anyhow::Result<Appended> {
    let mut connection = Connection::open(directory.join(format!("bare-{batch}.db")))?;
    connection.pragma_update(None, "journal_mode", "WAL")?;
    connection.pragma_update(None, "synchronous", "FULL")?;
    connection.execute_batch(
        "CREATE TABLE record (
             seq  INTEGER PRIMARY KEY,
             ts   INTEGER NOT NULL,
             body BLOB    NOT NULL
         ) STRICT",
    )?;
    let body = [b'x'; BODY_BYTES];
    let mut seq = 0_u64;
    measure(for_seconds, || {
        let transaction = connection.transaction()?;
        {
            let mut insert = transaction
                .prepare_cached("INSERT INTO record (seq, ts, body) VALUES (?1, ?2, ?3)")?;
            for _ in 0..batch {
                seq += 1;
                insert.execute(params![i64::try_from(seq)?, i64::try_from(seq)?, body])?;
            }
        }
        transaction.commit()?;
        Ok(batch as u64)
    })
}

/// Appends batches of `batch` records to an event log for a while.
pub fn event_log(directory: &Path, batch: usize, for_seconds: f64) -> anyhow::Result<Appended> {
    let runtime = tokio::runtime::Builder::new_current_thread().build()?;
    let log = Log::open(&directory.join(format!("log-{batch}.db")), 0)?;
    let mut seq = 0_u64;
    let appended = measure(for_seconds, || {
        let records = (0..batch).map(|_| {
            seq += 1;
            record(seq)
        });
        let batch = Batch { records: records.collect(), ..Batch::default() };
        let count = batch.records.len() as u64;
        runtime.block_on(log.append(batch))?;
        Ok(count)
    });
    runtime.block_on(log.close())?;
    appended
}

fn record(seq: u64) -> Record {
    Record {
        seq,
        ts_micros: i64::try_from(seq).expect("a small number"),
        kind: 8,
        channel: Some(1),
        actor: 2,
        target: None,
        client_msg_id: Some(format!("bench-{seq}")),
        body: Body::Present(vec![b'x'; BODY_BYTES]),
        digest: None,
    }
}

fn measure(
    for_seconds: f64,
    mut commit: impl FnMut() -> anyhow::Result<u64>,
) -> anyhow::Result<Appended> {
    let (start, cpu_start) = (now_micros(), own_cpu_micros());
    let mut count = 0;
    while seconds_since(start) < for_seconds {
        count += commit()?;
    }
    let took = seconds(now_micros() - start);
    let cpu_micros = real(own_cpu_micros() - cpu_start);
    Ok(Appended { rate: real(count) / took, cpu_micros_each: cpu_micros / real(count) })
}
