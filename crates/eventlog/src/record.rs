//! Records: an envelope of numbers and a body of bytes.

use std::fmt;

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
    },
}

/// One entry of the log.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Record {
    /// Position; strictly rising, gaps allowed.
    pub seq: u64,
    /// Microseconds since 1970 UTC; strictly rising with `seq`.
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
}

/// Erases the body of `seq`, in the transaction that appends `by`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Redaction {
    /// The record that loses its body.
    pub seq: u64,
    /// The record that says so; part of the same batch or older.
    pub by: u64,
}

/// What one commit makes durable: all of it or nothing.
#[derive(Clone, Debug, Default)]
pub struct Batch {
    /// New records, rising.
    pub records: Vec<Record>,
    /// Bodies to erase; naming a record that is erased already changes nothing.
    pub redactions: Vec<Redaction>,
}
