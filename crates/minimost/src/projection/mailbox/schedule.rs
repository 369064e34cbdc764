//! What is done next. Looking what happened comes first; then the comparison and the files whose turn it is, each within its
//! share; and whenever those rest, files are rid of what was erased.
//!
//! Promise: erasing takes all the time that the shares leave, and never theirs. Somebody who deletes all the time, in a
//! channel of everybody's, keeps no file from being made, brought on and compared.
//!
//! Neighbours: `share` measures, `turn` says whose turn it is, `sweep` asks here and does it.

use std::time::Duration;

use tokio::time::Instant;

use super::share::Share;

/// How often the sweep looks what happened.
const LOOK_EVERY: Duration = Duration::from_millis(500);
/// The part of the share that looking may take: half.
const LOOKS_ONE_IN: u32 = 2;
/// The part of a core that bringing files on may take: a fifth.
pub(super) const SWEEP_ONE_IN: u32 = 5;
/// And while somebody who is connected has no file at all: a half.
pub(super) const MISSING_ONE_IN: u32 = 2;
/// The part of a core that comparing them may take.
const COMPARE_ONE_IN: u32 = 200;
/// What a piece of that counts at least, so that few files are not compared over and over.
const COMPARE_LEAST: Duration = Duration::from_millis(2);
/// A start has other things to do than comparing.
const COMPARE_AFTER: Duration = Duration::from_secs(5);

/// Files of which it is remembered what ridding them took, about.
const REMEMBERED: u32 = 1_024;
/// What is supposed of so many before any was rid, so that a single large one does not count for all.
const SUPPOSED: (u32, Duration) = (64, Duration::from_millis(5));

/// A piece of background work.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Piece {
    Look,
    Compare,
    Turn,
    Erase,
}

/// What there is to do beside looking and comparing.
#[derive(Clone, Copy)]
pub(super) struct Waiting {
    /// The part of a core that the next turn may take; `None` when it is nobody's.
    pub turn: Option<u32>,
    pub erasures: bool,
}

/// What a piece cost.
#[derive(Clone, Copy)]
pub(super) struct Cost {
    pub began: Instant,
    pub computed: Duration,
    /// On the clock, with waiting for the disk.
    pub took: Duration,
}

/// What is done when.
pub(super) struct Schedule {
    turns: Share,
    comparison: Share,
    next_look: Instant,
    rid_count: u32,
    rid_took: Duration,
}

impl Schedule {
    pub fn new(now: Instant) -> Schedule {
        let (rid_count, each) = SUPPOSED;
        Schedule {
            turns: Share::one_in(SWEEP_ONE_IN, now),
            comparison: Share::one_in(COMPARE_ONE_IN, now + COMPARE_AFTER),
            next_look: now,
            rid_count,
            rid_took: each * rid_count,
        }
    }

    /// What is done now; `None` while everything rests.
    pub fn next(&self, now: Instant, waiting: Waiting) -> Option<Piece> {
        if self.next_look <= now {
            Some(Piece::Look)
        } else if self.comparison.free_at() <= now {
            Some(Piece::Compare)
        } else if waiting.turn.is_some() && self.turns.free_at() <= now {
            Some(Piece::Turn)
        } else {
            waiting.erasures.then_some(Piece::Erase)
        }
    }

    /// When something is to be done next.
    pub fn next_at(&self, now: Instant, waiting: Waiting) -> Instant {
        if waiting.erasures {
            return now;
        }
        let turn = waiting.turn.map(|_| self.turns.free_at());
        turn.into_iter().fold(self.next_look.min(self.comparison.free_at()), Instant::min)
    }

    /// Takes note of what a piece cost. While something waits to be erased that is all of its time, since a turn that waits
    /// for the disk keeps an erasure from it.
    pub fn charge(&mut self, piece: Piece, waiting: Waiting, cost: Cost) {
        let Cost { began, computed, took } = cost;
        let taken = if waiting.erasures { took } else { computed };
        match piece {
            // What a look computes is taken from the files' share. Where there is so much to hear of that this would leave
            // them nothing, the looks are fewer.
            Piece::Look => {
                self.turns.charge(began, computed);
                self.next_look = began + LOOK_EVERY.max(computed * SWEEP_ONE_IN * LOOKS_ONE_IN);
            }
            Piece::Compare => self.comparison.charge(began, taken.max(COMPARE_LEAST)),
            Piece::Turn => {
                self.turns.charge_one_in(waiting.turn.unwrap_or(SWEEP_ONE_IN), began, taken);
            }
            Piece::Erase => {}
        }
    }

