//! The owner thread: the one writer of all mailbox files, a bounded number of which are open.
//!
//! Neighbours: `mod` asks, `sweep` says what is done when, `bringing` does it to one file.

use std::collections::HashSet;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use chat::{Seq, UserId};
use eventlog::fault_point;
use tokio::runtime::Runtime;
use tokio::sync::{mpsc, oneshot};
use tokio::time::Instant;
use tracing::{info, warn};

use super::super::ProjectionError;
use super::erasure::{ErasureReport, HeldLog};
use super::file::{Mailbox, Sources};
use super::pool::Pool;
use super::sweep::{Connected, Sweep};
use super::user_db_path;
use crate::published::PublishedWorkspace;

/// What the owner thread is asked.
pub(super) enum Ask {
    Drain(oneshot::Sender<Result<(), ProjectionError>>),
    Close(oneshot::Sender<()>),
}

/// The state of the owner thread.
pub(super) struct Owner {
    pub data_dir: PathBuf,
    pub published: PublishedWorkspace,
    pub sources: Sources,
    pub pool: Pool,
    pub sweep: Sweep,
    /// Whose mailbox could not be brought to the head at the last attempt.
    failing: HashSet<UserId>,
}

impl Owner {
    pub fn new(
        data_dir: PathBuf,
        published: PublishedWorkspace,
        sources: Sources,
        connected: Connected,
        report: ErasureReport,
        held_log: HeldLog,
    ) -> Owner {
        let mut sweep = Sweep::new(published.now(), connected, report, held_log);
        sweep.makes_at_head = sources.can_make();
        let (pool, failing) = (Pool::new(), HashSet::new());
        Owner { data_dir, published, sources, pool, sweep, failing }
    }

    /// Sweeps until it is told to close, or every handle is gone.
    pub fn run(mut self, runtime: &Runtime, mut asks: mpsc::Receiver<Ask>) {
        let name = std::thread::current().name().unwrap_or_default().to_owned();
        self.begin();
        loop {
            fault_point(&name);
            match next_ask(runtime, &mut asks, self.sweep.pause()) {
                Some(Ask::Drain(answer)) => self.drain(answer),
                Some(Ask::Close(answer)) => {
                    self.rest();
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

    /// The mailbox out of the pool, out of the group, or its file; `None` when there is none that fits.
    pub fn take(&mut self, user: UserId) -> Result<Option<Mailbox>, ProjectionError> {
        if let Some(mailbox) = self.pool.take(user).or_else(|| self.sweep.group.take(user)) {
            return Ok(Some(mailbox));
        }
        let target = Arc::clone(&self.sweep.target);
        // Not what is published: a file that was made at the head may be a moment ahead of that.
        let (head, _) = self.sources.reader.head()?;
        let head = target.head.max(Seq(head));
        let found = Mailbox::open_as_it_is(&self.data_dir, user, &self.sources, &target, head)?;
        if let Some(mailbox) = &found {
            mailbox.leave_wal()?;
            self.sweep.standings.meet(user, false);
        }
        Ok(found)
    }

    /// Makes a file for somebody who has none: as it is at the head, or, where windows have no bound, at its beginning.
    pub fn make(&mut self, user: UserId) -> Result<Mailbox, ProjectionError> {
        let (target, head) = (Arc::clone(&self.sweep.target), self.published.now().head);
        let now = Instant::now();
        self.sweep.standings.lose(user, now);
        self.sweep.standings.meet(user, false);
        if self.sweep.standings.take_new_losses() {
            self.save(now);
        }
        let made = if self.sources.can_make() {
            Mailbox::make(&self.data_dir, user, &mut self.sources, &target)
        } else {
            Mailbox::open(&self.data_dir, user, &mut self.sources, &target, head)
        };
        if made.is_err() {
            // Rows may have come into it already, so whatever is deleted from now on concerns it; nothing before does.
            self.sweep.standings.know(user, user.0);
        }
        let mailbox = made?;
        // Nothing that was erased is in it yet, and what was known was known of another file. It is closed whole the
        // first time, so that the file alone says whose it is.
        self.sweep.standings.meet(user, true);
        self.sweep.standings.know(user, mailbox.checkpoint);
        if self.sweep.standings.find(user).is_some_and(|standing| standing.erasure.is_none()) {
            self.sweep.erasures.tell_done(user);
        }
        Ok(mailbox)
    }

    /// Says once that mailboxes cannot be brought to the head, not for every attempt on a full disk.
    pub fn tell_failing(&mut self, user: UserId, error: &ProjectionError) {
        let is_first = self.failing.is_empty();
        self.failing.insert(user);
        if is_first {
            let error = error as &dyn std::error::Error;
            warn!(error, "a mailbox cannot be brought to the head; it is tried again");
        }
    }

    /// A mailbox has been brought on.
    pub fn tell_well(&mut self, user: UserId) {
        if self.failing.remove(&user) && self.failing.is_empty() {
            info!("mailboxes can be written again");
        }
    }

    /// Where somebody's file is.
    pub fn mailbox_path(&self, user: UserId) -> PathBuf {
        let name = &self.sweep.target.users.get(&user).expect("only accounts have mailboxes").name;
        user_db_path(&self.data_dir, name)
    }
}

/// The next wish within `pause`; `None` when there is none, or when every handle is gone.
fn next_ask(runtime: &Runtime, asks: &mut mpsc::Receiver<Ask>, pause: Duration) -> Option<Ask> {
    // Tokio's timer rounds up to a millisecond, and a drain has no pause at all.
    if pause.is_zero() {
        return asks.try_recv().ok();
    }
    let asked = runtime.block_on(async { tokio::time::timeout(pause, asks.recv()).await });
    asked.ok().flatten()
}
