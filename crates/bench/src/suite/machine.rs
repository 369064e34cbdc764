//! What was measured on: stands above all figures.

use std::fs;

use minimost::clock::Clock;

use crate::bench::Bench;
use crate::report::Row;

/// The number of tmpfs in statfs(2): a disk that forgets makes durable writes meaningless.
const TMPFS_MAGIC: i64 = 0x0102_1994;

/// Adds the machine's row.
pub fn run(bench: &mut Bench) -> anyhow::Result<()> {
    let processors = std::thread::available_parallelism()?.get();
    let load = fs::read_to_string("/proc/loadavg")?;
    let load = load.split(' ').next().unwrap_or_default().to_owned();
    let kernel = fs::read_to_string("/proc/sys/kernel/osrelease")?.trim().to_owned();
    let is_memory = rustix::fs::statfs(bench.directory())?.f_type == TMPFS_MAGIC;
    let row = Row::new("machine")
        .with("processor", processor_name()?)
        .with("cores", processors)
        .with("Linux", kernel)
        .with("files on", if is_memory { "tmpfs (nothing is durable)" } else { "a disk" })
        .with("load before", load)
        .with("seconds each", bench.seconds)
        .with("Unix time", (Clock::System.now().0 / 1_000_000).to_string());
    bench.report.add(row)
}

fn processor_name() -> anyhow::Result<String> {
    let text = fs::read_to_string("/proc/cpuinfo")?;
    let name = text.lines().find(|line| line.starts_with("model name"));
    Ok(name.and_then(|line| line.split_once(": ")).map_or("unknown", |(_, name)| name).to_owned())
}
