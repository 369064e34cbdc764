//! Latencies as counts in buckets, so that ten million of them take no memory and no time to sort.

/// Buckets per doubling; each is at most 1/64 wide, so a percentile is right to 1.6 %.
const BUCKETS_PER_DOUBLING: u64 = 64;

/// Doublings from 1 µs: 2^36 µs are 19 hours.
const DOUBLINGS: u64 = 36;

/// A histogram of microseconds.
#[derive(Clone)]
pub struct Latencies {
    counts: Vec<u64>,
    total: u64,
}

impl Latencies {
    /// Nothing recorded.
    pub fn new() -> Latencies {
        let buckets = usize::try_from(BUCKETS_PER_DOUBLING * (DOUBLINGS + 1)).expect("2,368 fits");
        Latencies { counts: vec![0; buckets], total: 0 }
    }

    /// Records one latency.
    pub fn record(&mut self, micros: u64) {
        let bucket = bucket_of(micros).min(self.counts.len() - 1);
        self.counts[bucket] += 1;
        self.total += 1;
    }

    /// How many were recorded.
    pub fn count(&self) -> u64 {
        self.total
    }

    /// The latency in milliseconds that `percent` of all (1 to 100) did not exceed; `None` when nothing was recorded.
    pub fn percentile_ms(&self, percent: u64) -> Option<f64> {
        let rank = (self.total * percent).div_ceil(100).max(1);
        let mut seen = 0;
        let bucket = self.counts.iter().position(|count| {
            seen += count;
            seen >= rank
        })?;
        Some(crate::clock::real(bucket_end(bucket)) / 1_000.0)
    }
}

/// Below 64 µs a bucket per microsecond, above 64 buckets per doubling.
fn bucket_of(micros: u64) -> usize {
    let doubling = u64::from((micros / BUCKETS_PER_DOUBLING).checked_ilog2().map_or(0, |n| n + 1));
    let within = if doubling == 0 { micros } else { (micros >> (doubling - 1)) - 64 };
    usize::try_from(doubling * BUCKETS_PER_DOUBLING + within).expect("a bucket is a small number")
}

/// The longest latency of a bucket.
fn bucket_end(bucket: usize) -> u64 {
    let bucket = bucket as u64;
    let (doubling, within) = (bucket / BUCKETS_PER_DOUBLING, bucket % BUCKETS_PER_DOUBLING);
    if doubling == 0 { within } else { ((within + 65) << (doubling - 1)) - 1 }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_percentile_is_right_to_two_percent() {
        let mut latencies = Latencies::new();
        (1..=100_000).for_each(|micros| latencies.record(micros));
        for (percent, expected) in [(1, 1.0), (50, 50.0), (99, 99.0), (100, 100.0)] {
            let got = latencies.percentile_ms(percent).expect("latencies were recorded");
            assert!((got / expected - 1.0).abs() < 0.02, "p{percent} is {got} ms");
        }
    }

    #[test]
    fn buckets_follow_each_other_without_a_gap() {
        for micros in 0..100_000_u64 {
            let bucket = bucket_of(micros);
            assert!(bucket_end(bucket) >= micros, "{micros}");
            assert!(bucket == 0 || bucket_end(bucket - 1) < micros, "{micros}");
        }
    }

    #[test]
    fn nothing_recorded_has_no_percentile() {
        assert_eq!(Latencies::new().percentile_ms(50), None);
    }
}
