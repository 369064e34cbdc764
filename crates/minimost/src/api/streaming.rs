//! Writes a stream to its connection: each piece as a chunk (RFC 9112, 7.1) in one write, and nothing kept between two.
//!
//! Neighbours: `connection` hands it over, `live/outbox` makes the pieces.

use std::future::poll_fn;
use std::io;
use std::mem::MaybeUninit;
use std::pin::Pin;
use std::task::{Context, Poll, ready};

use axum::body::{Body, HttpBody};
use axum::http::header::{CONNECTION, DATE, TRANSFER_ENCODING};
use axum::http::{HeaderValue, Response};
use bytes::{Buf, Bytes};
use tokio::io::{AsyncRead, AsyncWriteExt, ReadBuf};

use super::door::written_head;
use super::socket::Socket;
use crate::clock::Clock;

const END_OF_CHUNK: &[u8] = b"\r\n";
const LAST_CHUNK: &[u8] = b"0\r\n\r\n";

/// Bytes that a peer may say on a connection that streams; nothing of it is listened to.
const UNASKED_BYTES_MAX: usize = 64 * 1024;

/// Writes `response` to its end, or until the peer is gone. The connection ends with it.
pub(super) async fn send(socket: &mut Socket, response: Response<Body>) -> io::Result<()> {
    let (mut head, mut body) = response.into_parts();
    head.headers.insert(TRANSFER_ENCODING, HeaderValue::from_static("chunked"));
    head.headers.insert(CONNECTION, HeaderValue::from_static("close"));
    let date = HeaderValue::try_from(Clock::http_date()).expect("a date is ASCII");
    head.headers.insert(DATE, date);
    let head = written_head(head.status, &head.headers);
    socket.write_all(&head).await?;
    let mut unasked_left = UNASKED_BYTES_MAX;
    loop {
        let piece = tokio::select! {
            biased;
            piece = next_piece(&mut body) => piece,
            gone = peer_gone(socket, &mut unasked_left) => return gone,
        };
        let Some(piece) = piece else { break };
        let size = format!("{:x}\r\n", piece.len());
        let mut chunk = size.as_bytes().chain(&piece[..]).chain(END_OF_CHUNK);
        socket.write_all_buf(&mut chunk).await?;
    }
    socket.write_all(LAST_CHUNK).await?;
    socket.shutdown().await
}

/// The next bytes of a body; an empty piece would end it.
async fn next_piece(body: &mut Body) -> Option<Bytes> {
    loop {
        let frame = poll_fn(|cx| Pin::new(&mut *body).poll_frame(cx)).await?;
        match frame.ok()?.into_data() {
            Ok(bytes) if bytes.is_empty() => {}
            Ok(bytes) => return Some(bytes),
            Err(_trailers) => return None,
        }
    }
}

/// Returns when the peer has closed, or says more than anybody would.
async fn peer_gone(socket: &mut Socket, unasked_left: &mut usize) -> io::Result<()> {
    while *unasked_left > 0 {
        let bytes = poll_fn(|cx| poll_unasked(socket, cx)).await?;
        if bytes == 0 {
            break;
        }
        *unasked_left = unasked_left.saturating_sub(bytes);
    }
    Ok(())
}

/// Reads bytes away. The room for them is nobody's while the peer is silent.
fn poll_unasked(socket: &mut Socket, cx: &mut Context<'_>) -> Poll<io::Result<usize>> {
    let mut room = [MaybeUninit::uninit(); 1024];
    let mut buffer = ReadBuf::uninit(&mut room);
    ready!(Pin::new(socket).poll_read(cx, &mut buffer))?;
    Poll::Ready(Ok(buffer.filled().len()))
}
