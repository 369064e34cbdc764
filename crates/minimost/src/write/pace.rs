//! How fast the markers of one person are written.

use std::collections::VecDeque;
use std::time::Duration;

use tokio::time::Instant;

/// Markers of one person that are written in any second.
pub(super) const WRITTEN_PER_SECOND: usize = 10;

const SECOND: Duration = Duration::from_secs(1);
/// What each takes out of the allowance, in time until it is full again.
const EACH: Duration = Duration::from_millis(100);

/// Who reads what they have marked just now is told so: their read has it written at once. So many at a time may be;
/// after that their reads do not wait, and show what is written.
const ALLOWANCE: u32 = 600;

/// What was written of one person.
#[derive(Default)]
pub(super) struct Pace {
    /// The last ones, oldest first.
    last: VecDeque<Instant>,
    /// When the allowance is full again.
    full_at: Option<Instant>,
}

impl Pace {
    /// One was written.
    pub(super) fn note(&mut self, now: Instant) {
        self.last.push_back(now);
        if self.last.len() > WRITTEN_PER_SECOND {
            self.last.pop_front();
        }
        self.full_at = Some(self.full_at.map_or(now, |at| at.max(now)) + EACH);
    }

    /// How many more may be written now.
    pub(super) fn left(&self, now: Instant) -> usize {
        let recent = self.last.iter().filter(|at| **at + SECOND > now).count();
        WRITTEN_PER_SECOND - recent
    }

    /// How many a read may have written now.
    pub(super) fn allowance(&self, now: Instant) -> usize {
        let missing = self.full_at.map_or(Duration::ZERO, |at| at.saturating_duration_since(now));
        let left = (EACH * ALLOWANCE).saturating_sub(missing);
        usize::try_from(left.as_millis() / EACH.as_millis()).unwrap_or_default()
    }

    /// Nothing that was written matters any more.
    pub(super) fn is_rested(&self, now: Instant) -> bool {
        self.full_at.is_none_or(|at| at <= now)
    }
}
