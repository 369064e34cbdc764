//! Opening a channel and counting what is unread, in histories of three sizes: by the first who comes after a start, by
//! people who come for the first time, and again; and what a reader notices who is there already.

use std::net::SocketAddr;
use std::path::Path;
use std::sync::atomic::{AtomicBool, Ordering::Relaxed};
use std::thread;

use anyhow::bail;

use crate::bench::Bench;
use crate::clock::now_micros;
use crate::http::{self, Client};
use crate::latency::Latencies;
use crate::report::{Aim, Row};
use crate::seed::{self, Seed};

/// Messages in the log.
const HISTORIES: [usize; 3] = [1_000, 100_000, 1_000_000];

/// People, one of whom is there all the time.
const ACCOUNTS: usize = 101;

/// The reader who is there already.
const READER: usize = 100;

/// Starts of the server; the first to come after each are counted together.
const STARTS: usize = 5;

/// Reads of people who have been there.
const READS_AGAIN: usize = 2_000;

/// What a visit needs, and of whom.
#[derive(Clone, Copy)]
enum Visit {
    /// The first of all after a start: nothing is in memory.
    FirstOfAll,
    /// The first of this person, who has no file; others have been there.
    First,
    /// Any later one.
    Again,
}

/// The two questions of a visit.
#[derive(Clone)]
struct Visits {
    pages: Latencies,
    counts: Latencies,
}

/// The history of a size.
pub fn seed(messages: usize) -> Seed {
    Seed { accounts: ACCOUNTS, messages }
}

/// Every size and visit.
pub fn run(bench: &mut Bench) -> anyhow::Result<()> {
    for messages in HISTORIES {
        let data = bench.seeded(&format!("reads-{messages}"), seed(messages))?;
        // The first start folds the whole log; the others have a snapshot, as usual.
        bench.start(&data)?.stop()?;
        measure(bench, &data, messages)?;
    }
    Ok(())
}

fn measure(bench: &mut Bench, data: &Path, messages: usize) -> anyhow::Result<()> {
    let mut first_of_all = Visits::new();
    for _ in 1..STARTS {
        remove_files(data)?;
        let server = bench.start(data)?;
        first_of_all.visit(&mut Client::connect(server.address)?, READER)?;
        server.stop()?;
    }
    remove_files(data)?;
    let server = bench.start(data)?;
    let mut client = Client::connect(server.address)?;
    first_of_all.visit(&mut client, READER)?;
    let mut alone = Visits::new();
    for _ in 0..READS_AGAIN {
        alone.visit(&mut client, READER)?;
    }
    let (first, beside) = while_reading(server.address, |client| {
        let mut visits = Visits::new();
        (0..READER).try_for_each(|account| visits.visit(client, account))?;
        Ok(visits)
    })?;
    server.stop()?;
    add(bench, messages, Visit::FirstOfAll, &first_of_all, None)?;
    add(bench, messages, Visit::First, &first, Some(&beside))?;
    add(bench, messages, Visit::Again, &alone, Some(&alone.pages))
}

/// The files of people, which no answer comes out of.
fn remove_files(data: &Path) -> anyhow::Result<()> {
    let users = data.join("users");
    if users.exists() {
        std::fs::remove_dir_all(users)?;
    }
    Ok(())
}

/// Does something while the reader opens the channel again and again; answers what that took too.
fn while_reading<T>(
    address: SocketAddr,
    work: impl FnOnce(&mut Client) -> anyhow::Result<T>,
) -> anyhow::Result<(T, Latencies)> {
    let is_over = AtomicBool::new(false);
    thread::scope(|scope| {
        let reader = scope.spawn(|| {
            let mut client = Client::connect(address)?;
            let mut pages = Latencies::new();
            while !is_over.load(Relaxed) {
                pages.record(page(&mut client, READER)?);
            }
            anyhow::Ok(pages)
        });
        let worked = Client::connect(address).and_then(|mut client| work(&mut client));
        is_over.store(true, Relaxed);
        match reader.join() {
            Ok(pages) => Ok((worked?, pages?)),
            Err(_) => bail!("the reader panicked"),
        }
    })
}

impl Visits {
    fn new() -> Visits {
        Visits { pages: Latencies::new(), counts: Latencies::new() }
    }

    fn visit(&mut self, client: &mut Client, account: usize) -> anyhow::Result<()> {
        self.pages.record(page(client, account)?);
        let counts = http::get("/channel_unreads", &seed::credentials(account));
        self.counts.record(ask(client, &counts)?);
        Ok(())
    }
}

fn page(client: &mut Client, account: usize) -> anyhow::Result<u64> {
    ask(client, &http::get("/messages/general?limit=50", &seed::credentials(account)))
}

/// Microseconds until the answer is there.
fn ask(client: &mut Client, request: &[u8]) -> anyhow::Result<u64> {
    let start = now_micros();
    client.expect_success(request)?;
    Ok(now_micros() - start)
}

fn add(
    bench: &mut Bench,
    messages: usize,
    visit: Visit,
    visits: &Visits,
    beside: Option<&Latencies>,
) -> anyhow::Result<()> {
    let Visits { pages, counts } = visits;
    let (page, count) = (pages.percentile_ms(50), counts.percentile_ms(50));
    let (name, aims) = match visit {
        Visit::FirstOfAll => (
            "first of all",
            [Aim::AtMost(50.0, "ms", page), Aim::AtMost(200.0, "ms counts", count)],
        ),
        Visit::First => (
            "first",
            [
                Aim::AtMost(50.0, "ms", pages.percentile_ms(99)),
                Aim::AtMost(50.0, "ms counts", counts.percentile_ms(99)),
            ],
        ),
        Visit::Again => {
            ("again", [Aim::AtMost(1.0, "ms", page), Aim::AtMost(1.0, "ms counts", count)])
        }
    };
    let row = Row::new("reads")
        .with("messages", messages)
        .with("visit", name)
        .with("page p50 ms", page)
        .with("page p99 ms", pages.percentile_ms(99))
        .with("counts p50 ms", count)
        .with("counts p99 ms", counts.percentile_ms(99))
        .with("a reader's page p50 ms", beside.and_then(|pages| pages.percentile_ms(50)))
        .with("its p99 ms", beside.and_then(|pages| pages.percentile_ms(99)))
        .with_aims(&aims);
    bench.report.add(row)
}
