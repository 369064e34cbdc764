//! The event log: one total order of records, and the only thing a request ever writes.
//!
//! Promises: an append that returned is on disk (`synchronous=FULL`, one commit for a whole batch); records come back
//! exactly as they went in or as redacted; corruption names the seq, or the index that does not fit the records. To it a
//! payload is bytes, a kind is a number, a label is a few of them.
//!
//! Flow: `write` appends; projections, streams and folds read ranges, channels and targets, and follow the head.

#![deny(missing_docs)]

mod appends;
mod error;
mod fault;
mod follow;
mod label;
mod meaning;
mod record;
mod sqlite;

pub use appends::Appends;
pub use error::Error;
#[doc(hidden)]
pub use fault::fault_point;
pub use label::{Label, LabelChange, OWNER_MAX, When};
pub use meaning::{Meaning, NotUnderstood};
pub use record::{Batch, Body, Epoch, Haste, Record, Redaction, SEQ_MAX};
pub use sqlite::{
    Comparison, Gaps, HeldErasure, Log, Migration, OwnReads, Passage, Reader, ReadsOn, Repaired,
    Wanted, migrate, repair,
};
