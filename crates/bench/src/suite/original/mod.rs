//! The original (`minimost` on PyPI) under the same load, as far as it goes.

mod install;
mod people;

use std::path::Path;

use anyhow::Context;
use minimost::clock::Clock;

use super::{TEXT_CHARS, WARM_UP_SECONDS};
use crate::bench::Bench;
use crate::clock::{real, seconds_since};
use crate::http::{self, Credentials};
use crate::load::senders::{Pace, Senders};
use crate::load::streams::{Habits, Screens};
use crate::mark::Mark;
use crate::process::Server;
use crate::report::{Row, note};

const SENDERS: [usize; 2] = [1, 16];
const STREAMS: [usize; 3] = [10, 50, 100];

/// Accounts; each may have 12 streams.
const PEOPLE: usize = 16;

/// Messages a second while streams are measured: what 100 streams can follow on two cores.
const MESSAGES_PER_SECOND: f64 = 5.0;

/// A screen that shows nothing for so long has all that it will get.
const QUIET_MAX_SECONDS: f64 = 3.0;

/// Installs, starts and measures it; skipped where that cannot be done.
pub fn run(bench: &mut Bench) -> anyhow::Result<()> {
    let original = match install::install(bench.directory()) {
        Ok(original) => original,
        Err(error) => {
            note(&format!("skipped: the original cannot be installed here: {error:#}"));
            return Ok(());
        }
    };
    let data = bench.directory().join("original-data");
    let server = original.start(&data)?;
    let people = people::sign_up(server.address, PEOPLE)?;
    for senders in SENDERS {
        measure_sends(bench, &original.version, &server, &people[..senders])?;
    }
    for streams in STREAMS {
        measure_streams(bench, &original.version, &server, &people, streams)?;
    }
    server.stop()
}

fn measure_sends(
    bench: &mut Bench,
    version: &str,
    server: &Server,
    people: &[Credentials],
) -> anyhow::Result<()> {
    let make_request = |sender: usize, mark: Mark| send_request(&people[sender], mark);
    let mut senders = Senders::connect(server.address, people.len(), &make_request)?;
    senders.run(Pace::AsAnswered, WARM_UP_SECONDS)?;
    let before = server.usage()?.cpu_micros;
    let sent = senders.run(Pace::AsAnswered, bench.seconds)?;
    let cpu_micros = server.usage()?.cpu_micros - before;
    let row = Row::new("original")
        .with("version", version)
        .with("senders", people.len())
        .with("sends/s", sent.rate())
        .with("p50 ms", sent.latencies.percentile_ms(50))
        .with("p99 ms", sent.latencies.percentile_ms(99))
        .with("CPU µs/send", real(cpu_micros) / real(sent.count));
    bench.report.add(row)
}

fn measure_streams(
    bench: &mut Bench,
    version: &str,
    server: &Server,
    people: &[Credentials],
    streams: usize,
) -> anyhow::Result<()> {
    let after = Clock::System.now().as_seconds();
    let path = format!("/events?channel=general&after={after}");
    let requests = (0..streams).map(|at| http::get(&path, &people[at % people.len()])).collect();
    let screens = Screens::open(server.address, requests, Habits::default())?;
    let make_request = |_: usize, mark: Mark| send_request(&people[0], mark);
    let mut senders = Senders::connect(server.address, 1, &make_request)?;
    senders.run(Pace::PerSecond(MESSAGES_PER_SECOND), WARM_UP_SECONDS)?;
    screens.wait_for(u64::MAX, QUIET_MAX_SECONDS / 3.0);
    let (start, cpu_before) = (crate::clock::now_micros(), server.usage()?.cpu_micros);
    let deliveries_before = screens.deliveries();
    screens.measure_from_now();
    let sent = senders.run(Pace::PerSecond(MESSAGES_PER_SECOND), bench.seconds)?;
    screens.wait_for(deliveries_before + sent.count * streams as u64, QUIET_MAX_SECONDS);
    let seconds = seconds_since(start);
    let cpu_micros = server.usage()?.cpu_micros - cpu_before;
    let deliveries = screens.deliveries() - deliveries_before;
    let latencies = screens.close()?.latencies;
    let row = Row::new("original")
        .with("version", version)
        .with("streams", streams)
        .with("messages/s", MESSAGES_PER_SECOND)
        .with("deliveries/s", real(deliveries) / seconds)
        .with("p50 ms", latencies.percentile_ms(50))
        .with("p99 ms", latencies.percentile_ms(99))
        .with("CPU µs/delivery", real(cpu_micros) / real(deliveries.max(1)));
    bench.report.add(row)
}

/// The original takes a form; none of the mark's characters needs an escape but the space and `=`.
fn send_request(credentials: &Credentials, mark: Mark) -> Vec<u8> {
    let text = mark.text(TEXT_CHARS).replace('=', "%3D").replace(' ', "+");
    http::post_form("/send/general", credentials, &format!("text={text}"))
}

/// A path as a command's argument.
fn shown(path: &Path) -> anyhow::Result<&str> {
    path.to_str().context("a path that is not text")
}
