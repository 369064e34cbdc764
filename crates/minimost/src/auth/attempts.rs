//! Who may try another password. An attempt is counted before the password is looked at, and given back when it was
//! right: guesses that come at once are no more than guesses that come one after the other.
//!
//! Counted by address and name first, so that nobody locks out somebody who logs in from elsewhere; by name at a higher
//! number, against guesses from many addresses; by session for whoever is in already and tells their password again.
//! In memory, because a restart is not an attacker's to have.

use std::collections::HashMap;
use std::hash::Hash;
use std::num::NonZeroUsize;
use std::sync::{Mutex, MutexGuard, PoisonError};

use chat::ids::SessionId;
use chat::{Timestamp, UserId};
use lru::LruCache;
use tokio::sync::Notify;

use super::Network;

/// Tallies of each kind that are kept, some 5 MiB; beyond it the one that was used longest ago is forgotten. Limits per
/// address make that slow, and the tally of an account's name is never forgotten.
const TALLIES_MAX: NonZeroUsize = NonZeroUsize::new(50_000).expect("50,000 is not 0");

/// Whose attempts they are.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(super) enum Who {
    /// Somebody at the door, by the folded name that they give; of an account when there is one. A name that nobody has
    /// is counted and locked like any other, so that nobody learns who has an account here.
    AtTheDoor { network: Network, name: String, user: Option<UserId> },
    /// Somebody who is in.
    Inside(SessionId),
}

/// How many may fail in a row, and for how long nothing is looked at then; 0 never locks.
#[derive(Clone, Copy, Debug)]
pub(super) struct Rules {
    pub(super) per_address_max: u32,
    pub(super) per_name_max: u32,
    pub(super) lock_micros: i64,
}

/// What came of a wrong password.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Failure {
    /// More may be tried.
    Counted,
    /// Nothing more from this address, or of this session, for a while.
    LockedHere { until: Timestamp },
    /// Nothing more for this name, wherever it comes from.
    LockedEverywhere { until: Timestamp },
}

#[derive(Clone, Copy, Debug, Default)]
struct Tally {
    failures: u32,
    /// Attempts that are being looked at: each may be one failure more.
    trying: u32,
    locked_until: Option<Timestamp>,
}

/// Why an attempt is not looked at.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Hindrance {
    Locked(Timestamp),
    /// So many are being looked at that all of them together might lock.
    Trying,
}

pub(super) struct Attempts {
    rules: Rules,
    tables: Mutex<Tables>,
    /// Somebody's attempt has ended.
    ended: Notify,
}

struct Tables {
    here: LruCache<(Network, String), Tally>,
    accounts: HashMap<UserId, Tally>,
    strangers: LruCache<String, Tally>,
    inside: LruCache<SessionId, Tally>,
}

impl Tally {
    fn admit(&mut self, attempts_max: u32, now: Timestamp) -> Result<(), Hindrance> {
        match self.locked_until {
            Some(until) if until > now => return Err(Hindrance::Locked(until)),
            Some(_) => *self = Tally { trying: self.trying, ..Tally::default() },
            None => {}
        }
        let is_free = attempts_max == 0 || self.failures + self.trying < attempts_max;
        if is_free { Ok(()) } else { Err(Hindrance::Trying) }
    }

    /// Counts a failure; true when it was the last that there may be.
    fn failed(&mut self, attempts_max: u32, until: Timestamp) -> bool {
        self.failures = self.failures.saturating_add(1);
        let is_last = attempts_max > 0 && self.failures >= attempts_max;
        if is_last {
            self.failures = 0;
            self.locked_until = Some(until);
        }
        is_last
    }
}

impl Tables {
    /// The tally of the place that somebody asks from.
    fn here(&mut self, who: &Who) -> &mut Tally {
        match who {
            Who::AtTheDoor { network, name, .. } => {
                self.here.get_or_insert_mut((*network, name.clone()), Tally::default)
            }
            Who::Inside(session) => self.inside.get_or_insert_mut(*session, Tally::default),
        }
    }

    /// The tally of the name that somebody gives.
    fn everywhere(&mut self, who: &Who) -> Option<&mut Tally> {
        match who {
            Who::AtTheDoor { user: Some(user), .. } => {
                Some(self.accounts.entry(*user).or_default())
            }
            Who::AtTheDoor { name, user: None, .. } => {
                Some(self.strangers.get_or_insert_mut(name.clone(), Tally::default))
            }
            Who::Inside(_) => None,
        }
    }

    fn of(&mut self, who: &Who, change: impl Fn(&mut Tally)) {
        change(self.here(who));
        if let Some(tally) = self.everywhere(who) {
            change(tally);
        }
    }
}

impl Attempts {
    pub(super) fn new(rules: Rules) -> Attempts {
        let tables = Tables {
            here: LruCache::new(TALLIES_MAX),
            accounts: HashMap::new(),
            strangers: LruCache::new(TALLIES_MAX),
            inside: LruCache::new(TALLIES_MAX),
        };
        Attempts { rules, tables: Mutex::new(tables), ended: Notify::new() }
    }

