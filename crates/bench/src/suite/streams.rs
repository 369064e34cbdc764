//! From a send to every screen: latency, and CPU per delivery beside a broadcast with nothing behind it.

use std::thread;
use std::time::Duration;

use anyhow::ensure;

use super::{WARM_UP_SECONDS, send_request, stream_requests};
use crate::bare::broadcast::{Broadcast, Writes};
use crate::bench::Bench;
use crate::clock::{now_micros, real, seconds_since};
use crate::drain;
use crate::latency::Latencies;
use crate::load::senders::{Pace, Senders};
use crate::load::streams::{Habits, Screens};
use crate::process::Server;
use crate::report::{Aim, Row};
use crate::seed::Seed;

/// How messages are sent.
#[derive(Clone, Copy, Debug)]
enum Load {
    /// Messages a second.
    Paced(f64),
    /// As fast as the screens show them.
    Saturated,
}

/// Senders of a saturated run.
const SENDERS: usize = 16;

/// How far screens may be behind a saturated run: a tenth of what a stream may miss before it must start again.
const BEHIND_MESSAGES_MAX: u64 = 1_000;

/// A screen that shows nothing for so long has all that it will get.
const QUIET_MAX_SECONDS: f64 = 2.0;

/// What a window of time came to.
struct Delivered {
    per_second: f64,
    cpu_micros_each: f64,
    bytes_each: u64,
    latencies: Latencies,
    cut_off: u64,
}

/// Where a window of time begins.
struct Window {
    start_micros: u64,
    cpu_micros: u64,
    deliveries: u64,
    bytes: u64,
}

impl Window {
    fn open(server: &Server, screens: &Screens) -> anyhow::Result<Window> {
        screens.measure_from_now();
        Ok(Window {
            start_micros: now_micros(),
            cpu_micros: server.usage()?.cpu_micros,
            deliveries: screens.deliveries(),
            bytes: screens.bytes(),
        })
    }

    /// What came since; the screens are closed.
    fn close(self, server: &Server, screens: Screens) -> anyhow::Result<Delivered> {
        let seconds = seconds_since(self.start_micros);
        let cpu_micros = server.usage()?.cpu_micros - self.cpu_micros;
        let deliveries = screens.deliveries() - self.deliveries;
        let bytes = screens.bytes() - self.bytes;
        let (cut_off, _) = screens.cut_off_and_resyncs();
        ensure!(deliveries > 0, "nothing was delivered");
        Ok(Delivered {
            per_second: real(deliveries) / seconds,
            cpu_micros_each: real(cpu_micros) / real(deliveries),
            bytes_each: bytes / deliveries,
            latencies: screens.close()?.latencies,
            cut_off,
        })
    }
}

/// Paced and saturated, with 100 and with 1,000 screens.
pub fn run(bench: &mut Bench) -> anyhow::Result<()> {
    for streams in [100, 1_000] {
        let data =
            bench.seeded(&format!("streams-{streams}"), Seed { accounts: streams, messages: 0 })?;
        for load in [Load::Paced(10.0), Load::Paced(100.0), Load::Saturated] {
            let server = bench.start(&data)?;
            drain::settle(&server, &data, streams)?;
            let delivered = with_server(bench, &server, streams, load)?;
            server.stop()?;
            let bare = with_nothing_behind(bench, streams, load, delivered.bytes_each)?;
            bench.report.add(row(streams, load, &delivered, &bare))?;
        }
    }
    Ok(())
}

fn with_server(
    bench: &Bench,
    server: &Server,
    streams: usize,
    load: Load,
) -> anyhow::Result<Delivered> {
    let screens = Screens::open(server.address, stream_requests(streams), Habits::default())?;
    let make_request = |sender: usize, mark| send_request(sender, mark);
    let mut senders = Senders::connect(server.address, SENDERS, &make_request)?;
    let pace = match load {
        Load::Paced(per_second) => Pace::PerSecond(per_second),
        Load::Saturated => Pace::AsShown { screens: &screens, messages_max: BEHIND_MESSAGES_MAX },
    };
    senders.run(pace, WARM_UP_SECONDS)?;
    let window = Window::open(server, &screens)?;
    let sent = senders.run(pace, bench.seconds)?;
    if let Load::Paced(_) = load {
        screens.wait_for(window.deliveries + sent.count * streams as u64, QUIET_MAX_SECONDS);
    }
    window.close(server, screens)
}

/// The same number of connections and bytes from a process that does nothing else.
fn with_nothing_behind(
    bench: &Bench,
    streams: usize,
    load: Load,
    frame_bytes: u64,
) -> anyhow::Result<Delivered> {
    let (writes, per_second) = match load {
        Load::Paced(per_second) => (Writes::Single, per_second),
        Load::Saturated => (Writes::Coalesced, 0.0),
    };
    let frame_bytes = usize::try_from(frame_bytes)?;
    let broadcast = Broadcast { streams, frame_bytes, per_second, writes };
    let mut process = broadcast.start(&bench.program)?;
    let screens = Screens::open(process.address, stream_requests(streams), Habits::default())?;
    process.go()?;
    thread::sleep(Duration::from_secs_f64(WARM_UP_SECONDS));
    let window = Window::open(&process, &screens)?;
    thread::sleep(Duration::from_secs_f64(bench.seconds));
    window.close(&process, screens)
}

fn row(streams: usize, load: Load, delivered: &Delivered, bare: &Delivered) -> Row {
    let ratio = delivered.cpu_micros_each / bare.cpu_micros_each;
    let p99 = delivered.latencies.percentile_ms(99);
    let (name, aims) = match (load, streams) {
        (Load::Paced(per_second), 1_000) => {
            let cpu_aim = if per_second < 100.0 { 7.0 } else { 4.5 };
            let cpu = Some(delivered.cpu_micros_each);
            let aims = vec![Aim::AtMost(20.0, "ms", p99), Aim::AtMost(cpu_aim, "µs", cpu)];
            (format!("{per_second}/s"), aims)
        }
        (Load::Paced(per_second), _) => (format!("{per_second}/s"), Vec::new()),
        (Load::Saturated, 1_000) => {
            let cpu = Some(delivered.cpu_micros_each);
            ("saturated".to_owned(), vec![Aim::AtMost(1.2, "µs", cpu)])
        }
        (Load::Saturated, _) => ("saturated".to_owned(), Vec::new()),
    };
    Row::new("streams")
        .with("streams", streams)
        .with("messages", name)
        .with("deliveries/s", delivered.per_second)
        .with("p50 ms", delivered.latencies.percentile_ms(50))
        .with("p99 ms", p99)
        .with("CPU µs/delivery", delivered.cpu_micros_each)
        .with("bytes", delivered.bytes_each)
        .with("cut off", delivered.cut_off)
        .with("bare/s", bare.per_second)
        .with("bare p50 ms", bare.latencies.percentile_ms(50))
        .with("bare p99 ms", bare.latencies.percentile_ms(99))
        .with("bare µs", bare.cpu_micros_each)
        .with("x bare", ratio)
        .with_aims(&aims)
}
