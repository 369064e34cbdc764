//! Seats of which each one of many has so many: connections of an address, of a person.
//!
//! Whoever waits for their peer gives way to who comes, and who has waited longest goes first: a connection that says
//! nothing, half a request, an answer that nobody takes. So a crowd of them keeps nobody out, however fast it comes
//! again; only those that are being answered do, for as long as that takes.
//!
//! The table is as large as what is taken: an entry goes with its last seat.

use std::collections::{BTreeMap, HashMap};
use std::hash::Hash;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tokio::sync::Notify;

/// How long somebody waits for a seat where all are being answered. When everybody comes back at once, this is where
/// they queue; as many wait as are let in.
const WAIT: Duration = Duration::from_secs(3);

/// Whose seats are counted.
pub(super) trait Key: Copy + Eq + Hash + Send + Sync {}

impl<K: Copy + Eq + Hash + Send + Sync> Key for K {}

/// The seats of everybody of a kind.
pub(super) struct Crowd<K> {
    /// The seats that each has.
    each_max: usize,
    taken: Mutex<HashMap<K, Taken>>,
    /// Numbers rests in the order in which they began.
    rests: AtomicU64,
}

/// What one has taken.
#[derive(Default)]
struct Taken {
    seats: usize,
    /// Those of the seats that give way, longest first, and how their connections hear of it.
    at_rest: BTreeMap<u64, Arc<Notify>>,
    waiting: usize,
    freed: Arc<Notify>,
}

/// A seat, free again when dropped.
pub(super) struct Seat<K: Key> {
    key: K,
    crowd: Arc<Crowd<K>>,
    cut: Arc<Notify>,
    rest: Option<u64>,
}

impl<K: Key> Crowd<K> {
    /// `each_max` is at least 1.
    pub(super) fn new(each_max: usize) -> Arc<Crowd<K>> {
        Arc::new(Crowd { each_max, taken: Mutex::default(), rests: AtomicU64::new(0) })
    }

    /// Takes a seat, of one who gives way if it has to be; `None` when nobody does. `cut` is told when this one gives
    /// way in turn: its seat is another's then.
    pub(super) fn enter(self: &Arc<Crowd<K>>, key: K, cut: &Arc<Notify>) -> Option<Seat<K>> {
        let mut all = self.lock();
        let taken = all.entry(key).or_default();
        if taken.seats < self.each_max {
            taken.seats += 1;
        } else {
            let (_, longest) = taken.at_rest.pop_first()?;
            longest.notify_one();
        }
        Some(Seat { key, crowd: Arc::clone(self), cut: Arc::clone(cut), rest: None })
    }

    /// [`Crowd::enter`], and waits for a while where nobody gives way yet.
    pub(super) async fn enter_or_wait(
        self: &Arc<Crowd<K>>,
        key: K,
        cut: &Arc<Notify>,
    ) -> Option<Seat<K>> {
        if let Some(seat) = self.enter(key, cut) {
            return Some(seat);
        }
        let (_waiting, freed) = Waiting::new(self, key)?;
        let waiting = async {
            loop {
                let freed = freed.notified();
                if let Some(seat) = self.enter(key, cut) {
                    return seat;
                }
                freed.await;
            }
        };
        tokio::time::timeout(WAIT, waiting).await.ok()
    }

    /// Cuts off all of one that wait for their peer.
    pub(super) fn cut_at_rest(&self, key: K) {
        self.change(key, |taken| {
            taken.seats -= taken.at_rest.len();
            for cut in std::mem::take(&mut taken.at_rest).into_values() {
                cut.notify_one();
            }
        });
    }

    fn change(&self, key: K, change: impl FnOnce(&mut Taken)) {
        let mut all = self.lock();
        if let Some(taken) = all.get_mut(&key) {
            change(taken);
            if taken.waiting > 0 && (taken.seats < self.each_max || !taken.at_rest.is_empty()) {
                taken.freed.notify_one();
            }
            if (taken.seats, taken.waiting) == (0, 0) {
                all.remove(&key);
            }
        }
    }

