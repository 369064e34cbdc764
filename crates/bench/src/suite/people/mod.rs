//! What it costs, and how long they wait, when people come and while they work: `crate::people` says what they do.
//!
//! A cell is a number of people, a number of stored messages, and how the people are met. *Cold*: there is no file of
//! anybody yet, and all of them come within seconds, which is measured too. *Warm*: everybody's file is at the head, and
//! what is measured begins when they have come.

mod data;
mod rows;
mod watch;

use std::time::Duration;

use anyhow::ensure;
use clap::{Args, ValueEnum};

use crate::bench::Bench;
use crate::clock::{now_micros, own_cpu_micros, seconds_since};
use crate::drain;
use crate::people::rates::EVERYONE_TIMES;
use crate::people::{Crowd, Manner, Tally, Town, seed};
use crate::process::Server;
use crate::report::note;
use data::{Data, Log};
use rows::Measured;
use watch::Watch;

/// Files that are not back by then are late.
const FILES_BACK_SECONDS_MAX: f64 = 600.0;

const LOOK_EVERY: Duration = Duration::from_millis(100);

/// Which cells, and for how long.
#[derive(Args, Clone, Debug)]
pub struct Cells {
    /// How many people.
    #[arg(long, value_delimiter = ',', default_value = "200,1000,2000,5000")]
    people: Vec<usize>,
    /// How many stored messages.
    #[arg(long, value_delimiter = ',', default_value = "20000")]
    messages: Vec<usize>,
    /// How they are met.
    #[arg(long, value_delimiter = ',', default_value = "cold,warm")]
    how: Vec<How>,
    /// Stands in the name of the tables, so that one document has several.
    #[arg(long, default_value = "now")]
    label: String,
    /// Seeded data is kept here for the next run. One directory for each version of the log and of the files.
    #[arg(long)]
    keep: Option<std::path::PathBuf>,
    /// Everybody comes within this time.
    #[arg(long, default_value_t = 20.0)]
    arrive_seconds: f64,
    /// From then on, when they are warm, until it is measured.
    #[arg(long, default_value_t = 3.0)]
    settle_seconds: f64,
    /// How long they work.
    #[arg(long, default_value_t = 25.0)]
    mix_seconds: f64,
    /// Only seeds, and makes the files of the warm cells.
    #[arg(long)]
    prepare: bool,
}

/// How people are met.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum How {
    /// Nobody has a file, and all come.
    Cold,
    /// They are there, and everybody's file is at the head.
    Warm,
    /// They do everything four times as often.
    #[value(name = "warm-4x")]
    Warm4x,
    /// Ten times.
    #[value(name = "warm-10x")]
    Warm10x,
    /// All look at one channel, and all talk is there.
    WarmOneChannel,
    /// When it is measured, all files of people are removed.
    WarmFilesLost,
}

impl How {
    fn is_cold(self) -> bool {
        self == How::Cold
    }

    fn manner(self) -> Manner {
        let activity = match self {
            How::Cold | How::Warm | How::WarmOneChannel | How::WarmFilesLost => 1.0,
            How::Warm4x => 4.0,
            How::Warm10x => 10.0,
        };
        Manner { activity, is_one_channel: self == How::WarmOneChannel }
    }

    fn name(self) -> &'static str {
        match self {
            How::Cold => "cold",
            How::Warm => "warm",
            How::Warm4x => "warm, 4 x",
            How::Warm10x => "warm, 10 x",
            How::WarmOneChannel => "warm, one channel",
            How::WarmFilesLost => "warm, users/ removed",
        }
    }
}

/// One cell.
#[derive(Clone, Copy)]
struct Cell {
    people: usize,
    messages: usize,
    how: How,
}

/// The chosen cells.
pub fn run(bench: &mut Bench, cells: &Cells) -> anyhow::Result<()> {
    let kept = cells.keep.clone().unwrap_or_else(|| bench.directory().join("kept"));
    let server = bench.server().to_owned();
    let data = Data::new(&server, &kept);
    let mut usual = None;
    for messages in &cells.messages {
        for people in &cells.people {
            ensure!(*people >= 3, "fewer than three people are no crowd");
            for how in &cells.how {
                let cell = Cell { people: *people, messages: *messages, how: *how };
                let source = data.of(cell)?;
                if !cells.prepare {
                    let measured = measure(bench, cells, cell, &source)?;
                    rows::add(bench, &cells.label, cell, &measured, usual)?;
                    if *how == How::Warm {
                        usual = Some(measured.usual(cell));
                    }
                }
            }
        }
    }
    Ok(())
}

