//! How much of a core background work may take: after each piece it rests for a multiple of the time that it computed.
//!
//! Waiting for a disk is not computing: where files are slow to write, they are only fewer.

use std::time::Duration;

use tokio::time::Instant;

/// A part of a core.
pub(super) struct Share {
    /// One in so many.
    one_in: u32,
    free_at: Instant,
}

impl Share {
    /// The first piece may begin at `free_at`.
    pub fn one_in(one_in: u32, free_at: Instant) -> Share {
        Share { one_in, free_at }
    }

    /// When the next piece may begin.
    pub fn free_at(&self) -> Instant {
        self.free_at
    }

    /// Takes note of a piece that began at `began` and computed for so long. What was not used is not saved up.
    pub fn charge(&mut self, began: Instant, computed: Duration) {
        self.charge_one_in(self.one_in, began, computed);
    }

    /// As [`Share::charge`], of a piece that had another part.
    pub fn charge_one_in(&mut self, one_in: u32, began: Instant, computed: Duration) {
        self.free_at = self.free_at.max(began) + computed * one_in;
    }
}

/// Measures what the calling thread computes.
pub(super) struct Stopwatch {
    pub began: Instant,
    computed_before: Duration,
}

impl Stopwatch {
    pub fn start() -> Stopwatch {
        Stopwatch { began: Instant::now(), computed_before: computed() }
    }

    /// How long it is since, with waiting for the disk.
    pub fn took(&self) -> Duration {
        self.began.elapsed()
    }

    /// What this thread has computed since.
    pub fn computed(&self) -> Duration {
        computed().saturating_sub(self.computed_before)
    }
}

/// What the calling thread has computed in all.
#[cfg(unix)]
fn computed() -> Duration {
    let time = rustix::time::clock_gettime(rustix::time::ClockId::ThreadCPUTime);
    Duration::try_from(time).unwrap_or_default()
}

/// Where the system does not tell, time that has passed stands for it: the share is a smaller one then.
#[cfg(not(unix))]
fn computed() -> Duration {
    static BEGAN: std::sync::LazyLock<Instant> = std::sync::LazyLock::new(Instant::now);
    BEGAN.elapsed()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_fifth_of_a_core_rests_four_times_as_long_as_it_computed_and_saves_nothing_up() {
        let mut share = Share::one_in(5, Instant::now());
        let began = Instant::now() + Duration::from_secs(10);
        share.charge(began, Duration::from_millis(100));
        assert_eq!(share.free_at(), began + Duration::from_millis(500));
        share.charge(began + Duration::from_millis(500), Duration::from_millis(20));
        assert_eq!(share.free_at(), began + Duration::from_millis(600));
        let late = began + Duration::from_secs(60);
        share.charge(late, Duration::from_millis(100));
        assert_eq!(share.free_at(), late + Duration::from_millis(500));
    }
}
