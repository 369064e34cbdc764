//! How far each mailbox is, and what concerns it: so that a file which nothing concerns is not opened.
//!
//! Promises: a person is one entry, whatever happens in their channels. Between a checkpoint here and the first event
//! that concerns the person there is nothing for their file, so it is not read there either.
//!
//! Neighbours: `concern` says whom an event concerns, `turn` whose turn it is, `register` keeps it over a restart.

use std::collections::{BTreeMap, BTreeSet};
use std::ops::Bound;
use std::time::Duration;

use chat::{Seq, Timestamp, UserId};
use tokio::time::Instant;

use super::concern::Touch;

/// How long a file is left alone that could not be written, at first; then twice as long each time.
const RETRY_FIRST: Duration = Duration::from_millis(500);
/// And at most, so that erased text goes soon after whoever held the file has let it go.
const RETRY_LAST: Duration = Duration::from_secs(8);

/// What is known of one mailbox.
#[derive(Clone, Debug, Default)]
pub(super) struct Standing {
    /// How far the file is; `None` where only the file could say, or there is none.
    pub checkpoint: Option<Seq>,
    /// What the file does not have yet.
    pub concern: Option<Concern>,
    /// Text that may still be in it, or in one that was set aside, and has been erased elsewhere.
    pub erasure: Option<Erasure>,
    /// There is no file: nothing can stand in it.
    is_missing: bool,
    /// A damaged file of before stands beside it.
    has_aside: bool,
    /// It was damaged, and has not been where it should be since.
    was_damaged: bool,
    retry: Option<Retry>,
}

/// Why a file is to be brought on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Concern {
    /// The first event that it lacks.
    pub from: Seq,
    /// When that happened.
    pub ts: Timestamp,
    /// When it was heard of here.
    pub since: Instant,
}

/// Why a file is to be opened before others.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Erasure {
    /// When the first deletion happened that has not left the file.
    pub ts: Timestamp,
    /// When it was heard of here.
    pub since: Instant,
    /// It has left the file itself: only one that was set aside may hold it.
    pub is_aside: bool,
}

#[derive(Clone, Copy, Debug)]
struct Retry {
    at: Instant,
    pause: Duration,
}

impl Standing {
    pub fn new(
        checkpoint: Option<Seq>,
        concern: Option<Concern>,
        erasure: Option<Erasure>,
    ) -> Standing {
        Standing { checkpoint, concern, erasure, ..Standing::default() }
    }

    /// Whether there is no file, as far as is known.
    pub fn is_missing(&self) -> bool {
        self.is_missing
    }

    /// Whether there may be a file of which nothing is known: only that says how far it is.
    pub fn is_unknown(&self) -> bool {
        self.checkpoint.is_none() && !self.is_missing
    }

    /// Whether erased text may be in the file itself. Of one of which nothing is known nobody can say, unless it was begun
    /// a moment ago.
    pub fn may_hold_erased(&self, is_new: bool) -> bool {
        let is_in_it = self.erasure.is_some_and(|erasure| !erasure.is_aside);
        is_in_it || self.checkpoint.is_none() && !is_new
    }

    /// Whether only one that was set aside may hold erased text.
    pub fn waits_for_aside(&self) -> bool {
        self.erasure.is_some_and(|erasure| erasure.is_aside)
    }

    /// Whether it could not be written at the last attempt.
    pub fn was_put_off(&self) -> bool {
        self.retry.is_some()
    }

    /// Whether it waits for its turn, and not for another program or the disk.
    pub fn is_waiting(&self, now: Instant) -> bool {
        (self.concern.is_some() || self.erasure.is_some())
            && self.retry.is_none_or(|retry| retry.at <= now)
    }
}

/// Everybody's.
#[derive(Default)]
pub(super) struct Standings {
    people: BTreeMap<UserId, Standing>,
    /// Whose file may hold erased text.
    erasing: BTreeSet<UserId>,
    /// Whose standing is another one than the register has.
    changed: BTreeSet<UserId>,
    /// Among them are files that are to be rid of something.
    has_new_erasures: bool,
    /// Among them are some of whose file the register says how far it is, and there is another by now, or none.
    has_new_losses: bool,
}

impl Standings {
    /// A person as the register knows them.
    pub fn load(&mut self, user: UserId, standing: Standing) {
        if standing.erasure.is_some() {
            self.erasing.insert(user);
        }
        self.people.insert(user, standing);
    }

