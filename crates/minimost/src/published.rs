//! What everybody may read: the workspace at the head, the news of each commit, and who is active now.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use chat::signal::is_listed;
use chat::{LoggedEvent, Seq, Timestamp, UserId, Workspace};
use eventlog::{Body, Record};
use tokio::sync::watch;

/// The workspace as of the last commit; clones share it.
#[derive(Clone)]
pub struct PublishedWorkspace {
    receiver: watch::Receiver<Arc<Workspace>>,
}

impl PublishedWorkspace {
    /// Publishes `workspace`; the sender stays with the writer.
    pub fn new(workspace: Workspace) -> (watch::Sender<Arc<Workspace>>, PublishedWorkspace) {
        let (sender, receiver) = watch::channel(Arc::new(workspace));
        (sender, PublishedWorkspace { receiver })
    }

    /// The workspace now. Its `head` is what a read that arrives now must answer for.
    pub fn now(&self) -> Arc<Workspace> {
        Arc::clone(&self.receiver.borrow())
    }

    /// Waits until the head is at least `seq`; false when the writer has ended.
    pub async fn reached(&mut self, seq: Seq) -> bool {
        self.becomes(|workspace| workspace.head >= seq).await
    }

    /// Waits until something is true of the workspace; false when the writer has ended.
    pub async fn becomes(&mut self, is_so: impl Fn(&Workspace) -> bool + Send + Sync) -> bool {
        self.receiver.wait_for(|workspace| is_so(workspace)).await.is_ok()
    }
}

/// One commit, told to `live` in order, directly after it is durable.
#[derive(Clone)]
pub struct Announcement {
    /// The workspace after all of it.
    pub workspace: Arc<Workspace>,
    /// What happened, rising.
    pub events: Arc<[LoggedEvent]>,
    pub extent: Extent,
}

/// What a commit came to in the log, beside its events.
#[derive(Clone, Debug, Default)]
pub struct Extent {
    /// What it erased, of older events or of its own; `None` when that is not known.
    pub erased: Option<Arc<[Erased]>>,
    /// About how many bytes of memory each of its events takes.
    pub sizes: Arc<[usize]>,
}

/// An event that has lost its body, and the one that says so.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Erased {
    pub seq: Seq,
    pub by: Seq,
}

impl Extent {
    /// Of what is about to be appended.
    pub fn of(commit: &eventlog::Batch) -> Extent {
        let erased = commit.redactions.iter();
        let erased = erased.map(|it| Erased { seq: Seq(it.seq), by: Seq(it.by) }).collect();
        Extent { erased: Some(erased), sizes: sizes(&commit.records) }
    }

    /// Of what was found in the log.
    pub fn found(records: &[Record]) -> Extent {
        Extent { erased: None, sizes: sizes(records) }
    }
}

fn sizes(records: &[Record]) -> Arc<[usize]> {
    records.iter().map(memory_bytes).collect()
}

/// About how many bytes of memory the event of a record takes.
pub fn memory_bytes(record: &Record) -> usize {
    let body = match &record.body {
        Body::Present(body) => body.len(),
        Body::Redacted { .. } | Body::Damaged => 0,
    };
    body + size_of::<LoggedEvent>() + 64
}

/// Who appears active. `live` writes it in the same breath as what it knows, so what a person was answered holds for
/// whatever is decided next; `write` asks when a message names `@here`. Clones share it.
#[derive(Clone, Default)]
pub struct ActivePeople {
    /// With the last sign of life of each, which does not count for ever.
    last_seen: Arc<Mutex<BTreeMap<UserId, Timestamp>>>,
}

impl ActivePeople {
    /// Takes note of somebody: active, with a last sign of life, or not.
    pub fn note(&self, user: UserId, last_seen: Option<Timestamp>) {
        let mut people = self.people();
        match last_seen {
            Some(at) => drop(people.insert(user, at)),
            None => drop(people.remove(&user)),
        }
    }

    /// Who is active, sorted.
    pub fn at(&self, now: Timestamp) -> Vec<UserId> {
        let people = self.people();
        let listed = people.iter().filter(|(_, last_seen)| is_listed(**last_seen, now));
        listed.map(|(user, _)| *user).collect()
    }

    fn people(&self) -> MutexGuard<'_, BTreeMap<UserId, Timestamp>> {
        self.last_seen.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
