//! Presence and typing in memory: signals that expire by themselves.
//!
//! Semantics: contract/rules.md, 9. A person is listed for an hour after the last sign of life, as the override says or
//! else the state; `offline` is a state like the others, and who is not listed is offline too. At start everybody is
//! offline and no override is set, because nothing is here.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use chat::signal::{PresenceOverride, PresenceState, TYPING_SECONDS, is_listed};
use chat::{SessionId, Timestamp, UserId};

use super::spot::Spot;
use crate::published::ActivePeople;

/// A screen that shows the typist already need not hear of the next key for this long.
const TYPING_REPEAT_SECONDS: u64 = 1;

/// When a browser said it, by its own clock: the last word of a page that goes may come after the first of the next.
#[derive(Clone, Copy)]
pub struct Said {
    /// All pages of a browser have one session, and one clock.
    pub session: SessionId,
    /// Milliseconds.
    pub at_ms: i64,
}

/// What was said so much earlier is not late: the clock was set back.
const LATE_MS_MAX: i64 = 60_000;

impl Said {
    fn is_late_after(self, newest: Said) -> bool {
        let late_ms = newest.at_ms.saturating_sub(self.at_ms);
        self.session == newest.session && (1..=LATE_MS_MAX).contains(&late_ms)
    }
}

/// What is known of a person.
struct Person {
    last_seen: Timestamp,
    state: PresenceState,
    /// The newest word that says when it was said.
    said: Option<Said>,
    wished: Option<PresenceOverride>,
    /// What the screens show, or will when the change is told; `offline` for who is not listed.
    told: PresenceState,
}

/// Somebody who types.
struct Typist {
    at: Timestamp,
    /// When the screens were last told.
    told: Option<Timestamp>,
}

/// Who is there, and who types.
#[derive(Default)]
pub(super) struct Presence {
    people: HashMap<UserId, Person>,
    /// Those who appear active, for whoever decides; never behind `people`.
    active: ActivePeople,
    /// The last sign of life, also of those who were not seen for an hour.
    last_seen: HashMap<UserId, Timestamp>,
    /// Who appears differently since the last [`Presence::take_changed`].
    changed: BTreeSet<UserId>,
    typing: HashMap<(Spot, UserId), Typist>,
}

impl Presence {
    /// Nobody yet; keeps `active` true to what is known from now on.
    pub(super) fn new(active: ActivePeople) -> Presence {
        Presence { active, ..Presence::default() }
    }

    /// A sign of life, and a change of state. The override stays. False when it is late: the same browser has said
    /// something newer already, and that stands.
    pub(super) fn update(
        &mut self,
        user: UserId,
        state: PresenceState,
        said: Option<Said>,
        now: Timestamp,
    ) -> bool {
        let newest = self.people.get(&user).and_then(|person| person.said);
        if let (Some(said), Some(newest)) = (said, newest)
            && said.is_late_after(newest)
        {
            return false;
        }
        self.change(user, now, |person| {
            person.state = state;
            person.said = said.or(person.said);
        });
        true
    }

    /// Sets or clears the override; a sign of life, but no change of state.
    pub(super) fn set_override(
        &mut self,
        user: UserId,
        wished: Option<PresenceOverride>,
        now: Timestamp,
    ) {
        self.change(user, now, |person| person.wished = wished);
    }

    /// The override that is set.
    pub(super) fn override_of(&self, user: UserId) -> Option<PresenceOverride> {
        self.people.get(&user)?.wished
    }

    /// Everybody who was seen within the hour, as they appear.
    pub(super) fn online(&self, now: Timestamp) -> BTreeMap<UserId, PresenceState> {
        let people = self.people.iter();
        people.filter_map(|(user, person)| Some((*user, person.shown(now)?))).collect()
    }

    /// When each person last gave a sign of life, if that is known.
    pub(super) fn last_seen(&self) -> &HashMap<UserId, Timestamp> {
        &self.last_seen
    }

    /// Takes over what was known before the start; what happened since counts more.
    pub(super) fn remember_last_seen(&mut self, seen: Vec<(UserId, Timestamp)>) {
        for (user, at) in seen {
            self.last_seen.entry(user).or_insert(at);
        }
    }

