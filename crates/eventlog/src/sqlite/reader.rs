//! Reading: ranges, channels, targets, single records. Every record is checked against its sums on the way.
//!
//! Neighbours: `pages` selects the newest and the oldest of a kind; `outline` says what is left of a damaged record.

use std::cell::Cell;
use std::collections::BTreeMap;
use std::fmt::Write;
use std::path::Path;
use std::sync::Arc;

use rusqlite::types::ValueRef;
use rusqlite::{CachedStatement, Connection, ErrorCode, OptionalExtension, Params, Row};

use super::damage::{Damage, ReadsOn};
use super::file;
use super::outline::{Found, Strays};
use crate::Error;
use crate::record::{Body, Record, SEQ_MAX};

/// A blocking reader with its own connection; sees every commit.
///
/// It may live on any one thread and outlive [`Log::close`](crate::Log::close), but the file's WAL is only removed when
/// the last reader is gone.
pub struct Reader {
    pub(super) connection: Connection,
    pub(super) damage: Arc<Damage>,
    pub(super) reads_on: bool,
    pub(super) strays: Strays,
    records_read: Cell<u64>,
}

impl Reader {
    pub(super) fn open(path: &Path, damage: Arc<Damage>) -> Result<Reader, Error> {
        let connection = file::open_reading(path)?;
        let (strays, records_read) = (Strays::default(), Cell::default());
        Ok(Reader { connection, damage, reads_on: false, strays, records_read })
    }

    /// From now on a damaged record does not end a read: it comes as [`Body::Damaged`], with as much of its envelope as
    /// is known to be right, or is left out where that is too little. It stops the appends all the same.
    ///
    /// For whoever shows records; whoever decides or derives something from them must not read on.
    #[must_use]
    pub fn reading_on(self) -> Reader {
        Reader { reads_on: true, ..self }
    }

    /// Whether it hands out damaged records.
    pub fn reads_on(&self) -> ReadsOn {
        ReadsOn(self.reads_on.then(|| Arc::clone(&self.damage)))
    }

    /// How many records it has read: what a question costs, for who promises that it costs little.
    pub fn records_read(&self) -> u64 {
        self.records_read.get()
    }

    /// Runs several reads on one state of the log, so that no redaction comes between them.
    ///
    /// Inside another snapshot it is part of that. Keep it short: the WAL cannot shrink meanwhile, and erased bytes stay
    /// in it.
    pub fn snapshot<T, E: From<Error>>(
        &mut self,
        read: impl FnOnce(&mut Reader) -> Result<T, E>,
    ) -> Result<T, E> {
        if !self.connection.is_autocommit() {
            return read(self);
        }
        self.run("BEGIN")?;
        let result = read(self);
        self.end_snapshot()?;
        result
    }

    /// Ends a snapshot, one that a panic left open too.
    pub(super) fn end_snapshot(&mut self) -> Result<(), Error> {
        if self.connection.is_autocommit() { Ok(()) } else { self.run("ROLLBACK") }
    }

    fn run(&mut self, sql: &str) -> Result<(), Error> {
        self.statement(sql)?.execute([])?;
        Ok(())
    }

    /// The last durable seq and its time in microseconds; zeros for an empty log.
    pub fn head(&mut self) -> Result<(u64, i64), Error> {
        let tip = file::tip(&self.connection)?;
        Ok((tip.seq, tip.ts_micros))
    }

    /// Records after `after` (exclusive) up to `up_to` (inclusive), rising, at most `limit`.
    pub fn range(&mut self, after: u64, up_to: u64, limit: usize) -> Result<Vec<Record>, Error> {
        const RANGE: &str = "
            SELECT seq, ts_us, kind, channel, actor, target, client_msg_id, envelope_sum, body, body_sum,
                   redacted_by, redacted_why, digest
              FROM record
             WHERE seq > ?1 AND seq <= ?2
             ORDER BY seq
             LIMIT ?3";
        self.records(RANGE, (bound(after), bound(up_to), count(limit)))
    }

    /// The seq of the `n`th newest record (1 is the newest) of a kind in a channel up to `up_to` inclusive, from the
    /// index alone; `None` when there are fewer, or `n` is 0.
    pub fn channel_nth_newest(
        &mut self,
        channel: u64,
        kind: u16,
        up_to: u64,
        n: usize,
    ) -> Result<Option<u64>, Error> {
        const NTH_NEWEST: &str = "
            SELECT seq
              FROM record
             WHERE channel = ?1 AND kind = ?2 AND seq <= ?3
             ORDER BY seq DESC
             LIMIT 1 OFFSET ?4";
        let Some(newer) = n.checked_sub(1) else { return Ok(None) };
        let seq: Option<i64> = self
            .statement(NTH_NEWEST)?
            .query_row((channel.cast_signed(), kind, bound(up_to), count(newer)), |row| row.get(0))
            .optional()?;
        Ok(seq.map(i64::cast_unsigned))
    }

