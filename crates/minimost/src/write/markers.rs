//! Read markers between acceptance and the log.
//!
//! People scroll, and each stop is a marker that supersedes the last. The first is written at once; for a second after
//! that the channel's window is open for this person, and what is accepted meanwhile is held, the latest only. Somebody
//! with hundreds of channels could still write hundreds a second: of one person ten are, the others wait their turn.
//!
//! Neighbours: `owner` asks what is due; `batch` turns held markers into events; `pace` counts.

use std::collections::{BTreeMap, HashMap, HashSet};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use chat::{ChannelId, Event, Seq, UserId};
use tokio::time::Instant;

use super::pace::{Pace, WRITTEN_PER_SECOND};

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

/// The markers that a batch writes.
#[derive(Default)]
pub(super) struct Written {
    keys: HashSet<Key>,
    by: HashMap<UserId, usize>,
}

impl Written {
    pub(super) fn insert(&mut self, key: Key) {
        if self.keys.insert(key) {
            *self.by.entry(key.0).or_default() += 1;
        }
    }

    pub(super) fn drain(&mut self) -> impl Iterator<Item = Key> + '_ {
        self.by.clear();
        self.keys.drain()
    }
}

/// The windows that are open, and what waits in them.
pub(super) struct Markers {
    people: HashMap<UserId, Person>,
    /// When each window closes. Of those that close together come first those that had no turn before, the one that was
    /// put here first before the others: no channel waits for ever behind others.
    closings: BTreeMap<(Instant, Turn, u64), Key>,
    put: u64,
    waiting: Arc<Waiting>,
}

/// Why a window closes at a time.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Turn {
    /// Others of the same person were written in its place.
    PutOff,
    /// Its second is over.
    Regular,
}

/// One per account that has marked something since the start.
#[derive(Default)]
struct Person {
    windows: HashMap<ChannelId, Option<Accepted>>,
    pace: Pace,
}

impl Markers {
    pub(super) fn new(waiting: Arc<Waiting>) -> Markers {
        Markers { people: HashMap::new(), closings: BTreeMap::new(), put: 0, waiting }
    }

    /// Whether a marker that is accepted now must wait, beside those that the batch writes already.
    pub(super) fn must_wait(&self, key: Key, written: &Written, now: Instant) -> bool {
        let (user, channel) = key;
        let more = written.by.get(&user).copied().unwrap_or_default();
        let is_busy = |person: &Person| {
            person.windows.contains_key(&channel) || person.pace.left(now) <= more
        };
        written.keys.contains(&key)
            || self.people.get(&user).map_or(more >= WRITTEN_PER_SECOND, is_busy)
    }

    /// A marker was written: opens its window, or empties it.
    pub(super) fn written(&mut self, (user, channel): Key, now: Instant) {
        let person = self.people.entry(user).or_default();
        person.pace.note(now);
        match person.windows.insert(channel, None) {
            Some(Some(_)) => self.waiting.remove(user),
            Some(None) => {}
            None => self.close_at(now + WINDOW, Turn::Regular, (user, channel)),
        }
    }

    /// A marker was accepted that must wait; `None` when it says what the log says already.
    pub(super) fn hold(&mut self, (user, channel): Key, accepted: Option<Accepted>, now: Instant) {
        let is_held = accepted.is_some();
        let before = self.people.entry(user).or_default().windows.insert(channel, accepted);
        if before.is_none() {
            self.close_at(now + WINDOW, Turn::PutOff, (user, channel));
        }
        match (before.is_some_and(|held| held.is_some()), is_held) {
            (false, true) => self.waiting.add(user),
            (true, false) => self.waiting.remove(user),
            (true, true) | (false, false) => {}
        }
    }

    /// When the next window closes.
    pub(super) fn next_closing(&self) -> Option<Instant> {
        self.closings.first_key_value().map(|((at, ..), _)| *at)
    }

    /// Closes the windows whose second is over, and answers what waited in them, of each person as much as may be
    /// written now.
    ///
    /// Such a window opens anew: what is written now starts the next second, and when the write fails it is the time
    /// of the next attempt.
    pub(super) fn due(&mut self, now: Instant) -> Vec<Held> {
        let later = self.closings.split_off(&(now, Turn::Regular, u64::MAX));
        let over = std::mem::replace(&mut self.closings, later);
        let mut due = Vec::new();
        let mut asked: HashMap<UserId, usize> = HashMap::new();
        for key in over.into_values() {
            let (user, channel) = key;
            let Some(person) = self.people.get_mut(&user) else { continue };
            let Some(Some(accepted)) = person.windows.get(&channel) else {
                person.windows.remove(&channel);
                if person.windows.is_empty() && person.pace.is_rested(now) {
                    self.people.remove(&user);
                }
                continue;
            };
            let turn = asked.entry(user).or_default();
            let left = person.pace.left(now);
            let (kind, rounds) = if *turn < left {
                due.push(Held { key, accepted: accepted.clone() });
                (Turn::Regular, 0)
            } else {
                // Each at the second in which its turn comes, so that it is looked at once.
                let rounds = u32::try_from((*turn - left) / WRITTEN_PER_SECOND);
                (Turn::PutOff, rounds.unwrap_or(u32::MAX))
            };
            *turn += 1;
            self.close_at(now + WINDOW.saturating_mul(rounds.saturating_add(1)), kind, key);
        }
        due
    }

