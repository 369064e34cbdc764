//! One stream: backfill, cutover, live.
//!
//! Neighbours: `api/stream.rs` sends what comes out; `subscriber` has the queue of the live phase.

use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::task::{Context, Poll, ready};

use bytes::Bytes;
use chat::audience::{is_told_less, may_see_now};
use chat::{Actor, Seq, UserId, Workspace};
use eventlog::{Epoch, Reader};
use futures_util::Stream;
use tracing::error;

use super::shown::Told;
use super::subscriber::Subscriber;
use super::{Connect, ConnectError, Cursor, Shared, frame};
use crate::codec;
use crate::fold::FoldError;

/// The longest gap that is replayed, in events of the whole log. Further behind, loading the state anew is cheaper for
/// both sides, and the stream says `resync`.
const BACKFILL_EVENTS_MAX: u64 = 10_000;

/// Events of one backfill page: the log is not held up, and memory stays small when the reader is slow.
const BACKFILL_PAGE_EVENTS: usize = 500;

/// The bytes of one person's stream of Server-Sent Events; everything that waits comes as one piece.
pub struct Outbox {
    shared: Arc<Shared>,
    subscriber: Arc<Subscriber>,
    phase: Phase,
}

enum Phase {
    /// Says hello, then goes on after `had`.
    Opening {
        hello: Bytes,
        had: Seq,
    },
    /// Reads what the client missed; the future is freed at the cutover.
    Backfill(Pin<Box<dyn Future<Output = Result<Page, FoldError>> + Send>>),
    /// Takes what the hub has put into the queue.
    Live,
    /// Says that the cursor cannot be continued, and ends.
    Refusing(Bytes),
    Over,
}

/// A piece of what the client missed.
struct Page {
    bytes: Bytes,
    /// Complete up to here.
    up_to: Seq,
}

impl Outbox {
    /// Opens a stream.
    ///
    /// Subscribes before reading the backfill. The other order loses any event that is announced between the read and
    /// the subscription. The backfill ends exactly where the subscription begins, so nothing comes twice either.
    pub(super) fn open(shared: &Arc<Shared>, connect: Connect) -> Result<Outbox, ConnectError> {
        let stream = shared.last_stream.fetch_add(1, Ordering::Relaxed) + 1;
        let mut registry = shared.registry();
        let announced = registry.announced;
        let cursor = connect.cursor.unwrap_or(Cursor { epoch: shared.epoch, seq: announced });
        // A page that was read just now may be ahead of the hub: then the queue leaves out what the client has.
        let from = cursor.seq.max(announced);
        let subscriber = Arc::new(Subscriber::new(connect.user, connect.session, stream, from));
        registry.add(Arc::clone(&subscriber))?;
        drop(registry);
        // Read after the registration: the end of a session that is not in here yet is told to the subscriber.
        let workspace = shared.published.now();
        subscriber.view(shared.spot(connect.user, connect.place.as_ref(), &workspace));
        let actor = Actor::User { user: connect.user, session: connect.session };
        if workspace.find_open_session(actor, shared.clock.now()).is_none() {
            // It ended while the request was on its way; the hub may have told its end already.
            subscriber.end();
        }
        let hello = frame::hello(&subscriber.name(), cursor);
        let phase = if can_continue(cursor, announced, workspace.head, shared) {
            Phase::Opening { hello, had: cursor.seq }
        } else {
            Phase::Refusing([&hello, frame::RESYNC].concat().into())
        };
        Ok(Outbox { shared: Arc::clone(shared), subscriber, phase })
    }

    /// The phase that follows when the client has everything up to `had`.
    fn continue_after(&self, had: Seq) -> Phase {
        if had >= self.subscriber.from {
            return Phase::Live;
        }
        let (shared, user) = (Arc::clone(&self.shared), self.subscriber.user);
        let up_to = self.subscriber.from;
        Phase::Backfill(Box::pin(async move {
            let workspace = shared.published.now();
            let epoch = shared.epoch;
            let read = move |reader: &mut Reader| {
                Ok(read_page(reader, Gap { after: had, up_to }, user, &workspace, epoch))
            };
            shared.log.read(read).await?
        }))
    }
}

/// Whether a stream can go on from `cursor`: this history, not ahead of it, and not too far behind.
fn can_continue(cursor: Cursor, announced: Seq, head: Seq, shared: &Shared) -> bool {
    cursor.epoch == shared.epoch
        && cursor.seq <= head
        && announced.get().saturating_sub(cursor.seq.get()) <= BACKFILL_EVENTS_MAX
}

/// What is missing, after `after` (exclusive) up to `up_to` (inclusive).
#[derive(Clone, Copy)]
struct Gap {
    after: Seq,
    up_to: Seq,
}

