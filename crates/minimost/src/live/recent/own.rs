//! What people did for themselves lately, and nobody else is told of: read markers, drafts, log-ins. In a channel of a
//! thousand readers their markers alone are a thousand for each message.
//!
//! Neighbours: `mod` adds to it and asks.

use std::collections::{HashMap, VecDeque};
use std::sync::Arc;

use chat::{LoggedEvent, Seq, UserId};

/// Those of which it is known whose they are. Before the oldest of them every event counts for everybody.
const EVENTS_MAX: usize = 262_144;

/// Bytes of the newest of them, about, which are kept whole: some fifty thousand markers. Of the others only the log knows
/// what they say.
const BYTES_MAX: usize = 16 * 1024 * 1024;

#[derive(Default)]
pub(super) struct OwnEvents {
    /// All of them, rising.
    order: VecDeque<Entry>,
    /// So many of the oldest are not whole.
    bare_count: usize,
    /// Of those that are whole.
    bytes: usize,
    of: HashMap<UserId, VecDeque<Own>>,
}

struct Entry {
    seq: Seq,
    user: UserId,
    bytes: usize,
}

/// One of a person's own, as far as it is kept.
struct Own {
    seq: Seq,
    event: Option<Arc<LoggedEvent>>,
}

impl OwnEvents {
    pub(super) fn push(&mut self, event: Arc<LoggedEvent>, bytes: usize) {
        let (seq, user) = (event.seq, event.actor);
        self.bytes += bytes;
        self.order.push_back(Entry { seq, user, bytes });
        self.of.entry(user).or_default().push_back(Own { seq, event: Some(event) });
    }

    /// Puts one before all others; there is room for it.
    pub(super) fn push_before(&mut self, event: Arc<LoggedEvent>, bytes: usize) {
        let (seq, user) = (event.seq, event.actor);
        self.bytes += bytes;
        self.order.push_front(Entry { seq, user, bytes });
        self.of.entry(user).or_default().push_front(Own { seq, event: Some(event) });
    }

    pub(super) fn has_room_for(&self, count: usize, bytes: usize) -> bool {
        let fits = self.order.len() + count <= EVENTS_MAX && self.bytes + bytes <= BYTES_MAX;
        fits && self.bare_count == 0
    }

    /// Lets go of the oldest that are too much; answers the last that is not known of any more.
    pub(super) fn trim(&mut self) -> Option<Seq> {
        while self.bytes > BYTES_MAX
            && let Some(entry) = self.order.get(self.bare_count)
        {
            self.bytes -= entry.bytes;
            self.bare_count += 1;
            let seq = entry.seq;
            if let Some(own) = self.own_mut(seq) {
                own.event = None;
            }
        }
        let mut last = None;
        while self.order.len() > EVENTS_MAX
            && let Some(oldest) = self.order.pop_front()
        {
            if self.bare_count == 0 {
                self.bytes -= oldest.bytes;
            }
            self.bare_count = self.bare_count.saturating_sub(1);
            if let Some(own) = self.of.get_mut(&oldest.user) {
                own.pop_front();
                if own.is_empty() {
                    self.of.remove(&oldest.user);
                }
            }
            last = Some(oldest.seq);
        }
        last
    }

    /// What is up to here may be known by its number alone.
    pub(super) fn bare_up_to(&self) -> Seq {
        let last = self.bare_count.checked_sub(1).and_then(|last| self.order.get(last));
        last.map_or(Seq::ZERO, |entry| entry.seq)
    }

    /// The last of somebody's own that is known by its number alone.
    pub(super) fn bare_up_to_of(&self, user: UserId) -> Seq {
        let Some(own) = self.of.get(&user) else { return Seq::ZERO };
        let bare = own.partition_point(|own| own.event.is_none());
        bare.checked_sub(1).map_or(Seq::ZERO, |last| own[last].seq)
    }

