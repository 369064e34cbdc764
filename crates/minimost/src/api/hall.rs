//! How many connections there are: those that carry a live stream have room of their own, and so have all others.
//!
//! A stream stays for hours, a request for milliseconds. Counted together, a full house of streams would let nobody send,
//! and a crowd that says nothing would keep the screens out.
//!
//! Neighbours: `serve` lets connections in, `stream` says when one carries a stream; `seats` bounds what one address or
//! one person holds of all that.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use crate::config::Limits;

/// Open files that no connection takes: those of people, the shared ones, and what is opened in passing.
const FILES_KEPT: usize = 1_024;

pub(super) struct Hall {
    all_max: usize,
    streams_max: usize,
    others_max: usize,
    taken: Mutex<Taken>,
}

#[derive(Default)]
struct Taken {
    connections: usize,
    /// Those of them that carry a stream.
    streams: usize,
}

/// Room for a connection, free again when dropped.
pub(super) struct Entered(Arc<Hall>);

/// Room for a stream, free again when dropped. Its connection is one of the others before and after.
pub(super) struct Streaming(Arc<Hall>);

impl Hall {
    pub(super) fn new(limits: &Limits) -> Arc<Hall> {
        // Where few may be open, half of them.
        let files = open_files_max();
        let all_max = files.saturating_sub(FILES_KEPT).max(files / 2);
        let limit = |number: u32| {
            let number = if number == 0 { u32::MAX } else { number };
            // A quarter is left to the others, however many of these there may be.
            let at_most = all_max - all_max / 4;
            usize::try_from(number).unwrap_or(usize::MAX).min(at_most).max(1)
        };
        Arc::new(Hall {
            all_max,
            streams_max: limit(limits.streams),
            others_max: limit(limits.connections),
            taken: Mutex::default(),
        })
    }

    /// How many connections may carry no stream.
    pub(super) fn others_max(&self) -> usize {
        self.others_max
    }

    /// Room for one connection more; `None` when there are as many as may be that carry no stream.
    pub(super) fn enter(self: &Arc<Hall>) -> Option<Entered> {
        let mut taken = self.taken();
        // A stream may outlive its connection by a moment.
        let others = taken.connections.saturating_sub(taken.streams);
        if others >= self.others_max || taken.connections >= self.all_max {
            return None;
        }
        taken.connections += 1;
        Some(Entered(Arc::clone(self)))
    }

    /// Room for one stream more, on a connection that is here; `None` when there are as many as may be. What ends leaves
    /// its connection among the others, of which there may then be more than one may come in to.
    pub(super) fn begin_stream(self: &Arc<Hall>) -> Option<Streaming> {
        let mut taken = self.taken();
        if taken.streams >= self.streams_max {
            return None;
        }
        taken.streams += 1;
        Some(Streaming(Arc::clone(self)))
    }

    fn taken(&self) -> MutexGuard<'_, Taken> {
        self.taken.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Drop for Entered {
    fn drop(&mut self) {
        self.0.taken().connections -= 1;
    }
}

impl Drop for Streaming {
    fn drop(&mut self) {
        self.0.taken().streams -= 1;
    }
}

#[cfg(unix)]
fn open_files_max() -> usize {
    use rustix::process::{Resource, getrlimit};
    let files = getrlimit(Resource::Nofile).current;
    files.and_then(|files| usize::try_from(files).ok()).unwrap_or(usize::MAX)
}

#[cfg(not(unix))]
fn open_files_max() -> usize {
    usize::MAX
}