    /// A file was rid of what was erased, which took so long on the clock.
    pub fn was_rid(&mut self, took: Duration) {
        if self.rid_count >= REMEMBERED {
            (self.rid_count, self.rid_took) = (self.rid_count / 2, self.rid_took / 2);
        }
        self.rid_count += 1;
        self.rid_took += took;
    }

    /// What ridding a file takes, as it was lately.
    pub fn ridding_takes(&self) -> Duration {
        self.rid_took / self.rid_count
    }
}

#[cfg(test)]
mod tests {
    use std::collections::{BTreeMap, VecDeque};

    use chat::{Seq, Timestamp, UserId};

    use super::super::concern::Touch;
    use super::super::standing::{Standing, Standings};
    use super::*;

    /// People in one channel, where somebody deletes something every second.
    struct Town {
        standings: Standings,
        schedule: Schedule,
        began: Instant,
        millis: u64,
        files: u64,
        deletions: u64,
        to_erase: VecDeque<UserId>,
        turns: VecDeque<UserId>,
        /// The first deletion that has not left a file.
        deleted: BTreeMap<UserId, u64>,
        longest: u64,
        compared: u32,
        rested: u64,
    }

    impl Town {
        fn new(files: u64) -> Town {
            let (mut standings, began) = (Standings::default(), Instant::now());
            for number in 1..=files {
                standings.reach(UserId(Seq(number)), Seq(1));
            }
            Town {
                standings,
                schedule: Schedule::new(began),
                began,
                millis: 0,
                files,
                deletions: 0,
                to_erase: VecDeque::new(),
                turns: VecDeque::new(),
                deleted: BTreeMap::new(),
                longest: 0,
                compared: 0,
                rested: 0,
            }
        }

        fn missing(&self) -> usize {
            self.standings.iter().filter(|(_, standing)| standing.is_missing()).count()
        }

        fn look(&mut self, now: Instant, deletions: u64) {
            let is_new = std::mem::replace(&mut self.deletions, deletions) != deletions;
            let (seq, ts) = (Seq(1_000 + deletions), Timestamp(1));
            let touch = Touch { first: seq, first_ts: ts, newest: seq, erased_ts: Some(ts) };
            for number in (1..=self.files).filter(|_| is_new) {
                let user = UserId(Seq(number));
                self.standings.touch(user, touch, now);
                if !self.standings.find(user).is_some_and(Standing::is_missing) {
                    self.deleted.entry(user).or_insert(deletions * 1_000);
                }
            }
            let took = self.schedule.ridding_takes();
            self.to_erase = self.standings.erasures(now, took).into();
            self.turns = self.standings.turns(now, |_| false).into();
        }

        /// Brings a file to the head and rids it, and says how long that took.
        fn bring(&mut self, user: UserId, ridding: u64) -> u64 {
            let standing = self.standings.find(user).expect("it is somebody");
            let took = match (standing.is_missing(), standing.erasure.is_some()) {
                (true, _) => 30,
                (false, true) => ridding,
                (false, false) => return 0,
            };
            let is_new = standing.is_missing();
            self.standings.meet(user, is_new);
            self.standings.reach(user, Seq(1_000 + self.millis / 1_000));
            self.standings.erase(user);
            if let Some(deleted) = self.deleted.remove(&user) {
                self.longest = self.longest.max(self.millis + took - deleted);
            }
            took
        }

