//! The load generator: what the server does a second, what it costs, beside what the machine can do at all.
//!
//! `cargo run --release -p bench -- <suite>`; docs/performance.md says what each suite measures and has the figures.
//! Client and server share the machine, so the server's CPU time per unit stands beside every rate.
//! Everything stays on 127.0.0.1, in a temporary directory, and ends within the `--seconds` it was given.
//!
//! Flow: a `suite` seeds a data directory (`seed`), starts a server (`process`), puts `load` on it, measures the `bare`
//! limit beside it, and adds rows to the `report`.

mod bare;
mod bench;
mod clock;
mod drain;
mod http;
mod latency;
mod load;
mod mark;
mod people;
mod process;
mod report;
mod seed;
mod suite;

use std::path::PathBuf;

use clap::{Parser, Subcommand};

use bare::broadcast::Broadcast;
use bench::{Bench, Options};

#[derive(Parser)]
#[command(about = "Measures MiniMost beside the physical limits of this machine")]
struct Arguments {
    #[command(flatten)]
    options: Options,
    #[command(subcommand)]
    task: Task,
}

#[derive(Subcommand)]
enum Task {
    /// All suites, one after the other.
    All,
    /// Durable sends by 1, 8, 16 and 64 senders among 5, 50 and 1,000 accounts; cells can be chosen.
    Sends(suite::sends::Cells),
    /// From a send to 100 and 1,000 screens, paced and saturated.
    Streams,
    /// Missing and doubled deliveries with 8 concurrent senders.
    Exact,
    /// Memory and CPU of 5,000 streams on which nothing happens.
    Idle,
    /// First and later visits in histories of three sizes, and what they are to a reader who is there already.
    Reads,
    /// From the start of the process until it listens.
    Startup,
    /// From the start of the process until it listens, on a log of format 1.
    Migration,
    /// The first comparison of the log with its indexes, and an erasure in the middle of it.
    Comparison,
    /// Simulated people who do what the web client does: they come cold, or are there; cells can be chosen.
    People(suite::people::Cells),
    /// The original, installed from PyPI and measured in the same way.
    Original,
    /// Fills the tables of a document from the JSON lines of `--json`.
    Report {
        #[arg(long, default_value = "docs/performance.md")]
        document: PathBuf,
    },
    #[command(hide = true)]
    BareBroadcast(Broadcast),
}

fn main() -> anyhow::Result<()> {
    let Arguments { options, task } = Arguments::parse();
    let suites: &[suite::Suite] = match task {
        Task::BareBroadcast(broadcast) => return broadcast.run(),
        Task::Report { document } => return report::fill(options.json()?, &document),
        Task::People(cells) => {
            let mut bench = Bench::new(options)?;
            suite::machine::run(&mut bench)?;
            suite::people::run(&mut bench, &cells)?;
            return bench.report.show();
        }
        Task::Sends(cells) => {
            let mut bench = Bench::new(options)?;
            suite::machine::run(&mut bench)?;
            suite::sends::run_cells(&mut bench, &cells)?;
            return bench.report.show();
        }
        Task::All => &suite::ALL,
        Task::Streams => &[suite::streams::run],
        Task::Exact => &[suite::exact::run],
        Task::Idle => &[suite::idle::run],
        Task::Reads => &[suite::reads::run],
        Task::Startup => &[suite::startup::run],
        Task::Migration => &[suite::migration::run],
        Task::Comparison => &[suite::comparison::run],
        Task::Original => &[suite::original::run],
    };
    let mut bench = Bench::new(options)?;
    suite::machine::run(&mut bench)?;
    for suite in suites {
        suite(&mut bench)?;
        bench.report.show()?;
    }
    Ok(())
}
