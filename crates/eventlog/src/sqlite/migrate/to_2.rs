//! Format 2: labels, why a record was erased, room for a digest, and indexes that answer counts.

use rusqlite::{CachedStatement, Connection};

use super::super::file;
use super::super::label::Labeller;
use super::super::reader::parse;
use super::{Migration, Tell};
use crate::fault::fault_point;
use crate::record::{Body, Record, redacted_sum};
use crate::{Error, Meaning};

/// Records that are read, and then changed where they have to be.
const CHUNK_RECORDS: usize = 1_024;

/// What format 1 has as the sum of a body that is erased.
const SUM_OF_ERASED: u32 = 0;

/// Runs in a transaction.
pub(super) fn run(
    connection: &Connection,
    meaning: &dyn Meaning,
    tell: Tell<'_>,
) -> Result<(), Error> {
    const TABLES: &str = "
        DROP INDEX record_channel;
        DROP INDEX record_target;
        ALTER TABLE record ADD COLUMN redacted_why INTEGER;
        ALTER TABLE record ADD COLUMN digest BLOB;
        CREATE TABLE label (
            kind    INTEGER NOT NULL,
            owner   INTEGER NOT NULL,
            channel INTEGER NOT NULL,
            seq     INTEGER NOT NULL,
            value   INTEGER NOT NULL,
            PRIMARY KEY (kind, owner, channel, seq)
        ) STRICT, WITHOUT ROWID;
        CREATE INDEX label_record ON label (seq, kind)";
    const INDEXES: &str = "
        CREATE INDEX record_channel ON record (channel, kind, seq, actor, redacted_why) WHERE channel IS NOT NULL;
        CREATE INDEX record_target ON record (target, kind, seq, actor, redacted_why) WHERE target IS NOT NULL;
        UPDATE meta SET format = 2";
    let head = file::tip(connection)?.seq;
    tell(Migration { from: 1, to: 2, seq: 0, head });
    connection.execute_batch(TABLES)?;
    let mut changer = Changer::new(connection, meaning)?;
    while changer.change_chunk()? {
        fault_point("log-migration");
        tell(Migration { from: 1, to: 2, seq: changer.after, head });
    }
    drop(changer);
    connection.execute_batch(INDEXES)?;
    Ok(())
}

/// Goes through the records, one chunk after the other.
struct Changer<'connection> {
    meaning: &'connection dyn Meaning,
    connection: &'connection Connection,
    redact: CachedStatement<'connection>,
    labeller: Labeller<'connection>,
    after: u64,
    after_ts: i64,
}

impl<'connection> Changer<'connection> {
    fn new(
        connection: &'connection Connection,
        meaning: &'connection dyn Meaning,
    ) -> Result<Changer<'connection>, Error> {
        const REDACT: &str = "
            UPDATE record SET redacted_why = ?2, body_sum = ?3 WHERE seq = ?1";
        Ok(Changer {
            meaning,
            connection,
            redact: connection.prepare_cached(REDACT)?,
            labeller: Labeller::new(connection)?,
            after: 0,
            after_ts: i64::MIN,
        })
    }

    /// False when there are no more records.
    fn change_chunk(&mut self) -> Result<bool, Error> {
        let records = read_of_1(self.connection, self.meaning, self.after, CHUNK_RECORDS)?;
        let mut changes = Vec::new();
        for record in &records {
            let Record { seq, ts_micros, .. } = *record;
            if seq <= self.after || ts_micros <= self.after_ts {
                return Err(Error::Corrupt { seq });
            }
            if let Body::Redacted { by, why } = record.body {
                self.redact.execute((seq.cast_signed(), why, redacted_sum(by, why)))?;
            }
            let understood = self.meaning.labels(record, &mut changes);
            understood.map_err(|_| Error::NotUnderstood { seq })?;
            self.labeller.change(&changes)?;
            changes.clear();
            (self.after, self.after_ts) = (seq, ts_micros);
        }
        Ok(!records.is_empty())
    }
}

/// Some records after one, as they would be had this version written them; each verified by its sums.
pub(in super::super) fn read_of_1(
    connection: &Connection,
    meaning: &dyn Meaning,
    after: u64,
    limit: usize,
) -> Result<Vec<Record>, Error> {
    // Why one was erased was not written down: it is told by the kind of what erased it.
    const RECORDS_OF_1: &str = "
        SELECT seq, ts_us, kind, channel, actor, target, client_msg_id, envelope_sum, body, body_sum,
               redacted_by, (SELECT by.kind FROM record AS by NOT INDEXED WHERE by.seq = record.redacted_by), NULL
          FROM record NOT INDEXED
         WHERE seq > ?1
         ORDER BY seq
         LIMIT ?2";
    let limit = i64::try_from(limit).unwrap_or(i64::MAX);
    let mut statement = connection.prepare_cached(RECORDS_OF_1)?;
    let mut rows = statement.query((after.cast_signed(), limit))?;
    let mut records = Vec::new();
    let why = |kind: i64| u16::try_from(kind).ok().map(|kind| meaning.why(kind));
    while let Some(row) = rows.next()? {
        let seq = row.get::<_, i64>(0).unwrap_or_default().cast_unsigned();
        let parsed = parse(row, why)?.filter(|(record, envelope_sum, body_sum)| {
            let expected = match record.body {
                Body::Present(_) => record.body_sum(),
                Body::Redacted { .. } | Body::Damaged => SUM_OF_ERASED,
            };
            i64::from(record.envelope_sum()) == *envelope_sum && i64::from(expected) == *body_sum
        });
        let Some((record, ..)) = parsed else { return Err(Error::Corrupt { seq }) };
        records.push(record);
    }
    Ok(records)
}
