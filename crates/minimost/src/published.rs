//! What everybody may read: the workspace at the head, the news of each commit, and who is active now.

use std::sync::{Arc, Mutex};

use chat::{LoggedEvent, Seq, UserId, Workspace};
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
}

/// Who is active now, sorted: `live` says so, `write` asks when a message names `@here`. Clones share it.
#[derive(Clone, Default)]
pub struct ActivePeople {
    users: Arc<Mutex<Arc<[UserId]>>>,
}

impl ActivePeople {
    /// Takes note.
    pub fn set(&self, mut users: Vec<UserId>) {
        users.sort_unstable();
        *self.users.lock().expect("nobody panics holding it") = users.into();
    }

    /// Who is active.
    pub fn now(&self) -> Arc<[UserId]> {
        Arc::clone(&self.users.lock().expect("nobody panics holding it"))
    }
}
