//! Reading a long range for a few of its bodies: the others are passed by, their envelopes verified like any.

use rusqlite::Row;
use rusqlite::types::ValueRef;

use super::reader::{BY_SEQ, Reader, bound, count, integer};
use crate::Error;
use crate::record::{Envelope, Record};

/// A record on the way through a range.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Passage {
    /// It was wanted, and is what was appended.
    Read(Record),
    /// Of its kind no body was wanted; what is told here is what was appended.
    Passed {
        /// Its position.
        seq: u64,
        /// Its time in microseconds.
        ts_micros: i64,
        /// Its kind.
        kind: u16,
        /// Where it happened.
        channel: Option<u64>,
    },
}

impl Passage {
    fn place(&self) -> (u64, i64) {
        match *self {
            Passage::Read(Record { seq, ts_micros, .. })
            | Passage::Passed { seq, ts_micros, .. } => (seq, ts_micros),
        }
    }
}

impl Reader {
    /// What [`Reader::range`] reads, without the bodies of the kinds in `passed`.
    ///
    /// A damaged body among those is not noticed; whoever reads it notices.
    pub fn range_passing(
        &mut self,
        after: u64,
        up_to: u64,
        limit: usize,
        passed: &[u16],
    ) -> Result<Vec<Passage>, Error> {
        const ENVELOPES: &str = "
            SELECT seq, ts_us, kind, channel, actor, target, client_msg_id, envelope_sum
              FROM record
             WHERE seq > ?1 AND seq <= ?2
             ORDER BY seq
             LIMIT ?3";
        self.snapshot(|reader| {
            let mut envelopes = reader.statement(ENVELOPES)?;
            let mut wanted = reader.statement(BY_SEQ)?;
            let mut rows = envelopes.query((bound(after), bound(up_to), count(limit)))?;
            let (mut passages, mut last, mut last_ts) = (Vec::new(), after, i64::MIN);
            while let Some(row) = rows.next()? {
                let kind = integer(row.get_ref(2)?).and_then(|kind| u16::try_from(kind).ok());
                if let Some(kind) = kind.filter(|kind| passed.contains(kind)) {
                    passages.push(reader.envelope(row, kind)?);
                } else {
                    let seq: i64 = row.get(0)?;
                    let record = wanted.query_row([seq], |row| Ok(reader.record(row)))?;
                    passages.push(Passage::Read(record?));
                }
                let (seq, ts_micros) = passages.last().map_or((last, last_ts), Passage::place);
                if seq <= last || ts_micros <= last_ts {
                    return Err(reader.damage.found(seq));
                }
                (last, last_ts) = (seq, ts_micros);
            }
            Ok(passages)
        })
    }

    /// What a verified envelope says of a record.
    fn envelope(&self, row: &Row<'_>, kind: u16) -> Result<Passage, Error> {
        let number = |column| row.get_ref(column).map(integer);
        let seq = number(0)?.unwrap_or_default().cast_unsigned();
        let damaged = || self.damage.found(seq);
        let client_msg_id = match row.get_ref(6)? {
            ValueRef::Null => None,
            text => Some(text.as_str().map_err(|_| damaged())?),
        };
        let envelope = Envelope {
            seq,
            ts_micros: number(1)?.ok_or_else(damaged)?,
            kind,
            channel: number(3)?.map(i64::cast_unsigned),
            actor: number(4)?.ok_or_else(damaged)?.cast_unsigned(),
            target: number(5)?.map(i64::cast_unsigned),
            client_msg_id,
        };
        if number(7)? != Some(i64::from(envelope.sum())) {
            return Err(damaged());
        }
        let Envelope { ts_micros, channel, .. } = envelope;
        Ok(Passage::Passed { seq, ts_micros, kind, channel })
    }
}