    fn lock(&self) -> MutexGuard<'_, HashMap<K, Taken>> {
        self.taken.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl<K: Key> Seat<K> {
    /// From now on its connection waits for the peer, or no longer does. A seat that was given away stays so.
    pub(super) fn set_at_rest(&mut self, is_at_rest: bool) {
        match (self.rest, is_at_rest) {
            (None, true) => {
                let rest = self.crowd.rests.fetch_add(1, Ordering::Relaxed);
                let cut = Arc::clone(&self.cut);
                self.crowd.change(self.key, |taken| drop(taken.at_rest.insert(rest, cut)));
                self.rest = Some(rest);
            }
            (Some(rest), false) => {
                let mut all = self.crowd.lock();
                let taken = all.get_mut(&self.key);
                if taken.is_some_and(|taken| taken.at_rest.remove(&rest).is_some()) {
                    self.rest = None;
                }
            }
            (None, false) | (Some(_), true) => {}
        }
    }

    /// Whether another has it now.
    pub(super) fn has_given_way(&self) -> bool {
        let Some(rest) = self.rest else { return false };
        let all = self.crowd.lock();
        !all.get(&self.key).is_some_and(|taken| taken.at_rest.contains_key(&rest))
    }
}

impl<K: Key> Drop for Seat<K> {
    fn drop(&mut self) {
        let rest = self.rest;
        self.crowd.change(self.key, |taken| {
            let is_ours = rest.is_none_or(|rest| taken.at_rest.remove(&rest).is_some());
            taken.seats -= usize::from(is_ours);
        });
    }
}

/// One that waits.
struct Waiting<'a, K: Key> {
    key: K,
    crowd: &'a Crowd<K>,
}

impl<K: Key> Waiting<'_, K> {
    fn new(crowd: &Crowd<K>, key: K) -> Option<(Waiting<'_, K>, Arc<Notify>)> {
        let mut all = crowd.lock();
        let taken = all.entry(key).or_default();
        if taken.waiting >= crowd.each_max {
            return None;
        }
        taken.waiting += 1;
        Some((Waiting { key, crowd }, Arc::clone(&taken.freed)))
    }
}

impl<K: Key> Drop for Waiting<'_, K> {
    fn drop(&mut self) {
        self.crowd.change(self.key, |taken| taken.waiting -= 1);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn cut() -> Arc<Notify> {
        Arc::default()
    }

    fn is_cut(cut: &Notify) -> bool {
        use futures_util::FutureExt;
        cut.notified().now_or_never().is_some()
    }

    #[test]
    fn who_has_waited_longest_for_their_peer_gives_way() {
        let crowd = Crowd::new(2);
        let cuts = [cut(), cut(), cut(), cut()];
        let mut first = crowd.enter("here", &cuts[0]).unwrap();
        let mut second = crowd.enter("here", &cuts[1]).unwrap();
        assert!(crowd.enter("here", &cuts[2]).is_none(), "both are being answered");
        assert!(crowd.enter("there", &cuts[2]).is_some(), "another address has its own");
        second.set_at_rest(true);
        first.set_at_rest(true);
        first.set_at_rest(false);
        first.set_at_rest(true);
        let third = crowd.enter("here", &cuts[2]).unwrap();
        assert!(is_cut(&cuts[1]) && !is_cut(&cuts[0]));
        second.set_at_rest(false);
        drop(second);
        let _fourth = crowd.enter("here", &cuts[3]).unwrap();
        assert!(is_cut(&cuts[0]), "what was given away is not free when its connection ends");
        drop(first);
        assert!(crowd.enter("here", &cut()).is_none());
        drop(third);
        assert!(crowd.enter("here", &cut()).is_some());
    }

    #[test]
    fn nothing_is_kept_of_who_has_gone() {
        let crowd = Crowd::new(1);
        for is_at_rest in [false, true] {
            let mut seat = crowd.enter("here", &cut()).unwrap();
            seat.set_at_rest(is_at_rest);
            let given_away = is_at_rest.then(|| crowd.enter("here", &cut()).unwrap());
            drop((seat, given_away));
            assert!(crowd.lock().is_empty());
        }
        let mut seat = crowd.enter("here", &cut()).unwrap();
        seat.set_at_rest(true);
        crowd.cut_at_rest("here");
        assert!(is_cut(&seat.cut) && crowd.lock().is_empty());
        drop(seat);
        assert!(crowd.lock().is_empty());
    }

    #[tokio::test(start_paused = true)]
    async fn where_all_are_being_answered_the_next_waits_for_three_seconds() {
        let crowd = Crowd::new(1);
        let mut seat = crowd.enter("here", &cut()).unwrap();
        let none = cut();
        let (first, second) =
            tokio::join!(crowd.enter_or_wait("here", &none), crowd.enter_or_wait("here", &none));
        assert!(first.is_none() && second.is_none(), "one waits, and one is told to come back");
        let waiting = crowd.enter_or_wait("here", &none);
        let (came, ()) = tokio::join!(waiting, async { seat.set_at_rest(true) });
        assert!(came.is_some(), "the one that waits for its peer gives way");
        let waiting = crowd.enter_or_wait("here", &none);
        let (came, ()) = tokio::join!(waiting, async { drop(came) });
        assert!(came.is_some(), "or one goes");
    }
}
