//! The socket as hyper sees it. What hyper answers by itself, to heads that it cannot read, is said in our words and with
//! our headers; and what the peer still sends when we have closed is read, so that it does not reset the connection
//! before the peer has our answer.

use std::io::{self, IoSlice};
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::task::{Context, Poll, ready};
use std::time::Duration;

use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::time::{Sleep, sleep};

use super::connection::Exchange;
use super::door::Door;
use super::problem::BadRequest;
use super::seats::Connection;
use super::stall::StallGuard;

/// How long, and how many bytes of, what comes after our last word is read.
const LINGER: Duration = Duration::from_secs(1);
const LINGER_BYTES_MAX: usize = 256 * 1024;

/// No head that hyper writes by itself is longer.
const OWN_HEAD_BYTES_MAX: usize = 256;

pub(super) struct Socket {
    peer: StallGuard,
    /// What was read of the connection before, and is not read again yet.
    heard: Vec<u8>,
    connection: Arc<Connection>,
    door: Arc<Door>,
    /// With the service behind hyper.
    exchange: Arc<Exchange>,
    /// What is written in place of hyper's own words.
    instead: Option<Instead>,
    /// Since we have closed.
    lingering: Option<Lingering>,
}

struct Instead {
    answer: Vec<u8>,
    written: usize,
}

struct Lingering {
    end: Pin<Box<Sleep>>,
    bytes: usize,
}

impl Socket {
    pub(super) fn new(
        peer: StallGuard,
        heard: Vec<u8>,
        connection: Arc<Connection>,
        door: Arc<Door>,
    ) -> Socket {
        let (exchange, instead, lingering) = (Arc::default(), None, None);
        Socket { peer, heard, connection, door, exchange, instead, lingering }
    }

    /// From here on hyper has it.
    pub(super) fn begin(&mut self, exchange: Arc<Exchange>) {
        self.exchange = exchange;
    }

    /// Gives back what was read and is not needed yet.
    pub(super) fn unread(&mut self, bytes: &[u8]) {
        self.heard.splice(..0, bytes.iter().copied());
    }

    /// Returns when there is something to read.
    pub(super) async fn readable(&self) -> io::Result<()> {
        if self.heard.is_empty() { self.peer.readable().await } else { Ok(()) }
    }

    /// Says when the peer has stopped taking what is written, and when it goes on.
    fn watch<T>(&mut self, written: Poll<T>) -> Poll<T> {
        let is_stalled = &self.exchange.is_stalled;
        if is_stalled.load(Ordering::Relaxed) != written.is_pending() {
            is_stalled.store(written.is_pending(), Ordering::Relaxed);
            self.connection.set_waits_for_peer(written.is_pending());
        }
        written
    }

    /// Writes our answer where `bytes` are hyper's own; `None` where they are not.
    fn poll_write_instead(
        &mut self,
        cx: &mut Context<'_>,
        bytes: &[u8],
    ) -> Option<Poll<io::Result<usize>>> {
        if self.instead.is_none() {
            let answer = self.door.answer_unread(own_problem(bytes)?);
            self.exchange.is_unread.store(true, Ordering::Relaxed);
            self.instead = Some(Instead { answer, written: 0 });
        }
        let instead = self.instead.as_mut()?;
        while instead.written < instead.answer.len() {
            let rest = &instead.answer[instead.written..];
            match Pin::new(&mut self.peer).poll_write(cx, rest) {
                Poll::Ready(Ok(0)) => return Some(Poll::Ready(Ok(0))),
                Poll::Ready(Ok(bytes)) => instead.written += bytes,
                Poll::Ready(Err(error)) => return Some(Poll::Ready(Err(error))),
                Poll::Pending => return Some(Poll::Pending),
            }
        }
        self.instead = None;
        Some(Poll::Ready(Ok(bytes.len())))
    }
}

/// What hyper says with these bytes, when they are its own: each answer of ours has security headers in its head, and no
/// body of ours begins like one.
fn own_problem(bytes: &[u8]) -> Option<BadRequest> {
    if bytes.len() > OWN_HEAD_BYTES_MAX || !bytes.ends_with(b"\r\n\r\n") {
        return None;
    }
    let head = std::str::from_utf8(bytes).ok()?;
    let problem = match head.strip_prefix("HTTP/1.1 ")?.split_once(' ')?.0 {
        "400" => BadRequest::MalformedRequest,
        "414" => BadRequest::UriTooLong,
        "431" => BadRequest::HeadersTooLarge,
        _ => return None,
    };
    (!head.contains("x-content-type-options")).then_some(problem)
}

impl AsyncRead for Socket {
    fn poll_read(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        if !self.heard.is_empty() {
            let bytes = self.heard.len().min(buffer.remaining());
            buffer.put_slice(&self.heard[..bytes]);
            self.heard.drain(..bytes);
            if self.heard.is_empty() {
                self.heard = Vec::new();
            }
            return Poll::Ready(Ok(()));
        }
        Pin::new(&mut self.peer).poll_read(cx, buffer)
    }
}

impl AsyncWrite for Socket {
    fn poll_write(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        let written = match self.poll_write_instead(cx, bytes) {
            Some(polled) => polled,
            None => Pin::new(&mut self.peer).poll_write(cx, bytes),
        };
        self.watch(written)
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        slices: &[IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        let first = slices.iter().find(|slice| !slice.is_empty());
        let written = match first.and_then(|slice| self.poll_write_instead(cx, slice)) {
            Some(polled) => polled,
            None => Pin::new(&mut self.peer).poll_write_vectored(cx, slices),
        };
        self.watch(written)
    }

    fn is_write_vectored(&self) -> bool {
        self.peer.is_write_vectored()
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.peer).poll_flush(cx)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        let this = &mut *self;
        if this.lingering.is_none() {
            ready!(Pin::new(&mut this.peer).poll_shutdown(cx))?;
            if !this.exchange.is_unread.load(Ordering::Relaxed) {
                return Poll::Ready(Ok(()));
            }
        }
        let lingering = this
            .lingering
            .get_or_insert_with(|| Lingering { end: Box::pin(sleep(LINGER)), bytes: 0 });
        while lingering.bytes < LINGER_BYTES_MAX && lingering.end.as_mut().poll(cx).is_pending() {
            let mut unread = [0; 4096];
            let mut buffer = ReadBuf::new(&mut unread);
            match ready!(Pin::new(&mut this.peer).poll_read(cx, &mut buffer)) {
                Ok(()) if !buffer.filled().is_empty() => lingering.bytes += buffer.filled().len(),
                Ok(()) | Err(_) => break,
            }
        }
        Poll::Ready(Ok(()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_hyper_says_by_itself_is_said_instead() {
        let own = b"HTTP/1.1 400 Bad Request\r\nconnection: close\r\ncontent-length: 0\r\n\r\n";
        assert_eq!(own_problem(own), Some(BadRequest::MalformedRequest));
        let ours = b"HTTP/1.1 400 Bad Request\r\nx-content-type-options: nosniff\r\n\r\n";
        assert_eq!(own_problem(ours), None);
        for other in [
            b"HTTP/1.1 200 OK\r\n\r\n".as_slice(),
            b"HTTP/1.1 400 Bad Request\"}",
            b"data: HTTP/1.1 400 Bad Request\r\n\r\n",
            b"",
        ] {
            assert_eq!(own_problem(other), None);
        }
    }
}
