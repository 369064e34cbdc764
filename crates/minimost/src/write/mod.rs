//! THE write path: gather, decide, append, acknowledge.
//!
//! Promises: what a [`Receipt`] speaks of is on disk; commands are decided one after the other, each on the state after
//! its predecessor; the same `client_msg_id` appends once. It is the only caller of the log's `append`.
//! Deliberately absent: rules (`chat::decide`), rows (`projection`), HTTP.
//!
//! Neighbours: `api/messages.rs` submits; `chat::decide` rules; `eventlog` remembers; `live/mod.rs` hears of it through
//! an [`Announcement`].
//!
//! Inside: `owner` is the task, `batch` what it decides in one go, `facts` what it needs to know of the log for that,
//! `markers` the read markers that wait, at the pace of `pace`.

mod batch;
mod facts;
mod markers;
mod owner;
mod pace;

use std::sync::Arc;
use std::time::Duration;

use chat::{Actor, ClientMsgId, Command, Message, Rejection, Seq, UserId, Workspace};
use tokio::sync::mpsc::error::SendTimeoutError;
use tokio::sync::{mpsc, oneshot};

use self::markers::Waiting;
use crate::clock::Clock;
use crate::published::{ActivePeople, Announcement, PublishedWorkspace};

/// Commands that wait for the writer.
///
/// At 10,000 a second this is 0.4 s of work. When it is full a submitter waits [`QUEUE_WAIT`] and is then told
/// [`SubmitError::Busy`].
const QUEUE_COMMANDS_MAX: usize = 4_096;

/// How long a submitter waits for room in the queue: long enough to outlast one slow fsync, short enough for a person.
const QUEUE_WAIT: Duration = Duration::from_secs(1);

/// A handle for submitting commands; clones share the queue.
#[derive(Clone)]
pub struct Writer {
    requests: mpsc::Sender<Request>,
    /// Who has markers waiting. The owner writes it, handles only look, so that asking costs no trip to the owner.
    waiting: Arc<Waiting>,
}

/// What a command came to.
#[derive(Clone)]
pub struct Receipt {
    /// False when the same `client_msg_id` was answered before: nothing was written now.
    pub is_new: bool,
    /// The event that was wished for, or the first of the decision; `None` when the wish was already true.
    pub seq: Option<Seq>,
    /// The message that the command was about, as it is now.
    pub message: Option<Message>,
    /// The workspace after it, durable.
    pub workspace: Arc<Workspace>,
}