    /// Forgets whoever is nobody: a row that was changed by hand or by the disk.
    pub fn keep_only(&mut self, is_account: impl Fn(&UserId) -> bool) {
        self.people.retain(|user, _| is_account(user));
        self.erasing.retain(is_account);
    }

    pub fn find(&self, user: UserId) -> Option<&Standing> {
        self.people.get(&user)
    }

    pub fn iter(&self) -> impl Iterator<Item = (UserId, &Standing)> {
        self.people.iter().map(|(user, standing)| (*user, standing))
    }

    /// The next person after `user` whose file is known, or the first.
    pub fn next_known(&self, user: Option<UserId>) -> Option<UserId> {
        let known = |(user, standing): (&UserId, &Standing)| {
            (standing.checkpoint.is_some() && standing.retry.is_none()).then_some(*user)
        };
        let start = user.map_or(Bound::Unbounded, Bound::Excluded);
        let after = self.people.range((start, Bound::Unbounded));
        after.chain(self.people.iter()).find_map(known)
    }

    /// Something has happened that concerns a person.
    pub fn touch(&mut self, user: UserId, touch: Touch, now: Instant) {
        let missing = || Standing { is_missing: true, ..Standing::default() };
        let standing = self.people.entry(user).or_insert_with(missing);
        let lacks = standing.checkpoint.is_none_or(|checkpoint| checkpoint < touch.newest);
        if lacks {
            let from = standing.checkpoint.map_or(touch.first, |it| touch.first.max(it.next()));
            let known = standing.concern;
            // What is told together is told channel by channel, and not in the order of the log.
            if known.is_none_or(|known| from < known.from) {
                let since = known.map_or(now, |known| known.since);
                standing.concern = Some(Concern { from, ts: touch.first_ts, since });
                self.changed.insert(user);
            }
        }
        let may_hold = !standing.is_missing || standing.has_aside;
        let is_aside = standing.is_missing;
        if let (Some(_), Some(known)) = (touch.erased_ts, &mut standing.erasure) {
            known.is_aside = is_aside;
        }
        if let (Some(ts), None, true) = (touch.erased_ts, standing.erasure, may_hold) {
            standing.erasure = Some(Erasure { ts, since: now, is_aside });
            self.erasing.insert(user);
            self.changed.insert(user);
            self.has_new_erasures = true;
        }
    }

    /// Nothing is known of a file any more but that it has to be opened, or made.
    pub fn lose(&mut self, user: UserId, now: Instant) {
        let standing = self.people.entry(user).or_default();
        let since = standing.concern.map_or(now, |concern| concern.since);
        self.has_new_losses |= standing.checkpoint.is_some();
        standing.checkpoint = None;
        standing.concern = Some(Concern { from: Seq::ZERO, ts: Timestamp(0), since });
        self.changed.insert(user);
    }

    /// There is no file any more: it has to be made.
    pub fn miss(&mut self, user: UserId, now: Instant) {
        self.lose(user, now);
        self.erase_with_file(user);
        self.people.entry(user).or_default().is_missing = true;
    }

    /// A file was opened or made.
    pub fn meet(&mut self, user: UserId, is_new: bool) {
        if is_new {
            self.erase_with_file(user);
        }
        self.people.entry(user).or_default().is_missing = false;
    }

    /// How far a file is that is not brought on at once, where that was not known, or another file was meant.
    pub fn know(&mut self, user: UserId, checkpoint: Seq) {
        let standing = self.people.entry(user).or_default();
        if standing.checkpoint.is_none_or(|known| checkpoint < known) {
            standing.checkpoint = Some(checkpoint);
            if let Some(concern) = &mut standing.concern {
                concern.from = checkpoint.next();
            }
            self.changed.insert(user);
        }
    }

    /// Whether a damaged file of before stands beside a person's.
    pub fn see_aside(&mut self, user: UserId, has_aside: bool) {
        if let Some(standing) = self.people.get_mut(&user) {
            standing.has_aside = has_aside;
        }
    }

    pub fn has_aside(&self, user: UserId) -> bool {
        self.people.get(&user).is_some_and(|standing| standing.has_aside)
    }

    /// A file turned out to be damaged, and is gone; whether that has happened before and no file was well since.
    pub fn was_damaged(&mut self, user: UserId, now: Instant) -> bool {
        self.miss(user, now);
        std::mem::replace(&mut self.people.entry(user).or_default().was_damaged, true)
    }