    /// What waits for `user`, as far as their reads may have it written at once; it stays here until it was written.
    pub(super) fn of(&self, user: UserId, now: Instant) -> Vec<Held> {
        let Some(person) = self.people.get(&user) else { return Vec::new() };
        person.held(user).take(person.pace.allowance(now)).collect()
    }

    /// Everything that waits; it stays here until it was written.
    pub(super) fn held(&self) -> impl Iterator<Item = Held> {
        self.people.iter().flat_map(|(user, person)| person.held(*user))
    }

    fn close_at(&mut self, at: Instant, turn: Turn, key: Key) {
        self.put += 1;
        self.closings.insert((at, turn, self.put), key);
    }
}

impl Person {
    fn held(&self, user: UserId) -> impl Iterator<Item = Held> {
        self.windows.iter().filter_map(move |(channel, held)| {
            Some(Held { key: (user, *channel), accepted: held.clone()? })
        })
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

#[cfg(test)]
mod tests {
    use super::*;

    const BOB: UserId = UserId(Seq(2));

    fn key(channel: u64) -> Key {
        (BOB, ChannelId(Seq(channel)))
    }

    fn marker(channel: u64) -> Accepted {
        let (channel, up_to_ts) = (ChannelId(Seq(channel)), chat::Timestamp(0));
        Accepted { at: Seq(1), event: Event::ChannelRead { channel, up_to: Seq(1), up_to_ts } }
    }

    /// Marks all these channels; answers those that are written at once.
    fn mark(markers: &mut Markers, channels: impl Iterator<Item = u64>, now: Instant) -> Vec<u64> {
        let mut at_once = Vec::new();
        for channel in channels {
            if markers.must_wait(key(channel), &Written::default(), now) {
                markers.hold(key(channel), Some(marker(channel)), now);
            } else {
                markers.written(key(channel), now);
                at_once.push(channel);
            }
        }
        at_once
    }

    fn write_due(markers: &mut Markers, now: Instant) -> Vec<u64> {
        let due: Vec<_> = markers.due(now).into_iter().map(|held| held.key.1.0.get()).collect();
        for channel in &due {
            markers.written(key(*channel), now);
        }
        due
    }

    #[test]
    fn of_three_hundred_channels_ten_are_written_a_second_each_in_its_turn() {
        let mut markers = Markers::new(Arc::default());
        let begin = Instant::now();
        let at_once = mark(&mut markers, 1..=300, begin);
        assert_eq!(at_once, (1..=10).collect::<Vec<_>>());
        let mut written = at_once.clone();
        for second in 1..32 {
            let now = begin + WINDOW * second;
            // Those that had their turn are marked again and again, and wait behind the others.
            let again = mark(&mut markers, at_once.iter().copied(), now - WINDOW / 2);
            assert!(again.is_empty(), "{again:?}");
            let due = write_due(&mut markers, now);
            assert_eq!(due.len(), WRITTEN_PER_SECOND, "second {second}");
            written.extend(due);
        }
        written.sort_unstable();
        written.dedup();
        assert!(written.len() >= 300, "{written:?}");
    }

    #[test]
    fn others_are_not_held_up() {
        let mut markers = Markers::new(Arc::default());
        let now = Instant::now();
        mark(&mut markers, 1..=300, now);
        let carol = (UserId(Seq(3)), ChannelId(Seq(1)));
        assert!(!markers.must_wait(carol, &Written::default(), now));
        let mut batch = Written::default();
        for channel in 1..=10 {
            batch.insert((carol.0, ChannelId(Seq(channel))));
        }
        let eleventh = (carol.0, ChannelId(Seq(11)));
        assert!(markers.must_wait(eleventh, &batch, now), "the batch writes ten of hers");
    }

    #[test]
    fn a_read_has_what_waits_written_out_of_an_allowance_that_the_ten_a_second_fill() {
        let mut markers = Markers::new(Arc::default());
        let begin = Instant::now();
        let mut read = 0;
        for round in 0..20 {
            mark(&mut markers, 1..=300, begin);
            let held = markers.of(BOB, begin);
            for held in &held {
                markers.written(held.key, begin);
            }
            read += held.len();
            assert!(round < 3 || held.is_empty());
        }
        assert_eq!(read, 590, "600 with the ten that were written at once");
        assert_eq!(markers.of(BOB, begin + WINDOW * 3).len(), 30);
    }
}
