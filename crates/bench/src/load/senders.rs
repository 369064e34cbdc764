//! Senders: each has one connection and sends its next message when the last one was answered.

use std::io::{ErrorKind, Read, Write};
use std::net::SocketAddr;
use std::time::Duration;

use anyhow::{Context, bail};
use mio::net::TcpStream;
use mio::{Events, Interest, Poll, Token};

use super::streams::Screens;
use crate::clock::{now_micros, real, seconds, seconds_since};
use crate::http::{self, Answer};
use crate::latency::Latencies;
use crate::mark::Mark;

/// Makes the request with which the nth sender sends a marked message.
pub type MakeRequest<'a> = dyn Fn(usize, Mark) -> Vec<u8> + 'a;

/// Answers that a run waits for after its end.
const LAST_ANSWERS_MAX_SECONDS: f64 = 30.0;

/// How fast messages are sent.
#[derive(Clone, Copy)]
pub enum Pace<'a> {
    /// As soon as the one before is answered.
    AsAnswered,
    /// This many a second, all senders together.
    PerSecond(f64),
    /// As soon as answered, while the screens are at most `messages_max` messages behind: faster would only measure
    /// how slow readers are cut off.
    AsShown { screens: &'a Screens, messages_max: u64 },
}

/// What a run came to.
pub struct Sent {
    /// Messages that were acknowledged.
    pub count: u64,
    /// From the request's first byte to the answer's last.
    pub latencies: Latencies,
    pub seconds: f64,
    /// Numbers of the acknowledged messages: from here, `count` of them.
    pub first_number: usize,
}

impl Sent {
    /// Acknowledged messages a second.
    pub fn rate(&self) -> f64 {
        real(self.count) / self.seconds
    }
}

/// Connected senders.
pub struct Senders<'a> {
    address: SocketAddr,
    make_request: &'a MakeRequest<'a>,
    connections: Vec<Connection>,
    idle: Vec<usize>,
    next_number: usize,
    poll: Poll,
    events: Events,
}

struct Connection {
    stream: TcpStream,
    received: Vec<u8>,
    sent_micros: u64,
}

impl<'a> Senders<'a> {
    /// Connects `count` senders.
    pub fn connect(
        address: SocketAddr,
        count: usize,
        make_request: &'a MakeRequest<'a>,
    ) -> anyhow::Result<Senders<'a>> {
        let mut senders = Senders {
            address,
            make_request,
            connections: Vec::new(),
            idle: (0..count).collect(),
            next_number: 0,
            poll: Poll::new()?,
            events: Events::with_capacity(count.max(16)),
        };
        for sender in 0..count {
            let stream = senders.open(sender)?;
            senders.connections.push(Connection { stream, received: Vec::new(), sent_micros: 0 });
        }
        Ok(senders)
    }

    /// Sends for a while, and waits for the last answers.
    pub fn run(&mut self, pace: Pace, for_seconds: f64) -> anyhow::Result<Sent> {
        let first_number = self.next_number;
        let start = now_micros();
        let mut latencies = Latencies::new();
        while seconds_since(start) < for_seconds {
            while self.may_send(pace, first_number, start)
                && let Some(sender) = self.idle.pop()
            {
                self.send(sender)?;
            }
            // An idle sender is held back by the pace: look again soon. Otherwise an answer wakes us.
            let wait = if self.idle.is_empty() { 100 } else { 1 };
            self.receive(Duration::from_millis(wait), &mut latencies)?;
        }
        while self.idle.len() < self.connections.len() {
            if seconds_since(start) > for_seconds + LAST_ANSWERS_MAX_SECONDS {
                bail!("{} sends were never answered", self.connections.len() - self.idle.len());
            }
            self.receive(Duration::from_millis(100), &mut latencies)?;
        }
        let took = seconds(now_micros() - start);
        Ok(Sent { count: latencies.count(), latencies, seconds: took, first_number })
    }

    fn may_send(&self, pace: Pace, first_number: usize, start_micros: u64) -> bool {
        match pace {
            Pace::AsAnswered => true,
            Pace::PerSecond(rate) => {
                let sent = real((self.next_number - first_number) as u64);
                sent < rate * seconds_since(start_micros)
            }
            Pace::AsShown { screens, messages_max } => {
                screens.messages_shown() + messages_max > self.next_number as u64
            }
        }
    }

    fn open(&mut self, sender: usize) -> anyhow::Result<TcpStream> {
        let stream = http::connect(self.address)?;
        stream.set_nonblocking(true)?;
        let mut stream = TcpStream::from_std(stream);
        self.poll.registry().register(&mut stream, Token(sender), Interest::READABLE)?;
        Ok(stream)
    }

    fn send(&mut self, sender: usize) -> anyhow::Result<()> {
        let mark = Mark { sent_micros: now_micros(), number: self.next_number };
        let request = (self.make_request)(sender, mark);
        let connection = &mut self.connections[sender];
        connection.received.clear();
        connection.sent_micros = mark.sent_micros;
        // A request is far smaller than a socket's buffer, which is empty when the last one was answered.
        connection.stream.write_all(&request).context("a request was not taken whole")?;
        self.next_number += 1;
        Ok(())
    }

    /// Takes the answers that are there, or waits for the first.
    fn receive(&mut self, wait: Duration, latencies: &mut Latencies) -> anyhow::Result<()> {
        let mut events = std::mem::replace(&mut self.events, Events::with_capacity(1));
        if let Err(error) = self.poll.poll(&mut events, Some(wait))
            && error.kind() != ErrorKind::Interrupted
        {
            return Err(error.into());
        }
        for event in &events {
            let Token(sender) = event.token();
            let Some(answer) = self.connections[sender].read_answer()? else { continue };
            if !(200..300).contains(&answer.status) {
                let text = String::from_utf8_lossy(&self.connections[sender].received);
                bail!("a send was refused: {text}");
            }
            latencies.record(now_micros() - self.connections[sender].sent_micros);
            if answer.closes {
                self.connections[sender].stream = self.open(sender)?;
            }
            self.idle.push(sender);
        }
        self.events = events;
        Ok(())
    }
}

impl Connection {
    /// Reads what is there; the answer when it is complete.
    fn read_answer(&mut self) -> anyhow::Result<Option<Answer>> {
        let mut piece = [0; 4_096];
        loop {
            match self.stream.read(&mut piece) {
                Ok(0) => bail!("the server ended a connection instead of answering"),
                Ok(length) => self.received.extend_from_slice(&piece[..length]),
                Err(error) if error.kind() == ErrorKind::WouldBlock => return Ok(None),
                Err(error) => return Err(error.into()),
            }
            if let Some(answer) = Answer::parse(&self.received)? {
                return Ok(Some(answer));
            }
        }
    }
}
