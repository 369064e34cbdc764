//! The only place that asks what time it is.

use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};
use std::time::SystemTime;

use chat::Timestamp;

/// What time it is: the system's, or one that a test moves by hand.
#[derive(Clone, Debug)]
pub enum Clock {
    /// The machine's.
    System,
    /// Microseconds since 1970, moved by [`Clock::advance`].
    Manual(Arc<AtomicI64>),
}

impl Clock {
    /// A clock that stands still until it is moved.
    pub fn manual(start: Timestamp) -> Clock {
        Clock::Manual(Arc::new(AtomicI64::new(start.0)))
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
            Clock::Manual(micros) => Timestamp(micros.load(Ordering::Relaxed)),
        }
    }

    /// Moves a manual clock; the system's is not ours to move.
    pub fn advance(&self, micros: i64) {
        if let Clock::Manual(now) = self {
            now.fetch_add(micros, Ordering::Relaxed);
        }
    }
}
