//! What is counted while people do what they do.

use std::collections::BTreeMap;

use super::route::Route;
use crate::latency::Latencies;

/// Everything counted since [`Tally::new`].
pub struct Tally {
    /// Only what was wished since then counts for latencies.
    pub since_micros: u64,
    pub routes: Vec<OfRoute>,
    /// From the wish to send to each screen.
    pub screens: Latencies,
    /// Messages that came to screens.
    pub deliveries: u64,
    /// Frames of all kinds.
    pub frames: u64,
    pub stream_bytes: u64,
    pub answer_bytes: u64,
    /// Messages that were acknowledged.
    pub sent: u64,
    pub resyncs: u64,
    /// Streams that the server ended.
    pub cut_off: u64,
    /// By status; [`TIMED_OUT`] and [`BROKEN`] beside them.
    pub errors: BTreeMap<u16, u64>,
    /// The longest that the load generator did not look at its sockets.
    pub pause_micros: u64,
}

/// Of one route.
pub struct OfRoute {
    pub latencies: Latencies,
    pub errors: u64,
}

/// A request that was given up.
pub const TIMED_OUT: u16 = 0;

/// A connection that ended instead of answering.
pub const BROKEN: u16 = 1;

impl Tally {
    pub fn new(since_micros: u64) -> Tally {
        let of_route = || OfRoute { latencies: Latencies::new(), errors: 0 };
        Tally {
            since_micros,
            routes: Route::ALL.iter().map(|_| of_route()).collect(),
            screens: Latencies::new(),
            deliveries: 0,
            frames: 0,
            stream_bytes: 0,
            answer_bytes: 0,
            sent: 0,
            resyncs: 0,
            cut_off: 0,
            errors: BTreeMap::new(),
            pause_micros: 0,
        }
    }

    /// A request has ended.
    pub fn took(&mut self, route: Route, wished_micros: u64, now_micros: u64) {
        if wished_micros >= self.since_micros {
            self.of(route).latencies.record(now_micros.saturating_sub(wished_micros));
        }
    }

    /// Something went wrong.
    pub fn failed(&mut self, route: Route, status: u16) {
        self.of(route).errors += 1;
        *self.errors.entry(status).or_default() += 1;
    }

    pub fn of(&mut self, route: Route) -> &mut OfRoute {
        &mut self.routes[route.index()]
    }

    /// Requests that were answered or given up.
    pub fn requests(&self) -> u64 {
        self.routes.iter().map(|route| route.latencies.count()).sum()
    }

    /// `503: 12, timed out: 3`, or nothing.
    pub fn errors_text(&self) -> String {
        let word = |status: u16| match status {
            TIMED_OUT => "timed out".to_owned(),
            BROKEN => "broken".to_owned(),
            status => status.to_string(),
        };
        let parts = self.errors.iter().map(|(status, count)| format!("{}: {count}", word(*status)));
        parts.collect::<Vec<_>>().join(", ")
    }

    /// The route with the longest 99th percentile, among those that were asked often enough for one, and that.
    pub fn worst(&self) -> Option<(Route, f64)> {
        let each = Route::ALL.iter().filter_map(|route| {
            let latencies = &self.routes[route.index()].latencies;
            Some((*route, latencies.percentile_ms(99).filter(|_| latencies.count() >= 20)?))
        });
        each.max_by(|a, b| a.1.total_cmp(&b.1))
    }
}
