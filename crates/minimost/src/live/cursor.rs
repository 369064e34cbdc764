//! Where a client stands, and that it is this history that it stands on.

use std::fmt;

use chat::event::Envelope;
use chat::{LoggedEvent, Seq, Workspace};
use eventlog::Epoch;

use crate::codec;

/// A log's history and a place in it: `<epoch>.<seq>.<sum>` on the wire, the sum of eight hex digits.
///
/// The epoch tells histories apart where somebody said that a new one begins. Where a backup was put back by hand nobody
/// did, and another event may stand at the same place: the sum is that of its record's envelope, which no other has.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Cursor {
    pub epoch: Epoch,
    pub seq: Seq,
    /// `None` before the first event, and from clients that came by their cursor when it had none.
    pub sum: Option<u32>,
}

impl Cursor {
    /// Behind the last event of a workspace.
    pub fn at_head(epoch: Epoch, workspace: &Workspace) -> Cursor {
        let sum = |last: &Envelope| codec::envelope_sum(last);
        Cursor { epoch, seq: workspace.head, sum: workspace.last.as_deref().map(sum) }
    }

    /// Behind an event.
    pub(super) fn behind(epoch: Epoch, logged: &LoggedEvent) -> Cursor {
        Cursor { epoch, seq: logged.seq, sum: Some(codec::envelope_sum(&logged.envelope())) }
    }

    /// Parses the form of the wire.
    pub fn parse(text: &str) -> Option<Cursor> {
        let mut parts = text.split('.');
        let epoch = Epoch(u64::from_str_radix(parts.next()?, 16).ok()?);
        let seq = Seq(parts.next()?.parse().ok()?);
        let sum = match parts.next() {
            Some(sum) if sum.len() == 8 => Some(u32::from_str_radix(sum, 16).ok()?),
            Some(_) => return None,
            None => None,
        };
        parts.next().is_none().then_some(Cursor { epoch, seq, sum })
    }
}

impl fmt::Display for Cursor {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}.{}", self.epoch, self.seq)?;
        self.sum.map_or(Ok(()), |sum| write!(f, ".{sum:08x}"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_cursor_reads_as_it_was_written_with_a_sum_and_without() {
        for sum in [None, Some(0), Some(0xdead_beef)] {
            let cursor = Cursor { epoch: Epoch(0x9f2c), seq: Seq(17), sum };
            assert_eq!(Cursor::parse(&cursor.to_string()), Some(cursor));
        }
        let text = "0000000000009f2c.17.0000002a";
        let cursor = Cursor { epoch: Epoch(0x9f2c), seq: Seq(17), sum: Some(42) };
        assert_eq!(cursor.to_string(), text);
    }

    #[test]
    fn what_is_none_is_refused() {
        for text in ["", ".", "1", "1.", "1.x", "1.2.", "1.2.3", "1.2.0000002g", "1.2.0000002a."] {
            assert_eq!(Cursor::parse(text), None, "{text}");
        }
    }
}
