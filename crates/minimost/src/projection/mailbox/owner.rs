//! The owner threads: each mailbox file has one writer, and a bounded number of them are open.
//!
//! A mailbox is brought to the head when its owner reads, and otherwise by a sweep, within seconds for the connected
//! and a minute for the absent, in the time that reading leaves and at most a tenth of a core per thread.

use std::collections::{HashMap, VecDeque};
use std::num::NonZeroUsize;
use std::path::PathBuf;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use chat::{Seq, UserId, Workspace};
use lru::LruCache;
use tokio::runtime::Runtime;
use tokio::sync::{mpsc, oneshot};
use tokio::time::Instant;
use tracing::{info, warn};

use super::super::{ProjectionError, sqlite};
use super::file::{Mailbox, Sources};
use super::user_db_path;
use crate::published::PublishedWorkspace;

/// Mailboxes that one thread keeps open: at up to 0.5 MB each some 32 MB, and two opened files each.
///
/// A read of a closed one costs about 2 ms more.
const OPEN_MAX: NonZeroUsize = NonZeroUsize::new(64).expect("64 is not zero");

/// How often the sweep looks who is behind.
const LOOK_EVERY: Duration = Duration::from_secs(1);
/// How often people with a live stream are swept.
const CONNECTED_EVERY: Duration = Duration::from_secs(3);
/// How often everybody is swept.
const ABSENT_EVERY: Duration = Duration::from_secs(60);
/// How long a sign of life counts as being connected; streams and heartbeats come more often.
const CONNECTED_HOLDS: Duration = Duration::from_secs(120);
/// The sweep rests this many times as long as it worked.
const REST_PER_WORK: u32 = 9;

/// Who gave a sign of life when; shared with the handles, locked for single look-ups only.
pub(super) type Connected = Arc<Mutex<HashMap<UserId, Instant>>>;

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
    open: LruCache<UserId, Mailbox>,
    sweep: Sweep,
    /// The last attempt to bring a mailbox to the head failed.
    is_failing: bool,
}

/// The background work of one owner thread.
struct Sweep {
    /// This thread has the users whose id modulo the number of threads is this.
    share: (u64, u64),
    connected: Connected,
    /// How far the mailboxes are, as far as this thread has seen since the start.
    checkpoints: HashMap<UserId, Seq>,
    queue: VecDeque<UserId>,
    next_look: Instant,
    next_connected: Instant,
    next_absent: Instant,
    rest_until: Instant,
    /// Who waits until the queue is empty.
    drains: Vec<oneshot::Sender<Result<(), ProjectionError>>>,
    /// What went wrong first since the oldest of them came.
    drain_error: Option<ProjectionError>,
}

impl Owner {
    pub fn new(
        data_dir: PathBuf,
        published: PublishedWorkspace,
        sources: Sources,
        share: (u64, u64),
        connected: Connected,
    ) -> Owner {
        let now = Instant::now();
        let sweep = Sweep {
            share,
            connected,
            checkpoints: HashMap::new(),
            queue: VecDeque::new(),
            next_look: now,
            next_connected: now,
            next_absent: now + ABSENT_EVERY,
            rest_until: now,
            drains: Vec::new(),
            drain_error: None,
        };
        let open = LruCache::new(OPEN_MAX);
        Owner { data_dir, published, sources, open, sweep, is_failing: false }
    }

