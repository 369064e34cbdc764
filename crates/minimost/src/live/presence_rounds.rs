//! The last rounds of presence, for streams that begin after them.
//!
//! Presence is in no log, so a cursor alone does not say what of it a client has heard. Each round is kept with the head
//! of its time: who has been told all events up to a cursor was told every round before that, or asked for the state
//! after it.
//!
//! Neighbours: `run` tells, `outbox` opens streams.

use std::collections::VecDeque;

use bytes::{Bytes, BytesMut};
use chat::Seq;

/// Bytes of the rounds that are kept: what 500 people who come take. For more, everybody's presence is told anew.
const KEPT_BYTES_MAX: usize = 16 * 1024;

/// The rounds that were told.
pub(super) struct PresenceRounds {
    count: u64,
    kept: VecDeque<Round>,
    bytes: usize,
    /// Rounds of this head or earlier ones are not kept, or were before the start.
    forgotten: Seq,
}

struct Round {
    head: Seq,
    frame: Bytes,
}

impl PresenceRounds {
    /// None yet, at a head.
    pub(super) fn new(head: Seq) -> PresenceRounds {
        PresenceRounds { count: 0, kept: VecDeque::new(), bytes: 0, forgotten: head }
    }

    /// How many there were.
    pub(super) fn count(&self) -> u64 {
        self.count
    }

    /// A round is told now.
    pub(super) fn note(&mut self, head: Seq, frame: Bytes) {
        self.count += 1;
        self.bytes += frame.len();
        self.kept.push_back(Round { head, frame });
        while self.bytes > KEPT_BYTES_MAX {
            let Some(oldest) = self.kept.pop_front() else { return };
            self.bytes -= oldest.frame.len();
            self.forgotten = oldest.head;
        }
    }

    /// What who stands at a cursor may not have heard; `None` when that is not kept.
    pub(super) fn since(&self, cursor: Seq) -> Option<Bytes> {
        let missed = self.kept.partition_point(|round| round.head < cursor);
        (cursor > self.forgotten).then(|| {
            let mut frames = BytesMut::new();
            for round in self.kept.range(missed..) {
                frames.extend_from_slice(&round.frame);
            }
            frames.freeze()
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn who_comes_back_hears_the_rounds_of_their_head_and_later_ones() {
        let mut rounds = PresenceRounds::new(Seq(10));
        rounds.note(Seq(10), "at the start".into());
        rounds.note(Seq(11), "one".into());
        rounds.note(Seq(13), "two".into());
        assert_eq!(rounds.since(Seq(10)), None, "a server before this one may have told it more");
        assert_eq!(rounds.since(Seq(11)).unwrap(), "onetwo");
        assert_eq!(rounds.since(Seq(12)).unwrap(), "two");
        assert!(rounds.since(Seq(14)).unwrap().is_empty());
        assert_eq!(rounds.count(), 3);
    }

    #[test]
    fn what_is_kept_is_bounded_and_nobody_misses_what_is_not() {
        let mut rounds = PresenceRounds::new(Seq(0));
        for head in 1..=1_000 {
            rounds.note(Seq(head), vec![b'x'; 100].into());
        }
        assert!(rounds.bytes <= KEPT_BYTES_MAX);
        let first = rounds.kept.front().unwrap().head;
        assert_eq!(rounds.since(first).unwrap().len(), rounds.bytes);
        assert_eq!(rounds.since(Seq(first.get() - 1)), None);
    }
}