    /// The account was deactivated: nobody is there any more, and nothing was heard of them. Answers when something was.
    pub(super) fn gone(&mut self, user: UserId, now: Timestamp) -> Option<Timestamp> {
        let person = self.people.get_mut(&user)?;
        (person.state, person.wished) = (PresenceState::Offline, None);
        self.active.note(user, None);
        if person.tell(now) {
            self.changed.insert(user);
        }
        Some(person.last_seen)
    }

    /// A key was pressed; true when the others should hear of it again.
    pub(super) fn typed(&mut self, user: UserId, spot: Spot, now: Timestamp) -> bool {
        let typist = self.typing.entry((spot, user));
        let typist = typist.and_modify(|typist| typist.at = now);
        let typist = typist.or_insert(Typist { at: now, told: None });
        if typist.told.is_some_and(|told| is_within(told, now, TYPING_REPEAT_SECONDS)) {
            return false;
        }
        typist.told = Some(now);
        true
    }

    /// What was being typed has been sent: the next key is news again.
    pub(super) fn posted(&mut self, user: UserId, spot: Spot) {
        self.typing.remove(&(spot, user));
    }

    /// Who typed there within the last 5 s, without `except`.
    pub(super) fn typing_in(&self, spot: Spot, except: UserId, now: Timestamp) -> Vec<UserId> {
        let mut users: Vec<_> = self
            .typing
            .iter()
            .filter(|((at, user), typist)| {
                *at == spot && *user != except && is_within(typist.at, now, TYPING_SECONDS)
            })
            .map(|((_, user), _)| *user)
            .collect();
        users.sort_unstable();
        users
    }

    /// How the people who appear differently appear now; each change is answered once.
    pub(super) fn take_changed(&mut self) -> Vec<(UserId, PresenceState)> {
        let changed = std::mem::take(&mut self.changed);
        let told =
            |user| self.people.get(&user).map_or(PresenceState::Offline, |person| person.told);
        changed.into_iter().map(|user| (user, told(user))).collect()
    }

    /// Forgets who was not seen for an hour, and typing that is over.
    ///
    /// An override outlives the hour: it shows again with the next sign of life.
    pub(super) fn prune(&mut self, now: Timestamp) {
        let Presence { people, active, changed, typing, .. } = self;
        typing.retain(|_, typist| is_within(typist.at, now, TYPING_SECONDS));
        people.retain(|user, person| {
            if person.tell(now) {
                changed.insert(*user);
            }
            active.note(*user, person.active_seen(now));
            person.shown(now).is_some() || person.wished.is_some()
        });
    }

    fn change(&mut self, user: UserId, now: Timestamp, change: impl FnOnce(&mut Person)) {
        let person = self.people.entry(user).or_insert(Person {
            last_seen: now,
            state: PresenceState::Offline,
            said: None,
            wished: None,
            told: PresenceState::Offline,
        });
        person.last_seen = now;
        self.last_seen.insert(user, now);
        change(person);
        self.active.note(user, person.active_seen(now));
        if person.tell(now) {
            self.changed.insert(user);
        }
    }
}

impl Person {
    /// How the person appears; `None` when not seen within the hour.
    fn shown(&self, now: Timestamp) -> Option<PresenceState> {
        let shown = self.wished.map_or(self.state, PresenceState::from);
        is_listed(self.last_seen, now).then_some(shown)
    }

    /// The last sign of life of somebody who appears active.
    fn active_seen(&self, now: Timestamp) -> Option<Timestamp> {
        (self.shown(now) == Some(PresenceState::Active)).then_some(self.last_seen)
    }

    /// Takes note of how the person appears now; true when that is news.
    fn tell(&mut self, now: Timestamp) -> bool {
        let shown = self.shown(now).unwrap_or(PresenceState::Offline);
        std::mem::replace(&mut self.told, shown) != shown
    }
}

/// Whether `at` is at most `seconds` ago.
fn is_within(at: Timestamp, now: Timestamp, seconds: u64) -> bool {
    (now.0 - at.0).unsigned_abs() <= seconds * 1_000_000
}

#[cfg(test)]
mod tests {
    use chat::Seq;

    use super::*;

    const ALICE: UserId = UserId(Seq(1));
    const BOB: UserId = UserId(Seq(2));
    const GENERAL: Spot = Spot(3);

    fn at(seconds: i64) -> Timestamp {
        Timestamp((1_700_000_000 + seconds) * 1_000_000)
    }

