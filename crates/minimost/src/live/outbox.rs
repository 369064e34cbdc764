//! One stream: backfill, cutover, live.

use std::pin::Pin;
use std::task::{Context, Poll};

use bytes::Bytes;
use futures_util::Stream;

/// The bytes of one person's stream of Server-Sent Events; everything that waits comes as one piece.
pub struct Outbox {}

impl Stream for Outbox {
    type Item = Bytes;

    fn poll_next(self: Pin<&mut Self>, _cx: &mut Context<'_>) -> Poll<Option<Bytes>> {
        unimplemented!()
    }
}