    /// Counts an attempt. Waits while so many are being looked at that they might all fail, and says until when nothing
    /// is looked at.
    pub(super) async fn begin(&self, who: Who, now: Timestamp) -> Result<Attempt<'_>, Timestamp> {
        loop {
            let ended = self.ended.notified();
            match self.admit(&who, now) {
                Ok(()) => return Ok(Attempt { attempts: self, who: Some(who) }),
                Err(Hindrance::Locked(until)) => return Err(until),
                Err(Hindrance::Trying) => ended.await,
            }
        }
    }

    fn admit(&self, who: &Who, now: Timestamp) -> Result<(), Hindrance> {
        let Rules { per_address_max, per_name_max, .. } = self.rules;
        let mut tables = self.tables();
        tables.here(who).admit(per_address_max, now)?;
        if let Some(tally) = tables.everywhere(who) {
            tally.admit(per_name_max, now)?;
        }
        tables.of(who, |tally| tally.trying += 1);
        Ok(())
    }

    /// Until when nothing is looked at, by folded name.
    pub(super) fn locked_names(&self, now: Timestamp) -> HashMap<String, Timestamp> {
        let mut locked = HashMap::new();
        for ((_, name), tally) in &self.tables().here {
            if let Some(until) = tally.locked_until.filter(|until| *until > now) {
                let latest = locked.entry(name.clone()).or_insert(until);
                *latest = until.max(*latest);
            }
        }
        locked
    }

    /// Forgets what failed for an account, wherever it was tried from.
    pub(super) fn unlock(&self, user: UserId, name: &str) {
        let forgiven =
            |tally: &mut Tally| *tally = Tally { trying: tally.trying, ..Tally::default() };
        let mut tables = self.tables();
        tables.here.iter_mut().filter(|((_, of), _)| of == name).for_each(|(_, it)| forgiven(it));
        if let Some(tally) = tables.accounts.get_mut(&user) {
            forgiven(tally);
        }
    }

    fn tables(&self) -> MutexGuard<'_, Tables> {
        self.tables.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// One password that is being looked at. Dropped without a verdict it is given back: whoever asked has learnt nothing.
pub(super) struct Attempt<'a> {
    attempts: &'a Attempts,
    who: Option<Who>,
}

impl Attempt<'_> {
    /// It was right: failures are counted in a row.
    pub(super) fn right(mut self) {
        if let Some(who) = self.who.take() {
            self.attempts.tables().of(&who, |tally| {
                *tally = Tally { trying: tally.trying.saturating_sub(1), ..Tally::default() };
            });
            self.attempts.ended.notify_waiters();
        }
    }

    /// It was wrong.
    pub(super) fn wrong(mut self, now: Timestamp) -> Failure {
        let Some(who) = self.who.take() else { return Failure::Counted };
        let Rules { per_address_max, per_name_max, lock_micros } = self.attempts.rules;
        let until = now.plus_micros(lock_micros);
        let mut tables = self.attempts.tables();
        tables.of(&who, |tally| tally.trying = tally.trying.saturating_sub(1));
        let is_locked_here = tables.here(&who).failed(per_address_max, until);
        let everywhere = tables.everywhere(&who);
        let is_locked_everywhere =
            everywhere.is_some_and(|tally| tally.failed(per_name_max, until));
        drop(tables);
        self.attempts.ended.notify_waiters();
        match (is_locked_everywhere, is_locked_here) {
            (true, _) => Failure::LockedEverywhere { until },
            (false, true) => Failure::LockedHere { until },
            (false, false) => Failure::Counted,
        }
    }
}

impl Drop for Attempt<'_> {
    fn drop(&mut self) {
        if let Some(who) = self.who.take() {
            let give_back = |tally: &mut Tally| tally.trying = tally.trying.saturating_sub(1);
            self.attempts.tables().of(&who, give_back);
            self.attempts.ended.notify_waiters();
        }
    }
}

#[cfg(test)]
mod tests {
    use std::net::IpAddr;

    use chat::Seq;

    use super::*;

    const NOW: Timestamp = Timestamp(0);
    const BOB: UserId = UserId(Seq(2));

    fn fail(attempts: &Attempts, name: &str, user: Option<UserId>) -> Failure {
        let network = Network::from(IpAddr::from([192, 0, 2, 1]));
        let who = Who::AtTheDoor { network, name: name.to_owned(), user };
        attempts.admit(&who, NOW).unwrap();
        Attempt { attempts, who: Some(who) }.wrong(NOW)
    }

    #[test]
    fn whoever_tries_very_many_names_has_the_oldest_forgotten_and_no_account() {
        let rules = Rules { per_address_max: 0, per_name_max: 2, lock_micros: 1 };
        let attempts = Attempts::new(rules);
        assert_eq!(fail(&attempts, "bob", Some(BOB)), Failure::Counted);
        assert_eq!(fail(&attempts, "nobody", None), Failure::Counted);
        for number in 0..50_000 {
            assert_eq!(fail(&attempts, &format!("guess{number}"), None), Failure::Counted);
        }
        assert_eq!(attempts.tables().here.len(), 50_000);
        assert_eq!(attempts.tables().strangers.len(), 50_000);
        let locked = Failure::LockedEverywhere { until: Timestamp(1) };
        assert_eq!(fail(&attempts, "guess49999", None), locked, "it is remembered");
        assert_eq!(fail(&attempts, "nobody", None), Failure::Counted, "it was forgotten");
        assert_eq!(fail(&attempts, "bob", Some(BOB)), locked, "what an account has is not");
    }
}
