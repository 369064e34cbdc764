//! The comparison of the records with what follows from them, indexes and labels: what no checksum of a record can show.
//!
//! SQLite answers from an index without asking whether it fits the table, so a bit there breaks promises in silence: a
//! name that was used is new again, a thread has no replies, an erasure misses an edit.
//!
//! First every record is verified and sought, by its seq and by its key in each index, in the index alone. Then every
//! index is walked in the order of its key, and each entry sought in the table. When each record has its entry and there
//! are as many entries as records, there is no other entry. At last the labels are derived from the records anew, as many
//! at a time as memory may hold, and compared with those that stand there.
//!
//! It goes in slices, each a read transaction of its own, so that erasures and checkpoints go on between them. What is
//! appended meanwhile is for the next comparison, but for what it does to labels; what is erased meanwhile is seen before
//! or after, as a whole.
//!
//! Inside: `index` has the indexes, `derived` the labels as the records have them, `labels` compares them.

mod derived;
mod index;
mod labels;

use std::sync::Arc;
use std::time::{Duration, Instant};

use rusqlite::types::Value;
use rusqlite::{ErrorCode, OptionalExtension, Row, params_from_iter};

use self::derived::Derived;
use self::index::{INDEXES, columns, first_key};
use super::owner::now;
use super::reader::{Reader, bound};
use crate::{Error, Meaning};

/// Labels that are derived at a time: some 20 MB. A log with more is read once more for each so many.
const LABELS_MAX: usize = 200_000;

/// What a seq between two records means that no record has.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Gaps {
    /// Nothing: whoever appends leaves some out.
    Allowed,
    /// A record that was lost: whoever appends leaves none out.
    Lost,
}

/// A comparison of the log up to the head at its start; advance it until it is over.
pub struct Comparison {
    reader: Reader,
    meaning: Arc<dyn Meaning>,
    progress: Progress,
}

struct Progress {
    up_to: u64,
    gaps: Gaps,
    stage: Stage,
    /// How many records up to here are in each index.
    counted: [u64; 3],
    /// The labels as the records that were seen have them.
    derived: Derived,
}

enum Stage {
    /// The last record that was seen, and its time.
    Records {
        after: u64,
        after_ts: i64,
    },
    /// Which index, the last key that was seen in it, and how many entries.
    Entries {
        which: usize,
        after: Vec<Value>,
        count: u64,
    },
    /// The last label that was found to be as the records have it.
    Labels {
        after: Option<[i64; 4]>,
    },
    /// The last entry of the labels' index that was seen.
    LabelEntries {
        after: [i64; 4],
    },
    Over,
}

impl Comparison {
    pub(super) fn new(
        mut reader: Reader,
        gaps: Gaps,
        meaning: Arc<dyn Meaning>,
    ) -> Result<Comparison, Error> {
        let (up_to, _) = reader.head()?;
        let stage = Stage::Records { after: 0, after_ts: i64::MIN };
        let derived = Derived::from_first(LABELS_MAX);
        let progress = Progress { up_to, gaps, stage, counted: [0; 3], derived };
        Ok(Comparison { reader, meaning, progress })
    }

    /// The last record that it looks at.
    pub fn up_to(&self) -> u64 {
        self.progress.up_to
    }

    /// Compares for about so long, in one read transaction, and says whether there is more to do. It blocks.
    ///
    /// # Errors
    ///
    /// [`Error::Corrupt`], [`Error::IndexDamaged`] and [`Error::FileDamaged`] say what is damaged, and appends stop.
    /// After any other error it can be advanced again.
    pub fn advance(&mut self, time: Duration) -> Result<bool, Error> {
        let until = now() + time;
        let Comparison { reader, meaning, progress } = self;
        let meaning = &**meaning;
        reader.snapshot(|reader| progress.slice(reader, meaning, until)).map_err(
            |error| match error {
                error @ Error::FileDamaged(_) => reader.damage.report(error),
                error => error,
            },
        )
    }
}

impl Progress {
    fn slice(
        &mut self,
        reader: &mut Reader,
        meaning: &dyn Meaning,
        until: Instant,
    ) -> Result<bool, Error> {
        loop {
            let is_through = match self.stage {
                Stage::Records { .. } => self.compare_records(reader, meaning, until)?,
                Stage::Entries { .. } => self.compare_entries(reader, until)?,
                Stage::Labels { .. } => self.compare_labels(reader, meaning, until)?,
                Stage::LabelEntries { .. } => self.compare_label_entries(reader, until)?,
                Stage::Over => return Ok(false),
            };
            if !is_through {
                return Ok(true);
            }
            self.stage = match self.stage {
                Stage::Records { .. } => entries_of(0),
                Stage::Entries { which, .. } if which + 1 < INDEXES.len() => entries_of(which + 1),
                Stage::Entries { .. } => Stage::Labels { after: None },
                // The others are derived in another pass.
                Stage::Labels { .. } if self.derived.begin_next() => Stage::Labels { after: None },
                Stage::Labels { .. } => Stage::LabelEntries { after: [i64::MIN; 4] },
                Stage::LabelEntries { .. } | Stage::Over => Stage::Over,
            };
        }
    }

