//! The only place that asks what time it is, and that waits for a time.

use std::time::{Duration, SystemTime};

use chat::Timestamp;
use tokio::sync::watch;

/// How long the machine's clock is trusted to go on evenly: it may be set, and a machine that slept has lost time.
const SYSTEM_NAP_MAX: Duration = Duration::from_secs(5);

/// What time it is: the system's, or one that a test moves by hand.
#[derive(Clone, Debug)]
pub enum Clock {
    /// The machine's.
    System,
    /// Moved by [`Clock::advance`], which wakes who waits for a time.
    Manual(watch::Sender<Timestamp>),
}

impl Clock {
    /// A clock that stands still until it is moved.
    pub fn manual(start: Timestamp) -> Clock {
        Clock::Manual(watch::Sender::new(start))
    }

    /// The time now.
    #[expect(clippy::disallowed_methods, reason = "the one sanctioned caller")]
    pub fn now(&self) -> Timestamp {
        match self {
            Clock::System => timestamp(SystemTime::now()),
            Clock::Manual(now) => *now.borrow(),
        }
    }

    /// Whether no event could be given the time that it is: the log's times begin with 1970.
    ///
    /// A server that runs goes on: an event is never earlier than the one before it.
    pub fn is_before_1970(&self) -> bool {
        self.now().0 <= 0
    }

    /// Returns when it is `when`, or later.
    pub async fn reached(&self, when: Timestamp) {
        if let Clock::Manual(now) = self {
            // The sender is ours: it outlives the waiting.
            let _: Result<_, _> = now.subscribe().wait_for(|now| *now >= when).await;
            return;
        }
        loop {
            let ahead = when.0.saturating_sub(self.now().0);
            let Ok(ahead @ 1..) = u64::try_from(ahead) else { return };
            tokio::time::sleep(Duration::from_micros(ahead).min(SYSTEM_NAP_MAX)).await;
        }
    }

    /// The machine's time, as HTTP writes a date.
    #[expect(clippy::disallowed_methods, reason = "the one sanctioned caller")]
    pub fn http_date() -> String {
        httpdate::fmt_http_date(SystemTime::now())
    }

    /// Moves a manual clock; the system's is not ours to move.
    pub fn advance(&self, micros: i64) {
        if let Clock::Manual(now) = self {
            now.send_modify(|now| *now = now.plus_micros(micros));
        }
    }
}

/// A time of the machine: before 1970 a negative one, and beyond the last that can be said that last one.
fn timestamp(time: SystemTime) -> Timestamp {
    let micros = |since: Duration| i64::try_from(since.as_micros()).unwrap_or(i64::MAX);
    Timestamp(match time.duration_since(SystemTime::UNIX_EPOCH) {
        Ok(since) => micros(since),
        Err(before) => -micros(before.duration()),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_clock_may_stand_before_1970() {
        let second = Duration::from_secs(1);
        assert_eq!(timestamp(SystemTime::UNIX_EPOCH + second), Timestamp(1_000_000));
        assert_eq!(timestamp(SystemTime::UNIX_EPOCH), Timestamp(0));
        assert_eq!(timestamp(SystemTime::UNIX_EPOCH - second), Timestamp(-1_000_000));
        let years = Duration::from_secs(300 * 366 * 24 * 3600);
        assert!(timestamp(SystemTime::UNIX_EPOCH - years).0 < 0);
    }
}
