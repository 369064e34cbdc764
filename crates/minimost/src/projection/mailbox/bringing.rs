//! One mailbox is brought on: opened, brought to where the sweep is, rid of what was erased, and closed.
//!
//! One that is far behind joins the group, where there is room. Nothing waits for that but its rows: what was erased
//! leaves it `ahead`.

use std::sync::Arc;

use chat::UserId;
use tokio::time::Instant;
use tracing::warn;

use super::super::ProjectionError;
use super::file::Mailbox;
use super::group::Group;
use super::owner::Owner;
use super::standing::Standing;

impl Owner {
    /// Brings a mailbox to where the sweep is; one that is far behind joins the group.
    pub fn bring(&mut self, user: UserId) {
        let brought = self.try_bring(user);
        self.unless_failed(user, brought);
    }

    /// Takes everything that was erased out of a mailbox, however far behind it is.
    pub fn bring_and_erase(&mut self, user: UserId) {
        let brought = self.try_bring_and_erase(user);
        self.unless_failed(user, brought);
    }

    /// Moves a mailbox of the group a chunk on; where the sweep is it leaves the group.
    pub fn move_on(&mut self, mailbox: Mailbox) {
        let user = mailbox.owner;
        let moved = self.try_move_on(mailbox);
        self.unless_failed(user, moved);
    }

    fn try_bring(&mut self, user: UserId) -> Result<(), ProjectionError> {
        let standing = self.sweep.standings.find(user);
        if standing.is_some_and(|it| it.waits_for_aside() && it.concern.is_none()) {
            self.erased(user);
            return Ok(());
        }
        let mailbox = match self.take_for_turn(user)? {
            Some(mailbox) => mailbox,
            // Where it is to replay the log, it is made when there is room.
            None if !self.sweep.has_room(user) => return Ok(()),
            None => self.make(user)?,
        };
        if !self.is_far(&mailbox) {
            return self.catch_up(mailbox);
        }
        let may_hold = |it: &Standing| it.may_hold_erased(mailbox.is_new);
        let standing = self.sweep.standings.find(user);
        // Of a file of which nothing is known, what it says of its rows says nothing of its pages and its WAL.
        let is_known = standing.is_some_and(|it| it.checkpoint.is_some());
        let is_rid = is_known && mailbox.erased_up_to >= self.sweep.target.head;
        if !is_rid && standing.is_none_or(may_hold) {
            return self.erase_ahead(mailbox);
        }
        if self.sources.can_make() {
            return self.fill(mailbox);
        }
        self.join_group(mailbox)
    }

    /// Makes of a mailbox that is far behind what it is at the head: less than to replay what lies between.
    fn fill(&mut self, mut mailbox: Mailbox) -> Result<(), ProjectionError> {
        let target = Arc::clone(&self.sweep.target);
        mailbox.fill(&mut self.sources, &target)?;
        self.finish(mailbox)
    }

    fn try_bring_and_erase(&mut self, user: UserId) -> Result<(), ProjectionError> {
        let Some(standing) = self.sweep.standings.find(user) else { return Ok(()) };
        if standing.waits_for_aside() {
            self.erased(user);
            return Ok(());
        }
        if standing.erasure.is_none() {
            return Ok(());
        }
        match self.take_for_turn(user)? {
            Some(mailbox) if self.is_far(&mailbox) => self.erase_ahead(mailbox),
            Some(mailbox) => self.catch_up(mailbox),
            // To make it is nothing for which others wait.
            None => Ok(()),
        }
    }

    fn try_move_on(&mut self, mut mailbox: Mailbox) -> Result<(), ProjectionError> {
        if !mailbox.is_in_place()? {
            self.miss(mailbox.owner);
            return Ok(());
        }
        let target = Arc::clone(&self.sweep.target);
        if mailbox.checkpoint < target.head {
            mailbox.advance(&mut self.sources, &target)?;
        }
        if mailbox.checkpoint < target.head {
            mailbox.release_memory()?;
            self.sweep.group.join(mailbox);
            return Ok(());
        }
        self.finish(mailbox)
    }

    /// The mailbox, at the first event that concerns it; `None` when there is none, and it is missed.
    pub fn take_for_turn(&mut self, user: UserId) -> Result<Option<Mailbox>, ProjectionError> {
        let Some(mut mailbox) = self.take(user)? else {
            self.miss(user);
            return Ok(None);
        };
        let after = self.sweep.standings.goes_on_after(user, mailbox.checkpoint);
        mailbox.checkpoint = after.min(self.sweep.target.head).max(mailbox.checkpoint);
        Ok(Some(mailbox))
    }

    /// There is no file of somebody, so nothing that was erased is in it.
    fn miss(&mut self, user: UserId) {
        self.sweep.standings.miss(user, Instant::now());
        // One that was set aside may still hold it.
        if self.is_erasing(user) {
            self.erased(user);
        }
    }

    pub fn is_erasing(&self, user: UserId) -> bool {
        self.sweep.standings.find(user).is_some_and(|standing| standing.erasure.is_some())
    }