    /// How many records of a kind a channel has in `after < seq <= up_to` that were made neither by `except_actor` nor by
    /// the system and are not redacted; from the index alone.
    pub fn channel_count(
        &mut self,
        channel: u64,
        kind: u16,
        after: u64,
        up_to: u64,
        except_actor: u64,
    ) -> Result<u64, Error> {
        const COUNT: &str = "
            SELECT COUNT(*)
              FROM record
             WHERE channel = ?1 AND kind = ?2 AND seq > ?3 AND seq <= ?4
               AND actor NOT IN (0, ?5) AND redacted_why IS NULL";
        let (channel, except_actor) = (channel.cast_signed(), except_actor.cast_signed());
        let count: i64 = self
            .statement(COUNT)?
            .query_row((channel, kind, bound(after), bound(up_to), except_actor), |row| {
                row.get(0)
            })?;
        Ok(count.cast_unsigned())
    }

    /// The records with these seqs, rising, each once; absent ones are left out.
    pub fn by_seqs(&mut self, seqs: &[u64]) -> Result<Vec<Record>, Error> {
        let mut seqs = seqs.to_vec();
        seqs.sort_unstable();
        seqs.dedup();
        let mut statement = self.statement(BY_SEQ)?;
        let mut records = Vec::with_capacity(seqs.len());
        for seq in seqs {
            let by_seq = [seq.cast_signed()];
            self.collect(&mut statement, by_seq, Found::default(), &mut records)?;
        }
        Ok(records)
    }

    /// The records about any of these targets, up to `up_to` inclusive, rising, each once.
    ///
    /// The answer holds all of them in memory; [`Reader::visit_targets`] does not.
    pub fn by_targets(&mut self, targets: &[u64], up_to: u64) -> Result<Vec<Record>, Error> {
        let mut records = Vec::new();
        let all = |_| Wanted::All;
        self.visit_targets(targets, up_to, all, |record| {
            records.push(record);
            Ok::<_, Error>(())
        })?;
        records.sort_unstable_by_key(|record| record.seq);
        Ok(records)
    }

    /// Shows `visit` the records about each of these targets, up to `up_to` inclusive: target after target, each
    /// target's rising. An error of `visit` ends it.
    ///
    /// Only one record is in memory at a time, and the seqs of the others, however much happened to a target. What is not
    /// `wanted` of a kind is not read.
    pub fn visit_targets<E: From<Error>>(
        &mut self,
        targets: &[u64],
        up_to: u64,
        wanted: impl Fn(u16) -> Wanted,
        mut visit: impl FnMut(Record) -> Result<(), E>,
    ) -> Result<(), E> {
        const OF_TARGET: &str = "
            SELECT seq, kind, redacted_why IS NULL
              FROM record INDEXED BY record_target
             WHERE target = ?1 AND seq <= ?2";
        let mut targets = targets.to_vec();
        targets.sort_unstable();
        targets.dedup();
        let mut of_target = self.statement(OF_TARGET)?;
        let mut by_seq = self.statement(BY_SEQ)?;
        for target in targets {
            let parameters = (target.cast_signed(), bound(up_to));
            let mut rows = of_target.query(parameters).map_err(Error::from)?;
            let (mut seqs, mut newest) = (Vec::<(i64, u16)>::new(), Vec::new());
            let mut last = BTreeMap::<u16, i64>::new();
            while let Some(row) = rows.next().map_err(Error::from)? {
                let found: Result<_, rusqlite::Error> = row.try_into();
                let (seq, kind, is_whole): (i64, u16, bool) = found.map_err(Error::from)?;
                match wanted(kind) {
                    Wanted::All => seqs.push((seq, kind)),
                    Wanted::Newest if is_whole => newest.push((seq, kind)),
                    Wanted::Newest | Wanted::Nothing => {}
                    Wanted::Last => {
                        let last = last.entry(kind).or_default();
                        *last = seq.max(*last);
                    }
                }
            }
            seqs.extend(last.into_iter().map(|(kind, seq)| (seq, kind)));
            // The index has them kind after kind.
            newest.sort_unstable();
            seqs.extend(newest.into_iter().rev().take(NEWEST));
            seqs.sort_unstable();
            for (seq, kind) in seqs {
                let found = Found { target: Some(target), kind: Some(kind), channel: None };
                let mut rows = by_seq.query([seq]).map_err(Error::from)?;
                while let Some(row) = rows.next().map_err(Error::from)? {
                    if let Some(record) = self.found(row, found)? {
                        visit(record)?;
                    }
                }
            }
        }
        Ok(())
    }