/// Reads the next page of a gap: the frames of what `user` may see, and a cursor at its end.
fn read_page(
    reader: &mut Reader,
    gap: Gap,
    user: UserId,
    workspace: &Workspace,
    epoch: Epoch,
) -> Result<Page, FoldError> {
    let records = reader.range(gap.after.get(), gap.up_to.get(), BACKFILL_PAGE_EVENTS)?;
    let is_last = records.len() < BACKFILL_PAGE_EVENTS;
    let up_to = records.last().filter(|_| !is_last).map_or(gap.up_to, |record| Seq(record.seq));
    let mut out = Vec::new();
    for record in &records {
        let logged = codec::decode(record)?;
        if may_see_now(user, &logged, workspace) {
            let is_less = is_told_less(user, &logged, workspace);
            let told = if is_less { Told::Less } else { Told::All };
            frame::write_event(&mut out, epoch, &logged, workspace, told);
        }
    }
    out.extend_from_slice(&frame::heartbeat(Cursor { epoch, seq: up_to }));
    Ok(Page { bytes: out.into(), up_to })
}

impl Stream for Outbox {
    type Item = Bytes;

    fn poll_next(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Bytes>> {
        loop {
            if self.subscriber.has_ended() {
                self.phase = Phase::Over;
            }
            match &mut self.phase {
                Phase::Opening { hello, had } => {
                    let (hello, had) = (std::mem::take(hello), *had);
                    self.phase = self.continue_after(had);
                    return Poll::Ready(Some(hello));
                }
                Phase::Backfill(page) => match ready!(page.as_mut().poll(cx)) {
                    Ok(page) => {
                        self.phase = self.continue_after(page.up_to);
                        return Poll::Ready(Some(page.bytes));
                    }
                    Err(fault) => {
                        let fault = &fault as &dyn std::error::Error;
                        error!(error = fault, "ended a stream: the log cannot be read");
                        self.phase = Phase::Over;
                    }
                },
                Phase::Live => return self.subscriber.poll(cx),
                Phase::Refusing(farewell) => {
                    let farewell = std::mem::take(farewell);
                    self.phase = Phase::Over;
                    return Poll::Ready(Some(farewell));
                }
                Phase::Over => return Poll::Ready(None),
            }
        }
    }
}

impl Drop for Outbox {
    fn drop(&mut self) {
        self.shared.registry().remove(self.subscriber.user, self.subscriber.stream);
    }
}

#[cfg(test)]
mod tests {
    use chat::Command;
    use chat::testing::Story;
    use futures_util::StreamExt;

    use super::super::Hub;
    use super::*;
    use crate::clock::Clock;
    use crate::published::{ActivePeople, PublishedWorkspace};
    use crate::waiting_signals::WaitingSignals;

    /// A thread that opens a stream is held at the registration; meanwhile its session ends, and the hub, to which the
    /// stream is unknown yet, tells nobody.
    #[tokio::test]
    async fn a_stream_that_opens_while_its_session_ends_has_ended() {
        let dir = tempfile::tempdir().unwrap();
        let log = eventlog::Log::open(&dir.path().join("log.db"), 0).unwrap();
        let mut story = Story::new();
        let alice = story.sign_up("alice");
        let Actor::User { user, session } = alice else { unreachable!("she is a user") };
        let (publish, published) = PublishedWorkspace::new(story.workspace.clone());
        let clock = Clock::manual(story.now);
        let (signals, active) = (WaitingSignals::default(), ActivePeople::default());
        let hub = Hub::new(log, published, clock, signals, active);
        let connect = Connect { user, session, cursor: None, channel: None };
        let mut stays = hub.connect(connect).unwrap();
        assert!(stays.next().await.is_some(), "hello");

        let registry = hub.shared.registry();
        let opening = std::thread::spawn({
            let hub = hub.clone();
            move || hub.connect(connect).unwrap()
        });
        // It has its number, so it is about to register.
        while hub.shared.last_stream.load(Ordering::Relaxed) < 2 {
            std::thread::yield_now();
        }
        story.run(alice, None, &Command::LogOut).unwrap();
        publish.send_replace(Arc::new(story.workspace.clone()));
        drop(registry);
        let mut late = opening.join().unwrap();
        assert!(late.next().await.is_none(), "nothing is told in a session that has ended");
    }

    #[test]
    fn an_idle_stream_costs_a_few_hundred_bytes() {
        let bytes = size_of::<Outbox>() + size_of::<Subscriber>();
        assert!(bytes <= 256, "{bytes} bytes for each of thousands who only wait");
    }
}
