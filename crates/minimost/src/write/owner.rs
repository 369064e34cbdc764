//! The owner task: takes what has gathered, decides it, appends it in one commit, publishes, announces, answers.
//!
//! What arrives while a commit runs gathers in the queue and is the next batch, so a busy server commits less often
//! instead of falling behind. A batch is decided only when the commit before it is known.

use std::sync::Arc;

use chat::{LoggedEvent, Rejection, Workspace};
use eventlog::{Log, OwnReads, Reader, fault_point};
use tokio::sync::{mpsc, oneshot, watch};
use tokio::time::{Instant, sleep_until};
use tracing::{error, instrument, warn};

use super::batch::{Batch, Reply};
use super::facts::{FactsCache, LookUp};
use super::markers::{Held, Markers, Waiting};
use super::{Receipt, Request, SubmitError, Wish};
use crate::clock::Clock;
use crate::codec;
use crate::fold::{self, FoldError};
use crate::published::{Announcement, Extent};

/// Commands of one commit. More would make the first of them wait longer without saving much: the cost of an fsync is
/// spread over a thousand already.
const BATCH_COMMANDS_MAX: usize = 1_024;

/// The task's ends of its channels.
pub(super) struct Ends {
    pub(super) requests: mpsc::Receiver<Request>,
    pub(super) publish: watch::Sender<Arc<Workspace>>,
    /// Of everybody who is told of each commit, in order.
    pub(super) announcements: Vec<mpsc::Sender<Announcement>>,
}

/// Owns the right to append.
pub(super) struct Owner {
    log: Log,
    /// All writes wait while it reads, so it waits behind nobody's backfill.
    reads: OwnReads,
    clock: Clock,
    ends: Ends,
    /// The workspace at the head of the log; what was published last.
    workspace: Arc<Workspace>,
    facts: FactsCache,
    markers: Markers,
}

/// What a request will be told when its batch is durable.
enum Outcome {
    Receipt(Box<Reply>),
    Accepted,
    Rejected(Rejection),
    /// Answered at the very end.
    Closing,
}

/// Why a whole batch came to nothing.
#[derive(Clone, Copy)]
enum Fault {
    DiskFull,
    Unavailable,
    /// The batch may be in the log.
    Unknown,
}

/// What became of one attempt to make a batch durable.
enum Attempt {
    Durable(Vec<Outcome>),
    /// The batch holds a repeat, or might: the `client_msg_id`s must be looked up first.
    Repeat,
    /// The log is ahead of the workspace.
    Behind(eventlog::Error),
}

impl Owner {
    pub(super) fn new(
        log: Log,
        reads: OwnReads,
        clock: Clock,
        ends: Ends,
        waiting: Arc<Waiting>,
        facts: FactsCache,
    ) -> Owner {
        let workspace = Arc::clone(&ends.publish.borrow());
        let markers = Markers::new(waiting);
        Owner { log, reads, clock, ends, workspace, facts, markers }
    }

    /// Serves until every handle is dropped or one asks to close.
    #[instrument(name = "writer", skip_all)]
    pub(super) async fn run(mut self) {
        let mut closers = Vec::new();
        let mut requests = Vec::with_capacity(BATCH_COMMANDS_MAX);
        loop {
            let is_open = tokio::select! {
                arrived = self.ends.requests.recv_many(&mut requests, BATCH_COMMANDS_MAX) => arrived > 0,
                () = window_closes(&self.markers) => true,
            };
            if !is_open {
                break;
            }
            let markers = self.markers.due(Instant::now());
            self.serve(&mut requests, markers, &mut closers).await;
        }
        let markers = self.markers.held().collect();
        self.serve(&mut requests, markers, &mut closers).await;
        self.reads.close().await;
        for closer in closers {
            // Whoever asked may have stopped waiting.
            let _: Result<(), ()> = closer.send(());
        }
    }

    /// Makes one batch durable and answers it.
    async fn serve(
        &mut self,
        requests: &mut Vec<Request>,
        mut markers: Vec<Held>,
        closers: &mut Vec<oneshot::Sender<()>>,
    ) {
        fault_point("writer");
        let now = Instant::now();
        for request in requests.iter() {
            match request {
                Request::FlushMarkers { user, .. } => markers.extend(self.markers.of(*user, now)),
                Request::Close { .. } => self.ends.requests.close(),
                Request::Submit { .. } | Request::MarkRead { .. } => {}
            }
        }
        match self.commit(requests, &markers).await {
            Ok(outcomes) => {
                for (request, outcome) in requests.drain(..).zip(outcomes) {
                    request.answer(outcome, &self.workspace, closers);
                }
            }
            Err(fault) => requests.drain(..).for_each(|request| request.fail(fault, closers)),
        }
    }

