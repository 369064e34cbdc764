//! How often one person or one address may knock (GCRA: a burst of the whole allowance, then evenly).

use std::hash::{BuildHasher, Hash, RandomState};
use std::net::{IpAddr, Ipv6Addr};
use std::num::NonZeroU32;
use std::time::Duration;

use governor::clock::Clock as _;
use governor::middleware::NoOpMiddleware;
use governor::state::keyed::DashMapStateStore;
use governor::{Quota, RateLimiter};
use tokio::time::Instant;

use crate::clock::Clock;

/// An address as far as limits care: an IPv6 household has a whole /64.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Network(IpAddr);

impl From<IpAddr> for Network {
    fn from(address: IpAddr) -> Network {
        match address.to_canonical() {
            IpAddr::V4(address) => Network(IpAddr::V4(address)),
            IpAddr::V6(address) => {
                Network(IpAddr::V6(Ipv6Addr::from_bits(address.to_bits() >> 64 << 64)))
            }
        }
    }
}

/// Too many attempts.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("too many attempts; try again in {} s", .retry_after.as_secs())]
pub struct TooSoon {
    /// Whole seconds, at least one.
    pub retry_after: Duration,
}

/// Keys that are told apart, some 10 MiB. Beyond it new and old ones share allowances: whoever has a hundred thousand
/// addresses to ask from is slowed down, and memory is not theirs to fill.
const KEYS_MAX: usize = 100_000;

/// The allowances that are shared then.
const SHARED_MAX: u64 = 1_024;

/// Whose allowance it is.
#[derive(Clone, PartialEq, Eq, Hash)]
enum Slot<K> {
    Own(K),
    Shared(u64),
}

type Limiter<K> =
    RateLimiter<Slot<K>, DashMapStateStore<Slot<K>>, LimitClock, NoOpMiddleware<Duration>>;

/// At most so many attempts per key and period.
pub struct RateLimit<K: Hash + Eq + Clone> {
    limiter: Option<Limiter<K>>,
    clock: LimitClock,
    /// Random, so that nobody chooses whose allowance they share.
    state: RandomState,
}

impl<K: Hash + Eq + Clone> RateLimit<K> {
    /// `None` limits nothing.
    pub fn new(attempts_max: Option<NonZeroU32>, period: Duration, clock: &Clock) -> RateLimit<K> {
        let clock = LimitClock::new(clock);
        let limiter = attempts_max.map(|attempts_max| {
            let quota = Quota::with_period(period / attempts_max.get())
                .expect("the period is longer than some nanoseconds")
                .allow_burst(attempts_max);
            RateLimiter::new(quota, DashMapStateStore::default(), clock.clone())
        });
        RateLimit { limiter, clock, state: RandomState::new() }
    }

    /// Counts one attempt of `key`, or refuses it.
    pub fn check(&self, key: &K) -> Result<(), TooSoon> {
        let Some(limiter) = &self.limiter else { return Ok(()) };
        let is_full = limiter.len() >= KEYS_MAX;
        let slot = if is_full {
            Slot::Shared(self.state.hash_one(key) % SHARED_MAX)
        } else {
            Slot::Own(key.clone())
        };
        limiter.check_key(&slot).map_err(|not_until| {
            let wait = not_until.wait_time_from(self.clock.now());
            let seconds = wait.as_secs() + u64::from(wait.subsec_nanos() > 0);
            TooSoon { retry_after: Duration::from_secs(seconds.max(1)) }
        })
    }

    /// Drops the keys whose whole allowance has come back, so memory follows those who are active.
    pub fn forget_the_quiet(&self) {
        if let Some(limiter) = &self.limiter {
            limiter.retain_recent();
            limiter.shrink_to_fit();
        }
    }
}

/// Our clock in the limiter's terms. The machine's own may be set back, and everybody would have to wait until it has
/// caught up with itself: here it only goes on.
#[derive(Clone)]
struct LimitClock {
    clock: Clock,
    start: Instant,
}

impl LimitClock {
    fn new(clock: &Clock) -> LimitClock {
        LimitClock { clock: clock.clone(), start: Instant::now() }
    }
}

impl governor::clock::Clock for LimitClock {
    type Instant = Duration;

    fn now(&self) -> Duration {
        match &self.clock {
            Clock::System => self.start.elapsed(),
            Clock::Manual(now) => {
                Duration::from_micros(u64::try_from(now.borrow().0).unwrap_or_default())
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use chat::Timestamp;

    use super::*;

    const MINUTE: Duration = Duration::from_secs(60);

    #[test]
    fn the_allowance_comes_back_with_time() {
        let clock = Clock::manual(Timestamp(1_700_000_000_000_000));
        let limit = RateLimit::new(NonZeroU32::new(2), MINUTE, &clock);
        assert_eq!(limit.check(&"alice"), Ok(()));
        assert_eq!(limit.check(&"alice"), Ok(()));
        let refused = limit.check(&"alice").unwrap_err();
        assert_eq!(refused.retry_after.as_secs(), 30, "{refused}");
        assert_eq!(limit.check(&"bob"), Ok(()), "bob has his own allowance");
        clock.advance(30_000_000);
        assert_eq!(limit.check(&"alice"), Ok(()));
        limit.forget_the_quiet();
    }

    #[test]
    fn a_hundred_thousand_addresses_are_told_apart_and_no_more() {
        let clock = Clock::manual(Timestamp(1_700_000_000_000_000));
        let limit = RateLimit::new(NonZeroU32::new(2), MINUTE, &clock);
        let most = u64::try_from(KEYS_MAX).unwrap();
        let refused =
            |range: std::ops::Range<u64>| range.filter(|n| limit.check(n).is_err()).count();
        assert_eq!(refused(0..most), 0);
        assert!(refused(most..2 * most) > 0, "they share what is left");
        let limiter = limit.limiter.as_ref().unwrap();
        assert!(limiter.len() <= KEYS_MAX + 1_024, "{}", limiter.len());
        clock.advance(120_000_000);
        limit.forget_the_quiet();
        assert_eq!(refused(0..most), 0, "when the crowd has gone everybody is known again");
    }

    #[tokio::test(start_paused = true)]
    async fn the_machines_clock_may_be_set_to_any_time() {
        let limit = RateLimit::new(NonZeroU32::new(1), MINUTE, &Clock::System);
        assert_eq!(limit.check(&"alice"), Ok(()));
        assert!(limit.check(&"alice").is_err());
        // The clock on the wall stands still, the one that only goes on is a minute further.
        tokio::time::advance(MINUTE).await;
        assert_eq!(limit.check(&"alice"), Ok(()));
    }

    #[test]
    fn an_ipv6_household_is_one_network() {
        let network = |text: &str| Network::from(text.parse::<IpAddr>().unwrap());
        assert_eq!(network("2001:db8::1"), network("2001:db8::ffff:2"));
        assert_ne!(network("2001:db8::1"), network("2001:db8:0:1::1"));
        assert_eq!(network("::ffff:10.0.0.1"), network("10.0.0.1"));
    }
}