/// Why a command came to nothing. Nothing was written, unless it says otherwise.
#[derive(Debug, thiserror::Error)]
pub enum SubmitError {
    #[error(transparent)]
    Rejected(#[from] Rejection),
    /// More commands wait than the queue holds.
    #[error("the server has more to write than it can; try again")]
    Busy,
    #[error("the disk is full")]
    DiskFull,
    /// The log failed; details were logged once, where it happened.
    #[error("the message log cannot be written")]
    Unavailable,
    /// It may be there, now or after a crash; a repeat with the same `client_msg_id` finds out.
    #[error("it is not known whether the message log has taken it")]
    Unknown,
}

/// What the owner is asked, and where it answers.
enum Request {
    Submit {
        wish: Wish,
        answer: oneshot::Sender<Result<Receipt, SubmitError>>,
    },
    /// Like `Submit`, but a `channel_read` that follows another within a second is held.
    MarkRead {
        wish: Wish,
        answer: oneshot::Sender<Result<(), SubmitError>>,
    },
    FlushMarkers {
        user: UserId,
        answer: oneshot::Sender<Result<(), SubmitError>>,
    },
    Close {
        answer: oneshot::Sender<()>,
    },
}

/// A command, whose it is, and the name its maker gave it.
struct Wish {
    actor: Actor,
    client_msg_id: Option<ClientMsgId>,
    command: Command,
}

impl Writer {
    /// Starts the writer. It ends when every handle is dropped or `close` was called.
    ///
    /// `announcements` are bounded: when one of those who are told lags by a whole queue the writer waits for it, so that
    /// no screen misses a commit; none of them waits for a screen, so this is short.
    pub fn start(
        log: eventlog::Log,
        workspace: Workspace,
        clock: Clock,
        announcements: Vec<mpsc::Sender<Announcement>>,
        active: ActivePeople,
        is_moderated: bool,
    ) -> Result<(Writer, PublishedWorkspace), eventlog::Error> {
        let reads = log.own_reads("writer-reader")?;
        let (requests, receiver) = mpsc::channel(QUEUE_COMMANDS_MAX);
        let (publish, published) = PublishedWorkspace::new(workspace);
        let waiting = Arc::new(Waiting::default());
        let ends = owner::Ends { requests: receiver, publish, announcements };
        let facts = facts::FactsCache::new(active, is_moderated);
        let owner = owner::Owner::new(log, reads, clock, ends, Arc::clone(&waiting), facts);
        #[expect(
            clippy::disallowed_methods,
            reason = "the writer's one owner task; `close` awaits its end"
        )]
        tokio::spawn(owner.run());
        Ok((Writer { requests, waiting }, published))
    }

    /// Submits a command and waits until it is durable or refused.
    ///
    /// # Cancellation
    ///
    /// Dropping the future does not take the command back.
    pub async fn submit(
        &self,
        actor: Actor,
        client_msg_id: Option<ClientMsgId>,
        command: Command,
    ) -> Result<Receipt, SubmitError> {
        let wish = Wish { actor, client_msg_id, command };
        self.ask(|answer| Request::Submit { wish, answer }).await
    }

    /// Accepts a read marker: the first of a person and channel is written at once, later ones within a second, of one
    /// person ten a second.
    ///
    /// A refusal comes at once; `Ok` means accepted, and [`Writer::flush_markers`] makes it readable.
    pub async fn mark_read(&self, actor: Actor, command: Command) -> Result<(), SubmitError> {
        let wish = Wish { actor, client_msg_id: None, command };
        self.ask(|answer| Request::MarkRead { wish, answer }).await
    }

    /// Writes this user's waiting markers now, so that their own read includes them; cheap when none wait. Who has used
    /// up the allowance of `pace` reads what is written, and so does everybody while nothing can be written.
    pub async fn flush_markers(&self, user: UserId) -> Result<(), SubmitError> {
        if !self.waiting.has(user) {
            return Ok(());
        }
        match self.ask(|answer| Request::FlushMarkers { user, answer }).await {
            // The markers wait on, and are written when that is possible again.
            Err(SubmitError::DiskFull | SubmitError::Unavailable | SubmitError::Unknown) => Ok(()),
            flushed => flushed,
        }
    }

    /// Writes what waits, refuses what comes later, and ends.
    pub async fn close(&self) {
        let (answer, closed) = oneshot::channel();
        if self.requests.send(Request::Close { answer }).await.is_ok() {
            // An owner that ended for another reason is as closed as one that answers.
            let _: Result<(), _> = closed.await;
        }
    }

    /// Returns when the owner has ended.
    pub async fn ended(&self) {
        self.requests.closed().await;
    }

    /// Puts a request into the queue and waits for its answer.
    async fn ask<T>(
        &self,
        request: impl FnOnce(oneshot::Sender<Result<T, SubmitError>>) -> Request,
    ) -> Result<T, SubmitError> {
        let (answer, answered) = oneshot::channel();
        self.requests.send_timeout(request(answer), QUEUE_WAIT).await.map_err(|refused| {
            match refused {
                SendTimeoutError::Timeout(_) => SubmitError::Busy,
                SendTimeoutError::Closed(_) => SubmitError::Unavailable,
            }
        })?;
        // An owner that ended in the middle of it may have written it.
        answered.await.unwrap_or(Err(SubmitError::Unknown))
    }
}

#[cfg(test)]
mod tests {
    use chat::Timestamp;
    use futures_util::FutureExt;
    use tokio::task::unconstrained;
    use tokio::time::timeout;

    use super::*;

    /// Of a clock that jumps when everybody waits.
    const PATIENCE: Duration = Duration::from_secs(60);

    #[tokio::test(start_paused = true)]
    async fn who_finds_the_queue_full_is_told_to_come_back() {
        // Whoever owns it is in the middle of a slow commit.
        let (requests, mut owner) = mpsc::channel(QUEUE_COMMANDS_MAX);
        let writer = Writer { requests, waiting: Arc::default() };
        let submit = || {
            let command = Command::ForgetSessions { ended_by: Timestamp(0) };
            Box::pin(writer.submit(Actor::System, None, command))
        };
        let mut waiting: Vec<_> = (0..4_096).map(|_| submit()).collect();
        for one in &mut waiting {
            assert!(unconstrained(one).now_or_never().is_none(), "it waits for its answer");
        }
        assert!(matches!(timeout(PATIENCE, submit()).await, Ok(Err(SubmitError::Busy))));
        assert!(owner.recv().await.is_some());
        assert!(unconstrained(submit()).now_or_never().is_none(), "there is room for one");
        assert_eq!(owner.len(), 4_096);
        assert!(matches!(timeout(PATIENCE, submit()).await, Ok(Err(SubmitError::Busy))));
    }
}