    /// Decides the requests and makes what they come to durable, all of it or nothing.
    async fn commit(
        &mut self,
        requests: &[Request],
        markers: &[Held],
    ) -> Result<Vec<Outcome>, Fault> {
        let mut look_up = LookUp::Never;
        let mut has_caught_up = false;
        loop {
            match self.attempt(requests, markers, look_up).await? {
                Attempt::Durable(outcomes) => return Ok(outcomes),
                Attempt::Repeat => look_up = LookUp::First,
                Attempt::Behind(fault) if has_caught_up => return Err(report_append(&fault)),
                Attempt::Behind(_) => {
                    self.catch_up().await?;
                    has_caught_up = true;
                }
            }
        }
    }

    /// Decides the batch and appends it. Unless this answers `Durable`, nothing has happened.
    async fn attempt(
        &mut self,
        requests: &[Request],
        markers: &[Held],
        look_up: LookUp,
    ) -> Result<Attempt, Fault> {
        let wishes = requests.iter().filter_map(Request::wish);
        let found = self.facts.gather(&self.reads, &self.workspace, wishes, look_up).await;
        let found = found.map_err(|fault| report_read(&fault))?;
        let now = self.clock.now();
        let active = self.facts.active(&found, now);
        let mut batch = Batch::new(&self.workspace, found, active, now);
        markers.iter().cloned().for_each(|held| batch.write_held(held));
        let now = Instant::now();
        let outcomes =
            requests.iter().map(|request| request.decide(&mut batch, &self.markers, now));
        let outcomes = outcomes.collect();
        if batch.is_unsure {
            return Ok(Attempt::Repeat);
        }
        let mut extent = Extent::default();
        if !batch.events.is_empty() {
            let commit = batch.to_log();
            extent = Extent::of(&commit);
            match self.log.append(commit).await {
                Ok(_head) => {}
                Err(eventlog::Error::DuplicateClientMsgId) if look_up == LookUp::Never => {
                    return Ok(Attempt::Repeat);
                }
                Err(fault @ eventlog::Error::OutOfOrder { .. }) => {
                    return Ok(Attempt::Behind(fault));
                }
                Err(fault) => return Err(report_append(&fault)),
            }
        }
        self.succeed(batch, extent).await;
        Ok(Attempt::Durable(outcomes))
    }

    /// The batch is durable: everybody may see it.
    async fn succeed(&mut self, mut batch: Batch, extent: Extent) {
        let now = Instant::now();
        for key in batch.written.drain() {
            self.markers.written(key, now);
        }
        for (key, accepted) in batch.held.drain(..) {
            self.markers.hold(key, accepted, now);
        }
        if !batch.events.is_empty() {
            let (workspace, events) = batch.take_news();
            self.publish(workspace, events, extent).await;
        }
        self.facts.keep(batch.into_messages());
    }

    async fn publish(&mut self, workspace: Workspace, events: Vec<LoggedEvent>, extent: Extent) {
        self.workspace = Arc::new(workspace);
        self.ends.publish.send_replace(Arc::clone(&self.workspace));
        let workspace = Arc::clone(&self.workspace);
        let announcement = Announcement { workspace, events: events.into(), extent };
        for announcements in &self.ends.announcements {
            // Whoever has ended, as at shutdown, need not be told.
            let _: Result<(), _> = announcements.send(announcement.clone()).await;
        }
    }

    /// Hears from the log of a commit that was answered as failed and happened all the same.
    ///
    /// Those who sent it were told that it is unknown; their repeats now find what they came to.
    async fn catch_up(&mut self) -> Result<(), Fault> {
        let (after, head) = (self.workspace.head.get(), self.log.head());
        warn!(log.seq = head, "found a commit in the log that was believed to have failed");
        let workspace = Workspace::clone(&self.workspace);
        let read = move |reader: &mut Reader| Ok(find_commits(reader, after, head, workspace));
        let found = self.reads.read(read).await.map_err(FoldError::from).flatten();
        let (workspace, events, extent) = found.map_err(|fault| report_read(&fault))?;
        if !events.is_empty() {
            self.facts.follow(&events);
            self.publish(workspace, events, extent).await;
        }
        Ok(())
    }
}

