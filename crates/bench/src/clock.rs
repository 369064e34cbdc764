//! Clocks: the machine's monotonic one, which all its processes share, and CPU time.

use rustix::time::{ClockId, Timespec, clock_gettime};

/// Microseconds since the machine started; the same in every process, so a mark written by one can be read by another.
pub fn now_micros() -> u64 {
    micros(clock_gettime(ClockId::Monotonic))
}

/// Seconds since `start_micros`.
pub fn seconds_since(start_micros: u64) -> f64 {
    seconds(now_micros().saturating_sub(start_micros))
}

/// Microseconds of CPU that this process has used, all threads, user and system.
pub fn own_cpu_micros() -> u64 {
    micros(clock_gettime(ClockId::ProcessCPUTime))
}

/// Microseconds as seconds.
#[expect(clippy::cast_precision_loss, reason = "2^53 microseconds are 285 years")]
pub fn seconds(micros: u64) -> f64 {
    micros as f64 / 1_000_000.0
}

/// A count as a number to divide by.
#[expect(clippy::cast_precision_loss, reason = "no run counts to 2^53")]
pub fn real(count: u64) -> f64 {
    count as f64
}

fn micros(time: Timespec) -> u64 {
    let whole = u64::try_from(time.tv_sec).expect("these clocks start at zero");
    let nanos = u64::try_from(time.tv_nsec).expect("nanoseconds are not negative");
    whole * 1_000_000 + nanos / 1_000
}