        /// Ridding a file takes so long, of which a third is computed.
        fn go_on_for(&mut self, millis: u64, ridding: u64) {
            let end = self.millis + millis;
            while self.millis < end {
                let now = self.began + Duration::from_millis(self.millis);
                let turn = (!self.turns.is_empty()).then_some(SWEEP_ONE_IN);
                let waiting = Waiting { turn, erasures: !self.to_erase.is_empty() };
                let Some(piece) = self.schedule.next(now, waiting) else {
                    let next = self.schedule.next_at(now, waiting).duration_since(self.began);
                    let rests = u64::try_from(next.as_millis()).unwrap() + 1 - self.millis;
                    self.rested += rests;
                    self.millis += rests;
                    continue;
                };
                let took = match piece {
                    Piece::Look => {
                        self.look(now, self.millis / 1_000);
                        3
                    }
                    Piece::Compare => {
                        self.compared += 1;
                        10
                    }
                    Piece::Turn => {
                        let user = self.turns.pop_front().expect("it is somebody's turn");
                        self.bring(user, ridding)
                    }
                    Piece::Erase => {
                        let user = self.to_erase.pop_front().expect("somebody waits");
                        let took = self.bring(user, ridding);
                        if took > 0 {
                            self.schedule.was_rid(Duration::from_millis(took));
                        }
                        took
                    }
                };
                let [computed, took] = [took / 3, took].map(Duration::from_millis);
                self.schedule.charge(piece, waiting, Cost { began: now, computed, took });
                self.millis += u64::try_from(took.as_millis()).unwrap();
            }
            let oldest = self.deleted.values().map(|deleted| self.millis - deleted).max();
            self.longest = self.longest.max(oldest.unwrap_or_default());
        }
    }

    #[test]
    fn whoever_deletes_all_the_time_keeps_no_file_from_being_made_and_compared_and_each_deletion_leaves_in_time()
     {
        for (files, ridding, within) in
            [(1_000, 20, 60_000), (1_000, 4, 60_000), (5_000, 20, 300_000)]
        {
            let mut town = Town::new(files);
            town.go_on_for(60_000, ridding);
            // Then files are taken away.
            let now = town.began + Duration::from_millis(town.millis);
            (1..=100).for_each(|number| town.standings.miss(UserId(Seq(number)), now));
            town.deleted.retain(|user, _| user.0 > Seq(100));
            let [compared, rested] = [u64::from(town.compared), town.rested];
            town.go_on_for(20_000, ridding);
            assert_eq!(town.missing(), 0, "of {files}");
            town.go_on_for(within, ridding);
            let longest = town.longest;
            assert!(longest <= within, "of {files} at {ridding} ms: {longest} ms");
            let compared = u64::from(town.compared) - compared;
            assert!(compared > within / 4_000, "of {files} at {ridding} ms: {compared}");
            let rested = (town.rested - rested) * 100 / (within + 20_000);
            assert!(rested >= 10, "of {files} at {ridding} ms it rested {rested} %");
        }
    }

    #[test]
    fn what_ridding_takes_is_what_it_took_lately_and_one_large_file_does_not_count_for_all() {
        let mut schedule = Schedule::new(Instant::now());
        assert_eq!(schedule.ridding_takes(), Duration::from_millis(5));
        schedule.was_rid(Duration::from_secs(10));
        assert!(schedule.ridding_takes() < Duration::from_millis(200));
        (0..5_000).for_each(|_| schedule.was_rid(Duration::from_millis(20)));
        let takes = schedule.ridding_takes();
        assert!(takes.abs_diff(Duration::from_millis(20)) < Duration::from_millis(2), "{takes:?}");
    }

    #[test]
    fn while_nothing_waits_to_be_erased_waiting_for_the_disk_is_not_charged() {
        let began = Instant::now();
        let cost =
            Cost { began, computed: Duration::from_millis(10), took: Duration::from_millis(100) };
        for (erasures, rests) in [(false, 50), (true, 500)] {
            let waiting = Waiting { turn: Some(SWEEP_ONE_IN), erasures };
            let mut schedule = Schedule::new(began);
            schedule.next_look = began + Duration::from_secs(60);
            assert_eq!(schedule.next(began, waiting), Some(Piece::Turn));
            schedule.charge(Piece::Turn, waiting, cost);
            let free_at = began + Duration::from_millis(rests);
            let waiting = Waiting { erasures: false, ..waiting };
            assert_eq!(schedule.next_at(began, waiting), free_at);
        }
    }
}
