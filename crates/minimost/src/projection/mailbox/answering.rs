//! Answering out of a mailbox: it is brought to the head first, and where that cannot be the log answers.

use std::collections::HashMap;
use std::time::Duration;

use chat::{UserId, Workspace};
use tokio::time::Instant;

use super::super::ProjectionError;
use super::file::{Mailbox, Sources};
use super::owner::Owner;

/// A mailbox that kept the thread for longer than this is slow: its disk is, or it was far behind.
const SLOW: Duration = Duration::from_secs(2);

/// A slow mailbox is left alone for this many times as long as it took, so that it has a tenth of the thread.
const REST_PER_SLOW: u32 = 9;

impl Owner {
    /// Answers from the mailbox of `user`, brought to the head; when it cannot be, from the log.
    pub fn answer<T>(
        &mut self,
        user: UserId,
        from_rows: impl Fn(&Mailbox, &mut Sources, &Workspace) -> Result<T, ProjectionError>,
        from_log: impl FnOnce(&mut Sources, &Workspace) -> Result<T, ProjectionError>,
    ) -> Result<T, ProjectionError> {
        let workspace = self.published.now();
        let began = Instant::now();
        if self.slow.rests(user, began) {
            return from_log(&mut self.sources, &workspace);
        }
        let answered = self.current(user, &workspace).and_then(|mut mailbox| {
            mailbox.was_read = true;
            let answer = from_rows(&mailbox, &mut self.sources, &workspace);
            self.keep(mailbox, answer)
        });
        self.slow.note(user, began, Instant::now());
        match answered {
            // A log without its tail must not be read as if nothing had been there.
            Ok(_) | Err(ProjectionError::AheadOfLog { .. }) => answered,
            Err(error) => {
                self.tell_failing(user, &error);
                from_log(&mut self.sources, &workspace)
            }
        }
    }

    /// The mailbox at the head, taken out of the pool; a damaged one is set aside and rebuilt.
    fn current(&mut self, user: UserId, workspace: &Workspace) -> Result<Mailbox, ProjectionError> {
        let result = match self.try_current(user, workspace) {
            Err(error) if error.is_damage() => {
                self.set_aside(user, workspace, &error)?;
                self.try_current(user, workspace)
            }
            result => result,
        };
        if result.is_ok() {
            self.tell_well(user);
        }
        result
    }

    fn try_current(
        &mut self,
        user: UserId,
        workspace: &Workspace,
    ) -> Result<Mailbox, ProjectionError> {
        let mut mailbox = self.take(user, workspace)?;
        mailbox.catch_up(&mut self.sources, workspace)?;
        Ok(mailbox)
    }

    /// Puts a mailbox into the pool, unless reading it failed.
    fn keep<T>(
        &mut self,
        mailbox: Mailbox,
        answer: Result<T, ProjectionError>,
    ) -> Result<T, ProjectionError> {
        match answer {
            Err(error) if error.is_damage() => {
                let (user, workspace) = (mailbox.owner, self.published.now());
                drop(mailbox);
                self.set_aside(user, &workspace, &error)?;
                Err(error)
            }
            answer => {
                self.pool.put(mailbox, Instant::now());
                answer
            }
        }
    }
}

/// The mailboxes that are left alone for a while, because others waited for them; the log answers for them.
#[derive(Default)]
pub(super) struct Slow {
    until: HashMap<UserId, Instant>,
}

impl Slow {
    /// Whether a mailbox is to be left alone.
    fn rests(&mut self, user: UserId, at: Instant) -> bool {
        let rests = self.until.get(&user).is_some_and(|until| at < *until);
        if !rests {
            self.until.remove(&user);
        }
        rests
    }

    /// Takes note of how long a mailbox kept the thread.
    fn note(&mut self, user: UserId, began: Instant, ended: Instant) {
        let took = ended.saturating_duration_since(began);
        if took > SLOW {
            self.until.insert(user, ended + took * REST_PER_SLOW);
        }
    }
}

#[cfg(test)]
mod tests {
    use chat::Seq;

    use super::*;

    #[test]
    fn a_slow_mailbox_is_left_alone_for_nine_times_as_long_and_no_other_is() {
        let (bob, carol) = (UserId(Seq(2)), UserId(Seq(3)));
        let mut slow = Slow::default();
        let began = Instant::now();
        let after = |seconds| began + Duration::from_secs(seconds);
        slow.note(carol, began, after(2));
        assert!(!slow.rests(carol, after(2)), "two seconds are not slow yet");
        slow.note(bob, began, after(3));
        assert!(slow.rests(bob, after(3)));
        assert!(!slow.rests(carol, after(3)));
        assert!(slow.rests(bob, after(29)));
        assert!(!slow.rests(bob, after(30)), "3 s and nine times 3 s are over");
    }
}
