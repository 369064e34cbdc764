//! The sweep: mailboxes come to the head without being read, within seconds for the connected and a minute for the
//! absent, in the time that reading leaves and at most a tenth of a core per thread.
//!
//! Mailboxes that are far behind go together, the last one first and a chunk at a time, so that a chunk is decoded once
//! for all of them and no read waits for longer than a chunk.

use std::collections::{HashMap, VecDeque};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use chat::{Seq, UserId, Workspace};
use tokio::sync::oneshot;
use tokio::time::Instant;
use tracing::warn;

use super::super::ProjectionError;
use super::file::Mailbox;
use super::owner::Owner;

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
/// Mailboxes that go together: as many as keep a chunk's decoding small beside its applying.
const GROUP_MAX: usize = 32;

/// Who gave a sign of life when; shared with the handles, locked for single look-ups only.
pub(super) type Connected = Arc<Mutex<HashMap<UserId, Instant>>>;

type DrainAnswer = oneshot::Sender<Result<(), ProjectionError>>;

/// The background work of one owner thread.
pub(super) struct Sweep {
    /// This thread has the users whose id modulo the second number is the first.
    share: (u64, u64),
    connected: Connected,
    /// How far the mailboxes are, as far as this thread has seen since the start.
    checkpoints: HashMap<UserId, Seq>,
    /// Who is to be brought to the head.
    queue: VecDeque<UserId>,
    /// Who is on the way.
    group: Vec<Mailbox>,
    next_look: Instant,
    next_connected: Instant,
    next_absent: Instant,
    rest_until: Instant,
    /// Who waits until the queue and the group are empty.
    drains: Vec<DrainAnswer>,
    /// What went wrong first since the oldest of them came.
    drain_error: Option<ProjectionError>,
}

impl Sweep {
    pub fn new(share: (u64, u64), connected: Connected) -> Sweep {
        let now = Instant::now();
        Sweep {
            share,
            connected,
            checkpoints: HashMap::new(),
            queue: VecDeque::new(),
            group: Vec::new(),
            next_look: now,
            next_connected: now,
            next_absent: now + ABSENT_EVERY,
            rest_until: now,
            drains: Vec::new(),
            drain_error: None,
        }
    }

    /// How long to wait for a question before doing background work.
    pub fn pause(&self) -> Duration {
        let now = Instant::now();
        if !self.drains.is_empty() {
            return Duration::ZERO;
        }
        let is_idle = self.queue.is_empty() && self.group.is_empty();
        let next = if is_idle { self.next_look } else { now };
        next.max(self.rest_until).saturating_duration_since(now)
    }

    /// Brings everybody to the head without resting; `answer` hears when it is done.
    pub fn drain(&mut self, workspace: &Workspace, answer: DrainAnswer) {
        self.drains.push(answer);
        self.queue = self.behind(workspace);
    }

    /// Notes how far a mailbox is.
    pub fn note(&mut self, user: UserId, checkpoint: Seq) {
        self.checkpoints.insert(user, checkpoint);
    }

    /// Takes a mailbox out of the group, for its owner who would read it.
    pub fn take(&mut self, user: UserId) -> Option<Mailbox> {
        let index = self.group.iter().position(|mailbox| mailbox.owner == user)?;
        Some(self.group.swap_remove(index))
    }

    /// Takes out the mailbox that is furthest behind.
    fn take_last(&mut self) -> Option<Mailbox> {
        let mailboxes = self.group.iter().enumerate();
        let (index, _) = mailboxes.min_by_key(|(_, mailbox)| mailbox.checkpoint)?;
        Some(self.group.swap_remove(index))
    }

    /// The next one to join the group, unless it is full.
    fn next_to_join(&mut self, workspace: &Workspace) -> Option<UserId> {
        if self.group.len() == GROUP_MAX {
            return None;
        }
        while let Some(user) = self.queue.pop_front() {
            let is_here = self.group.iter().any(|mailbox| mailbox.owner == user);
            if !is_here && self.is_behind(user, workspace) {
                return Some(user);
            }
        }
        None
    }

    fn look(&mut self, workspace: &Workspace, at: Instant) {
        let everybody = at >= self.next_absent;
        if everybody {
            self.next_absent = at + ABSENT_EVERY;
        }
        if everybody || at >= self.next_connected {
            self.next_connected = at + CONNECTED_EVERY;
            self.queue = self.behind(workspace);
            let connected = self.connected.lock().expect("nobody panics holding it");
            self.queue.retain(|user| everybody || is_recent(connected.get(user), at));
        }
        self.next_look = at + LOOK_EVERY;
    }

    /// The users of this thread whose mailboxes are behind.
    fn behind(&self, workspace: &Workspace) -> VecDeque<UserId> {
        let (index, threads) = self.share;
        let own = workspace.users.keys().filter(|user| user.0.get() % threads == index);
        own.filter(|user| self.is_behind(**user, workspace)).copied().collect()
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

impl Owner {
    /// A piece of background work: one mailbox joins or moves a chunk on, or a look at who is behind.
    pub fn step(&mut self) {
        let began = Instant::now();
        let workspace = self.published.now();
        if let Some(user) = self.sweep.next_to_join(&workspace) {
            let joined = self.take(user, &workspace).map(|mailbox| self.sweep.group.push(mailbox));
            self.unless_failed(user, &workspace, joined);
        } else if let Some(mailbox) = self.sweep.take_last() {
            let user = mailbox.owner;
            let moved = self.move_on(mailbox, &workspace);
            self.unless_failed(user, &workspace, moved);
        } else {
            self.erase_open();
            for answer in std::mem::take(&mut self.sweep.drains) {
                // Whoever waited may have gone; the work is done all the same.
                drop(answer.send(self.sweep.drain_error.take().map_or(Ok(()), Err)));
            }
            self.sweep.look(&workspace, began);
        }
        let ended = Instant::now();
        self.sweep.rest_until = ended + (ended - began) * REST_PER_WORK;
    }

    /// Moves a mailbox of the group a chunk on; at the head it leaves the group.
    fn move_on(
        &mut self,
        mut mailbox: Mailbox,
        workspace: &Workspace,
    ) -> Result<(), ProjectionError> {
        if mailbox.checkpoint < workspace.head {
            mailbox.advance(&mut self.sources, workspace)?;
        }
        if mailbox.checkpoint < workspace.head {
            self.sweep.group.push(mailbox);
            return Ok(());
        }
        self.at_head(mailbox.owner, workspace);
        mailbox.finish_erasing()?;
        // The others are closed again, which empties their WAL too, unless another program has the file open.
        let stays = mailbox.was_read || mailbox.wal_holds_erased;
        if stays || self.sweep.is_connected(mailbox.owner) {
            self.open.put(mailbox.owner, mailbox);
        }
        Ok(())
    }

    fn unless_failed(
        &mut self,
        user: UserId,
        workspace: &Workspace,
        result: Result<(), ProjectionError>,
    ) {
        let Err(error) = result else { return };
        let failed = if error.is_damage() {
            self.set_aside(user, workspace, &error).map(|()| self.sweep.queue.push_back(user))
        } else {
            Err(error)
        };
        if let Err(error) = failed {
            self.tell_failing(user, &error);
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
                warn!(error, "erased text is still in a WAL; the next look tries again");
            }
        }
    }
}
