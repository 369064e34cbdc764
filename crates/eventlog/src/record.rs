//! Records: an envelope of numbers and a body of bytes, each with its checksum.

use std::fmt;

use crc32fast::Hasher;

use crate::label::LabelChange;

/// Identity of a log's history: random at creation, new after a restore to the past. On the wire 16 hex digits.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Epoch(pub u64);

impl fmt::Display for Epoch {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:016x}", self.0)
    }
}

/// The payload of a record.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Body {
    /// As appended.
    Present(Vec<u8>),
    /// Erased by the record `by`.
    Redacted {
        /// The seq of the redacting record.
        by: u64,
        /// Why, as a number that the layer above assigns.
        why: u8,
    },
    /// Not what was appended, or not known to be: see [`Reader::reading_on`](crate::Reader::reading_on).
    Damaged,
}

/// The last position there can be: what SQLite's signed integers hold, less one so that "before the end" can be said.
pub const SEQ_MAX: u64 = i64::MAX as u64 - 1;

/// One entry of the log.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Record {
    /// Position, from 1 to [`SEQ_MAX`]; strictly rising, gaps allowed.
    pub seq: u64,
    /// Microseconds since 1970 UTC, at least 1; strictly rising with `seq`.
    pub ts_micros: i64,
    /// What happened, as a number that the layer above assigns.
    pub kind: u16,
    /// The channel it happened in.
    pub channel: Option<u64>,
    /// Who did it; 0 is the system.
    pub actor: u64,
    /// The earlier record that it is about.
    pub target: Option<u64>,
    /// Unique per actor, for ever.
    pub client_msg_id: Option<String>,
    /// The payload.
    pub body: Body,
    /// A digest of what stands elsewhere; erased with the body.
    pub digest: Option<Vec<u8>>,
}

impl Record {
    /// CRC-32 of the envelope's numbers; `redacted_by` is not among them, so redaction leaves it valid.
    ///
    /// The bytes: seq, time, kind, channel, actor, target, each little-endian, an optional one behind a 1 or as a
    /// single 0, and `client_msg_id` the same way.
    pub fn envelope_sum(&self) -> u32 {
        let Record { seq, ts_micros, kind, channel, actor, target, .. } = *self;
        let client_msg_id = self.client_msg_id.as_deref();
        Envelope { seq, ts_micros, kind, channel, actor, target, client_msg_id }.sum()
    }

    /// CRC-32 of the body and then the digest; once they are erased, of the redacting seq and of why.
    pub(crate) fn body_sum(&self) -> u32 {
        match &self.body {
            Body::Present(bytes) => {
                let mut sum = Hasher::new();
                sum.update(bytes);
                sum.update(self.digest.as_deref().unwrap_or_default());
                sum.finalize()
            }
            Body::Redacted { by, why } => redacted_sum(*by, *why),
            // Nobody writes one, and whoever reads one knows that no sum fits.
            Body::Damaged => 0,
        }
    }
}

/// What the sum of an erased body is.
pub(crate) fn redacted_sum(by: u64, why: u8) -> u32 {
    let mut sum = Hasher::new();
    sum.update(&by.to_le_bytes());
    sum.update(&[why]);
    sum.finalize()
}

/// What of a record stands in its envelope.
pub(crate) struct Envelope<'a> {
    pub seq: u64,
    pub ts_micros: i64,
    pub kind: u16,
    pub channel: Option<u64>,
    pub actor: u64,
    pub target: Option<u64>,
    pub client_msg_id: Option<&'a str>,
}

impl Envelope<'_> {
    /// See [`Record::envelope_sum`]. The numbers are summed in one piece: every record that is read pays for this.
    pub fn sum(&self) -> u32 {
        let mut numbers = [0; 3 * 8 + 2 + 2 * 9 + 1];
        let mut length = 0;
        let mut add = |bytes: &[u8]| {
            numbers[length..length + bytes.len()].copy_from_slice(bytes);
            length += bytes.len();
        };
        add(&self.seq.to_le_bytes());
        add(&self.ts_micros.to_le_bytes());
        add(&self.kind.to_le_bytes());
        add_optional(&mut add, self.channel);
        add(&self.actor.to_le_bytes());
        add_optional(&mut add, self.target);
        add(&[u8::from(self.client_msg_id.is_some())]);
        let mut sum = Hasher::new();
        sum.update(&numbers[..length]);
        sum.update(self.client_msg_id.unwrap_or_default().as_bytes());
        sum.finalize()
    }
}

fn add_optional(add: &mut impl FnMut(&[u8]), number: Option<u64>) {
    add(&[u8::from(number.is_some())]);
    if let Some(number) = number {
        add(&number.to_le_bytes());
    }
}

/// Erases the body of `seq`, in the transaction that appends `by`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Redaction {
    /// The record that loses its body.
    pub seq: u64,
    /// The record that says so; part of the same batch or older.
    pub by: u64,
    /// Why: what [`Meaning::why`](crate::Meaning::why) says of the kind of that record.
    pub why: u8,
}

/// What one commit makes durable: all of it or nothing.
#[derive(Clone, Debug, Default)]
pub struct Batch {
    /// New records, rising.
    pub records: Vec<Record>,
    /// Bodies to erase, of older records or of this batch's; naming one that is erased already or absent changes
    /// nothing.
    pub redactions: Vec<Redaction>,
    /// What the records change in the labels, in order.
    pub labels: Vec<LabelChange>,
    /// How soon what they erase has to be out of the files.
    pub haste: Haste,
}

/// How soon erased bytes have to be out of the files of a log that stays open. Closing it, and opening it after a crash,
/// leaves none of either kind.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub enum Haste {
    /// Within half a minute, so that very many small ones share one emptying of the write-ahead log.
    Later,
    /// Within about a second.
    #[default]
    Soon,
}