    /// The record that this actor appended with this `client_msg_id`.
    pub fn by_client_msg_id(
        &mut self,
        actor: u64,
        client_msg_id: &str,
    ) -> Result<Option<Record>, Error> {
        const BY_CLIENT_MSG_ID: &str = "
            SELECT seq, ts_us, kind, channel, actor, target, client_msg_id, envelope_sum, body, body_sum,
                   redacted_by, redacted_why, digest
              FROM record
             WHERE actor = ?1 AND client_msg_id = ?2";
        Ok(self.records(BY_CLIENT_MSG_ID, (actor.cast_signed(), client_msg_id))?.pop())
    }

    /// The last seq whose time is at most `ts_micros`; 0 when there is none.
    ///
    /// Times rise with seqs, so this is a binary search, and no index by time has to be kept.
    pub fn seq_at(&mut self, ts_micros: i64) -> Result<u64, Error> {
        const AT_OR_BEFORE: &str = "
            SELECT seq, ts_us FROM record WHERE seq <= ?1 ORDER BY seq DESC LIMIT 1";
        let mut statement = self.statement(AT_OR_BEFORE)?;
        let tip = file::tip(&self.connection)?;
        if tip.ts_micros <= ts_micros {
            return Ok(tip.seq);
        }
        // Invariant: the answer is in low..high, and every record from `high` on is later than `ts_micros`.
        let (mut low, mut high) = (0, tip.seq.cast_signed());
        while high - low > 1 {
            let middle = low + (high - low) / 2;
            let found: Option<(i64, i64)> =
                statement.query_row([middle], |row| Ok((row.get(0)?, row.get(1)?))).optional()?;
            match found {
                Some((seq, ts)) if ts > ts_micros => high = seq,
                // Between `seq` and `middle` there is a gap.
                Some((seq, _)) if seq > low => low = middle,
                Some(_) | None => low = middle,
            }
        }
        // `low` may stand in a gap; the record before it is the answer.
        let found: Option<i64> = statement.query_row([low], |row| row.get(0)).optional()?;
        Ok(found.map_or(0, i64::cast_unsigned))
    }

    /// Verifies the checksums of `after < seq <= up_to`; the error names the first damaged record.
    ///
    /// It is one statement: go through a large log in steps, so that the WAL can be emptied between them.
    pub fn verify(&mut self, after: u64, up_to: u64) -> Result<(), Error> {
        const VERIFIED: &str = "
            SELECT seq, ts_us, kind, channel, actor, target, client_msg_id, envelope_sum, body, body_sum,
                   redacted_by, redacted_why, digest
              FROM record
             WHERE seq > ?1 AND seq <= ?2
             ORDER BY seq";
        let mut statement = self.statement(VERIFIED)?;
        let mut rows = statement.query((bound(after), bound(up_to)))?;
        let (mut last, mut last_ts) = (after, i64::MIN);
        loop {
            let row = match rows.next() {
                Ok(row) => row,
                // A page that SQLite itself cannot read: the record after the last good one is on it.
                Err(error) if error.sqlite_error_code() == Some(ErrorCode::DatabaseCorrupt) => {
                    return Err(self.damage.found(last + 1));
                }
                Err(error) => return Err(error.into()),
            };
            let Some(row) = row else { return Ok(()) };
            let record = self.record(row)?;
            if record.seq <= last || record.ts_micros <= last_ts {
                return Err(self.damage.found(record.seq));
            }
            (last, last_ts) = (record.seq, record.ts_micros);
        }
    }

    pub(super) fn statement(&self, sql: &str) -> Result<CachedStatement<'_>, Error> {
        Ok(self.connection.prepare_cached(sql)?)
    }

    pub(super) fn records(&self, sql: &str, parameters: impl Params) -> Result<Vec<Record>, Error> {
        self.found_records(sql, parameters, Found::default())
    }

    pub(super) fn found_records(
        &self,
        sql: &str,
        parameters: impl Params,
        found: Found,
    ) -> Result<Vec<Record>, Error> {
        let mut records = Vec::new();
        self.collect(&mut self.statement(sql)?, parameters, found, &mut records)?;
        Ok(records)
    }

    fn collect(
        &self,
        statement: &mut CachedStatement<'_>,
        parameters: impl Params,
        found: Found,
        records: &mut Vec<Record>,
    ) -> Result<(), Error> {
        let mut rows = statement.query(parameters)?;
        while let Some(row) = rows.next()? {
            records.extend(self.found(row, found)?);
        }
        Ok(())
    }

    /// A record that an index led to, whole, or what is left of it for who reads on.
    fn found(&self, row: &Row<'_>, found: Found) -> Result<Option<Record>, Error> {
        match self.record(row) {
            Err(Error::Corrupt { .. }) if self.reads_on => self.outline(row, found),
            whole => whole.map(Some),
        }
    }

    /// A record, if it is what was appended.
    pub(super) fn record(&self, row: &Row<'_>) -> Result<Record, Error> {
        self.records_read.set(self.records_read.get() + 1);
        let seq = integer(row.get_ref(0)?).unwrap_or_default().cast_unsigned();
        let why = |why| u8::try_from(why).ok();
        let Some((record, envelope_sum, body_sum)) = parse(row, why)? else {
            return Err(self.damage.found(seq));
        };
        if i64::from(record.envelope_sum()) != envelope_sum
            || i64::from(record.body_sum()) != body_sum
        {
            return Err(self.damage.found(seq));
        }
        Ok(record)
    }
}

