//! What people said in passing and presence.db does not have yet.
//!
//! Promises: of each person the newest is kept until it is on disk, however long the file cannot be written; so it is
//! bounded by people, not by signals.
//!
//! Neighbours: `live` notes, the owner of presence.db takes, and puts back what it could not write.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use chat::signal::{PresenceOverride, PresenceState, Signal};
use chat::{Place, Timestamp, UserId};

/// Channels that one person types in at a time; of more, the ones of before are forgotten, and five seconds later they
/// would mean nothing anyway.
const TYPING_CHANNELS_MAX: usize = 8;

/// The signals that wait; clones share them.
#[derive(Clone, Default)]
pub struct WaitingSignals {
    /// Locked for one look-up, or for taking everything; never across a wait.
    people: Arc<Mutex<HashMap<UserId, Said>>>,
}

/// The newest that one person said.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Said {
    /// The last sign of life.
    pub seen: Option<Timestamp>,
    pub state: Option<PresenceState>,
    /// An override that was set, or `Some(None)` when it was cleared.
    pub wished: Option<Option<PresenceOverride>>,
    /// Where they typed, each channel once, the newest last.
    pub typing: Vec<(Place, Timestamp)>,
}

impl WaitingSignals {
    /// Keeps a signal, in the place of what the same person said of the same thing before.
    pub fn note(&self, signal: Signal) {
        let mut people = self.people();
        match signal {
            Signal::Presence { user, state, at } => {
                let said = people.entry(user).or_default();
                (said.state, said.seen) = (Some(state), Some(at));
            }
            Signal::Override { user, value, at } => {
                let said = people.entry(user).or_default();
                (said.wished, said.seen) = (Some(value), Some(at));
            }
            Signal::Typing { user, place, at } => {
                people.entry(user).or_default().type_in(place, at);
            }
        }
    }

    /// Everything that waits, to be written now.
    pub fn take(&self) -> HashMap<UserId, Said> {
        std::mem::take(&mut *self.people())
    }

    /// What could not be written waits on, unless something newer was said meanwhile.
    pub fn put_back(&self, unwritten: HashMap<UserId, Said>) {
        let mut people = self.people();
        for (user, before) in unwritten {
            let newer = people.remove(&user).unwrap_or_default();
            people.insert(user, before.followed_by(newer));
        }
    }

    fn people(&self) -> MutexGuard<'_, HashMap<UserId, Said>> {
        self.people.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Said {
    fn type_in(&mut self, place: Place, at: Timestamp) {
        self.typing.retain(|(typed, _)| *typed != place);
        if self.typing.len() == TYPING_CHANNELS_MAX {
            self.typing.remove(0);
        }
        self.typing.push((place, at));
    }

    fn followed_by(mut self, newer: Said) -> Said {
        for (place, at) in newer.typing {
            self.type_in(place, at);
        }
        Said {
            seen: newer.seen.or(self.seen),
            state: newer.state.or(self.state),
            wished: newer.wished.or(self.wished),
            typing: self.typing,
        }
    }
}

#[cfg(test)]
mod tests {
    use chat::{ChannelId, Seq};

    use super::*;

    const BOB: UserId = UserId(Seq(2));

    fn idle(at: i64) -> Signal {
        Signal::Presence { user: BOB, state: PresenceState::Idle, at: Timestamp(at) }
    }

    fn appear(value: Option<PresenceOverride>, at: i64) -> Signal {
        Signal::Override { user: BOB, value, at: Timestamp(at) }
    }

    #[test]
    fn a_hundred_thousand_signals_of_three_people_are_kept_as_three() {
        let waiting = WaitingSignals::default();
        for number in 0..100_000 {
            let user = UserId(Seq(number % 3));
            let (place, at) = (Place::Open(ChannelId(Seq(number))), Timestamp(7));
            waiting.note(Signal::Typing { user, place, at });
            waiting.note(Signal::Presence { user, state: PresenceState::Active, at });
        }
        let taken = waiting.take();
        assert_eq!(taken.len(), 3);
        assert!(taken.values().all(|said| said.typing.len() == TYPING_CHANNELS_MAX));
        assert!(waiting.take().is_empty(), "taken is taken");
    }

    #[test]
    fn what_could_not_be_written_waits_on_under_what_is_newer() {
        let waiting = WaitingSignals::default();
        waiting.note(idle(1));
        waiting.note(appear(Some(PresenceOverride::Active), 2));
        let unwritten = waiting.take();
        waiting.note(appear(None, 3));
        waiting.put_back(unwritten);
        let said = &waiting.take()[&BOB];
        assert_eq!(said.state, Some(PresenceState::Idle), "nothing newer was said of it");
        assert_eq!((said.wished, said.seen), (Some(None), Some(Timestamp(3))));
    }
}