    #[test]
    fn an_override_wins_over_the_state_until_it_is_cleared() {
        let mut presence = Presence::default();
        presence.update(ALICE, PresenceState::Active, None, at(0));
        assert_eq!(presence.online(at(0))[&ALICE], PresenceState::Active);
        presence.set_override(ALICE, Some(PresenceOverride::Offline), at(1));
        assert_eq!(presence.online(at(1))[&ALICE], PresenceState::Offline, "listed, as offline");
        presence.update(ALICE, PresenceState::Idle, None, at(2));
        assert_eq!(presence.online(at(2))[&ALICE], PresenceState::Offline);
        presence.set_override(ALICE, None, at(3));
        assert_eq!(presence.online(at(3))[&ALICE], PresenceState::Idle);
    }

    #[test]
    fn an_override_is_a_sign_of_life_of_somebody_offline() {
        let mut presence = Presence::default();
        presence.set_override(ALICE, Some(PresenceOverride::Idle), at(0));
        assert_eq!(presence.override_of(ALICE), Some(PresenceOverride::Idle));
        assert_eq!(presence.online(at(3600))[&ALICE], PresenceState::Idle);
        presence.set_override(ALICE, None, at(10));
        assert_eq!(presence.online(at(10))[&ALICE], PresenceState::Offline);
    }

    #[test]
    fn who_was_not_seen_for_an_hour_is_not_listed_and_appears_offline() {
        let mut presence = Presence::default();
        presence.update(ALICE, PresenceState::Active, None, at(0));
        presence.set_override(BOB, Some(PresenceOverride::Active), at(0));
        presence.take_changed();
        presence.prune(at(3600));
        assert_eq!(presence.online(at(3600)).len(), 2, "3600 s is still within the hour");
        presence.prune(at(3601));
        assert!(presence.online(at(3601)).is_empty());
        let offline = PresenceState::Offline;
        assert_eq!(presence.take_changed(), [(ALICE, offline), (BOB, offline)]);
        assert_eq!(presence.override_of(BOB), Some(PresenceOverride::Active), "until cleared");
    }

    #[test]
    fn only_what_appears_differently_is_told_and_only_once() {
        let mut presence = Presence::default();
        presence.update(ALICE, PresenceState::Active, None, at(0));
        assert_eq!(presence.take_changed(), [(ALICE, PresenceState::Active)]);
        presence.update(ALICE, PresenceState::Active, None, at(30));
        assert!(presence.take_changed().is_empty(), "a heartbeat is no news");
        presence.set_override(ALICE, Some(PresenceOverride::Idle), at(31));
        presence.update(ALICE, PresenceState::Hidden, None, at(32));
        assert_eq!(presence.take_changed(), [(ALICE, PresenceState::Idle)]);
    }

    #[test]
    fn typing_holds_five_seconds_and_is_never_ones_own() {
        let mut presence = Presence::default();
        assert!(presence.typed(ALICE, GENERAL, at(0)), "news");
        assert!(!presence.typed(ALICE, GENERAL, at(1)), "the screens show it already");
        assert!(presence.typed(ALICE, GENERAL, at(3)), "the screens need it again");
        assert_eq!(presence.typing_in(GENERAL, BOB, at(8)), [ALICE]);
        assert!(presence.typing_in(GENERAL, ALICE, at(8)).is_empty());
        assert!(presence.typing_in(GENERAL, BOB, at(9)).is_empty());
        presence.prune(at(9));
        assert!(presence.typing.is_empty());
    }

    #[test]
    fn who_types_without_a_pause_is_told_again_and_again() {
        let mut presence = Presence::default();
        let told = (0..8).map(|half| at(0).plus_micros(half * 500_000));
        let told: Vec<_> = told.map(|now| presence.typed(ALICE, GENERAL, now)).collect();
        assert_eq!(told, [true, false, false, true, false, false, true, false]);
    }

    #[test]
    fn the_first_key_after_a_message_is_news() {
        let mut presence = Presence::default();
        presence.typed(ALICE, GENERAL, at(0));
        presence.posted(ALICE, GENERAL);
        assert!(presence.typing_in(GENERAL, BOB, at(0)).is_empty(), "it was sent");
        assert!(presence.typed(ALICE, GENERAL, at(0)), "and the next one is begun");
    }
}
