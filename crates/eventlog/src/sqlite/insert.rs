//! Putting batches into a transaction, each as a whole or not at all.

use rusqlite::{CachedStatement, Connection, ffi};

use super::file::Tip;
use super::label::Labeller;
use crate::Error;
use crate::record::{Batch, Body, Haste, Record, Redaction, SEQ_MAX, redacted_sum};

/// What an open transaction would make durable.
pub(super) struct Applied {
    /// The last record, once it is committed.
    pub tip: Tip,
    /// The fate of each batch: the head after it, or why it was refused.
    pub answers: Vec<Result<u64, Error>>,
    /// How soon what they erase has to be out of the files; `None` when they erase nothing.
    pub haste: Option<Haste>,
}

/// Begins a transaction and puts every acceptable batch into it; COMMIT is the caller's.
pub(super) fn apply(
    connection: &Connection,
    tip: Tip,
    batches: &[Batch],
) -> Result<Applied, Error> {
    let run = |sql: &str| connection.prepare_cached(sql)?.execute([]);
    let mut inserter = Inserter::new(connection)?;
    let mut applied = Applied { tip, answers: Vec::with_capacity(batches.len()), haste: None };
    run("BEGIN IMMEDIATE")?;
    for batch in batches {
        run("SAVEPOINT batch")?;
        match inserter.insert(batch, applied.tip) {
            Ok(tip) => {
                applied.tip = tip;
                if !batch.redactions.is_empty() {
                    applied.haste = applied.haste.max(Some(batch.haste));
                }
                applied.answers.push(Ok(tip.seq));
            }
            Err(refusal @ (Error::OutOfOrder { .. } | Error::DuplicateClientMsgId)) => {
                run("ROLLBACK TO batch")?;
                applied.answers.push(Err(refusal));
            }
            Err(fault) => return Err(fault),
        }
        run("RELEASE batch")?;
    }
    Ok(applied)
}

/// The statements that put records in.
pub(super) struct Inserter<'connection> {
    insert: CachedStatement<'connection>,
    redact: CachedStatement<'connection>,
    pub(super) labeller: Labeller<'connection>,
}

impl<'connection> Inserter<'connection> {
    pub(super) fn new(connection: &'connection Connection) -> Result<Inserter<'connection>, Error> {
        const INSERT: &str = "
            INSERT INTO record (seq, ts_us, kind, channel, actor, target, client_msg_id,
                                envelope_sum, body, body_sum, redacted_by, redacted_why, digest)
            VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13)";
        const REDACT: &str = "
            UPDATE record
               SET body = NULL, digest = NULL, body_sum = ?4, redacted_by = ?2, redacted_why = ?3
             WHERE seq = ?1 AND redacted_by IS NULL";
        Ok(Inserter {
            insert: connection.prepare_cached(INSERT)?,
            redact: connection.prepare_cached(REDACT)?,
            labeller: Labeller::new(connection)?,
        })
    }

    /// Puts a batch after `tip` and returns the new one.
    fn insert(&mut self, batch: &Batch, mut tip: Tip) -> Result<Tip, Error> {
        for record in &batch.records {
            let is_next =
                record.seq > tip.seq && record.seq <= SEQ_MAX && record.ts_micros > tip.ts_micros;
            if !is_next {
                return Err(Error::OutOfOrder { seq: record.seq, head: tip.seq });
            }
            self.insert_record(record)?;
            tip = Tip { seq: record.seq, ts_micros: record.ts_micros };
        }
        for redaction in &batch.redactions {
            if redaction.by > tip.seq {
                return Err(Error::OutOfOrder { seq: redaction.by, head: tip.seq });
            }
            let Redaction { seq, by, why } = *redaction;
            self.redact.execute((
                seq.cast_signed(),
                by.cast_signed(),
                why,
                redacted_sum(by, why),
            ))?;
        }
        self.labeller.change(&batch.labels)?;
        Ok(tip)
    }

    pub(super) fn insert_record(&mut self, record: &Record) -> Result<(), Error> {
        let (body, redacted_by, redacted_why) = match &record.body {
            Body::Present(bytes) => (Some(bytes.as_slice()), None, None),
            Body::Redacted { by, why } => (None, Some(by.cast_signed()), Some(*why)),
            Body::Damaged => return Err(Error::Corrupt { seq: record.seq }),
        };
        let inserted = self.insert.execute((
            record.seq.cast_signed(),
            record.ts_micros,
            record.kind,
            record.channel.map(u64::cast_signed),
            record.actor.cast_signed(),
            record.target.map(u64::cast_signed),
            record.client_msg_id.as_deref(),
            record.envelope_sum(),
            body,
            record.body_sum(),
            redacted_by,
            redacted_why,
            record.digest.as_deref(),
        ));
        match inserted {
            Ok(_) => Ok(()),
            Err(error) if is_duplicate(&error) => Err(Error::DuplicateClientMsgId),
            Err(error) => Err(error.into()),
        }
    }
}

/// The only UNIQUE index is that of `client_msg_id`; a seq that is taken is another code.
fn is_duplicate(error: &rusqlite::Error) -> bool {
    error.sqlite_error().is_some_and(|error| error.extended_code == ffi::SQLITE_CONSTRAINT_UNIQUE)
}
