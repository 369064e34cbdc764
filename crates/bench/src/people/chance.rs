//! Chance that is the same in every run, so that two servers are asked the same.

/// xorshift64* (Vigna, 2016).
pub struct Chance(u64);

impl Chance {
    /// The sequence of a number.
    pub fn new(seed: u64) -> Chance {
        Chance(seed.wrapping_mul(0x9E37_79B9_7F4A_7C15) | 1)
    }

    fn next(&mut self) -> u64 {
        self.0 ^= self.0 >> 12;
        self.0 ^= self.0 << 25;
        self.0 ^= self.0 >> 27;
        self.0.wrapping_mul(0x2545_F491_4F6C_DD1D)
    }

    /// One of so many, from 0.
    pub fn below(&mut self, count: usize) -> usize {
        usize::try_from((self.next() >> 11) % (count as u64)).expect("less than a count")
    }

    /// From 0 up to 1.
    pub fn part(&mut self) -> f64 {
        crate::clock::real(self.next() >> 11) / crate::clock::real(1 << 53)
    }

    /// In so many of a hundred cases.
    pub fn percent(&mut self, percent: u64) -> bool {
        (self.below(100) as u64) < percent
    }

    /// A time to the next of events that come by chance, so long on average.
    pub fn wait_seconds(&mut self, average: f64) -> f64 {
        -(1.0 - self.part()).ln() * average
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn waits_are_as_long_as_asked_on_average() {
        let mut chance = Chance::new(1);
        let sum: f64 = (0..20_000).map(|_| chance.wait_seconds(20.0)).sum();
        assert!((19.0..21.0).contains(&(sum / 20_000.0)), "{}", sum / 20_000.0);
    }
}
