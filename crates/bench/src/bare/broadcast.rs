//! A broadcast with nothing behind it: frames of a given size written to every connection.
//!
//! A process of its own (`bench bare-broadcast`), so that its CPU time compares with the server's.
//! It says where it listens, answers each of `streams` requests with a head and a first frame, and writes when its
//! standard input ends, until it is killed.

use std::io::{self, Read, Write};
use std::net::{TcpListener, TcpStream};
use std::path::Path;
use std::process::Command;
use std::thread;
use std::time::Duration;

use anyhow::Context;
use clap::{Args, ValueEnum};

use crate::clock::{now_micros, real, seconds_since};
use crate::mark::Mark;
use crate::process::Server;

/// Frames in one write when coalesced: about as many as fit a loopback socket's default buffer several times over, so
/// that more would not make a delivery cheaper.
const COALESCED_FRAMES: usize = 64;

/// What to write, and how.
#[derive(Args, Clone, Debug)]
pub struct Broadcast {
    /// Connections that are waited for.
    #[arg(long)]
    pub streams: usize,
    /// Bytes of one frame.
    #[arg(long)]
    pub frame_bytes: usize,
    /// Messages a second; not used when coalesced.
    #[arg(long, default_value_t = 0.0)]
    pub per_second: f64,
    #[arg(long)]
    pub writes: Writes,
}

/// How frames share writes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum Writes {
    /// One write per delivery, at a pace.
    Single,
    /// Many frames in one write, as fast as they are read.
    Coalesced,
}

impl Broadcast {
    /// Starts a process that does this.
    pub fn start(&self, bench: &Path) -> anyhow::Result<Server> {
        let writes = match self.writes {
            Writes::Single => "single",
            Writes::Coalesced => "coalesced",
        };
        let mut command = Command::new(bench);
        command.args(["bare-broadcast", "--writes", writes]);
        command.arg(format!("--streams={}", self.streams));
        command.arg(format!("--frame-bytes={}", self.frame_bytes));
        command.arg(format!("--per-second={}", self.per_second));
        Server::start_command(&mut command)
    }

    /// Does it, in this process.
    pub fn run(&self) -> anyhow::Result<()> {
        let listener = TcpListener::bind("127.0.0.1:0")?;
        writeln!(io::stdout(), "listening on {}", listener.local_addr()?)?;
        self.serve(&listener, || {
            io::stdin().read_to_end(&mut Vec::new())?;
            Ok(())
        })
    }

    /// Greets every stream, waits, and writes until one of them goes away.
    fn serve(
        &self,
        listener: &TcpListener,
        wait: impl FnOnce() -> anyhow::Result<()>,
    ) -> anyhow::Result<()> {
        let mut streams = Vec::with_capacity(self.streams);
        for _ in 0..self.streams {
            let (stream, _) = listener.accept()?;
            streams.push(greet(stream).context("a stream that asks for nothing")?);
        }
        wait()?;
        let threads = thread::available_parallelism()?.get();
        let part = self.streams.div_ceil(threads);
        thread::scope(|scope| {
            let writers: Vec<_> = streams
                .chunks_mut(part)
                .map(|streams| scope.spawn(move || self.write_to(streams)))
                .collect();
            writers.into_iter().try_for_each(|writer| writer.join().expect("no writer panics"))
        })
    }

    fn write_to(&self, streams: &mut [TcpStream]) -> anyhow::Result<()> {
        let start = now_micros();
        for number in 0.. {
            match self.writes {
                Writes::Single => wait_until(start, real(number as u64) / self.per_second),
                Writes::Coalesced => {}
            }
            let bytes = self.bytes(number);
            for stream in &mut *streams {
                stream.write_all(&bytes)?;
            }
        }
        Ok(())
    }

    /// The bytes of the `number`th write.
    fn bytes(&self, number: usize) -> Vec<u8> {
        let frames = match self.writes {
            Writes::Single => 1,
            Writes::Coalesced => COALESCED_FRAMES,
        };
        let sent_micros = now_micros();
        let frame = |at: usize| {
            let head = format!("id: 0.{number}\ndata: ");
            let mark = Mark { sent_micros, number: number * frames + at };
            format!("{head}{}\n\n", mark.text(self.frame_bytes.saturating_sub(head.len() + 2)))
        };
        (0..frames).flat_map(|at| frame(at).into_bytes()).collect()
    }
}

/// Reads the request, answers with a head and a first frame.
fn greet(mut stream: TcpStream) -> anyhow::Result<TcpStream> {
    stream.set_nodelay(true)?;
    let mut request = Vec::new();
    while !request.ends_with(b"\r\n\r\n") {
        let mut piece = [0; 4_096];
        let length = stream.read(&mut piece)?;
        anyhow::ensure!(length > 0, "the connection was closed");
        request.extend_from_slice(&piece[..length]);
    }
    stream.write_all(b"HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\n\r\ndata: {}\n\n")?;
    Ok(stream)
}

fn wait_until(start_micros: u64, due_seconds: f64) {
    let early = due_seconds - seconds_since(start_micros);
    if early > 0.0 {
        thread::sleep(Duration::from_secs_f64(early));
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::http::{Credentials, get};
    use crate::load::streams::{Habits, Screens};

    #[test]
    fn every_screen_shows_every_frame_once() {
        for writes in [Writes::Single, Writes::Coalesced] {
            let listener = TcpListener::bind("127.0.0.1:0").expect("a free port");
            let address = listener.local_addr().expect("a bound port");
            let broadcast = Broadcast { streams: 3, frame_bytes: 300, per_second: 2_000.0, writes };
            let server = thread::spawn(move || broadcast.serve(&listener, || Ok(())));
            let requests = vec![get("/", &Credentials::None); 3];
            let habits = Habits { count_messages: true, lose_every_nth: 0 };
            let screens = Screens::open(address, requests, habits).expect("three streams");
            screens.wait_for(1_500, 5.0);
            let counts = screens.close().expect("the reader goes on until the end").counts;
            // The screens went away, which ends the broadcast with an error.
            drop(server.join().expect("the broadcast does not panic"));
            for shown in counts {
                assert!(shown.len() >= 300, "a screen fell behind: {}", shown.len());
                assert!(shown.iter().all(|count| *count == 1), "a frame is missing or doubled");
            }
        }
    }
}