    pub fn is_far(&self, mailbox: &Mailbox) -> bool {
        Group::is_far(mailbox.checkpoint, self.sweep.target.head)
    }

    fn catch_up(&mut self, mut mailbox: Mailbox) -> Result<(), ProjectionError> {
        let target = Arc::clone(&self.sweep.target);
        mailbox.catch_up(&mut self.sources, &target)?;
        self.finish(mailbox)
    }

    /// Rids a mailbox that is far behind of what was erased, without bringing it on.
    fn erase_ahead(&mut self, mut mailbox: Mailbox) -> Result<(), ProjectionError> {
        let target = Arc::clone(&self.sweep.target);
        mailbox.erase_ahead(&mut self.sources, &target)?;
        self.tell_well(mailbox.owner);
        self.finish_erasing(&mut mailbox)?;
        self.sweep.with_wal.insert(mailbox.owner);
        self.join_group(mailbox)
    }

    /// Where it has no room there, or need not go there, the mailbox is closed again, and waits.
    pub fn join_group(&mut self, mailbox: Mailbox) -> Result<(), ProjectionError> {
        self.sweep.standings.know(mailbox.owner, mailbox.checkpoint);
        if self.sources.can_make() {
            self.sweep.turn_again(mailbox.owner);
        } else if self.sweep.group.has_room(mailbox.checkpoint) {
            mailbox.release_memory()?;
            self.sweep.group.join(mailbox);
        }
        Ok(())
    }

    /// The mailbox is where the sweep is.
    pub fn finish(&mut self, mut mailbox: Mailbox) -> Result<(), ProjectionError> {
        let (user, now) = (mailbox.owner, Instant::now());
        self.tell_well(user);
        let standings = &mut self.sweep.standings;
        // Also without a deletion now: one before a crash may have left its text in a page or in the WAL.
        let may_hold = |it: &Standing| it.may_hold_erased(mailbox.is_new);
        mailbox.may_hold_erased |= standings.find(user).is_none_or(may_hold);
        standings.reach(user, mailbox.checkpoint);
        self.finish_erasing(&mut mailbox)?;
        // A new one is closed whole, whoever its owner is: open for longer, it would not be new any more.
        if mailbox.is_new {
            return Ok(());
        }
        self.sweep.with_wal.insert(user);
        // The others are closed again.
        if self.sweep.recent.contains(&user) {
            mailbox.release_memory()?;
            self.pool.put(mailbox, now);
        }
        Ok(())
    }

    /// The rows hold nothing that was erased: takes it out of the pages and the WAL, or waits until nobody looks at them.
    fn finish_erasing(&mut self, mailbox: &mut Mailbox) -> Result<(), ProjectionError> {
        let (user, now) = (mailbox.owner, Instant::now());
        if mailbox.may_hold_erased {
            self.sweep.standings.hold(user, self.sweep.target_ts, now);
            let was_held = self.sweep.standings.find(user).is_some_and(Standing::was_put_off);
            mailbox.finish_erasing(was_held)?;
        }
        if mailbox.may_hold_erased {
            self.sweep.standings.put_off(user, now);
            let why = "another program looks at it";
            self.sweep.erasures.tell_held(user, &mailbox.path, "still holds", why);
        } else if self.is_erasing(user) {
            self.erased(user);
        }
        Ok(())
    }

    pub fn unless_failed(&mut self, user: UserId, result: Result<(), ProjectionError>) {
        let Err(error) = result else { return };
        let now = Instant::now();
        let error = if error.is_damage() {
            match self.replace_damaged(user, &error) {
                // The first time it is made as soon as it can be; a disk that breaks each new one too is left alone.
                Ok(()) if !self.sweep.standings.was_damaged(user, now) => {
                    self.sweep.turn_again(user);
                    return;
                }
                Ok(()) => error,
                Err(error) => error,
            }
        } else {
            error
        };
        let standings = &mut self.sweep.standings;
        let is_unknown = standings.find(user).is_some_and(Standing::is_unknown);
        if is_unknown {
            standings.hold(user, self.sweep.target_ts, now);
        }
        standings.put_off(user, now);
        if self.is_erasing(user) {
            let holds = if is_unknown { "may still hold" } else { "still holds" };
            let why = match &error {
                ProjectionError::File { .. } => "it cannot be looked at",
                error if error.is_busy() => "another program holds it",
                _ => "it is refused",
            };
            let file = self.mailbox_path(user);
            self.sweep.erasures.tell_held(user, &file, holds, why);
        }
        self.tell_failing(user, &error);
        if self.sweep.is_draining() {
            self.sweep.drain_error.get_or_insert(error);
        }
    }

    fn replace_damaged(
        &mut self,
        user: UserId,
        error: &ProjectionError,
    ) -> Result<(), ProjectionError> {
        let now = self.put_aside(user)?;
        let name = self.sweep.target.user_name(user);
        let error = error as &dyn std::error::Error;
        warn!(
            user.name = %name, error,
            "the mailbox of {name} was damaged and {now}; it is rebuilt from the log"
        );
        Ok(())
    }
}
