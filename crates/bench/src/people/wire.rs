//! The sockets of a person: one live stream, and connections for one request at a time. Nothing here waits.

use std::io::{ErrorKind, Read, Write};
use std::net::SocketAddr;

use memchr::memmem;
use mio::net::TcpStream;
use mio::{Interest, Registry, Token};

use super::call::Call;
use crate::http::{Answer, header};
use crate::load::streams::frames::{frames_end, last_id};

/// Of a body so much is kept: what is looked for stands at its beginning.
const BODY_KEPT_BYTES: usize = 512;

/// A socket and the bytes of a request that it has not taken yet.
pub struct Socket {
    stream: TcpStream,
    unsent: Vec<u8>,
}

impl Socket {
    pub fn connect(
        address: SocketAddr,
        token: Token,
        registry: &Registry,
    ) -> std::io::Result<Socket> {
        let mut stream = TcpStream::connect(address)?;
        registry.register(&mut stream, token, Interest::READABLE | Interest::WRITABLE)?;
        // Small requests leave at once; without it they only leave later.
        let _ = stream.set_nodelay(true);
        Ok(Socket { stream, unsent: Vec::new() })
    }

    /// Sends, now or when the connection is there.
    pub fn send(&mut self, bytes: &[u8]) -> std::io::Result<()> {
        self.unsent.extend_from_slice(bytes);
        self.flush()
    }

    pub fn flush(&mut self) -> std::io::Result<()> {
        while !self.unsent.is_empty() {
            match self.stream.write(&self.unsent) {
                Ok(length) => drop(self.unsent.drain(..length)),
                Err(error) if is_later(&error) => return Ok(()),
                Err(error) => return Err(error),
            }
        }
        Ok(())
    }

    /// What is there; `None` when there is nothing now, 0 at its end.
    fn read(&mut self, piece: &mut [u8]) -> Option<usize> {
        match self.stream.read(piece) {
            Ok(length) => Some(length),
            Err(error) if is_later(&error) => None,
            Err(_) => Some(0),
        }
    }
}

fn is_later(error: &std::io::Error) -> bool {
    matches!(error.kind(), ErrorKind::WouldBlock | ErrorKind::NotConnected | ErrorKind::Interrupted)
}

/// A connection for requests.
pub struct Requests {
    pub socket: Socket,
    /// What is being asked.
    pub call: Option<Call>,
    /// It has answered before: the server may end it at any time.
    pub is_used: bool,
    /// Since when it has nothing to do.
    pub idle_micros: u64,
    received: Vec<u8>,
    answer: Option<Answer>,
    /// Bytes of the answer that have come.
    length: usize,
}

/// What came of a call.
pub struct Answered {
    pub status: u16,
    /// The head of the log that it answers for.
    pub cursor: Option<String>,
    pub retry_after_seconds: Option<f64>,
    /// How it begins.
    pub body: Vec<u8>,
    pub bytes: u64,
    pub closes: bool,
}

/// What a connection says when it is looked at.
pub enum Heard {
    Nothing,
    Answer(Answered),
    /// It has ended; with `true` after bytes of an answer.
    End(bool),
}

impl Requests {
    pub fn new(socket: Socket) -> Requests {
        Requests {
            socket,
            call: None,
            is_used: false,
            idle_micros: 0,
            received: Vec::new(),
            answer: None,
            length: 0,
        }
    }

    pub fn begin(&mut self, call: Call) -> std::io::Result<()> {
        self.received.clear();
        (self.answer, self.length) = (None, 0);
        let sent = self.socket.send(&call.request);
        self.call = Some(call);
        sent
    }

