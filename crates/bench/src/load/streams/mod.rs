//! Screens: live streams that are read by one thread, which looks for marks and never parses JSON.
//!
//! A stream that the server ends is opened again with its cursor, as a browser does.

pub mod frames;
mod screen;

use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering::Relaxed};
use std::thread::{self, JoinHandle};
use std::time::Duration;

use anyhow::{Context, bail};
use mio::{Events, Poll};

use crate::clock::{now_micros, seconds_since};
use crate::latency::Latencies;
use screen::Screen;

/// Streams are all open within this time, or the server cannot hold them.
const OPEN_MAX_SECONDS: f64 = 60.0;

/// Bytes of one read: the more, the fewer reads when streams are saturated.
const READ_BYTES: usize = 262_144;

/// How often a screen that is told to loses its connection.
const LOSS_INTERVAL_MICROS: u64 = 500_000;

/// What the screens do besides reading.
#[derive(Clone, Copy, Debug, Default)]
pub struct Habits {
    /// Keep count of every message on every screen: a byte each.
    pub count_messages: bool,
    /// Every nth screen loses its connection twice a second and comes back with its cursor; 0 for none.
    pub lose_every_nth: usize,
}

/// Open streams, read in the background.
pub struct Screens {
    told: Arc<Told>,
    count: usize,
    reader: JoinHandle<anyhow::Result<Shown>>,
}

/// What the reading thread tells, and is told, while it runs. Every field has one writer and stands alone.
#[derive(Default)]
struct Told {
    /// Screens that have had their first frame.
    open: AtomicU64,
    deliveries: AtomicU64,
    /// Bytes of the frames, heads of answers not included.
    bytes: AtomicU64,
    /// The newest message's number plus one, summed over all screens.
    newest_sum: AtomicU64,
    /// Streams that the server ended.
    cut_off: AtomicU64,
    /// Streams that the server told to start again.
    resyncs: AtomicU64,
    /// Messages sent before this do not count for latencies.
    measure_from_micros: AtomicU64,
    stop: AtomicBool,
}

/// What all screens have shown, once they are closed.
pub struct Shown {
    /// From the send's first byte until the bytes were read.
    pub latencies: Latencies,
    /// Per screen and message number how often it came; empty when not counted.
    pub counts: Vec<Vec<u8>>,
}

impl Screens {
    /// Opens one stream per request and returns when all have had their first frame.
    pub fn open(
        address: SocketAddr,
        requests: Vec<Vec<u8>>,
        habits: Habits,
    ) -> anyhow::Result<Screens> {
        let told = Arc::new(Told::default());
        told.measure_from_micros.store(u64::MAX, Relaxed);
        let count = requests.len();
        let reader = thread::spawn({
            let told = Arc::clone(&told);
            move || read_all(address, requests, habits, &told)
        });
        let screens = Screens { told, count, reader };
        let start = now_micros();
        while screens.told.open.load(Relaxed) < count as u64 {
            let open = screens.told.open.load(Relaxed);
            if screens.reader.is_finished() {
                screens.close()?;
                bail!("the reader of streams has ended");
            }
            if seconds_since(start) > OPEN_MAX_SECONDS {
                bail!("{open} of {count} streams opened within {OPEN_MAX_SECONDS} s");
            }
            thread::sleep(Duration::from_millis(2));
        }
        Ok(screens)
    }

    /// Measures the latencies of what is sent from now on.
    pub fn measure_from_now(&self) {
        self.told.measure_from_micros.store(now_micros(), Relaxed);
    }

    /// Messages that have come, all screens together.
    pub fn deliveries(&self) -> u64 {
        self.told.deliveries.load(Relaxed)
    }

    /// Bytes of all frames.
    pub fn bytes(&self) -> u64 {
        self.told.bytes.load(Relaxed)
    }

    /// The messages that the average screen has come to.
    pub fn messages_shown(&self) -> u64 {
        self.told.newest_sum.load(Relaxed) / self.count as u64
    }

    /// Streams that the server ended, and those of them that it told to start again.
    pub fn cut_off_and_resyncs(&self) -> (u64, u64) {
        (self.told.cut_off.load(Relaxed), self.told.resyncs.load(Relaxed))
    }

    /// Waits until that many deliveries have come, or no more do for `quiet_max_seconds`.
    pub fn wait_for(&self, deliveries: u64, quiet_max_seconds: f64) {
        let mut last = (self.deliveries(), now_micros());
        while self.deliveries() < deliveries && seconds_since(last.1) < quiet_max_seconds {
            thread::sleep(Duration::from_millis(5));
            if self.deliveries() != last.0 {
                last = (self.deliveries(), now_micros());
            }
        }
    }

    /// Closes all streams.
    pub fn close(self) -> anyhow::Result<Shown> {
        self.told.stop.store(true, Relaxed);
        match self.reader.join() {
            Ok(shown) => shown,
            Err(_) => bail!("the reader of streams panicked"),
        }
    }
}

fn read_all(
    address: SocketAddr,
    requests: Vec<Vec<u8>>,
    habits: Habits,
    told: &Told,
) -> anyhow::Result<Shown> {
    let mut poll = Poll::new()?;
    let mut screens = Vec::with_capacity(requests.len());
    for (at, request) in requests.into_iter().enumerate() {
        let screen = Screen::open(address, request, at, poll.registry());
        screens.push(screen.with_context(|| format!("stream {}", at + 1))?);
    }
    let mut counts = vec![Vec::new(); if habits.count_messages { screens.len() } else { 0 }];
    let mut latencies = Latencies::new();
    let mut events = Events::with_capacity(1_024);
    let mut piece = vec![0; READ_BYTES];
    let mut last_loss = now_micros();
    while !told.stop.load(Relaxed) {
        poll.poll(&mut events, Some(Duration::from_millis(50)))?;
        for event in &events {
            let at = event.token().0;
            let mut show = Show { told, latencies: &mut latencies, counts: counts.get_mut(at) };
            screens[at].read(&mut piece, poll.registry(), &mut show)?;
        }
        if habits.lose_every_nth > 0 && now_micros() - last_loss > LOSS_INTERVAL_MICROS {
            last_loss = now_micros();
            for screen in screens.iter_mut().step_by(habits.lose_every_nth) {
                screen.come_back(poll.registry())?;
            }
        }
    }
    Ok(Shown { latencies, counts })
}

/// Where a screen puts what it has read.
struct Show<'a> {
    told: &'a Told,
    latencies: &'a mut Latencies,
    counts: Option<&'a mut Vec<u8>>,
}