/// Of the newest the one before comes too, in case that one is damaged.
const NEWEST: usize = 2;

/// Which records of a kind are read of those about a target.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Wanted {
    /// All.
    All,
    /// Of all kinds of which this is wanted the newest that is not erased, and the one before it.
    Newest,
    /// The last of this kind, erased or not.
    Last,
    /// None.
    Nothing,
}

pub(super) const BY_SEQ: &str = "
    SELECT seq, ts_us, kind, channel, actor, target, client_msg_id, envelope_sum, body, body_sum,
           redacted_by, redacted_why, digest
      FROM record
     WHERE seq = ?1";

/// A row's record and its two sums; `None` when a column is of a type that was never written there. `why` is told by the
/// last number but one.
pub(super) fn parse(
    row: &Row<'_>,
    why: impl Fn(i64) -> Option<u8>,
) -> Result<Option<(Record, i64, i64)>, rusqlite::Error> {
    let number = |column| row.get_ref(column).map(integer);
    let (Some(seq), Some(ts_micros), Some(kind)) = (number(0)?, number(1)?, number(2)?) else {
        return Ok(None);
    };
    let (Some(actor), Some(envelope_sum), Some(body_sum)) = (number(4)?, number(7)?, number(9)?)
    else {
        return Ok(None);
    };
    let Ok(kind) = u16::try_from(kind) else { return Ok(None) };
    let client_msg_id = match row.get_ref(6)? {
        ValueRef::Null => None,
        text => match text.as_str() {
            Ok(text) => Some(text.to_owned()),
            Err(_) => return Ok(None),
        },
    };
    let digest = match row.get_ref(12)? {
        ValueRef::Null => None,
        ValueRef::Blob(bytes) => Some(bytes.to_vec()),
        _ => return Ok(None),
    };
    let body = match (row.get_ref(8)?, number(10)?, number(11)?, &digest) {
        (ValueRef::Blob(bytes), None, None, _) => Body::Present(bytes.to_vec()),
        (ValueRef::Null, Some(by), Some(told), None) => match why(told) {
            Some(why) => Body::Redacted { by: by.cast_unsigned(), why },
            None => return Ok(None),
        },
        _ => return Ok(None),
    };
    let record = Record {
        seq: seq.cast_unsigned(),
        ts_micros,
        kind,
        channel: number(3)?.map(i64::cast_unsigned),
        actor: actor.cast_unsigned(),
        target: number(5)?.map(i64::cast_unsigned),
        client_msg_id,
        body,
        digest,
    };
    Ok(Some((record, envelope_sum, body_sum)))
}

pub(super) fn integer(value: ValueRef<'_>) -> Option<i64> {
    value.as_i64().ok()
}

/// A seq as a bound: "before the end" is any number after the last possible one.
pub(super) fn bound(seq: u64) -> i64 {
    seq.min(SEQ_MAX + 1).cast_signed()
}

/// Numbers, each once and with a bound, as JSON that a statement goes through.
pub(super) fn asked(numbers: impl IntoIterator<Item = (u64, u64)>) -> String {
    let mut json = String::from("{");
    for (number, after) in numbers {
        let comma = if json.len() > 1 { "," } else { "" };
        write!(json, "{comma}\"{}\":{}", number.cast_signed(), bound(after))
            .expect("writing to memory does not fail");
    }
    json.push('}');
    json
}

/// The first three numbers of a row.
pub(super) fn triple(row: &Row<'_>) -> rusqlite::Result<(u64, u64, u64)> {
    let number = |column| row.get(column).map(i64::cast_unsigned);
    Ok((number(0)?, number(1)?, number(2)?))
}

pub(super) fn count(limit: usize) -> i64 {
    i64::try_from(limit).unwrap_or(i64::MAX)
}