    pub fn hear(&mut self, piece: &mut [u8]) -> Heard {
        while let Some(length) = self.socket.read(piece) {
            if length == 0 {
                return Heard::End(self.length > 0);
            }
            self.length += length;
            let kept = self.answer.map_or(usize::MAX, |answer| answer.head_len + BODY_KEPT_BYTES);
            let wanted = kept.saturating_sub(self.received.len()).min(length);
            self.received.extend_from_slice(&piece[..wanted]);
            if self.answer.is_none() {
                match Answer::parse_head(&self.received) {
                    Ok(answer) => self.answer = answer,
                    Err(_) => return Heard::End(true),
                }
            }
            if let Some(answer) = self.answer.filter(|answer| self.length >= answer.len()) {
                self.is_used = true;
                return Heard::Answer(self.answered(answer));
            }
        }
        Heard::Nothing
    }

    fn answered(&mut self, answer: Answer) -> Answered {
        let head = String::from_utf8_lossy(&self.received[..answer.head_len]);
        let retry_after = header(&head, "retry-after");
        Answered {
            status: answer.status,
            cursor: header(&head, "minimost-cursor").map(str::to_owned),
            retry_after_seconds: retry_after.and_then(|seconds| seconds.parse().ok()),
            body: self.received[answer.head_len..].to_vec(),
            bytes: self.length as u64,
            closes: answer.closes,
        }
    }
}

/// A live stream.
pub struct Stream {
    socket: Socket,
    /// When it was asked for.
    pub wished_micros: u64,
    pub state: State,
    /// The id of the last complete frame.
    pub cursor: Vec<u8>,
    /// Bytes of a head or frame that is not complete.
    pending: Vec<u8>,
    /// A short read has emptied the socket (epoll(7), question 9): no need to be told so.
    is_empty: bool,
}

/// How far a stream has come.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum State {
    Head,
    /// The head was that of a stream; its first frame has not come.
    Accepted,
    Open,
}

/// What a stream says when it is looked at.
pub enum Said {
    /// That there is nothing more for now.
    Nothing,
    /// A part of something.
    Part,
    /// Complete frames.
    Frames(Vec<u8>),
    /// It has ended, or was never one: with the status.
    End(Option<u16>),
}

impl Stream {
    pub fn open(mut socket: Socket, request: &[u8], now_micros: u64) -> std::io::Result<Stream> {
        socket.send(request)?;
        let (pending, cursor, is_empty) = (Vec::new(), Vec::new(), false);
        let state = State::Head;
        Ok(Stream { socket, wished_micros: now_micros, state, cursor, pending, is_empty })
    }

    pub fn flush(&mut self) -> std::io::Result<()> {
        self.socket.flush()
    }

    /// One look: call it again until nothing is said. `bytes` is how many came. One that `is_ending` is read to its end.
    pub fn hear(&mut self, piece: &mut [u8], bytes: &mut u64, is_ending: bool) -> Said {
        if std::mem::take(&mut self.is_empty) {
            return Said::Nothing;
        }
        let Some(length) = self.socket.read(piece) else { return Said::Nothing };
        self.is_empty = length > 0 && length < piece.len() && !is_ending;
        if length == 0 {
            return Said::End(None);
        }
        *bytes += length as u64;
        self.pending.extend_from_slice(&piece[..length]);
        if self.state == State::Head {
            let Some(end) = memmem::find(&self.pending, b"\r\n\r\n") else {
                return Said::Part;
            };
            let status = std::str::from_utf8(self.pending.get(9..12).unwrap_or_default());
            let status = status.ok().and_then(|status| status.parse().ok());
            if status != Some(200) {
                return Said::End(status);
            }
            self.pending.drain(..end + 4);
            self.state = State::Accepted;
        }
        let Some(end) = frames_end(&self.pending) else { return Said::Part };
        let rest = self.pending.split_off(end);
        let frames = std::mem::replace(&mut self.pending, rest);
        if self.pending == b"\r\n" {
            self.pending.clear();
        }
        if let Some(cursor) = last_id(&frames) {
            self.cursor.clear();
            self.cursor.extend_from_slice(cursor);
        }
        Said::Frames(frames)
    }
}
