//! The owner threads: each mailbox file has one writer, and a bounded number of them are open.
//!
//! A mailbox is brought to the head when its owner reads, and otherwise by the sweep.
//!
//! Neighbours: `mod` asks, `sweep` works in the time that reading leaves, `catch_up` does what both need.

use std::collections::{HashMap, HashSet};
use std::num::NonZeroUsize;
use std::path::PathBuf;
use std::time::Duration;

use chat::{UserId, Workspace};
use eventlog::fault_point;
use lru::LruCache;
use tokio::runtime::Runtime;
use tokio::sync::{mpsc, oneshot};
use tokio::time::Instant;
use tracing::{info, warn};

use super::super::{ProjectionError, sqlite};
use super::file::{Mailbox, Sources};
use super::sweep::{Connected, Sweep};
use super::user_db_path;
use crate::published::PublishedWorkspace;

/// Mailboxes that one thread keeps open: at up to 0.5 MB each some 32 MB, and two opened files each.
///
/// A read of a closed one costs about 2 ms more.
const OPEN_MAX: NonZeroUsize = NonZeroUsize::new(64).expect("64 is not zero");

/// A mailbox that kept the thread for longer than this is slow: its disk is, or it was far behind.
const SLOW: Duration = Duration::from_secs(2);

/// A slow mailbox is left alone for this many times as long as it took, so that it has a tenth of the thread.
const REST_PER_SLOW: u32 = 9;

/// What an owner thread is asked.
pub(super) enum Ask {
    Read(Box<dyn FnOnce(&mut Owner) + Send>),
    Drain(oneshot::Sender<Result<(), ProjectionError>>),
    Close(oneshot::Sender<()>),
}

/// The state of one owner thread.
pub(super) struct Owner {
    pub data_dir: PathBuf,
    pub published: PublishedWorkspace,
    pub sources: Sources,
    pub open: LruCache<UserId, Mailbox>,
    pub sweep: Sweep,
    /// Whose mailbox could not be brought to the head at the last attempt.
    failing: HashSet<UserId>,
    slow: Slow,
}

impl Owner {
    pub fn new(
        data_dir: PathBuf,
        published: PublishedWorkspace,
        sources: Sources,
        share: (u64, u64),
        connected: Connected,
    ) -> Owner {
        let open = LruCache::new(OPEN_MAX);
        let sweep = Sweep::new(share, connected);
        let (failing, slow) = (HashSet::new(), Slow::default());
        Owner { data_dir, published, sources, open, sweep, failing, slow }
    }

    /// Answers until it is told to close, or every handle is gone; sweeps in between.
    pub fn run(mut self, runtime: &Runtime, mut asks: mpsc::Receiver<Ask>) {
        let name = std::thread::current().name().unwrap_or_default().to_owned();
        loop {
            fault_point(&name);
            match next_ask(runtime, &mut asks, self.sweep.pause()) {
                Some(Ask::Read(read)) => read(&mut self),
                Some(Ask::Drain(answer)) => {
                    self.sweep.drain(&self.published.now(), answer);
                }
                Some(Ask::Close(answer)) => {
                    drop(self);
                    // Whoever asked may have gone; the files are at rest all the same.
                    let _ = answer.send(());
                    return;
                }
                None if asks.is_closed() => return,
                None => self.step(),
            }
        }
    }

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
            self.at_head(user, workspace);
        }
        result
    }

    /// Notes that a mailbox has reached the head.
    pub fn at_head(&mut self, user: UserId, workspace: &Workspace) {
        self.sweep.note(user, workspace.head);
        if self.failing.remove(&user) && self.failing.is_empty() {
            info!("mailboxes can be written again");
        }
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

    /// The mailbox out of the pool, out of the sweep, or opened.
    pub fn take(
        &mut self,
        user: UserId,
        workspace: &Workspace,
    ) -> Result<Mailbox, ProjectionError> {
        match self.open.pop(&user).or_else(|| self.sweep.take(user)) {
            Some(mailbox) => Ok(mailbox),
            None => Mailbox::open(&self.data_dir, user, &mut self.sources, workspace),
        }
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
                self.open.put(mailbox.owner, mailbox);
                answer
            }
        }
    }

    pub fn set_aside(
        &mut self,
        user: UserId,
        workspace: &Workspace,
        error: &ProjectionError,
    ) -> Result<(), ProjectionError> {
        let name = &workspace.users.get(&user).expect("only accounts have mailboxes").name;
        let aside = sqlite::set_aside(&user_db_path(&self.data_dir, name), workspace.head)?;
        let (aside, error) = (aside.display(), error as &dyn std::error::Error);
        warn!(
            user.name = %name, error,
            "the mailbox of {name} was damaged and is now {aside}; it is rebuilt from the log"
        );
        Ok(())
    }

    /// Says once that mailboxes cannot be brought to the head, not for every read on a full disk.
    pub fn tell_failing(&mut self, user: UserId, error: &ProjectionError) {
        let is_first = self.failing.is_empty();
        self.failing.insert(user);
        if is_first {
            let error = error as &dyn std::error::Error;
            warn!(
                error,
                "a mailbox cannot be brought to the head; reads are answered from the log"
            );
        }
    }
}

/// The mailboxes that are left alone for a while, because others waited for them; the log answers for them.
#[derive(Default)]
struct Slow {
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

/// The next question within `pause`; `None` when there is none, or when every handle is gone.
fn next_ask(runtime: &Runtime, asks: &mut mpsc::Receiver<Ask>, pause: Duration) -> Option<Ask> {
    // Tokio's timer rounds up to a millisecond, and a drain has no pause at all.
    if pause.is_zero() {
        return asks.try_recv().ok();
    }
    let asked = runtime.block_on(async { tokio::time::timeout(pause, asks.recv()).await });
    asked.ok().flatten()
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