    /// The file is as far as this, which is as far as everything is that was heard of.
    pub fn reach(&mut self, user: UserId, checkpoint: Seq) {
        let standing = self.people.entry(user).or_default();
        standing.checkpoint = Some(checkpoint);
        standing.concern = None;
        standing.was_damaged = false;
        if standing.erasure.is_none() {
            standing.retry = None;
        }
        self.changed.insert(user);
    }

    /// What had to leave the file has left it.
    pub fn erase(&mut self, user: UserId) {
        if self.erasing.remove(&user) {
            let standing = self.people.entry(user).or_default();
            (standing.erasure, standing.retry) = (None, None);
            self.changed.insert(user);
        }
    }

    /// What had to leave the file was in it, and there is another or none: a file that was set aside may still have it.
    fn erase_with_file(&mut self, user: UserId) {
        if !self.has_aside(user) {
            self.erase(user);
        } else if let Some(standing) = self.people.get_mut(&user)
            && let Some(erasure) = &mut standing.erasure
        {
            erasure.is_aside = true;
        }
    }

    /// The text could not leave the file yet.
    pub fn hold(&mut self, user: UserId, ts: Timestamp, now: Instant) {
        self.hold_in(user, ts, now).is_aside = false;
    }

    /// The text has left the file, and may be in one that was set aside.
    pub fn hold_aside(&mut self, user: UserId, ts: Timestamp, now: Instant) {
        self.hold_in(user, ts, now).is_aside = true;
    }

    fn hold_in(&mut self, user: UserId, ts: Timestamp, now: Instant) -> &mut Erasure {
        self.erasing.insert(user);
        self.changed.insert(user);
        let erasure = Erasure { ts, since: now, is_aside: false };
        self.people.entry(user).or_default().erasure.get_or_insert(erasure)
    }

    /// The file could not be brought on; it is tried again a little later.
    pub fn put_off(&mut self, user: UserId, now: Instant) {
        let standing = self.people.entry(user).or_default();
        let pause = standing.retry.map_or(RETRY_FIRST, |retry| (retry.pause * 2).min(RETRY_LAST));
        standing.retry = Some(Retry { at: now + pause, pause });
    }

    /// Where a file that is at `checkpoint` may go on: nothing concerns it before that.
    pub fn goes_on_after(&self, user: UserId, checkpoint: Seq) -> Seq {
        let Some(standing) = self.people.get(&user) else { return checkpoint };
        match (standing.checkpoint, standing.concern) {
            // A file that is less far than it was is not the one that was known.
            (Some(known), Some(concern)) if known <= checkpoint => {
                checkpoint.max(Seq(concern.from.get().saturating_sub(1)))
            }
            (Some(_) | None, _) => checkpoint,
        }
    }

    /// How many files may hold erased text, and since when.
    pub fn erasing(&self) -> Option<(usize, Timestamp)> {
        let since = self.each_erasing().map(|(_, erasure)| erasure.ts).min()?;
        Some((self.erasing.len(), since))
    }

    /// Whose files may hold erased text.
    pub fn each_erasing(&self) -> impl Iterator<Item = (UserId, Erasure)> {
        self.erasing.iter().filter_map(|user| Some((*user, self.people.get(user)?.erasure?)))
    }

    /// Whether the register lacks something that has to leave files: a crash must not forget it.
    pub fn has_new_erasures(&self) -> bool {
        self.has_new_erasures
    }

    /// Whether the register says how far a file is that is another one by now, since this was last asked. A crash while a
    /// new one is made must not leave that with its tables, and the register believed.
    pub fn take_new_losses(&mut self) -> bool {
        std::mem::take(&mut self.has_new_losses)
    }

    /// How many files may hold erased text only because nothing is known of them.
    pub fn unknown(&self) -> usize {
        self.people.values().filter(|it| it.is_unknown() && it.erasure.is_none()).count()
    }

    /// Whose standing has changed since this was last asked.
    pub fn take_changed(&mut self) -> BTreeSet<UserId> {
        self.has_new_erasures = false;
        self.has_new_losses = false;
        std::mem::take(&mut self.changed)
    }

    /// What was taken could not be written down.
    pub fn give_back(&mut self, changed: BTreeSet<UserId>) {
        self.has_new_erasures |= changed.iter().any(|user| self.erasing.contains(user));
        let is_lost =
            |user| self.people.get(user).is_some_and(|standing| standing.checkpoint.is_none());
        self.has_new_losses |= changed.iter().any(is_lost);
        self.changed.extend(changed);
    }
}
