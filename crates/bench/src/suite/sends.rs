//! Durable sends: every acknowledged message is on disk.

use clap::Args;

use super::{WARM_UP_SECONDS, send_request};
use crate::bare::append::{self, Appended};
use crate::bench::Bench;
use crate::clock::real;
use crate::drain;
use crate::load::senders::{Pace, Senders};
use crate::report::{Aim, Row};
use crate::seed::Seed;

/// Senders, and the CPU of a send that is aimed at, in µs.
const SENDERS: [(usize, f64); 4] = [(1, 100.0), (8, 40.0), (16, 28.0), (64, 20.0)];
const ACCOUNTS: [usize; 3] = [5, 50, 1_000];

/// Which cells.
#[derive(Args, Clone, Debug)]
pub struct Cells {
    /// How many senders; one of those in the table.
    #[arg(long, value_delimiter = ',', default_value = "1,8,16,64")]
    senders: Vec<usize>,
    /// Among how many accounts.
    #[arg(long, value_delimiter = ',', default_value = "5,50,1000")]
    accounts: Vec<usize>,
}

/// Seconds of appending alone; it has no warm-up to speak of.
const BARE_SECONDS: f64 = 1.0;

/// The drain takes a minute, so only the fullest runs wait for it.
const DRAINED_SENDERS: usize = 64;

/// Sends at every number of senders and accounts.
pub fn run(bench: &mut Bench) -> anyhow::Result<()> {
    let senders = SENDERS.map(|(senders, _)| senders).to_vec();
    run_cells(bench, &Cells { senders, accounts: ACCOUNTS.to_vec() })
}

/// Sends in the chosen cells.
pub fn run_cells(bench: &mut Bench, cells: &Cells) -> anyhow::Result<()> {
    for (at, (senders, cpu_aim)) in SENDERS.into_iter().enumerate() {
        if !cells.senders.contains(&senders) {
            continue;
        }
        let directory = bench.directory();
        let sqlite = append::sqlite(directory, senders, BARE_SECONDS)?;
        let event_log = append::event_log(directory, senders, BARE_SECONDS)?;
        for &accounts in &cells.accounts {
            let data = format!("sends-{at}-{accounts}");
            measure(bench, &data, (senders, cpu_aim), accounts, (sqlite, event_log))?;
        }
    }
    Ok(())
}

fn measure(
    bench: &mut Bench,
    data: &str,
    (senders, cpu_aim): (usize, f64),
    accounts: usize,
    (sqlite, event_log): (Appended, Appended),
) -> anyhow::Result<()> {
    let data = bench.seeded(data, Seed { accounts, messages: 0 })?;
    let server = bench.start(&data)?;
    drain::settle(&server, &data, accounts)?;
    let make_request = |sender: usize, mark| send_request(sender % accounts, mark);
    let mut load = Senders::connect(server.address, senders, &make_request)?;
    load.run(Pace::AsAnswered, WARM_UP_SECONDS)?;
    let before = server.usage()?.cpu_micros;
    let sent = load.run(Pace::AsAnswered, bench.seconds)?;
    let after = server.usage()?.cpu_micros;
    let drained = if senders == DRAINED_SENDERS {
        drain::wait(&data, accounts, drain::head(&server)?)?
    } else {
        None
    };
    let with_drain = drained.map(|_| server.usage()).transpose()?;
    server.stop()?;
    let each = |cpu_micros: u64| real(cpu_micros - before) / real(sent.count);
    let cpu = each(after);
    let of_sqlite = 100.0 * sent.rate() / sqlite.rate;
    let mut aims = vec![Aim::AtMost(cpu_aim, "µs", Some(cpu))];
    if senders == DRAINED_SENDERS {
        aims.push(Aim::AtLeast(25.0, "% of SQLite", of_sqlite));
    }
    let row = Row::new("sends")
        .with("senders", senders)
        .with("accounts", accounts)
        .with("sends/s", sent.rate())
        .with("p50 ms", sent.latencies.percentile_ms(50))
        .with("p99 ms", sent.latencies.percentile_ms(99))
        .with("CPU µs/send", cpu)
        .with("with drain", with_drain.map(|usage| each(usage.cpu_micros)))
        .with("drain s", drained)
        .with("log alone/s", event_log.rate)
        .with("log µs", event_log.cpu_micros_each)
        .with("SQLite alone/s", sqlite.rate)
        .with("SQLite µs", sqlite.cpu_micros_each)
        .with("of SQLite %", of_sqlite)
        .with_aims(&aims);
    bench.report.add(row)
}
