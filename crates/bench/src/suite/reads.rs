//! Opening a channel and counting what is unread, in histories of three sizes, from mailboxes in three states.

use std::path::Path;

use crate::bench::Bench;
use crate::clock::now_micros;
use crate::http::{self, Client, Credentials};
use crate::latency::Latencies;
use crate::report::{Aim, Row};
use crate::seed::{self, Seed};

/// Messages in the log.
const HISTORIES: [usize; 3] = [1_000, 100_000, 1_000_000];

/// People whose mailboxes are opened once each, one half by a page and the other by counting. Fewer where making each of
/// them takes seconds.
fn accounts(messages: usize) -> usize {
    if messages < 1_000_000 { 100 } else { 20 }
}

/// The people whose mailboxes are asked again and again while open.
const REGULARS: usize = 10;

/// Reads from open mailboxes.
const OPEN_READS: usize = 2_000;

/// A mailbox before the read.
#[derive(Clone, Copy)]
enum Mailbox {
    /// There is no file yet: it is made from the log.
    Absent,
    /// Made, and at rest since the server's restart.
    Closed,
    /// Read before by the same process.
    Open,
}

/// The history of a size.
pub fn seed(messages: usize) -> Seed {
    Seed { accounts: accounts(messages), messages }
}

/// Every size and state.
pub fn run(bench: &mut Bench) -> anyhow::Result<()> {
    for messages in HISTORIES {
        let data = bench.seeded(&format!("reads-{messages}"), seed(messages))?;
        measure(bench, &data, messages, &[Mailbox::Absent])?;
        measure(bench, &data, messages, &[Mailbox::Closed, Mailbox::Open])?;
    }
    Ok(())
}

/// Reads on one run of the server.
fn measure(
    bench: &mut Bench,
    data: &Path,
    messages: usize,
    states: &[Mailbox],
) -> anyhow::Result<()> {
    let server = bench.start(data)?;
    let mut client = Client::connect(server.address)?;
    let floor = ask(&mut client, OPEN_READS, |_| http::get("/healthz", &Credentials::None))?;
    for mailbox in states {
        let (channel, counts) = read(&mut client, messages, *mailbox)?;
        let row = row(messages, *mailbox, &channel, &counts);
        bench.report.add(row.with("no read p50 ms", floor.percentile_ms(50)))?;
    }
    server.stop()
}

/// Latencies of opening the channel, and of counting.
///
/// Only the first of the two can find a mailbox closed, so half of the people open and the other half count.
fn read(
    client: &mut Client,
    messages: usize,
    mailbox: Mailbox,
) -> anyhow::Result<(Latencies, Latencies)> {
    let open = |account| http::get("/messages/general?limit=50", &seed::credentials(account));
    let count = |account| http::get("/channel_unreads", &seed::credentials(account));
    match mailbox {
        Mailbox::Absent | Mailbox::Closed => {
            let half = accounts(messages) / 2;
            let opened = ask(client, half, open)?;
            Ok((opened, ask(client, half, |at| count(half + at))?))
        }
        Mailbox::Open => {
            // The regulars' mailboxes are open after one read.
            ask(client, REGULARS, |at| open(at % REGULARS))?;
            let opened = ask(client, OPEN_READS, |at| open(at % REGULARS))?;
            Ok((opened, ask(client, OPEN_READS, |at| count(at % REGULARS))?))
        }
    }
}

fn ask(
    client: &mut Client,
    times: usize,
    request: impl Fn(usize) -> Vec<u8>,
) -> anyhow::Result<Latencies> {
    let mut latencies = Latencies::new();
    for at in 0..times {
        let request = request(at);
        let start = now_micros();
        client.expect_success(&request)?;
        latencies.record(now_micros() - start);
    }
    Ok(latencies)
}

fn row(messages: usize, mailbox: Mailbox, channel: &Latencies, counts: &Latencies) -> Row {
    let median = (channel.percentile_ms(50), counts.percentile_ms(50));
    let (name, aims) = match mailbox {
        Mailbox::Absent => ("absent", Vec::new()),
        Mailbox::Closed => ("closed", vec![Aim::AtMost(4.0, "ms", median.0)]),
        Mailbox::Open => {
            ("open", vec![Aim::AtMost(1.0, "ms", median.0), Aim::AtMost(1.0, "ms count", median.1)])
        }
    };
    Row::new("reads")
        .with("messages", messages)
        .with("mailbox", name)
        .with("channel p50 ms", median.0)
        .with("channel p99 ms", channel.percentile_ms(99))
        .with("counts p50 ms", median.1)
        .with("counts p99 ms", counts.percentile_ms(99))
        .with_aims(&aims)
}
