//! One stream as the hub sees it: whose it is, what is on its screens, and what waits for it.
//!
//! Neighbours: `fan_out` pushes, `outbox` takes.

use std::sync::{Mutex, MutexGuard, PoisonError};
use std::task::{Context, Poll, Waker};

use bytes::{Bytes, BytesMut};
use chat::ids::SessionId;
use chat::{Seq, UserId};
use tracing::warn;

use super::spot::Spot;

/// Events waiting for one subscriber.
///
/// At 200 messages a second this is forty seconds of a stalled tab. When it is full the subscriber is cut off; it
/// returns with its cursor and backfills, or is told to resync when even that is too much.
const OUTBOX_EVENTS_MAX: usize = 8_192;

/// Bytes waiting for one subscriber, shared with all others that wait for the same; the consequence is the same.
const OUTBOX_BYTES_MAX: usize = 4 * 1024 * 1024;

/// A live connection of one user. Idle ones are many, so it is small and has no timer of its own.
pub(super) struct Subscriber {
    pub(super) user: UserId,
    pub(super) session: SessionId,
    /// The number behind the stream's name.
    pub(super) stream: u64,
    /// The client has everything up to here already, or gets it by backfill.
    pub(super) from: Seq,
    /// The spots that are open: few. Written by `view`, read by signals.
    viewing: Mutex<Box<[Spot]>>,
    /// The hub puts in, the outbox takes out, both for a few instructions and never across an await.
    queue: Mutex<Queue>,
}

#[derive(Default)]
struct Queue {
    /// Most often there is one piece; a stream that keeps up never allocates.
    first: Option<Bytes>,
    rest: Vec<Bytes>,
    bytes_count: usize,
    events_count: usize,
    has_ended: bool,
    /// Set when the outbox has found nothing; taken by the push that ends this, so one wake-up serves many pushes.
    waker: Option<Waker>,
}

impl Subscriber {
    pub(super) fn new(user: UserId, session: SessionId, stream: u64, from: Seq) -> Subscriber {
        let (viewing, queue) = (Mutex::default(), Mutex::default());
        Subscriber { user, session, stream, from, viewing, queue }
    }

    /// What the client calls the stream.
    pub(super) fn name(&self) -> String {
        format!("{:x}", self.stream)
    }

    /// Whether this is open on one of the screens.
    pub(super) fn views(&self, spot: Spot) -> bool {
        self.viewing.lock().unwrap_or_else(PoisonError::into_inner).contains(&spot)
    }

    /// These are open, and no others.
    pub(super) fn view(&self, spots: Box<[Spot]>) {
        *self.viewing.lock().unwrap_or_else(PoisonError::into_inner) = spots;
    }

    /// Adds a piece of `events` events (a signal counts as one). The answer is to be woken when the caller has
    /// finished its round.
    pub(super) fn push(&self, piece: Bytes, events: usize) -> Option<Waker> {
        let mut queue = self.lock();
        if queue.has_ended {
            return None;
        }
        queue.bytes_count += piece.len();
        queue.events_count += events;
        if queue.events_count > OUTBOX_EVENTS_MAX || queue.bytes_count > OUTBOX_BYTES_MAX {
            let (events, bytes) = (queue.events_count, queue.bytes_count);
            let waker = queue.end();
            drop(queue);
            warn!(
                user.id = self.user.0.get(),
                outbox.events = events,
                size_bytes = bytes,
                "cut off slow consumer {}",
                self.user.0
            );
            return waker;
        }
        match queue.first {
            None => queue.first = Some(piece),
            Some(_) => queue.rest.push(piece),
        }
        queue.waker.take()
    }

    /// Ends the stream; what waits is dropped.
    pub(super) fn end(&self) -> Option<Waker> {
        self.lock().end()
    }

    /// Whether the stream was ended or cut off.
    pub(super) fn has_ended(&self) -> bool {
        self.lock().has_ended
    }

    /// Everything that waits, as one piece; `None` when the stream has ended.
    pub(super) fn poll(&self, cx: &mut Context<'_>) -> Poll<Option<Bytes>> {
        let mut queue = self.lock();
        if queue.has_ended {
            return Poll::Ready(None);
        }
        let Some(first) = queue.first.take() else {
            queue.waker = Some(cx.waker().clone());
            return Poll::Pending;
        };
        let rest = std::mem::take(&mut queue.rest);
        let bytes_count = std::mem::take(&mut queue.bytes_count);
        queue.events_count = 0;
        drop(queue);
        Poll::Ready(Some(join(first, &rest, bytes_count)))
    }

    fn lock(&self) -> MutexGuard<'_, Queue> {
        self.queue.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Queue {
    fn end(&mut self) -> Option<Waker> {
        let waker = self.waker.take();
        *self = Queue { has_ended: true, ..Queue::default() };
        waker
    }
}

/// One socket write costs more than copying what it carries.
fn join(first: Bytes, rest: &[Bytes], bytes_count: usize) -> Bytes {
    if rest.is_empty() {
        return first;
    }
    let mut joined = BytesMut::with_capacity(bytes_count);
    joined.extend_from_slice(&first);
    for piece in rest {
        joined.extend_from_slice(piece);
    }
    joined.freeze()
}
