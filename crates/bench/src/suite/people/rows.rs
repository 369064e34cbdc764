//! A cell as rows: what people notice, what it costs, and how long each route took.

use super::watch::Files;
use super::{Cell, How, Moment};
use crate::bench::Bench;
use crate::clock::{real, seconds};
use crate::latency::Latencies;
use crate::people::Tally;
use crate::people::route::Route;
use crate::report::{Aim, Row, Value};

/// What a cell came to.
pub struct Measured {
    pub seconds: f64,
    pub begin: Moment,
    pub end: Moment,
    /// People whose stream was open at the end.
    pub connected: usize,
    pub tally: Tally,
    pub files: Files,
    pub rss_bytes: u64,
    /// Seconds until everybody had a file again, when all were removed.
    pub files_back: Option<f64>,
}

const MIB: f64 = 1_048_576.0;

/// What the usual day of so many people took, a second.
#[derive(Clone, Copy)]
pub struct Usual {
    people: usize,
    messages: usize,
    cpu_micros: f64,
    deliveries: f64,
}

impl Measured {
    fn per_second(&self, count: u64) -> f64 {
        real(count) / self.seconds
    }

    fn cpu_micros_per_second(&self) -> f64 {
        self.per_second(self.end.server_cpu_micros - self.begin.server_cpu_micros)
    }

    /// Kept, so that what is measured after it can be compared with it.
    pub fn usual(&self, cell: Cell) -> Usual {
        Usual {
            people: cell.people,
            messages: cell.messages,
            cpu_micros: self.cpu_micros_per_second(),
            deliveries: self.per_second(self.tally.deliveries),
        }
    }

    /// What one more delivery costs, and what a person costs without any: the same people send as much when all talk is in
    /// one channel, and have more delivered. With a delivery goes what the screen asks because of it.
    fn apart(&self, cell: Cell, usual: Option<Usual>) -> Option<(f64, f64)> {
        let same = |usual: &Usual| (usual.people, usual.messages) == (cell.people, cell.messages);
        let usual = usual.filter(same).filter(|_| cell.how == How::WarmOneChannel)?;
        let deliveries = self.per_second(self.tally.deliveries);
        let delivery =
            (self.cpu_micros_per_second() - usual.cpu_micros) / (deliveries - usual.deliveries);
        let person = usual.cpu_micros - delivery * usual.deliveries;
        Some((delivery, person / real(cell.people as u64)))
    }
}

/// Adds all rows of a cell.
pub fn add(
    bench: &mut Bench,
    label: &str,
    cell: Cell,
    measured: &Measured,
    usual: Option<Usual>,
) -> anyhow::Result<()> {
    bench.report.add(noticed(row("people", label, cell), cell, measured))?;
    let apart = measured.apart(cell, usual);
    bench.report.add(cost(row("people-cost", label, cell), cell, measured, apart))?;
    bench.report.add(routes(row("people-routes", label, cell), measured))
}

fn row(suite: &str, label: &str, cell: Cell) -> Row {
    Row::new(&format!("{suite}-{label}"))
        .with("people", cell.people)
        .with("messages", cell.messages)
        .with("how", cell.how.name())
}

fn noticed(row: Row, cell: Cell, measured: &Measured) -> Row {
    let Measured { tally, files, .. } = measured;
    let minutes = measured.seconds / 60.0;
    let log_bytes = measured.end.log_bytes.saturating_sub(measured.begin.log_bytes);
    let worst = tally.worst();
    let rss = real(measured.rss_bytes) / MIB;
    row.with("connected", measured.connected)
        .with("errors", tally.errors.values().sum::<u64>())
        .with("which", tally.errors_text())
        .with("resyncs", tally.resyncs)
        .with("cut off", tally.cut_off)
        .with("worst p99 ms", worst.map(|(_, p99)| p99))
        .with("of", worst.map_or("", |(route, _)| route.name()))
        .with("screen p50 ms", tally.screens.percentile_ms(50))
        .with("p95", tally.screens.percentile_ms(95))
        .with("p99", tally.screens.percentile_ms(99))
        .with("RSS MiB", rss)
        .with("events/min", real(measured.end.head - measured.begin.head) / minutes)
        .with("log KiB/min", real(log_bytes) / 1_024.0 / minutes)
        .with("files behind", files.behind)
        .with("oldest s", files.oldest_seconds)
        .with("no file", files.absent)
        .with("files back s", measured.files_back)
        .with_aims(&aims(cell, tally, worst.map(|(_, p99)| p99), rss))
}