    pub(super) fn find(&self, seq: Seq) -> Option<&Arc<LoggedEvent>> {
        let place = self.order.binary_search_by_key(&seq, |entry| entry.seq).ok()?;
        let own = self.of.get(&self.order[place].user)?;
        own[own.binary_search_by_key(&seq, |own| own.seq).ok()?].event.as_ref()
    }

    pub(super) fn find_mut(&mut self, seq: Seq) -> Option<&mut Arc<LoggedEvent>> {
        self.own_mut(seq)?.event.as_mut()
    }

    fn own_mut(&mut self, seq: Seq) -> Option<&mut Own> {
        let place = self.order.binary_search_by_key(&seq, |entry| entry.seq).ok()?;
        let own = self.of.get_mut(&self.order[place].user)?;
        let place = own.binary_search_by_key(&seq, |own| own.seq).ok()?;
        own.get_mut(place)
    }

    /// Whether all of somebody's own after `after` are whole.
    pub(super) fn has(&self, user: UserId, after: Seq) -> bool {
        self.of_after(user, after).next().is_none_or(|oldest| oldest.event.is_some())
    }

    /// Those of somebody after `after` that are whole.
    pub(super) fn after(
        &self,
        user: UserId,
        after: Seq,
    ) -> impl Iterator<Item = &Arc<LoggedEvent>> {
        self.of_after(user, after).filter_map(|own| own.event.as_ref())
    }

    /// How many of somebody's own are after `after` up to `up_to`.
    pub(super) fn count(&self, user: UserId, after: Seq, up_to: Seq) -> usize {
        self.of_after(user, after).take_while(|own| own.seq <= up_to).count()
    }

    fn of_after(&self, user: UserId, after: Seq) -> impl Iterator<Item = &Own> {
        let own = self.of.get(&user);
        let first = own.map_or(0, |own| own.partition_point(|own| own.seq <= after));
        own.into_iter().flat_map(move |own| own.range(first..))
    }
}

#[cfg(test)]
mod tests {
    use chat::testing::Story;

    use super::*;

    /// Markers of two people by turns, of which each is said to take so many bytes.
    fn told(own: &mut OwnEvents, seqs: impl Iterator<Item = u64>, bytes: usize) {
        let mut story = Story::new();
        story.sign_up("alice");
        let event = story.log.last().expect("she has logged in").clone();
        for seq in seqs {
            let actor = UserId(Seq(1 + seq % 2));
            own.push(Arc::new(LoggedEvent { seq: Seq(seq), actor, ..event.clone() }), bytes);
            own.trim();
        }
    }

    #[test]
    fn the_newest_are_kept_whole_of_older_ones_it_is_known_whose_they_are() {
        let mut own = OwnEvents::default();
        let (even, odd) = (UserId(Seq(1)), UserId(Seq(2)));
        told(&mut own, 1..=40, 1024 * 1024);
        assert_eq!(own.bare_up_to(), Seq(24));
        assert!(own.has(even, Seq(24)) && !own.has(even, Seq(23)) && own.has(odd, Seq(23)));
        assert!(own.find(Seq(25)).is_some() && own.find(Seq(24)).is_none());
        assert_eq!(own.after(odd, Seq(20)).count(), 8);
        assert_eq!(own.count(odd, Seq::ZERO, Seq(30)), 15);
        assert_eq!(own.count(UserId(Seq(9)), Seq::ZERO, Seq(30)), 0);
        assert!(!own.has_room_for(1, 1), "nothing is put before what is not whole");
    }

    #[test]
    fn of_the_oldest_nothing_is_known() {
        let mut own = OwnEvents::default();
        told(&mut own, 1..=262_144, 1);
        assert_eq!((own.trim(), own.bytes), (None, 262_144));
        told(&mut own, 262_145..=262_146, 1);
        assert_eq!((own.order.len(), own.bytes, own.bare_count), (262_144, 262_144, 0));
        assert_eq!(own.order.front().map(|oldest| oldest.seq), Some(Seq(3)));
        assert_eq!(own.count(UserId(Seq(1)), Seq::ZERO, Seq(10)), 4);
    }
}
