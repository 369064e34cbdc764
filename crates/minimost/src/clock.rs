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
            Clock::System => {
                let since = SystemTime::now()
                    .duration_since(SystemTime::UNIX_EPOCH)
                    .expect("the machine's clock stands after 1970");
                Timestamp(i64::try_from(since.as_micros()).expect("the year 294000 is far away"))
            }
            Clock::Manual(now) => *now.borrow(),
        }
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

    /// Moves a manual clock; the system's is not ours to move.
    pub fn advance(&self, micros: i64) {
        if let Clock::Manual(now) = self {
            now.send_modify(|now| *now = now.plus_micros(micros));
        }
    }
}
