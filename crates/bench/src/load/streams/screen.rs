//! One live stream: its connection, its cursor, and the bytes of a frame that has not ended.

use std::io::{ErrorKind, Read, Write};
use std::net::SocketAddr;
use std::sync::atomic::Ordering::Relaxed;

use anyhow::bail;
use memchr::memmem;
use mio::net::TcpStream;
use mio::{Interest, Registry, Token};

use super::Show;
use super::frames::{FRAME_END, frames_end, last_id};
use crate::clock::now_micros;
use crate::http;
use crate::mark::marks;

/// One stream; it stays the same screen when its connection is lost.
pub(super) struct Screen {
    address: SocketAddr,
    at: usize,
    request: Vec<u8>,
    stream: TcpStream,
    /// Bytes of a head or frame that is not complete.
    pending: Vec<u8>,
    state: State,
    /// The id of the last complete frame.
    cursor: Vec<u8>,
    /// The number of the newest message plus one.
    newest: u64,
    is_resync: bool,
}

/// How far a connection has come.
#[derive(Clone, Copy, PartialEq, Eq)]
enum State {
    Head,
    FirstFrame,
    /// Came back after it was open before.
    ReopenedHead,
    Open,
}

impl Screen {
    pub(super) fn open(
        address: SocketAddr,
        request: Vec<u8>,
        at: usize,
        registry: &Registry,
    ) -> anyhow::Result<Screen> {
        let stream = connect(address, &request, at, registry)?;
        let (pending, cursor) = (Vec::new(), Vec::new());
        let state = State::Head;
        let (newest, is_resync) = (0, false);
        Ok(Screen { address, at, request, stream, pending, state, cursor, newest, is_resync })
    }

    /// Reads all that is there.
    pub(super) fn read(
        &mut self,
        piece: &mut [u8],
        registry: &Registry,
        show: &mut Show,
    ) -> anyhow::Result<()> {
        loop {
            let length = match self.stream.read(piece) {
                Ok(0) => 0,
                Ok(length) => length,
                Err(error) if error.kind() == ErrorKind::WouldBlock => return Ok(()),
                Err(error) if error.kind() == ErrorKind::ConnectionReset => 0,
                Err(error) => return Err(error.into()),
            };
            if length == 0 {
                show.told.cut_off.fetch_add(1, Relaxed);
                show.told.resyncs.fetch_add(u64::from(self.is_resync), Relaxed);
                return self.come_back(registry);
            }
            self.take(&piece[..length], show)?;
            if length < piece.len() {
                // A short read has emptied the socket (epoll(7), question 9): no need to be told so.
                return Ok(());
            }
        }
    }

    /// Opens the stream again, after what this screen has.
    pub(super) fn come_back(&mut self, registry: &Registry) -> anyhow::Result<()> {
        let mut request = self.request.clone();
        if !self.cursor.is_empty() && !self.is_resync {
            request.truncate(request.len() - 2);
            request.extend_from_slice(b"Last-Event-ID: ");
            request.extend_from_slice(&self.cursor);
            request.extend_from_slice(b"\r\n\r\n");
        }
        self.stream = connect(self.address, &request, self.at, registry)?;
        self.pending.clear();
        self.state = State::ReopenedHead;
        self.is_resync = false;
        Ok(())
    }

    /// Takes whole frames out of what was read; nothing is copied unless a frame is incomplete.
    fn take(&mut self, bytes: &[u8], show: &mut Show) -> anyhow::Result<()> {
        if self.pending.is_empty() && self.state == State::Open {
            let rest = self.take_frames(bytes, show);
            self.pending.extend_from_slice(rest);
            return Ok(());
        }
        let mut whole = std::mem::take(&mut self.pending);
        whole.extend_from_slice(bytes);
        let mut rest = whole.as_slice();
        if matches!(self.state, State::Head | State::ReopenedHead) {
            rest = self.take_head(rest)?;
        }
        if self.state == State::FirstFrame && memmem::find(rest, FRAME_END).is_some() {
            self.state = State::Open;
            show.told.open.fetch_add(1, Relaxed);
        }
        if self.state == State::Open {
            rest = self.take_frames(rest, show);
        }
        self.pending = rest.to_vec();
        Ok(())
    }

    fn take_head<'a>(&mut self, bytes: &'a [u8]) -> anyhow::Result<&'a [u8]> {
        let Some(end) = memmem::find(bytes, b"\r\n\r\n") else { return Ok(bytes) };
        if bytes.get(9..12) != Some(b"200") {
            bail!("a stream was refused: {}", String::from_utf8_lossy(bytes));
        }
        let reopened = self.state == State::ReopenedHead;
        self.state = if reopened { State::Open } else { State::FirstFrame };
        Ok(&bytes[end + 4..])
    }

    /// Notes every mark in the complete frames, and returns what comes after them.
    ///
    /// The lengths between chunks of a chunked answer stand between frames and are passed over with them.
    fn take_frames<'a>(&mut self, bytes: &'a [u8], show: &mut Show) -> &'a [u8] {
        let Some(end) = frames_end(bytes) else { return bytes };
        let (frames, rest) = bytes.split_at(end);
        if let Some(cursor) = last_id(frames) {
            self.cursor.clear();
            self.cursor.extend_from_slice(cursor);
        }
        self.is_resync =
            memmem::find(&frames[frames.len().saturating_sub(64)..], b"resync").is_some();
        let now = now_micros();
        let measure_from = show.told.measure_from_micros.load(Relaxed);
        let (mut deliveries, newest_before) = (0, self.newest);
        for mark in marks(frames) {
            deliveries += 1;
            self.newest = self.newest.max(mark.number as u64 + 1);
            if mark.sent_micros >= measure_from {
                show.latencies.record(now.saturating_sub(mark.sent_micros));
            }
            if let Some(counts) = &mut show.counts {
                counts.resize(counts.len().max(mark.number + 1), 0);
                counts[mark.number] = counts[mark.number].saturating_add(1);
            }
        }
        show.told.deliveries.fetch_add(deliveries, Relaxed);
        show.told.bytes.fetch_add(frames.len() as u64, Relaxed);
        show.told.newest_sum.fetch_add(self.newest - newest_before, Relaxed);
        // The end of a chunk alone is nothing to keep.
        if rest == b"\r\n" { &[] } else { rest }
    }
}

fn connect(
    address: SocketAddr,
    request: &[u8],
    at: usize,
    registry: &Registry,
) -> anyhow::Result<TcpStream> {
    let mut stream = http::connect(address)?;
    stream.write_all(request)?;
    stream.set_nonblocking(true)?;
    let mut stream = TcpStream::from_std(stream);
    registry.register(&mut stream, Token(at), Interest::READABLE)?;
    Ok(stream)
}
