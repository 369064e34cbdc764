//! Whose turn it is.
//!
//! The rule: while few files are concerned, all of them are brought on at once. Else each waits for a while, so that
//! more is done in one opening, and then goes by its deadline: the moment at which it was first concerned and the time
//! within which a file of its kind follows. What happens later does not move a deadline, so everybody becomes the first.
//! What has been deleted has a queue of its own, and all the time that the turns leave.

use std::time::Duration;

use chat::UserId;
use tokio::time::Instant;

use super::standing::{Standing, Standings};

/// So many files, or fewer, follow within two seconds.
pub(super) const FEW: usize = 200;

/// Within which time a file follows when there are more, and how much of it may pass with waiting for more to do.
struct Pace {
    within: Duration,
    gathers: Duration,
}

const CONNECTED: Pace = Pace { within: Duration::from_secs(60), gathers: Duration::from_secs(20) };
const ABSENT: Pace = Pace { within: Duration::from_secs(600), gathers: Duration::from_secs(300) };

/// How long a deletion waits for others at least; in a file whose turn comes before that it is done with.
const ERASURE_GATHERS: Duration = Duration::from_secs(5);
/// And for each file: twice what ridding one takes, so that somebody who deletes all the time leaves the machine some rest
/// however many the files are. At least this, which makes ten seconds for 1,000 files and fifty for 5,000.
const ERASURE_GATHERS_PER_FILE: Duration = Duration::from_millis(10);
/// At most this, so that 1,000 files are rid within a minute and 5,000 within five where ridding one takes up to 20 ms. Where
/// it takes longer that cannot be kept, and half as much again is waited for as it takes.
const ERASURE_GATHERS_PER_FILE_MOST: Duration = Duration::from_millis(30);

/// How long a deletion waits for others where so many files are to be rid of something and each of them takes so long.
fn erasure_gathers(files: u32, each_takes: Duration) -> Duration {
    let twice = each_takes * 2;
    let each = twice.clamp(ERASURE_GATHERS_PER_FILE, ERASURE_GATHERS_PER_FILE_MOST);
    ERASURE_GATHERS.max(each.max(each_takes * 3 / 2).saturating_mul(files))
}

impl Standings {
    /// Whose files are to be brought on now, the most urgent first.
    pub fn turns(&self, now: Instant, is_connected: impl Fn(UserId) -> bool) -> Vec<UserId> {
        let waiting = || self.iter().filter(|(_, standing)| standing.is_waiting(now));
        let are_few = waiting().take(FEW + 1).count() <= FEW;
        let mut turns: Vec<(Instant, UserId)> = waiting()
            .filter_map(|(user, standing)| {
                let pace = if is_connected(user) { &CONNECTED } else { &ABSENT };
                let since = since(standing)?;
                // One of which nothing is known may hold what was erased, and one that is not there gathers nothing.
                let is_due = are_few
                    || standing.is_unknown()
                    || standing.is_missing()
                    || since + pace.gathers <= now;
                is_due.then_some((since + pace.within, user))
            })
            .collect();
        turns.sort_unstable();
        turns.into_iter().map(|(_, user)| user).collect()
    }

    /// Out of whose files erased text has to go now, the longest ago first, where one of them takes so long.
    pub fn erasures(&self, now: Instant, each_takes: Duration) -> Vec<UserId> {
        let all = u32::try_from(self.each_erasing().count()).unwrap_or(u32::MAX);
        let gathers = erasure_gathers(all, each_takes);
        let mut turns: Vec<(Instant, UserId)> = self
            .each_erasing()
            .filter(|(user, erasure)| {
                let is_waiting = self.find(*user).is_some_and(|it| it.is_waiting(now));
                is_waiting && erasure.since + gathers <= now
            })
            .map(|(user, erasure)| (erasure.since, user))
            .collect();
        turns.sort_unstable();
        turns.into_iter().map(|(_, user)| user).collect()
    }

    /// Everybody whose file is not as it should be, whether or not it could be written a moment ago.
    pub fn all_turns(&self) -> Vec<UserId> {
        let waiting = self.iter().filter(|(_, standing)| since(standing).is_some());
        waiting.map(|(user, _)| user).collect()
    }
}

