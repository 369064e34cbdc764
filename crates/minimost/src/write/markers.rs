//! Read markers between acceptance and the log.
//!
//! People scroll, and each stop is a marker that supersedes the last. The first is written at once; for a second after
//! that the channel's window is open for this person, and what is accepted meanwhile is held, the latest only.
//!
//! Neighbours: `owner` asks what is due; `batch` turns held markers into events.

use std::collections::{HashMap, VecDeque};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use chat::{ChannelId, Event, Seq, UserId};
use tokio::time::Instant;

/// How long markers of one person and channel are gathered after one was written.
const WINDOW: Duration = Duration::from_secs(1);

/// Whose marker, and where.
pub(super) type Key = (UserId, ChannelId);

/// A marker that was decided and accepted, and is not yet in the log.
#[derive(Clone)]
pub(super) struct Held {
    pub(super) key: Key,
    pub(super) accepted: Accepted,
}

/// What `decide` made of a wish.
#[derive(Clone)]
pub(super) struct Accepted {
    /// The head when it was accepted: it is of the membership of then, and of no later one.
    pub(super) at: Seq,
    /// A `channel_read`.
    pub(super) event: Event,
}

/// The windows that are open, and what waits in them.
pub(super) struct Markers {
    windows: HashMap<Key, Option<Accepted>>,
    /// When each window closes. All last equally long, so the front is the next.
    closings: VecDeque<(Instant, Key)>,
    waiting: Arc<Waiting>,
}

impl Markers {
    pub(super) fn new(waiting: Arc<Waiting>) -> Markers {
        Markers { windows: HashMap::new(), closings: VecDeque::new(), waiting }
    }

    /// Whether a marker that is accepted now must wait.
    pub(super) fn is_open(&self, key: Key) -> bool {
        self.windows.contains_key(&key)
    }

    /// A marker was written: opens its window, or empties it.
    pub(super) fn written(&mut self, key: Key, now: Instant) {
        match self.windows.insert(key, None) {
            Some(Some(_)) => self.waiting.remove(key.0),
            Some(None) => {}
            None => self.closings.push_back((now + WINDOW, key)),
        }
    }

    /// A marker was accepted while its window is open; `None` when it says what the log says already.
    pub(super) fn hold(&mut self, key: Key, accepted: Option<Accepted>) {
        let is_held = accepted.is_some();
        let was_held = self.windows.insert(key, accepted).is_some_and(|held| held.is_some());
        match (was_held, is_held) {
            (false, true) => self.waiting.add(key.0),
            (true, false) => self.waiting.remove(key.0),
            (true, true) | (false, false) => {}
        }
    }

    /// When the next window closes.
    pub(super) fn next_closing(&self) -> Option<Instant> {
        self.closings.front().map(|(at, _)| *at)
    }

    /// Closes the windows whose second is over, and answers what waited in them.
    ///
    /// Such a window opens anew: what is written now starts the next second, and when the write fails it is the time
    /// of the next attempt.
    pub(super) fn due(&mut self, now: Instant) -> Vec<Held> {
        let mut due = Vec::new();
        while let Some((_, key)) = self.closings.front().copied().filter(|(at, _)| *at <= now) {
            self.closings.pop_front();
            match self.windows.get(&key) {
                Some(Some(accepted)) => {
                    due.push(Held { key, accepted: accepted.clone() });
                    self.closings.push_back((now + WINDOW, key));
                }
                Some(None) | None => drop(self.windows.remove(&key)),
            }
        }
        due
    }

    /// What waits for `user`; it stays here until it was written.
    pub(super) fn of(&self, user: UserId) -> Vec<Held> {
        self.held().filter(|held| held.key.0 == user).collect()
    }

    /// Everything that waits; it stays here until it was written.
    pub(super) fn held(&self) -> impl Iterator<Item = Held> {
        self.windows
            .iter()
            .filter_map(|(key, held)| Some(Held { key: *key, accepted: held.clone()? }))
    }
}

/// How many markers wait for whom.
///
/// The owner writes, under the lock and for a few instructions; every read of every person asks.
#[derive(Default)]
pub(super) struct Waiting(Mutex<HashMap<UserId, usize>>);

impl Waiting {
    /// Whether any waits for `user`.
    pub(super) fn has(&self, user: UserId) -> bool {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).contains_key(&user)
    }

    fn add(&self, user: UserId) {
        *self.0.lock().unwrap_or_else(PoisonError::into_inner).entry(user).or_default() += 1;
    }

    fn remove(&self, user: UserId) {
        let mut counts = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(count) = counts.get_mut(&user) {
            *count -= 1;
            if *count == 0 {
                counts.remove(&user);
            }
        }
    }
}
