//! Labels: numbers that stand on records, so that the layer above finds some of them without reading them all.
//!
//! They are written in the append's own transaction, so they are never behind, and follow from the records alone, so they
//! can be made anew. What they mean only a [`Meaning`](crate::Meaning) knows.

/// Where a label stands. The four numbers are its key; each is at most [`OWNER_MAX`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Label {
    /// Which of the labels of the layer above.
    pub kind: u8,
    /// Whose it is: somebody's seq, or a number that is nobody's.
    pub owner: u64,
    /// In which channel.
    pub channel: u64,
    /// On which record.
    pub seq: u64,
}

/// The last number that a label may have: one more than [`SEQ_MAX`](crate::SEQ_MAX), so it is no record's.
pub const OWNER_MAX: u64 = i64::MAX as u64;

/// When a label is set.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum When {
    /// Whatever was there.
    Always,
    /// Only where there is none.
    Absent,
    /// Only where there is one.
    Present,
    /// Only where there is one with a higher value.
    Lower,
}

/// What a record changes in the labels.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[expect(missing_docs, reason = "the fields of a label")]
pub enum LabelChange {
    /// It stands there with this value, at most [`OWNER_MAX`].
    Set { label: Label, value: u64, when: When },
    /// It stands there no more.
    Clear(Label),
    /// None of this kind stands on the record any more.
    ClearRecord { kind: u8, seq: u64 },
    /// Of an owner none of this kind stands in the channel any more.
    ClearChannel { kind: u8, owner: u64, channel: u64 },
}
