//! What an idle stream costs, and where its bytes go: connections that have done less and less are measured beside it.

use std::net::SocketAddr;
use std::thread;
use std::time::Duration;

use super::stream_requests;
use crate::bench::Bench;
use crate::clock::{now_micros, real, seconds_since};
use crate::drain;
use crate::http::{self, Client, Credentials};
use crate::load::streams::{Habits, Screens};
use crate::process::Server;
use crate::report::{Aim, Row};
use crate::seed::Seed;

const STREAMS: usize = 5_000;

/// Long enough for a heartbeat of every stream, which comes each 15 s.
const IDLE_SECONDS: f64 = 20.0;

/// After the last stream is open, until allocations have come to rest.
const SETTLE: Duration = Duration::from_secs(2);

/// What is held open.
#[derive(Clone, Copy)]
enum Held {
    /// TCP connections that never sent a byte: what a connection costs before HTTP.
    Silent,
    /// Connections that have had an answer: what HTTP costs.
    Answered,
    /// Live streams: all of it.
    Streams,
}

/// Each kind on a server of its own.
pub fn run(bench: &mut Bench) -> anyhow::Result<()> {
    let data = bench.seeded("idle", Seed { accounts: STREAMS, messages: 0 })?;
    for held in [Held::Silent, Held::Answered, Held::Streams] {
        let server = bench.start(&data)?;
        drain::settle(&server, &data, STREAMS)?;
        measure(bench, &server, held)?;
        server.stop()?;
    }
    Ok(())
}

fn measure(bench: &mut Bench, server: &Server, held: Held) -> anyhow::Result<()> {
    // The first request pays for what all later ones share.
    drop(answered(server.address)?);
    let before = Memory::of(server)?;
    let open = Open::all(server.address, held)?;
    thread::sleep(SETTLE);
    let after = Memory::of(server)?;
    let (start, cpu_start) = (now_micros(), server.usage()?.cpu_micros);
    thread::sleep(Duration::from_secs_f64(IDLE_SECONDS));
    let cpu_micros = real(server.usage()?.cpu_micros - cpu_start) / seconds_since(start);
    open.close()?;
    let kib_each =
        |after: u64, before: u64| (real(after) - real(before)) / 1_024.0 / real(STREAMS as u64);
    let rss = kib_each(after.rss, before.rss);
    let (name, aims) = match held {
        Held::Silent => ("connection, nothing sent", Vec::new()),
        Held::Answered => ("connection, one answer", Vec::new()),
        Held::Streams => ("live stream", vec![Aim::AtMost(12.0, "KiB", Some(rss))]),
    };
    let row = Row::new("idle")
        .with("open", name)
        .with("count", STREAMS)
        .with("RSS KiB each", rss)
        .with("of it heap KiB", kib_each(after.anonymous, before.anonymous))
        .with("kernel KiB each", kib_each(after.sockets, before.sockets))
        .with("CPU µs/s each", cpu_micros / real(STREAMS as u64))
        .with("server MiB", real(after.rss) / 1_048_576.0)
        .with_aims(&aims);
    bench.report.add(row)
}

/// What is open; closed when dropped.
enum Open {
    Silent(Vec<std::net::TcpStream>),
    Answered(Vec<Client>),
    Streams(Screens),
}

impl Open {
    fn all(address: SocketAddr, held: Held) -> anyhow::Result<Open> {
        let each = 0..STREAMS;
        Ok(match held {
            Held::Silent => {
                Open::Silent(each.map(|_| http::connect(address)).collect::<Result<_, _>>()?)
            }
            Held::Answered => {
                Open::Answered(each.map(|_| answered(address)).collect::<Result<_, _>>()?)
            }
            Held::Streams => {
                Open::Streams(Screens::open(address, stream_requests(STREAMS), Habits::default())?)
            }
        })
    }

    fn close(self) -> anyhow::Result<()> {
        match self {
            Open::Silent(connections) => drop(connections),
            Open::Answered(clients) => drop(clients),
            Open::Streams(screens) => drop(screens.close()?),
        }
        Ok(())
    }
}

fn answered(address: SocketAddr) -> anyhow::Result<Client> {
    let mut client = Client::connect(address)?;
    client.expect_success(&http::get("/healthz", &Credentials::None))?;
    Ok(client)
}

/// Bytes now.
struct Memory {
    rss: u64,
    /// Not backed by a file: heap and stacks.
    anonymous: u64,
    /// All TCP buffers of this machine, both ends.
    sockets: u64,
}

impl Memory {
    fn of(server: &Server) -> anyhow::Result<Memory> {
        let rss = server.usage()?.rss_bytes;
        let anonymous = server.memory_bytes("Anonymous")?;
        Ok(Memory { rss, anonymous, sockets: socket_bytes()? })
    }
}

/// Slabs of sockets are not in it: /proc/net/sockstat counts pages of buffers.
fn socket_bytes() -> anyhow::Result<u64> {
    let text = std::fs::read_to_string("/proc/net/sockstat")?;
    let line = text.lines().find_map(|line| line.strip_prefix("TCP:"));
    let pages = line.and_then(|line| line.split("mem ").nth(1)?.trim().parse::<u64>().ok());
    Ok(pages.unwrap_or(0) * rustix::param::page_size() as u64)
}
