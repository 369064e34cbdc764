//! One stream: backfill, cutover, live.
//!
//! Neighbours: `api/stream.rs` sends what comes out; `subscriber` has the queue of the live phase.

use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::task::{Context, Poll, ready};

use bytes::Bytes;
use chat::{Actor, Workspace};
use futures_util::Stream;
use tracing::error;

use super::backfill::{Gap, Page, next_page};
use super::subscriber::Subscriber;
use super::{Connect, ConnectError, Cursor, Shared, frame};
use crate::fold::FoldError;

/// The bytes of one person's stream of Server-Sent Events; everything that waits when it is live comes as one piece.
pub struct Outbox {
    shared: Arc<Shared>,
    subscriber: Arc<Subscriber>,
    phase: Phase,
}

enum Phase {
    /// Freed when it is over: most streams are long past it.
    Opening(Box<Opening>),
    /// Reads what the client missed; the future is freed at the cutover.
    Backfill(NextPage),
    /// Takes what the hub has put into the queue.
    Live,
    /// Says that the cursor cannot be continued, and ends.
    Refusing(Bytes),
    Over,
}

/// Says hello, then what was missed of presence, and goes on.
struct Opening {
    hello: Bytes,
    /// A piece of its own, shared by all who have missed everything: for thousands who come back at once a copy each would
    /// be hundreds of megabytes.
    missed: Bytes,
    /// After this; with a sum when it is not yet known to be of this history.
    had: Cursor,
}

type NextPage = Pin<Box<dyn Future<Output = Result<Option<Page>, FoldError>> + Send>>;

impl Outbox {
    /// Opens a stream.
    ///
    /// Subscribes before reading the backfill. The other order loses any event that is announced between the read and
    /// the subscription. The backfill ends exactly where the subscription begins, so nothing comes twice either.
    pub(super) fn open(shared: &Arc<Shared>, connect: &Connect) -> Result<Outbox, ConnectError> {
        let stream = shared.last_stream.fetch_add(1, Ordering::Relaxed) + 1;
        let mut registry = shared.registry();
        let announced = registry.announced;
        let cursor = connect.cursor.unwrap_or(announced);
        // A page that was read just now may be ahead of the hub: then the queue leaves out what the client has.
        let from = cursor.seq.max(announced.seq);
        let subscriber = Arc::new(Subscriber::new(connect.user, connect.session, stream, from));
        registry.add(Arc::clone(&subscriber))?;
        let missed = connect.cursor.map(|cursor| registry.presence_rounds.since(cursor.seq));
        drop(registry);
        // Rounds that were told since the registration come once more after it, and end where they ended.
        let missed = missed.map(|missed| missed.unwrap_or_else(|| shared.whole_presence()));
        // Read after the registration: the end of a session that is not in here yet is told to the subscriber.
        let workspace = shared.published.now();
        subscriber.view(shared.spots(connect.user, &connect.place, &workspace));
        let actor = Actor::User { user: connect.user, session: connect.session };
        if workspace.find_open_session(actor, shared.clock.now()).is_none() {
            // It ended while the request was on its way; the hub may have told its end already.
            subscriber.end();
        }
        let hello = frame::hello(&subscriber.name(), workspace.user_name(connect.user), cursor);
        // Before the first id: whoever is cut off behind one is taken to have heard it.
        let missed = missed.unwrap_or_default();
        let opening = |hello, had| Phase::Opening(Box::new(Opening { hello, missed, had }));
        let phase = match standing(cursor, &workspace, shared) {
            Standing::Known => opening(hello, Cursor { sum: None, ..cursor }),
            Standing::ToBeSeen => opening(hello, cursor),
            Standing::Elsewhere => Phase::Refusing([&hello, frame::RESYNC].concat().into()),
        };
        Ok(Outbox { shared: Arc::clone(shared), subscriber, phase })
    }

    /// The phase that follows when the client has everything before a gap.
    fn continue_with(&self, gap: Gap) -> Phase {
        if gap.after.sum.is_none() && gap.after.seq >= gap.up_to {
            return Phase::Live;
        }
        let (shared, user) = (Arc::clone(&self.shared), self.subscriber.user);
        Phase::Backfill(Box::pin(async move { next_page(&shared, user, gap).await }))
    }
}

/// Whether a stream can go on from a cursor.
enum Standing {
    Known,
    /// The log has to be asked whether the record is the one that the cursor stands on.
    ToBeSeen,
    /// Of another history, or ahead of this one.
    Elsewhere,
}

fn standing(cursor: Cursor, workspace: &Workspace, shared: &Shared) -> Standing {
    let head = Cursor::at_head(shared.epoch, workspace);
    let is_ours = cursor.epoch == shared.epoch && cursor.seq <= head.seq;
    match cursor.sum {
        _ if !is_ours => Standing::Elsewhere,
        None => Standing::Known,
        Some(_) if cursor == head => Standing::Known,
        Some(_) if cursor.seq == head.seq => Standing::Elsewhere,
        Some(_) => Standing::ToBeSeen,
    }
}

impl Stream for Outbox {
    type Item = Bytes;

    fn poll_next(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Bytes>> {
        loop {
            if self.subscriber.has_ended() {
                self.phase = Phase::Over;
            }
            match &mut self.phase {
                Phase::Opening(opening) => {
                    let Opening { hello, missed, had } = &mut **opening;
                    for piece in [hello, missed] {
                        if !piece.is_empty() {
                            return Poll::Ready(Some(std::mem::take(piece)));
                        }
                    }
                    let (after, up_to) = (*had, self.subscriber.from);
                    self.phase = self.continue_with(Gap::new(after, up_to));
                }
                Phase::Backfill(page) => match ready!(page.as_mut().poll(cx)) {
                    Ok(Some(Page { bytes, rest })) => {
                        self.phase = self.continue_with(rest);
                        if !bytes.is_empty() {
                            return Poll::Ready(Some(bytes));
                        }
                    }
                    Ok(None) => self.phase = Phase::Refusing(Bytes::from_static(frame::RESYNC)),
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
        let connect = Connect { user, session, cursor: None, place: None };
        let mut stays = hub.connect(&connect).unwrap();
        assert!(stays.next().await.is_some(), "hello");

        let registry = hub.shared.registry();
        let opening = std::thread::spawn({
            let hub = hub.clone();
            move || hub.connect(&connect).unwrap()
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
