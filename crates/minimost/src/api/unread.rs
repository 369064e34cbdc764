//! Bodies that nobody read to their end, and the bodies of answers.
//!
//! What was not read of a body is in the way of the next request. A little of it is read away, so that the connection can
//! go on; of more the asker is told that the connection closes, and must not send the next request there.

use std::pin::Pin;
use std::sync::{Arc, Mutex, PoisonError};
use std::task::{Context, Poll};
use std::time::Duration;

use axum::body::{Body, HttpBody};
use bytes::Bytes;
use hyper::body::{Frame, SizeHint};

use super::seats::{Answering, Connection};

/// Bytes that are read away; they were sent with the head, or are on their way.
const BYTES_MAX: u64 = 8 * 1024;

/// How long that may take.
const TIMEOUT: Duration = Duration::from_secs(1);

/// Where a body goes that is dropped before its end.
#[derive(Clone)]
pub(super) struct Remains {
    body: Arc<Mutex<Option<Body>>>,
    connection: Arc<Connection>,
}

/// A body that leaves its remains, and says when it waits for the peer.
pub(super) struct Watched {
    /// `None` when it was read to its end.
    body: Option<Body>,
    is_waiting: bool,
    remains: Remains,
}

impl Remains {
    pub(super) fn new(connection: &Arc<Connection>) -> Remains {
        Remains { body: Arc::default(), connection: Arc::clone(connection) }
    }

    pub(super) fn watch(&self, body: Body) -> Body {
        let body = Some(body).filter(|body| !body.is_end_stream());
        Body::new(Watched { body, is_waiting: false, remains: self.clone() })
    }

    /// Whether nothing is left to read, now at the latest. `may_be_asked_for`: the asker has not sent the body yet, and
    /// waits to be told.
    pub(super) async fn read_away(&self, may_be_asked_for: bool) -> bool {
        let body = self.body.lock().unwrap_or_else(PoisonError::into_inner).take();
        let Some(mut body) = body else { return true };
        if may_be_asked_for || body.size_hint().upper().is_none_or(|bytes| bytes > BYTES_MAX) {
            return false;
        }
        let reading = async {
            loop {
                let frame = std::future::poll_fn(|cx| Pin::new(&mut body).poll_frame(cx)).await;
                match frame {
                    Some(Ok(_)) => {}
                    Some(Err(_)) => return false,
                    None => return true,
                }
            }
        };
        self.connection.set_waits_for_peer(true);
        let is_read = tokio::time::timeout(TIMEOUT, reading).await.unwrap_or(false);
        self.connection.set_waits_for_peer(false);
        is_read
    }
}

impl HttpBody for Watched {
    type Data = Bytes;
    type Error = axum::Error;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, axum::Error>>> {
        let Some(body) = &mut self.body else { return Poll::Ready(None) };
        let polled = Pin::new(body).poll_frame(cx);
        if matches!(polled, Poll::Ready(None)) {
            self.body = None;
        }
        if self.is_waiting != polled.is_pending() {
            self.is_waiting = polled.is_pending();
            self.remains.connection.set_waits_for_peer(self.is_waiting);
        }
        polled
    }

    fn is_end_stream(&self) -> bool {
        self.body.as_ref().is_none_or(HttpBody::is_end_stream)
    }

    fn size_hint(&self) -> SizeHint {
        self.body.as_ref().map_or_else(|| SizeHint::with_exact(0), HttpBody::size_hint)
    }
}

impl Drop for Watched {
    fn drop(&mut self) {
        if self.is_waiting {
            // Nobody waits for it any more.
            self.remains.connection.set_waits_for_peer(false);
        }
        let body = self.body.take().filter(|body| !body.is_end_stream());
        if body.is_some() {
            *self.remains.body.lock().unwrap_or_else(PoisonError::into_inner) = body;
        }
    }
}

/// The body of an answer, with whose end the request is over.
pub(super) struct Answer {
    pub(super) body: Body,
    pub(super) _answering: Answering,
}

impl HttpBody for Answer {
    type Data = Bytes;
    type Error = axum::Error;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, axum::Error>>> {
        Pin::new(&mut self.body).poll_frame(cx)
    }

    fn is_end_stream(&self) -> bool {
        self.body.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.body.size_hint()
    }
}
