//! What is left of a damaged record: as much of its envelope as is known to be right.
//!
//! Where its sum fits, the envelope is what was appended, and the body alone is damaged. Where it does not, the indexes
//! are asked, which have kind, channel, target and actor a second time: what the record says is taken only where an
//! index says the same, and where the sums fit with what the index says, the record is whole. Of one that was not found by an index, and contradicts them, the place is looked for.

use std::cell::RefCell;
use std::collections::HashMap;

use rusqlite::types::ValueRef;
use rusqlite::{OptionalExtension, Row};

use super::reader::{Reader, integer, parse};
use crate::Error;
use crate::record::{Body, Record};

/// Records that are looked for by one reader: each means going through an index, a million entries in a tenth of a second.
/// Beyond, a file is damaged so badly that nobody reads in it anyway.
const STRAYS_MAX: usize = 64;

/// Where damaged records were found that no index had led to. Nothing moves: once damage is seen, nothing is appended.
#[derive(Default)]
pub(super) struct Strays(RefCell<HashMap<u64, Option<Place>>>);

/// What the index of channels says of a record.
#[derive(Clone, Copy)]
struct Place {
    channel: u64,
    kind: u16,
    actor: u64,
}

/// What an index said of a record that was found by it.
#[derive(Clone, Copy, Default)]
pub(super) struct Found {
    pub kind: Option<u16>,
    pub channel: Option<u64>,
    pub target: Option<u64>,
}

impl Found {
    pub fn in_channel(channel: u64, kind: u16) -> Found {
        Found { kind: Some(kind), channel: Some(channel), target: None }
    }

    pub fn about(target: u64, kind: u16) -> Found {
        Found { kind: Some(kind), channel: None, target: Some(target) }
    }
}

impl Reader {
    /// A damaged record's envelope, or all of it where the indexes have what is damaged; `None` when nothing says where it belongs.
    pub(super) fn outline(&self, row: &Row<'_>, found: Found) -> Result<Option<Record>, Error> {
        let number = |column| row.get_ref(column).ok().and_then(integer);
        let text = |column| match row.get_ref(column) {
            Ok(ValueRef::Null) | Err(_) => None,
            Ok(text) => text.as_str().ok().map(str::to_owned),
        };
        let told = Record {
            seq: number(0).unwrap_or_default().cast_unsigned(),
            ts_micros: number(1).unwrap_or_default(),
            kind: number(2).and_then(|kind| u16::try_from(kind).ok()).unwrap_or_default(),
            channel: number(3).map(i64::cast_unsigned),
            actor: number(4).unwrap_or_default().cast_unsigned(),
            target: number(5).map(i64::cast_unsigned),
            client_msg_id: text(6),
            body: Body::Damaged,
            digest: None,
        };
        if number(7) == Some(told.envelope_sum().into()) {
            return Ok(Some(told));
        }
        let Some(attested) = self.attested(told, found)? else { return Ok(None) };
        Ok(Some(healed(row, &attested)?.unwrap_or(attested)))
    }

    fn attested(&self, told: Record, found: Found) -> Result<Option<Record>, Error> {
        const IN_CHANNEL: &str = "
            SELECT actor
              FROM record INDEXED BY record_channel
             WHERE channel = ?1 AND kind = ?2 AND seq = ?3";
        const ABOUT: &str = "
            SELECT actor
              FROM record INDEXED BY record_target
             WHERE target = ?1 AND kind = ?2 AND seq = ?3";
        let kind = found.kind.unwrap_or(told.kind);
        let actor = |sql, of: u64, kind: u16| -> Result<Option<u64>, Error> {
            let parameters = (of.cast_signed(), kind, told.seq.cast_signed());
            let actor: Option<i64> =
                self.statement(sql)?.query_row(parameters, |row| row.get(0)).optional()?;
            Ok(actor.map(i64::cast_unsigned))
        };
        let mut place = None;
        if let Some(channel) = found.channel.or(told.channel) {
            place = match actor(IN_CHANNEL, channel, kind)? {
                Some(actor) => Some(Place { channel, kind, actor }),
                None => self.stray(told.seq)?,
            };
        }
        let kind = place.map_or(kind, |place| place.kind);
        let mut about = None;
        if let Some(target) = found.target.or(told.target) {
            about = actor(ABOUT, target, kind)?.map(|actor| (target, actor));
        }
        let known = place.map(|place| place.actor).or(about.map(|(_, actor)| actor));
        let Some(actor) = known else { return Ok(None) };
        let ts_micros = self.plausible_time(told.seq, told.ts_micros)?;
        let (channel, target) = (place.map(|it| it.channel), about.map(|(target, _)| target));
        Ok(Some(Record { ts_micros, kind, channel, actor, target, client_msg_id: None, ..told }))
    }

    /// The place of a record that is not where it says.
    fn stray(&self, seq: u64) -> Result<Option<Place>, Error> {
        const ANYWHERE: &str = "
            SELECT channel, kind, actor
              FROM record INDEXED BY record_channel
             WHERE channel IS NOT NULL AND seq = ?1";
        if let Some(known) = self.strays.0.borrow().get(&seq) {
            return Ok(*known);
        }
        if self.strays.0.borrow().len() >= STRAYS_MAX {
            return Ok(None);
        }
        let mut statement = self.statement(ANYWHERE)?;
        let place = statement.query_row([seq.cast_signed()], |row| {
            let number = |column| row.get(column).map(i64::cast_unsigned);
            Ok(Place { channel: number(0)?, kind: row.get(1)?, actor: number(2)? })
        });
        let place = place.optional()?;
        self.strays.0.borrow_mut().insert(seq, place);
        Ok(place)
    }

    /// The time that a record tells, if it lies between those of its neighbours; else the moment after the one before.
    fn plausible_time(&self, seq: u64, told: i64) -> Result<i64, Error> {
        const BEFORE: &str = "SELECT ts_us FROM record WHERE seq < ?1 ORDER BY seq DESC LIMIT 1";
        const AFTER: &str = "SELECT ts_us FROM record WHERE seq > ?1 ORDER BY seq LIMIT 1";
        let time = |sql| -> Result<Option<i64>, Error> {
            let mut statement = self.statement(sql)?;
            let found = statement
                .query_row([seq.cast_signed()], |row| Ok(integer(row.get_ref(0)?)))
                .optional()?;
            Ok(found.flatten())
        };
        let before = time(BEFORE)?.unwrap_or_default();
        let is_between = told > before && time(AFTER)?.is_none_or(|after| told < after);
        Ok(if is_between { told } else { before.saturating_add(1) })
    }
}

/// The whole record, when nothing is damaged but numbers that the indexes have too.
fn healed(row: &Row<'_>, attested: &Record) -> Result<Option<Record>, Error> {
    let Some((told, envelope_sum, body_sum)) = parse(row, |why| u8::try_from(why).ok())? else {
        return Ok(None);
    };
    let Record { kind, channel, actor, target, .. } = *attested;
    let healed = Record { kind, channel, actor, target, ..told };
    let fits = i64::from(healed.envelope_sum()) == envelope_sum
        && i64::from(healed.body_sum()) == body_sum;
    Ok(fits.then_some(healed))
}