fn measure(
    bench: &Bench,
    cells: &Cells,
    cell: Cell,
    source: &std::path::Path,
) -> anyhow::Result<Measured> {
    note(&format!("{} people, {} messages, {}", cell.people, cell.messages, cell.how.name()));
    let directory = bench.directory().join("people");
    data::copy(source, &directory)?;
    let server = bench.start(&directory)?;
    let measured = live(cells, cell, &server, &directory);
    // A server that fails to stop must not hide what went wrong before.
    let stopped = server.stop();
    let measured = measured?;
    stopped?;
    std::fs::remove_dir_all(&directory)?;
    Ok(measured)
}

/// They come and work.
fn live(
    cells: &Cells,
    cell: Cell,
    server: &Server,
    directory: &std::path::Path,
) -> anyhow::Result<Measured> {
    let newest = seed::newest(directory)?;
    let mut crowd = Crowd::new(server.address, Town::of(cell.people), newest, cell.how.manner())?;
    let log = Log::open(directory)?;
    let watch = Watch::start(server, directory)?;
    if !cell.how.is_cold() {
        crowd.come_within(cells.arrive_seconds);
        crowd.run(cells.arrive_seconds + cells.settle_seconds)?;
    }
    let begin = Moment::now(server, &log)?;
    if cell.how == How::WarmFilesLost {
        // At once: in the directory itself files are made while it is removed.
        let removed = directory.join("removed");
        std::fs::rename(directory.join("users"), &removed)?;
        std::fs::remove_dir_all(removed)?;
    }
    crowd.measure_from_now();
    let mut before_mix = 0.0;
    if cell.how.is_cold() {
        crowd.come_within(cells.arrive_seconds);
        before_mix = cells.arrive_seconds;
    }
    for time in 1..=EVERYONE_TIMES {
        let part = crate::clock::real(time) / crate::clock::real(EVERYONE_TIMES + 1);
        crowd.name_everyone_after(before_mix + cells.mix_seconds * part);
    }
    crowd.run(before_mix + cells.mix_seconds)?;
    crowd.end();
    let seconds = seconds_since(begin.micros);
    let end = Moment::now(server, &log)?;
    let connected = crowd.connected();
    let tally = std::mem::replace(&mut crowd.tally, Tally::new(now_micros()));
    let files = watch.files(directory, cell.people, end.head)?;
    let rss_bytes = watch.rss_bytes_max();
    let files_back = (cell.how == How::WarmFilesLost)
        .then(|| files_back(directory, cell.people, begin.micros))
        .transpose()?;
    Ok(Measured { seconds, begin, end, connected, tally, files, rss_bytes, files_back })
}

/// Seconds from a moment until everybody has a file again.
fn files_back(directory: &std::path::Path, people: usize, since: u64) -> anyhow::Result<f64> {
    loop {
        let files = drain::mailboxes(directory).map_or(0, |files| files.len());
        let passed = seconds_since(since);
        if files >= people {
            return Ok(passed);
        }
        ensure!(passed < FILES_BACK_SECONDS_MAX, "{files} of {people} files are back");
        std::thread::sleep(LOOK_EVERY);
    }
}

/// What was used up to a moment.
struct Moment {
    micros: u64,
    server_cpu_micros: u64,
    threads: std::collections::BTreeMap<String, u64>,
    own_cpu_micros: u64,
    head: u64,
    log_bytes: u64,
}

impl Moment {
    fn now(server: &Server, log: &Log) -> anyhow::Result<Moment> {
        Ok(Moment {
            micros: now_micros(),
            server_cpu_micros: server.usage()?.cpu_micros,
            threads: server.thread_cpu_micros()?,
            own_cpu_micros: own_cpu_micros(),
            head: log.head()?,
            log_bytes: log.bytes()?,
        })
    }
}