fn since(standing: &Standing) -> Option<Instant> {
    let concern = standing.concern.map(|concern| concern.since);
    concern.into_iter().chain(standing.erasure.map(|erasure| erasure.since)).min()
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use chat::{Seq, Timestamp};

    use super::super::concern::Touch;
    use super::*;

    fn touch(seq: u64, erases: bool) -> Touch {
        let (seq, ts) = (Seq(seq), Timestamp(1));
        Touch { first: seq, first_ts: ts, newest: seq, erased_ts: erases.then_some(ts) }
    }

    fn user(number: u64) -> UserId {
        UserId(Seq(number))
    }

    /// Everybody's file is there, and at the first event.
    fn with_files(numbers: impl Iterator<Item = u64>) -> Standings {
        let mut standings = Standings::default();
        numbers.for_each(|number| standings.reach(user(number), Seq(1)));
        standings
    }

    fn after(began: Instant, millis: u64) -> Instant {
        began + Duration::from_millis(millis)
    }

    #[test]
    fn a_few_go_at_once_and_many_wait_for_more_to_do_the_connected_less_long() {
        let (mut standings, began) = (with_files(1..=201), Instant::now());
        (1..=200).for_each(|number| standings.touch(user(number), touch(1_000, false), began));
        assert_eq!(standings.turns(began, |_| false).len(), 200);
        standings.touch(user(201), touch(1_000, false), began);
        let is_connected = |user: UserId| user.0.get() > 150;
        let turns = |millis| standings.turns(after(began, millis), is_connected);
        assert!(turns(19_999).is_empty());
        assert_eq!(turns(20_000).len(), 51);
        assert_eq!(turns(300_000).len(), 201);
        assert_eq!(turns(300_000)[0], user(151), "the connected have the earlier deadline");
        assert_eq!(turns(600_000).len(), 201);
        standings.miss(user(3), after(began, 1));
        standings.miss(user(160), after(began, 2));
        let turns = standings.turns(after(began, 3), is_connected);
        assert_eq!(turns, [user(160), user(3)], "a file that is not there gathers nothing");
    }

    /// 5,000 people in one channel where something is said every second, 4,000 of them connected; a file takes 8 ms of
    /// the clock, its rest included.
    #[test]
    fn five_thousand_people_follow_in_time_and_nobody_starves() {
        let (mut standings, began) = (with_files(1..=5_000), Instant::now());
        let is_connected = |user: UserId| user.0.get() <= 4_000;
        let mut concerned: BTreeMap<UserId, u64> = BTreeMap::new();
        let (mut longest, mut turns) = ([0; 2], Vec::new().into_iter());
        let mut done = 0;
        for tick in 0..(1_300_000 / 8) {
            let millis = tick * 8;
            let now = after(began, millis);
            if tick % 125 == 0 {
                for number in 1..=5_000 {
                    concerned.entry(user(number)).or_insert(millis);
                    standings.touch(user(number), touch(10_000 + tick, false), now);
                }
                turns = standings.turns(now, is_connected).into_iter();
            }
            if let Some(user) = turns.next() {
                standings.reach(user, Seq(10_000 + tick));
                let took = millis - concerned.remove(&user).expect("it was concerned");
                let longest = &mut longest[usize::from(is_connected(user))];
                *longest = (*longest).max(took);
                done += 1;
            }
        }
        let oldest = concerned.iter().map(|(user, since)| (is_connected(*user), 1_300_000 - since));
        for (is_connected, waits) in oldest {
            longest[usize::from(is_connected)] = longest[usize::from(is_connected)].max(waits);
        }
        assert!(longest[0] <= 600_000, "the absent waited for {} ms", longest[0]);
        assert!(longest[1] <= 60_000, "the connected waited for {} ms", longest[1]);
        assert!(done > 60_000, "only {done} files were brought on");
    }

    #[test]
    fn deletions_gather_for_as_long_as_the_files_are_many_and_go_by_their_age() {
        let (mut standings, began) = (Standings::default(), Instant::now());
        let erasures = |standings: &Standings, millis| {
            standings.erasures(after(began, millis), Duration::from_millis(5))
        };
        (7..1_010).for_each(|number| standings.reach(user(number), Seq(1)));
        standings.touch(user(7), touch(10, true), after(began, 1));
        standings.touch(user(9), touch(10, true), began);
        standings.touch(user(8), touch(10, false), began);
        assert!(erasures(&standings, 4_999).is_empty());
        assert_eq!(erasures(&standings, 5_001), [user(9), user(7)]);
        (10..1_010).for_each(|number| standings.touch(user(number), touch(11, true), began));
        assert!(erasures(&standings, 10_000).is_empty());
        assert_eq!(erasures(&standings, 10_021).len(), 1_002);
        standings.put_off(user(9), after(began, 10_021));
        assert_eq!(erasures(&standings, 10_500).len(), 1_001, "it is left alone");
        assert_eq!(erasures(&standings, 10_521).len(), 1_002);
        standings.erase(user(9));
        assert_eq!(standings.erasing(), Some((1_001, Timestamp(1))));
        for (takes, gathers) in [(1, 10_010), (5, 10_010), (8, 16_016), (20, 30_030), (40, 60_060)]
        {
            let of =
                |millis| standings.erasures(after(began, millis), Duration::from_millis(takes));
            assert!(of(gathers - 1).is_empty(), "one takes {takes} ms");
            assert_eq!(of(gathers + 1).len(), 1_001, "one takes {takes} ms");
        }
    }
}