    /// Verifies records and seeks each of them; true when all were seen.
    fn compare_records(
        &mut self,
        reader: &Reader,
        meaning: &dyn Meaning,
        until: Instant,
    ) -> Result<bool, Error> {
        const RECORDS: &str = "
            SELECT seq, ts_us, kind, channel, actor, target, client_msg_id, envelope_sum, body, body_sum,
                   redacted_by, redacted_why, digest
              FROM record NOT INDEXED
             WHERE seq > ?1 AND seq <= ?2
             ORDER BY seq";
        const BY_SEQ: &str = "
            SELECT envelope_sum FROM record NOT INDEXED WHERE seq = ?1";
        let Stage::Records { after, after_ts } = &mut self.stage else { return Ok(true) };
        let mut records = reader.statement(RECORDS)?;
        let mut by_seq = reader.statement(BY_SEQ)?;
        let mut entries = Vec::with_capacity(INDEXES.len());
        for index in &INDEXES {
            let entry = reader.connection.prepare_cached(index.entry);
            entries.push(entry.map_err(|error| blame(reader, index.name, None, error))?);
        }
        let mut rows = records.query((bound(*after), bound(self.up_to)))?;
        loop {
            // A page that SQLite itself cannot read: the record after the last good one is on it.
            let row = rows.next().map_err(|error| of_record(reader, *after + 1, error))?;
            let Some(row) = row else { break };
            let record = reader.record(row)?;
            if record.seq <= *after || record.ts_micros <= *after_ts {
                return Err(reader.damage.found(record.seq));
            }
            if self.gaps == Gaps::Lost && record.seq != *after + 1 {
                return Err(reader.damage.found(*after + 1));
            }
            let sum: Option<i64> = by_seq
                .query_row([bound(record.seq)], |row| row.get(0))
                .optional()
                .map_err(|error| of_record(reader, record.seq, error))?;
            if sum != Some(record.envelope_sum().into()) {
                return Err(reader.damage.found(record.seq));
            }
            for (which, columns) in columns(&record).into_iter().enumerate() {
                let Some(columns) = columns else { continue };
                let index = &INDEXES[which];
                let found: Option<i64> = entries[which]
                    .query_row(params_from_iter(columns), |row| row.get(0))
                    .optional()
                    .map_err(|error| blame(reader, index.name, Some(record.seq), error))?;
                if found != Some(bound(record.seq)) {
                    return Err(damaged(reader, index.name, Some(record.seq)));
                }
                self.counted[which] += 1;
            }
            self.derived.follow(&record, meaning)?;
            (*after, *after_ts) = (record.seq, record.ts_micros);
            if now() >= until {
                return Ok(false);
            }
        }
        // The head was there when the comparison began.
        if *after == self.up_to { Ok(true) } else { Err(reader.damage.found(*after + 1)) }
    }

    /// Walks an index and seeks each entry in the table; true when all were seen.
    fn compare_entries(&mut self, reader: &Reader, until: Instant) -> Result<bool, Error> {
        let Stage::Entries { which, after, count } = &mut self.stage else { return Ok(true) };
        let index = &INDEXES[*which];
        let mut record = reader.statement(index.record)?;
        for (sql, columns) in [(index.rest, index.key_columns), (index.later, index.group_columns)]
        {
            let entries = reader.connection.prepare_cached(sql);
            let mut entries = entries.map_err(|error| blame(reader, index.name, None, error))?;
            let mut rows = entries.query(params_from_iter(after[..columns].to_vec()))?;
            loop {
                let row = rows.next().map_err(|error| blame(reader, index.name, None, error))?;
                let Some(row) = row else { break };
                let mut entry =
                    values(row).map_err(|error| blame(reader, index.name, None, error))?;
                let Value::Integer(seq) = entry[index.seq_column] else {
                    return Err(damaged(reader, index.name, None));
                };
                let found = record
                    .query_row([seq], values)
                    .optional()
                    .map_err(|error| of_record(reader, seq.cast_unsigned(), error))?;
                // Without the order the next slice would begin somewhere else.
                let rises = is_before(after, &entry[..index.key_columns]);
                if !rises || found.as_ref() != Some(&entry) {
                    return Err(damaged(reader, index.name, Some(seq.cast_unsigned())));
                }
                if seq <= bound(self.up_to) {
                    *count += 1;
                }
                entry.truncate(index.key_columns);
                *after = entry;
                if now() >= until {
                    return Ok(false);
                }
            }
        }
        // What is too much has the columns of a record that has an entry of its own.
        if *count == self.counted[*which] {
            Ok(true)
        } else {
            Err(damaged(reader, index.name, None))
        }
    }
}

fn entries_of(which: usize) -> Stage {
    Stage::Entries { which, after: first_key(which), count: 0 }
}

fn values(row: &Row<'_>) -> rusqlite::Result<Vec<Value>> {
    (0..row.as_ref().column_count()).map(|column| row.get(column)).collect()
}

/// Whether a key comes before another in an index; never for values of a type that was not written there.
fn is_before(key: &[Value], other: &[Value]) -> bool {
    for pair in key.iter().zip(other) {
        let order = match pair {
            (Value::Integer(one), Value::Integer(other)) => one.cmp(other),
            (Value::Text(one), Value::Text(other)) => one.as_bytes().cmp(other.as_bytes()),
            _ => return false,
        };
        if order.is_ne() {
            return order.is_lt();
        }
    }
    false
}

fn damaged(reader: &Reader, index: &'static str, seq: Option<u64>) -> Error {
    reader.damage.report(Error::IndexDamaged { index, seq })
}

/// A failure while only this index was read: its page is torn, its column of no type of ours, or it cannot be asked.
fn blame(reader: &Reader, index: &'static str, seq: Option<u64>, error: rusqlite::Error) -> Error {
    match error.sqlite_error_code() {
        Some(ErrorCode::DatabaseCorrupt | ErrorCode::Unknown) | None => damaged(reader, index, seq),
        Some(_) => error.into(),
    }
}

/// A failure while only the table was read.
fn of_record(reader: &Reader, seq: u64, error: rusqlite::Error) -> Error {
    match error.sqlite_error_code() {
        Some(ErrorCode::DatabaseCorrupt) | None => reader.damage.found(seq),
        Some(_) => error.into(),
    }
}
