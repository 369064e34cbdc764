//! The labels that stand in the file, compared with those that the records lead to.
//!
//! In one read transaction the derived ones follow the log to its head, so both are of the same moment, however much is
//! appended between the slices.

use std::time::Instant;

use rusqlite::OptionalExtension;
use rusqlite::types::Value;

use super::super::owner::now;
use super::super::reader::{Reader, bound};
use super::derived::Key;
use super::{Progress, Stage, blame, damaged, of_record, values};
use crate::record::SEQ_MAX;
use crate::{Error, Meaning};

/// How the table and its index are called where they are damaged.
const LABEL: &str = "label";

impl Progress {
    /// Follows the log to its head, and compares the labels of this pass from where the last slice ended; true when all
    /// were compared.
    pub(super) fn compare_labels(
        &mut self,
        reader: &Reader,
        meaning: &dyn Meaning,
        until: Instant,
    ) -> Result<bool, Error> {
        // In order, and each whole: without the order the next slice would begin somewhere else.
        const LABELS: &str = "
            SELECT kind, owner, channel, seq, value
              FROM label NOT INDEXED
             WHERE (kind, owner, channel, seq) > (?1, ?2, ?3, ?4)
             ORDER BY kind, owner, channel, seq";
        const ENTRY: &str = "
            SELECT 1
              FROM label INDEXED BY label_record
             WHERE seq = ?4 AND kind = ?1 AND owner = ?2 AND channel = ?3";
        if !self.follow_to_head(reader, meaning, until)? {
            return Ok(false);
        }
        let Stage::Labels { after } = &mut self.stage else { return Ok(true) };
        let mut statement = reader.statement(LABELS)?;
        let mut entry = reader.statement(ENTRY)?;
        let mut rows = statement.query(after.unwrap_or(self.derived.start()))?;
        loop {
            let row = rows.next().map_err(|error| blame(reader, LABEL, None, error))?;
            let found = match row {
                None => None,
                Some(row) => {
                    let row = values(row).map_err(|error| blame(reader, LABEL, None, error))?;
                    Some(numbers(&row).ok_or_else(|| damaged(reader, LABEL, None))?)
                }
            };
            let found = found
                .map(|[kind, owner, channel, seq, value]| ([kind, owner, channel, seq], value));
            let in_range = |(key, _): &(Key, i64)| self.derived.beyond().is_none_or(|it| *key < it);
            let found = found.filter(in_range);
            let expected = self.derived.after(*after).next().map(|(key, value)| (*key, *value));
            if found != expected {
                let first = found.into_iter().chain(expected).min();
                let seq = first.map(|([.., seq], _)| seq.cast_unsigned());
                return Err(damaged(reader, LABEL, seq));
            }
            let Some((key, _)) = found else { return Ok(true) };
            let indexed: Option<i64> = entry
                .query_row(key, |row| row.get(0))
                .optional()
                .map_err(|error| blame(reader, LABEL, None, error))?;
            if indexed.is_none() {
                return Err(damaged(reader, LABEL, Some(key[3].cast_unsigned())));
            }
            *after = Some(key);
            if now() >= until {
                return Ok(false);
            }
        }
    }

    /// Walks the labels' index, and seeks each entry in the table; true when all were seen.
    pub(super) fn compare_label_entries(
        &mut self,
        reader: &Reader,
        until: Instant,
    ) -> Result<bool, Error> {
        const ENTRIES: &str = "
            SELECT seq, kind, owner, channel
              FROM label INDEXED BY label_record
             WHERE (seq, kind, owner, channel) > (?1, ?2, ?3, ?4)
             ORDER BY seq, kind, owner, channel";
        const LABEL_OF: &str = "
            SELECT 1
              FROM label NOT INDEXED
             WHERE kind = ?2 AND owner = ?3 AND channel = ?4 AND seq = ?1";
        let Stage::LabelEntries { after } = &mut self.stage else { return Ok(true) };
        let mut statement = reader.statement(ENTRIES)?;
        let mut label = reader.statement(LABEL_OF)?;
        let mut rows = statement.query(*after)?;
        loop {
            let row = rows.next().map_err(|error| blame(reader, LABEL, None, error))?;
            let Some(row) = row else { return Ok(true) };
            let row = values(row).map_err(|error| blame(reader, LABEL, None, error))?;
            let entry: Key = numbers(&row).ok_or_else(|| damaged(reader, LABEL, None))?;
            let seq = Some(entry[0].cast_unsigned());
            let found: Option<i64> = label
                .query_row(entry, |row| row.get(0))
                .optional()
                .map_err(|error| blame(reader, LABEL, seq, error))?;
            if entry <= *after || found.is_none() {
                return Err(damaged(reader, LABEL, seq));
            }
            *after = entry;
            if now() >= until {
                return Ok(false);
            }
        }
    }

    /// Follows the records that the derived labels have not seen; true when they are at the head of this moment.
    fn follow_to_head(
        &mut self,
        reader: &Reader,
        meaning: &dyn Meaning,
        until: Instant,
    ) -> Result<bool, Error> {
        const RECORDS: &str = "
            SELECT seq, ts_us, kind, channel, actor, target, client_msg_id, envelope_sum, body, body_sum,
                   redacted_by, redacted_why, digest
              FROM record NOT INDEXED
             WHERE seq > ?1
             ORDER BY seq";
        let mut statement = reader.statement(RECORDS)?;
        let at = self.derived.at();
        debug_assert!(at <= SEQ_MAX, "a record was there");
        let mut rows = statement.query([bound(at)])?;
        loop {
            let next = self.derived.at() + 1;
            let row = rows.next().map_err(|error| of_record(reader, next, error))?;
            let Some(row) = row else { return Ok(true) };
            let record = reader.record(row)?;
            if record.seq < next {
                return Err(reader.damage.found(record.seq));
            }
            self.derived.follow(&record, meaning)?;
            if now() >= until {
                return Ok(false);
            }
        }
    }
}

/// A row of numbers, as only such were written there.
fn numbers<const COLUMNS: usize>(row: &[Value]) -> Option<[i64; COLUMNS]> {
    let mut numbers = [0; COLUMNS];
    for (number, value) in numbers.iter_mut().zip(row) {
        let Value::Integer(value) = value else { return None };
        *number = *value;
    }
    Some(numbers)
}