/// What this is to come to, where client and server share two cores.
fn aims(cell: Cell, tally: &Tally, worst: Option<f64>, rss_mib: f64) -> Vec<Aim> {
    let errors = Some(real(tally.errors.values().sum()));
    let slowest_ms = match (cell.people, cell.how) {
        (2_000, How::Cold) => 200.0,
        (2_000, How::Warm10x) => 100.0,
        (5_000, How::Cold) => 500.0,
        _ => return Vec::new(),
    };
    let mut aims = vec![Aim::AtMost(0.0, "errors", errors), Aim::AtMost(slowest_ms, "ms", worst)];
    if cell.people == 5_000 && cell.messages == 1_000_000 {
        aims.push(Aim::AtMost(256.0, "MiB", Some(rss_mib)));
    }
    aims
}

fn cost(row: Row, cell: Cell, measured: &Measured, apart: Option<(f64, f64)>) -> Row {
    let Measured { tally, begin, end, .. } = measured;
    let cpu = real(end.server_cpu_micros - begin.server_cpu_micros);
    let own = seconds(end.own_cpu_micros - begin.own_cpu_micros);
    let each = |count: u64| (count > 0).then(|| cpu / real(count));
    let per_second = |count: u64| measured.per_second(count);
    let people = real(cell.people as u64);
    row.with("CPU cores", cpu / 1_000_000.0 / measured.seconds)
        .with("µs/s each person", cpu / measured.seconds / people)
        .with("µs/delivery", each(tally.deliveries))
        .with("µs/request", each(tally.requests()))
        .with("apart: µs/delivery", apart.map(|(delivery, _)| delivery))
        .with("µs/s each", apart.map(|(_, person)| person))
        .with("by threads", by_threads(begin, end))
        .with("requests/s", per_second(tally.requests()))
        .with("sends/s", per_second(tally.sent))
        .with("deliveries/s", per_second(tally.deliveries))
        .with("frames/s", per_second(tally.frames))
        .with("streams MB/s", per_second(tally.stream_bytes) / 1_000_000.0)
        .with("answers MB/s", per_second(tally.answer_bytes) / 1_000_000.0)
        .with("generator cores", own / measured.seconds)
        .with("its longest pause ms", seconds(tally.pause_micros) * 1_000.0)
        .with("errors", tally.errors.values().sum::<u64>())
}

/// The share of each kind of thread that has one in a hundred at least.
fn by_threads(begin: &Moment, end: &Moment) -> String {
    let used = end.threads.iter().map(|(name, micros)| {
        let before = begin.threads.get(name).copied().unwrap_or(0);
        (name, micros.saturating_sub(before))
    });
    let mut used: Vec<_> = used.collect();
    used.sort_by_key(|(_, micros)| std::cmp::Reverse(*micros));
    let sum = used.iter().map(|(_, micros)| micros).sum::<u64>().max(1);
    let parts = used.iter().map(|(name, micros)| (name, micros * 100 / sum));
    let shown = parts.filter(|(_, percent)| *percent > 0);
    shown.map(|(name, percent)| format!("{name} {percent} %")).collect::<Vec<_>>().join(", ")
}

fn routes(row: Row, measured: &Measured) -> Row {
    Route::ALL.iter().fold(row, |row, route| {
        let latencies = &measured.tally.routes[route.index()].latencies;
        row.with(route.name(), percentiles(latencies))
    })
}

/// The 50th, 95th and 99th in milliseconds.
fn percentiles(latencies: &Latencies) -> String {
    let at = |percent| latencies.percentile_ms(percent).map(|ms| Value::from(ms).to_string());
    match (at(50), at(95), at(99)) {
        (Some(p50), Some(p95), Some(p99)) => format!("{p50} / {p95} / {p99}"),
        _ => String::new(),
    }
}
