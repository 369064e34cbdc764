//! One mailbox is brought on: opened, brought to where the sweep is, rid of what was erased, and closed.

use std::sync::Arc;

use chat::UserId;
use tokio::time::Instant;

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

    /// Brings a mailbox past everything that was erased, however far behind it is.
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
        let target = Arc::clone(&self.sweep.target);
        let mut mailbox = self.take_for_turn(user)?;
        if Group::is_far(mailbox.checkpoint, target.head) {
            if !self.sweep.group.is_full() {
                self.sweep.group.join(mailbox);
            }
            return Ok(());
        }
        mailbox.catch_up(&mut self.sources, &target)?;
        self.finish(mailbox)
    }

    fn try_bring_and_erase(&mut self, user: UserId) -> Result<(), ProjectionError> {
        let mut mailbox = self.take_for_turn(user)?;
        if self.sweep.standings.find(user).is_none_or(|standing| standing.erasure.is_none()) {
            // It had to be made anew, and that is nothing for which others wait.
            if !self.sweep.group.is_full() {
                self.sweep.group.join(mailbox);
            }
            return Ok(());
        }
        let target = Arc::clone(&self.sweep.target);
        mailbox.catch_up(&mut self.sources, &target)?;
        self.finish(mailbox)
    }

    fn try_move_on(&mut self, mut mailbox: Mailbox) -> Result<(), ProjectionError> {
        let target = Arc::clone(&self.sweep.target);
        if mailbox.checkpoint < target.head {
            mailbox.advance(&mut self.sources, &target)?;
        }
        if mailbox.checkpoint < target.head {
            self.sweep.group.join(mailbox);
            return Ok(());
        }
        self.finish(mailbox)
    }

    /// The mailbox, at the first event that concerns it.
    pub fn take_for_turn(&mut self, user: UserId) -> Result<Mailbox, ProjectionError> {
        let target = Arc::clone(&self.sweep.target);
        let mut mailbox = self.take(user, &target)?;
        let after = self.sweep.standings.goes_on_after(user, mailbox.checkpoint);
        mailbox.checkpoint = after.min(target.head).max(mailbox.checkpoint);
        Ok(mailbox)
    }

    /// The mailbox is where the sweep is.
    pub fn finish(&mut self, mut mailbox: Mailbox) -> Result<(), ProjectionError> {
        let (user, now) = (mailbox.owner, Instant::now());
        self.tell_well(user);
        let standings = &mut self.sweep.standings;
        // Also without a deletion now: one before a crash may have left its text in the WAL. Of a file of which nothing
        // was known nobody can say.
        let may_hold = |it: &Standing| it.erasure.is_some() || it.checkpoint.is_none();
        mailbox.wal_holds_erased |= !mailbox.is_new && standings.find(user).is_none_or(may_hold);
        standings.reach(user, mailbox.checkpoint);
        if mailbox.wal_holds_erased {
            standings.hold(user, self.sweep.target_ts, now);
            mailbox.finish_erasing()?;
            if mailbox.wal_holds_erased {
                self.sweep.standings.put_off(user, now);
                let why = "another program looks at it";
                self.sweep.erasures.tell_held(user, &mailbox.path, why);
            } else {
                self.sweep.standings.erase(user);
                self.sweep.erasures.tell_done(user);
            }
        } else if standings.find(user).is_some_and(|it| it.erasure.is_some()) {
            // A new file, which never had what was erased.
            standings.erase(user);
            self.sweep.erasures.tell_done(user);
        }
        if !mailbox.is_new {
            self.sweep.with_wal.insert(user);
        }
        // The others are closed again.
        if self.sweep.recent.contains(&user) {
            self.pool.put(mailbox, now);
        }
        Ok(())
    }

    pub fn unless_failed(&mut self, user: UserId, result: Result<(), ProjectionError>) {
        let Err(error) = result else { return };
        let now = Instant::now();
        let error = if error.is_damage() {
            let target = Arc::clone(&self.sweep.target);
            match self.set_aside(user, &target, &error) {
                Ok(()) => {
                    self.sweep.standings.lose(user, now);
                    self.sweep.turn_again(user);
                    return;
                }
                Err(error) => error,
            }
        } else {
            error
        };
        self.sweep.standings.put_off(user, now);
        if self.sweep.standings.find(user).is_some_and(|standing| standing.erasure.is_some()) {
            let why = if error.is_busy() { "another program holds it" } else { "it is refused" };
            let file = self.mailbox_path(user);
            self.sweep.erasures.tell_held(user, &file, why);
        }
        self.tell_failing(user, &error);
        if self.sweep.is_draining() {
            self.sweep.drain_error.get_or_insert(error);
        }
    }
}
