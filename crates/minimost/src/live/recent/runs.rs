//! What happened last and others may be told of: runs of events that came together, and go together.
//!
//! Neighbours: `mod` adds to it and asks.

use std::collections::VecDeque;
use std::sync::Arc;

use chat::{LoggedEvent, Seq};

/// Events that are kept; who has missed more reads the log. Five minutes of a rush hour with 30 events a second.
const EVENTS_MAX: usize = 10_000;

/// Bytes of them, about.
const BYTES_MAX: usize = 16 * 1024 * 1024;

#[derive(Default)]
pub(super) struct Runs {
    kept: VecDeque<Run>,
    events_count: usize,
    bytes: usize,
}

/// Events that rise.
#[derive(Default)]
pub(super) struct Run {
    events: Vec<Arc<LoggedEvent>>,
    bytes: usize,
}

impl Run {
    pub(super) fn add(&mut self, event: Arc<LoggedEvent>, bytes: usize) {
        self.events.push(event);
        self.bytes += bytes;
    }
}

impl Runs {
    pub(super) fn push(&mut self, run: Run) {
        self.weigh(&run);
        if !run.events.is_empty() {
            self.kept.push_back(run);
        }
    }

    /// Puts a run before all others; there is room for it.
    pub(super) fn push_before(&mut self, run: Run) {
        self.weigh(&run);
        if !run.events.is_empty() {
            self.kept.push_front(run);
        }
    }

    pub(super) fn has_room_for(&self, run: &Run) -> bool {
        let (events_count, bytes) = (self.events_count + run.events.len(), self.bytes + run.bytes);
        events_count <= EVENTS_MAX && bytes <= BYTES_MAX
    }

    fn weigh(&mut self, run: &Run) {
        self.events_count += run.events.len();
        self.bytes += run.bytes;
    }

    /// Lets go of the oldest that are too much; answers the last that went.
    pub(super) fn trim(&mut self) -> Option<Seq> {
        let mut last = None;
        while self.events_count > EVENTS_MAX || self.bytes > BYTES_MAX {
            let Some(oldest) = self.kept.pop_front() else { break };
            self.events_count -= oldest.events.len();
            self.bytes -= oldest.bytes;
            last = oldest.events.last().map(|last| last.seq);
        }
        last
    }

    pub(super) fn find(&self, seq: Seq) -> Option<&Arc<LoggedEvent>> {
        let (run, place) = self.place(seq)?;
        Some(&self.kept[run].events[place])
    }

    pub(super) fn find_mut(&mut self, seq: Seq) -> Option<&mut Arc<LoggedEvent>> {
        let (run, place) = self.place(seq)?;
        Some(&mut self.kept[run].events[place])
    }

    fn place(&self, seq: Seq) -> Option<(usize, usize)> {
        let run = self.run_with_first_after(Seq(seq.get().checked_sub(1)?));
        let events = &self.kept.get(run)?.events;
        let place = events.binary_search_by_key(&seq, |logged| logged.seq).ok()?;
        Some((run, place))
    }

    /// The run in which the first event after `after` is.
    fn run_with_first_after(&self, after: Seq) -> usize {
        self.kept.partition_point(|run| run.events.last().is_none_or(|last| last.seq <= after))
    }

    /// Those after `after`.
    pub(super) fn after(&self, after: Seq) -> impl Iterator<Item = &Arc<LoggedEvent>> {
        let runs = self.kept.range(self.run_with_first_after(after)..);
        runs.flat_map(|run| &run.events).skip_while(move |it| it.seq <= after)
    }
}
