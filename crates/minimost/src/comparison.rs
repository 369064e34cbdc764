//! The comparison of the log with its indexes and labels, in the background: at every start, once a day, and when it is asked for.
//!
//! Promises: a slice is a short read transaction, so erasures and checkpoints go on; what is found stops the writes, in
//! the log itself. Deliberately absent: mending, which is `minimost repair-log`.
//!
//! Flow: `boot` starts [`Comparer::run`]; `api` looks at the state and asks for another one.

use std::time::Duration;

use chat::Timestamp;
use eventlog::{Comparison, Error, Gaps, Log};
use tokio::sync::{mpsc, watch};
use tokio::time::{Instant, sleep};
use tracing::{error, info, warn};

use crate::boot::stopped;
use crate::clock::Clock;
use crate::codec;

/// How long a slice reads: a commit's erasure waits for at most this, and gives up after 100 ms.
const SLICE: Duration = Duration::from_millis(25);

/// The first comparison, and one that somebody waits for, rests as long as it works.
const QUICK_REST: u32 = 1;

/// The daily one takes at most a tenth of a core.
const GENTLE_REST: u32 = 9;

const DAY: Duration = Duration::from_secs(24 * 3600);

/// How long it waits after a fault that may pass.
const RETRY_DELAY: Duration = Duration::from_secs(60);

/// What is known of the log.
#[derive(Clone, Debug, Default)]
pub struct LogState {
    /// A comparison is under way.
    pub is_running: bool,
    /// When the last one ended that found nothing, and up to which record it had looked.
    pub whole: Option<(Timestamp, u64)>,
    /// What is damaged.
    pub finding: Option<String>,
    /// Read transactions of the comparison, and the longest of them.
    pub slices: u64,
    pub slice_longest: Duration,
}

/// A handle; clones share it.
#[derive(Clone)]
pub struct Comparisons {
    wanted: mpsc::Sender<()>,
    state: watch::Receiver<LogState>,
}

impl Comparisons {
    /// What is known now.
    pub fn state(&self) -> LogState {
        self.state.borrow().clone()
    }

    /// Begins a comparison soon; none when one is under way.
    pub fn ask(&self) {
        if !self.state.borrow().is_running {
            // Full means that it was asked for already, closed that the server stops.
            let _: Result<(), _> = self.wanted.try_send(());
        }
    }
}

/// Compares, one time after the other.
pub(crate) struct Comparer {
    log: Log,
    clock: Clock,
    wanted: mpsc::Receiver<()>,
    state: watch::Sender<LogState>,
}

/// How a comparison ended.
enum End {
    Whole,
    Damaged,
    /// It could not be done now.
    Failed,
    Stopped,
}

impl Comparer {
    pub(crate) fn new(log: Log, clock: Clock) -> (Comparer, Comparisons) {
        let (want, wanted) = mpsc::channel(1);
        let (tell, state) = watch::channel(LogState { is_running: true, ..LogState::default() });
        (Comparer { log, clock, wanted, state: tell }, Comparisons { wanted: want, state })
    }

    /// Compares until the server stops; a slice that has begun ends first, so that no reader outlives the log.
    pub(crate) async fn run(mut self, stopping: watch::Receiver<bool>) {
        let mut rest = QUICK_REST;
        loop {
            self.state.send_modify(|state| {
                *state = LogState { is_running: true, whole: state.whole, ..LogState::default() };
            });
            let pause = match self.compare(rest, &stopping).await {
                End::Whole => DAY,
                End::Damaged => Duration::MAX,
                End::Failed => RETRY_DELAY,
                End::Stopped => return,
            };
            self.state.send_modify(|state| state.is_running = false);
            rest = tokio::select! {
                () = sleep(pause) => if pause == DAY { GENTLE_REST } else { QUICK_REST },
                Some(()) = self.wanted.recv() => QUICK_REST,
                () = stopped(stopping.clone()) => return,
            };
        }
    }

    async fn compare(&self, rest: u32, stopping: &watch::Receiver<bool>) -> End {
        let began = Instant::now();
        let mut is_first = true;
        let log = self.log.clone();
        let mut comparison =
            match blocking(move || log.comparison(Gaps::Lost, codec::meaning())).await {
                Ok(comparison) => comparison,
                Err(error) => return self.failed(&error),
            };
        let up_to = comparison.up_to();
        loop {
            let slice;
            let took;
            (comparison, slice, took) = blocking(move || advance(comparison)).await;
            self.state.send_modify(|state| {
                state.slices += 1;
                state.slice_longest = state.slice_longest.max(took);
            });
            match slice {
                Ok(true) => {}
                Ok(false) => break,
                Err(error) => return self.failed(&error),
            }
            // A short log is compared without a pause, and a stop is heard in each.
            let pause = if is_first { Duration::ZERO } else { took * rest };
            is_first = false;
            tokio::select! {
                () = sleep(pause) => {}
                () = stopped(stopping.clone()) => return End::Stopped,
            }
        }
        let state = self.state.borrow().clone();
        info!(
            log.seq = up_to,
            slices = state.slices,
            slice_longest_ms = u64::try_from(state.slice_longest.as_millis()).unwrap_or(u64::MAX),
            seconds = began.elapsed().as_secs(),
            "the log and its indexes are whole up to {up_to}"
        );
        let now = self.clock.now();
        self.state.send_modify(|state| state.whole = Some((now, up_to)));
        End::Whole
    }

    fn failed(&self, error: &Error) -> End {
        if is_damage(error) {
            error!("writing stops: {error}{}", repair_hint(error));
            let finding = error.to_string();
            self.state.send_modify(|state| state.finding = Some(finding));
            return End::Damaged;
        }
        warn!("the log could not be compared, and will be: {error}");
        End::Failed
    }
}

fn advance(mut comparison: Comparison) -> (Comparison, Result<bool, Error>, Duration) {
    let began = Instant::now();
    let more = comparison.advance(SLICE);
    (comparison, more, began.elapsed())
}

async fn blocking<T: Send + 'static>(work: impl FnOnce() -> T + Send + 'static) -> T {
    tokio::task::spawn_blocking(work).await.expect("a look at the log does not panic")
}

fn is_damage(error: &Error) -> bool {
    error.is_repairable() || matches!(error, Error::Corrupt { .. } | Error::FileChanged { .. })
}

/// What helps, where something does.
pub(crate) fn repair_hint(error: &Error) -> &'static str {
    if error.is_repairable() { "; stop the server and run `minimost repair-log`" } else { "" }
}