    /// Answers until it is told to close, or every handle is gone; sweeps in between.
    pub fn run(mut self, runtime: &Runtime, mut asks: mpsc::Receiver<Ask>) {
        loop {
            match next_ask(runtime, &mut asks, self.sweep.pause()) {
                Some(Ask::Read(read)) => read(&mut self),
                Some(Ask::Drain(answer)) => {
                    self.sweep.drains.push(answer);
                    self.sweep.queue = self.behind(&self.published.now());
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
        let answered = self.current(user, &workspace).and_then(|mailbox| {
            let answer = from_rows(&mailbox, &mut self.sources, &workspace);
            self.keep(mailbox, answer)
        });
        match answered {
            // A log without its tail must not be read as if nothing had been there.
            Ok(_) | Err(ProjectionError::AheadOfLog { .. }) => answered,
            Err(error) => {
                self.tell_failing(&error);
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
            self.sweep.checkpoints.insert(user, workspace.head);
            if std::mem::take(&mut self.is_failing) {
                info!("mailboxes can be written again");
            }
        }
        result
    }

    fn try_current(
        &mut self,
        user: UserId,
        workspace: &Workspace,
    ) -> Result<Mailbox, ProjectionError> {
        let mut mailbox = match self.open.pop(&user) {
            Some(mailbox) => mailbox,
            None => Mailbox::open(&self.data_dir, user, &mut self.sources, workspace)?,
        };
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
                self.open.put(mailbox.owner, mailbox);
                answer
            }
        }
    }

    fn set_aside(
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
    fn tell_failing(&mut self, error: &ProjectionError) {
        if !std::mem::replace(&mut self.is_failing, true) {
            let error = error as &dyn std::error::Error;
            warn!(
                error,
                "a mailbox cannot be brought to the head; reads are answered from the log"
            );
        }
    }

    /// A piece of background work: one mailbox, or a look at who is behind.
    fn step(&mut self) {
        let began = Instant::now();
        if let Some(user) = self.sweep.queue.pop_front() {
            let workspace = self.published.now();
            if self.sweep.is_behind(user, &workspace) {
                self.bring_to_head(user, &workspace);
            }
        } else {
            self.erase_open();
            for answer in std::mem::take(&mut self.sweep.drains) {
                // Whoever waited may have gone; the work is done all the same.
                drop(answer.send(self.sweep.drain_error.take().map_or(Ok(()), Err)));
            }
            self.look(began);
        }
        let ended = Instant::now();
        self.sweep.rest_until = ended + (ended - began) * REST_PER_WORK;
    }

    fn bring_to_head(&mut self, user: UserId, workspace: &Workspace) {
        let stays_open = self.open.contains(&user) || self.sweep.is_connected(user);
        let done = self.current(user, workspace).and_then(|mut mailbox| {
            let erased = mailbox.finish_erasing();
            // Closing a mailbox empties its WAL too.
            if stays_open { self.keep(mailbox, erased) } else { Ok(()) }
        });
        if let Err(error) = done {
            self.tell_failing(&error);
            if !self.sweep.drains.is_empty() {
                self.sweep.drain_error.get_or_insert(error);
            }
        }
    }

    /// Empties the WAL of open mailboxes that a read, not the sweep, brought past a deletion.
    fn erase_open(&mut self) {
        for (_, mailbox) in &mut self.open {
            if let Err(error) = mailbox.finish_erasing() {
                let error = &error as &dyn std::error::Error;
                warn!(error, "erased text is still in a WAL; the next sweep tries again");
            }
        }
    }

    fn look(&mut self, at: Instant) {
        let workspace = self.published.now();
        let everybody = at >= self.sweep.next_absent;
        if everybody {
            self.sweep.next_absent = at + ABSENT_EVERY;
        }
        if everybody || at >= self.sweep.next_connected {
            self.sweep.next_connected = at + CONNECTED_EVERY;
            self.sweep.queue = self.behind(&workspace);
            if !everybody {
                let sweep = &mut self.sweep;
                let connected = sweep.connected.lock().expect("nobody panics holding it");
                sweep.queue.retain(|user| is_recent(connected.get(user), at));
            }
        }
        self.sweep.next_look = at + LOOK_EVERY;
    }

    /// The users of this thread whose mailboxes are behind.
    fn behind(&self, workspace: &Workspace) -> VecDeque<UserId> {
        let (index, threads) = self.sweep.share;
        let own = workspace.users.keys().filter(|user| user.0.get() % threads == index);
        own.filter(|user| self.sweep.is_behind(**user, workspace)).copied().collect()
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

impl Sweep {
    /// How long to wait for a question before doing background work.
    fn pause(&self) -> Duration {
        if !self.drains.is_empty() {
            return Duration::ZERO;
        }
        let until = if self.queue.is_empty() { self.next_look } else { Instant::now() }
            .max(self.rest_until);
        until.saturating_duration_since(Instant::now())
    }

    fn is_behind(&self, user: UserId, workspace: &Workspace) -> bool {
        self.checkpoints.get(&user).is_none_or(|checkpoint| *checkpoint < workspace.head)
    }

    fn is_connected(&self, user: UserId) -> bool {
        let connected = self.connected.lock().expect("nobody panics holding it");
        is_recent(connected.get(&user), Instant::now())
    }
}

fn is_recent(sign: Option<&Instant>, at: Instant) -> bool {
    sign.is_some_and(|sign| at.saturating_duration_since(*sign) < CONNECTED_HOLDS)
}
