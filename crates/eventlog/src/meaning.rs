//! What the log cannot know of its records, and needs to make anew what follows from them.

use crate::label::LabelChange;
use crate::record::Record;

/// The layer above, where the log reads its own records: in a migration, a comparison and a repair.
///
/// It must say of a record what was said when it was appended, also of one that has been erased since: then the labels that
/// a whole log leads to are those that stand in it.
pub trait Meaning: Send + Sync {
    /// Why records of this kind erase others: what [`Redaction::why`](crate::Redaction::why) is when one of them does.
    fn why(&self, kind: u16) -> u8;

    /// Adds what a record changes in the labels, in order.
    ///
    /// # Errors
    ///
    /// [`NotUnderstood`] when the record says nothing that this version knows.
    fn labels(&self, record: &Record, changes: &mut Vec<LabelChange>) -> Result<(), NotUnderstood>;
}

/// A record that a [`Meaning`] cannot read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct NotUnderstood;
