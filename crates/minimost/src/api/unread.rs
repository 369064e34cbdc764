//! Bodies that nobody read to their end, and what holds on while an answer is written.
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

use super::places::Held;

/// Bytes that are read away; they were sent with the head, or are on their way.
const BYTES_MAX: u64 = 8 * 1024;

/// How long that may take.
const TIMEOUT: Duration = Duration::from_secs(1);

/// Where a body goes that is dropped before its end.
#[derive(Clone, Default)]
pub(super) struct Remains(Arc<Mutex<Option<Body>>>);

/// A body that leaves its remains.
pub(super) struct Watched {
    /// `None` when it was read to its end.
    body: Option<Body>,
    remains: Remains,
}

impl Remains {
    pub(super) fn watch(&self, body: Body) -> Body {
        let body = Some(body).filter(|body| !body.is_end_stream());
        Body::new(Watched { body, remains: self.clone() })
    }

    /// Whether nothing is left to read, now at the latest. `may_be_asked_for`: the asker has not sent the body yet, and
    /// waits to be told.
    pub(super) async fn read_away(&self, may_be_asked_for: bool) -> bool {
        let body = self.0.lock().unwrap_or_else(PoisonError::into_inner).take();
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
        tokio::time::timeout(TIMEOUT, reading).await.unwrap_or(false)
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
        let body = self.body.take().filter(|body| !body.is_end_stream());
        if body.is_some() {
            *self.remains.0.lock().unwrap_or_else(PoisonError::into_inner) = body;
        }
    }
}

/// The body of an answer that holds a place until its end.
pub(super) struct Holding {
    pub(super) body: Body,
    pub(super) _held: Held,
}

impl HttpBody for Holding {
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
