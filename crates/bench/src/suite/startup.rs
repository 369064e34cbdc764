//! From the start of the process until it listens.

use crate::bench::Bench;
use crate::clock::seconds;
use crate::report::{Aim, Row};
use crate::seed::Seed;
use crate::suite::reads;

/// Starts of each kind; the quickest and the slowest are shown.
const STARTS: usize = 5;

/// An empty directory, then a long history: without a snapshot, and after a clean shutdown.
pub fn run(bench: &mut Bench) -> anyhow::Result<()> {
    let nothing = start_times(bench, "startup-empty", None)?;
    let history = start_times(bench, "startup-history", Some(reads::seed(1_000_000)))?;
    for (messages, times) in [(0_u64, nothing), (1_000_000, history)] {
        let [first, later @ ..] = times.as_slice() else { continue };
        let quickest = later.iter().copied().reduce(f64::min);
        let slowest = later.iter().copied().reduce(f64::max);
        let first_aim = Aim::AtMost(500.0, "ms first", Some(*first));
        let aims = [first_aim, Aim::AtMost(300.0, "ms later", slowest)];
        let row = Row::new("startup")
            .with("messages", messages)
            .with("first start ms", *first)
            .with("later quickest ms", quickest)
            .with("later slowest ms", slowest)
            .with_aims(if messages > 0 { &aims } else { &[] });
        bench.report.add(row)?;
    }
    Ok(())
}

/// Milliseconds of each start, one after the other on the same directory; each is shut down cleanly.
fn start_times(bench: &Bench, name: &str, seed: Option<Seed>) -> anyhow::Result<Vec<f64>> {
    let data = match seed {
        Some(seed) => bench.seeded(name, seed)?,
        None => bench.directory().join(name),
    };
    let mut times = Vec::with_capacity(STARTS + 1);
    for _ in 0..=STARTS {
        let server = bench.start(&data)?;
        times.push(seconds(server.started_after_micros) * 1_000.0);
        server.stop()?;
    }
    Ok(times)
}