/// What the log has after `after`, as it is announced.
fn find_commits(
    reader: &mut Reader,
    after: u64,
    head: u64,
    mut workspace: Workspace,
) -> Result<(Workspace, Vec<LoggedEvent>, Extent), FoldError> {
    let limit = usize::try_from(head.saturating_sub(after)).unwrap_or(usize::MAX);
    let records = reader.range(after, head, limit)?;
    let mut events = Vec::with_capacity(records.len());
    for record in &records {
        let event = codec::decode(record)?;
        workspace.apply(&event);
        events.push(event);
    }
    for event in &mut events {
        // They are notified as if nothing had failed.
        fold::add_followers(reader, event, &workspace)?;
    }
    Ok((workspace, events, Extent::found(&records)))
}

/// Waits until markers that are held may have to be written; for ever when no window is open.
async fn window_closes(markers: &Markers) {
    match markers.next_closing() {
        Some(at) => sleep_until(at).await,
        None => std::future::pending().await,
    }
}

impl Request {
    fn wish(&self) -> Option<&Wish> {
        match self {
            Request::Submit { wish, .. } | Request::MarkRead { wish, .. } => Some(wish),
            Request::FlushMarkers { .. } | Request::Close { .. } => None,
        }
    }

    fn decide(&self, batch: &mut Batch, markers: &Markers, now: Instant) -> Outcome {
        match self {
            Request::Submit { wish, .. } => {
                let reply = batch.submit(wish).map(Box::new);
                reply.map_or_else(Outcome::Rejected, Outcome::Receipt)
            }
            Request::MarkRead { wish, .. } => batch
                .mark_read(wish, markers, now)
                .map_or_else(Outcome::Rejected, |()| Outcome::Accepted),
            Request::FlushMarkers { .. } => Outcome::Accepted,
            Request::Close { .. } => Outcome::Closing,
        }
    }

    /// Tells what it came to; whoever asked may have stopped waiting, which takes nothing back.
    fn answer(
        self,
        outcome: Outcome,
        workspace: &Arc<Workspace>,
        closers: &mut Vec<oneshot::Sender<()>>,
    ) {
        match self {
            Request::Submit { answer, .. } => {
                drop(answer.send(outcome.into_receipt(workspace)));
            }
            Request::MarkRead { answer, .. } | Request::FlushMarkers { answer, .. } => {
                drop(answer.send(outcome.into_receipt(workspace).map(drop)));
            }
            Request::Close { answer } => closers.push(answer),
        }
    }

    fn fail(self, fault: Fault, closers: &mut Vec<oneshot::Sender<()>>) {
        match self {
            Request::Submit { answer, .. } => drop(answer.send(Err(fault.into()))),
            Request::MarkRead { answer, .. } | Request::FlushMarkers { answer, .. } => {
                drop(answer.send(Err(fault.into())));
            }
            Request::Close { answer } => closers.push(answer),
        }
    }
}

impl Outcome {
    fn into_receipt(self, workspace: &Arc<Workspace>) -> Result<Receipt, SubmitError> {
        let workspace = Arc::clone(workspace);
        match self {
            Outcome::Receipt(reply) => {
                let Reply { is_new, seq, message } = *reply;
                Ok(Receipt { is_new, seq, message, workspace })
            }
            Outcome::Accepted | Outcome::Closing => {
                Ok(Receipt { is_new: false, seq: None, message: None, workspace })
            }
            Outcome::Rejected(rejection) => Err(SubmitError::Rejected(rejection)),
        }
    }
}

impl From<Fault> for SubmitError {
    fn from(fault: Fault) -> SubmitError {
        match fault {
            Fault::DiskFull => SubmitError::DiskFull,
            Fault::Unavailable => SubmitError::Unavailable,
            Fault::Unknown => SubmitError::Unknown,
        }
    }
}

fn report_append(fault: &eventlog::Error) -> Fault {
    if let eventlog::Error::DiskFull(_) = fault {
        warn!(error = fault as &dyn std::error::Error, "refused a batch: the disk is full");
        return Fault::DiskFull;
    }
    // A log that was closed meanwhile may have taken it before.
    if let eventlog::Error::Unknown(_) | eventlog::Error::Closed = fault {
        let error = fault as &dyn std::error::Error;
        error!(error, "a batch may be in the log or not: its commit failed half-way");
        return Fault::Unknown;
    }
    error!(error = fault as &dyn std::error::Error, "refused a batch: the log cannot be written");
    Fault::Unavailable
}

fn report_read(fault: &FoldError) -> Fault {
    error!(error = fault as &dyn std::error::Error, "refused a batch: the log cannot be read");
    Fault::Unavailable
}
