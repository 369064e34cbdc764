//! The first start of this version on a log of format 1, and the second.

use std::path::Path;

use rusqlite::Connection;

use crate::bench::Bench;
use crate::clock::seconds;
use crate::report::{Aim, Row, note};
use crate::suite::reads;

/// Messages in the log, every fourth a reply.
const HISTORIES: [usize; 2] = [100_000, 1_000_000];

/// Makes of a log of format 2, in which nothing was erased, one of format 1.
const TO_FORMAT_1: &str = "
    BEGIN;
    DROP TABLE label;
    DROP INDEX record_channel;
    DROP INDEX record_target;
    ALTER TABLE record DROP COLUMN redacted_why;
    ALTER TABLE record DROP COLUMN digest;
    CREATE INDEX record_channel ON record (channel, kind, seq, actor, redacted_by) WHERE channel IS NOT NULL;
    CREATE INDEX record_target ON record (target) WHERE target IS NOT NULL;
    UPDATE meta SET format = 1;
    COMMIT;
    PRAGMA wal_checkpoint(TRUNCATE);
    VACUUM";

/// Each size.
pub fn run(bench: &mut Bench) -> anyhow::Result<()> {
    for messages in HISTORIES {
        let data = bench.seeded(&format!("migration-{messages}"), reads::seed(messages))?;
        let log = data.join("log.db");
        note(&format!("{messages} messages are written as format 1"));
        Connection::open(&log)?.execute_batch(TO_FORMAT_1)?;
        let before = log.metadata()?.len();
        let first = start(bench, &data)?;
        let second = start(bench, &data)?;
        let row = Row::new("migration")
            .with("messages", messages)
            .with("first start s", first)
            .with("second start s", second)
            .with("log MiB before", mib(before))
            .with("log MiB after", mib(log.metadata()?.len()))
            .with_aims(&[Aim::AtMost(15.0, "s", Some(first))]);
        bench.report.add(row)?;
    }
    Ok(())
}

/// Seconds from the start of the process until it listens.
fn start(bench: &Bench, data: &Path) -> anyhow::Result<f64> {
    let server = bench.start(data)?;
    let took = seconds(server.started_after_micros);
    server.stop()?;
    Ok(took)
}

fn mib(bytes: u64) -> f64 {
    crate::clock::real(bytes) / 1_048_576.0
}
