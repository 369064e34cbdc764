//! What happened last, in memory: whoever was away for a moment misses only that, and when a thousand come back at once
//! none of it is read or decoded again.
//!
//! Promises: what is here is what the log holds. Whoever reads it has waited until what was acknowledged before they asked is
//! in here, deletions above all.
//!
//! Neighbours: `run` fills it and adds each commit; `backfill` takes from it what it would read from the log.

use std::collections::{HashMap, VecDeque};
use std::sync::Arc;

use chat::{Body, EventKind, LoggedEvent, Seq};
use eventlog::{Log, Reader};

use super::Shared;
use super::backfill::{LastEdits, PAGE_EVENTS, Stretch};
use crate::codec;
use crate::fold::FoldError;
use crate::published::{Announcement, Erased, memory_bytes};

/// Events that are kept; who has missed more reads the log. Five minutes of a rush hour with 30 events a second.
const RECENT_EVENTS_MAX: usize = 10_000;

/// Bytes of them, about.
const RECENT_BYTES_MAX: usize = 16 * 1024 * 1024;

/// The newest events, without a gap.
pub(super) struct RecentEvents {
    /// Every event after this one, up to `last`, is here.
    after: Seq,
    last: Seq,
    runs: VecDeque<Run>,
    events_count: usize,
    bytes: usize,
}

/// Events that came together, and go together; at least one.
struct Run {
    events: Vec<Arc<LoggedEvent>>,
    bytes: usize,
}

impl RecentEvents {
    /// Nothing yet; what is added goes on after `head`.
    pub(super) fn new(head: Seq) -> RecentEvents {
        RecentEvents { after: head, last: head, runs: VecDeque::new(), events_count: 0, bytes: 0 }
    }

    /// Adds a commit, and erases what it erased. Of one that was found in the log nobody knows what that is: then what is
    /// older has to go.
    pub(super) fn add(&mut self, announcement: &Announcement) {
        let head = announcement.workspace.head;
        let Some(erased) = &announcement.extent.erased else {
            return *self = RecentEvents::new(head);
        };
        let news = announcement.events.iter().filter(|logged| logged.seq > self.last);
        let events: Vec<_> = news.cloned().map(Arc::new).collect();
        if !events.is_empty() {
            self.events_count += events.len();
            self.bytes += announcement.extent.bytes;
            self.runs.push_back(Run { events, bytes: announcement.extent.bytes });
        }
        self.last = self.last.max(head);
        erased.iter().for_each(|erased| self.erase(*erased));
        self.trim();
    }

    /// Puts what is directly before all that is here, from after `after` on; false, and nothing happens, when there is no
    /// room for it.
    fn put_before(&mut self, after: Seq, run: Run) -> bool {
        let (events_count, bytes) = (self.events_count + run.events.len(), self.bytes + run.bytes);
        if events_count > RECENT_EVENTS_MAX || bytes > RECENT_BYTES_MAX {
            return false;
        }
        (self.events_count, self.bytes, self.after) = (events_count, bytes, after);
        // Seqs may have gaps.
        if !run.events.is_empty() {
            self.runs.push_front(run);
        }
        true
    }

    fn trim(&mut self) {
        while self.events_count > RECENT_EVENTS_MAX || self.bytes > RECENT_BYTES_MAX {
            let Some(oldest) = self.runs.pop_front() else { return };
            self.events_count -= oldest.events.len();
            self.bytes -= oldest.bytes;
            self.after = oldest.events.last().map_or(self.after, |last| last.seq);
        }
    }

    fn erase(&mut self, Erased { seq, by }: Erased) {
        let Some((run, place)) = self.place(seq) else { return };
        let event = &mut self.runs[run].events[place];
        if matches!(event.body, Body::Present(_)) {
            *event = Arc::new(erased(event, by));
        }
    }

    fn place(&self, seq: Seq) -> Option<(usize, usize)> {
        let run = self.run_with_first_after(Seq(seq.get().checked_sub(1)?));
        let events = &self.runs.get(run)?.events;
        let place = events.binary_search_by_key(&seq, |logged| logged.seq).ok()?;
        Some((run, place))
    }

    /// The run in which the first event after `after` is.
    fn run_with_first_after(&self, after: Seq) -> usize {
        self.runs.partition_point(|run| run.events.last().is_none_or(|last| last.seq <= after))
    }

    /// Whether all events after `after` up to `up_to` are here.
    fn has(&self, after: Seq, up_to: Seq) -> bool {
        self.after <= after && up_to <= self.last
    }

    fn between(&self, after: Seq, up_to: Seq) -> impl Iterator<Item = &Arc<LoggedEvent>> {
        let runs = self.runs.range(self.run_with_first_after(after)..);
        let events = runs.flat_map(|run| &run.events).skip_while(move |it| it.seq <= after);
        events.take_while(move |it| it.seq <= up_to)
    }

    /// Whether it is known here which event has this seq, if any has.
    pub(super) fn covers(&self, seq: Seq) -> bool {
        self.after < seq && seq <= self.last
    }

    pub(super) fn find(&self, seq: Seq) -> Option<Arc<LoggedEvent>> {
        let (run, place) = self.place(seq)?;
        Some(Arc::clone(&self.runs[run].events[place]))
    }

    /// Of each message that was edited there, the last edit; `None` when only the log knows.
    pub(super) fn last_edits(&self, after: Seq, up_to: Seq) -> Option<LastEdits> {
        let edits = self.between(after, up_to).filter(|it| it.kind == EventKind::MessageEdited);
        let edits = edits.filter_map(|edit| Some((edit.target?, edit.seq)));
        self.has(after, up_to).then(|| edits.collect())
    }

    /// A page of events, and the last edits of those that begin messages; `None` when only the log knows.
    pub(super) fn page(&self, after: Seq, up_to: Seq, last_edits: &LastEdits) -> Option<Stretch> {
        if !self.has(after, up_to) {
            return None;
        }
        let events: Vec<_> = self.between(after, up_to).take(PAGE_EVENTS).cloned().collect();
        let mut texts_now = HashMap::new();
        if !last_edits.is_empty() {
            let begun = events.iter().filter(|logged| logged.kind.begins_message());
            for (message, edit) in begun.filter_map(|it| last_edits.get_key_value(&it.seq)) {
                let edit = self.find(*edit);
                // Of a deleted message it is erased, as its first text is.
                if let Some(edit) = edit.filter(|edit| edit.event().is_some()) {
                    texts_now.insert(*message, edit);
                }
            }
        }
        Some(Stretch { events, texts_now })
    }

    /// How much of the log before `before` is to be read next.
    fn wanted_before(&self) -> Option<(Seq, Seq)> {
        let pages = self.after.get().saturating_sub(PAGE_EVENTS as u64);
        (self.after > Seq::ZERO).then_some((Seq(pages), self.after))
    }
}

impl Shared {
    /// Waits until a commit that was published is in here, or the hub has ended: a moment.
    pub(super) async fn hear_of(&self, head: Seq) {
        let mut heard = self.heard.subscribe();
        // The sender is ours.
        let _: Result<_, _> = heard.wait_for(|heard| *heard >= head).await;
    }

    /// Reads what happened before the server started, page by page from the newest, as far as there is room. Where the log
    /// cannot be read, what is kept begins behind that place.
    pub(super) async fn fill_recent(&self) {
        loop {
            let wanted = self.recent().wanted_before();
            let Some((after, up_to)) = wanted else { return };
            let Ok(run) = read(&self.log, after, up_to).await else { return };
            if !self.recent().put_before(after, run) {
                return;
            }
        }
    }
}

async fn read(log: &Log, after: Seq, up_to: Seq) -> Result<Run, FoldError> {
    let range = move |reader: &mut Reader| reader.range(after.get(), up_to.get(), PAGE_EVENTS);
    let records = log.read(range).await?;
    let events = records.iter().map(|record| Ok(Arc::new(codec::decode(record)?)));
    Ok(Run { events: events.collect::<Result<_, FoldError>>()?, bytes: memory_bytes(&records) })
}

/// What is left of an event.
fn erased(event: &LoggedEvent, by: Seq) -> LoggedEvent {
    let LoggedEvent { seq, ts, kind, actor, channel, target, client_msg_id, body: _ } = event;
    LoggedEvent {
        seq: *seq,
        ts: *ts,
        kind: *kind,
        actor: *actor,
        channel: *channel,
        target: *target,
        client_msg_id: client_msg_id.clone(),
        body: Body::Redacted { by },
    }
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use chat::settings::EditHistoryVisibility;
    use chat::testing::{Batch, History, Story};
    use chat::{UserId, Workspace};
    use proptest::prelude::{ProptestConfig, any, proptest};
    use tempfile::TempDir;

    use super::super::backfill::{Gap, next_page};
    use super::super::notify::keywords_of;
    use super::super::{Cursor, Hub};
    use super::*;
    use crate::clock::Clock;
    use crate::published::{ActivePeople, Extent, PublishedWorkspace};
    use crate::waiting_signals::WaitingSignals;

    /// What a batch of a story is on disk.
    fn commit(batch: &Batch) -> eventlog::Batch {
        let first = batch.events.first().expect("something happened");
        let erased = batch.redacted.iter();
        let erased = erased.map(|seq| codec::redaction(*seq, first.seq, first.kind));
        codec::batch(&batch.events, erased.collect())
    }

    fn hub(log: &Log, published: PublishedWorkspace) -> Hub {
        let clock = Clock::manual(published.now().last_ts);
        let (signals, active) = (WaitingSignals::default(), ActivePeople::default());
        Hub::new(log.clone(), published, clock, signals, active)
    }

    /// A hub that starts in the middle of a history and hears of the rest, and one that starts at its end and has all of it
    /// to read.
    async fn hubs(
        history: &History,
        begin: usize,
        hidden: EditHistoryVisibility,
        file: &Path,
    ) -> [Hub; 2] {
        let log = Log::open(file, 0).unwrap();
        let batches = history.steps.iter().filter_map(|step| step.outcome.as_ref().ok());
        let batches: Vec<_> = batches.filter(|batch| !batch.events.is_empty()).collect();
        let (before, after) = batches.split_at(begin.min(batches.len()));
        let mut workspace = Workspace::default();
        for batch in before {
            log.append(commit(batch)).await.unwrap();
            batch.events.iter().for_each(|logged| workspace.apply(logged));
        }
        let (publish, published) = PublishedWorkspace::new(workspace.clone());
        let listening = hub(&log, published);
        listening.shared.fill_recent().await;
        let mut keywords = keywords_of(&workspace);
        for batch in after {
            let commit = commit(batch);
            let extent = Extent::of(&commit);
            log.append(commit).await.unwrap();
            batch.events.iter().for_each(|logged| workspace.apply(logged));
            let published = Arc::new(workspace.clone());
            publish.send_replace(Arc::clone(&published));
            let events = batch.events.clone().into();
            let announcement = Announcement { workspace: published, events, extent };
            listening.shared.announce(&[announcement], &mut keywords);
        }
        workspace.settings.edit_history = hidden;
        publish.send_replace(Arc::new(workspace.clone()));
        let (_, published) = PublishedWorkspace::new(workspace);
        [listening, hub(&log, published)]
    }

    /// Everything that `user` is told who has come as far as `after`; `None` when that is no place of this history.
    async fn told(hub: &Hub, user: UserId, after: Cursor) -> Option<Vec<u8>> {
        let up_to = hub.shared.published.now().head;
        let (mut told, mut gap) = (Vec::new(), Gap { after, up_to, last_edits: None });
        loop {
            let page = next_page(&hub.shared, user, gap).await.unwrap()?;
            told.extend_from_slice(&page.bytes);
            gap = page.rest;
            if gap.after.seq >= gap.up_to {
                return Some(told);
            }
        }
    }

    proptest! {
        #![proptest_config(ProptestConfig { cases: 12, failure_persistence: None, ..ProptestConfig::default() })]

        #[test]
        fn what_is_told_out_of_memory_is_what_the_log_would_have_told_and_nothing_is_read(
            seed in any::<u64>(), begin in 0..300_usize, hides in 0..4_usize,
        ) {
            let history = History::random(seed, 300);
            let hides = [
                EditHistoryVisibility::Everyone,
                EditHistoryVisibility::Sender,
                EditHistoryVisibility::Administrators,
                EditHistoryVisibility::Nobody,
            ][hides];
            let dir = TempDir::new().unwrap();
            let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
            runtime.block_on(async {
                let [listening, reading] = hubs(&history, begin, hides, &dir.path().join("log.db")).await;
                let log = &listening.shared.log;
                let Story { workspace, log: records, .. } = &history.story;
                let mut places = Vec::new();
                for logged in records.iter().step_by(9) {
                    let cursor = Cursor::behind(log.epoch(), logged);
                    places.push(cursor);
                    places.push(Cursor { sum: cursor.sum.map(|sum| sum ^ 1), ..cursor });
                }
                places.push(Cursor { epoch: log.epoch(), seq: Seq::ZERO, sum: None });
                let mut expected = Vec::new();
                for user in workspace.users.keys() {
                    for place in &places {
                        expected.push(told(&reading, *user, *place).await);
                    }
                }
                assert!(expected.iter().any(Option::is_none), "another history is noticed");
                assert!(expected.iter().flatten().any(|told| told.len() > 1_000));
                // From now on nothing can be read.
                log.close().await.unwrap();
                let mut expected = expected.into_iter();
                for user in workspace.users.keys() {
                    for place in &places {
                        let told = told(&listening, *user, *place).await;
                        assert_eq!(Some(told), expected.next(), "{user:?} after {place:?}");
                    }
                }
            });
        }
    }

    /// A commit of one message of this many bytes.
    fn announced(seq: u64, bytes: usize) -> Announcement {
        let mut story = Story::new();
        story.create_channel("general");
        let alice = story.sign_up("alice");
        story.post(alice, "general", "hi");
        let posted = story.log.last().expect("it was posted").clone();
        let posted = LoggedEvent { seq: Seq(seq), ..posted };
        let mut workspace = story.workspace;
        workspace.head = Seq(seq);
        let extent = Extent { erased: Some(Arc::default()), bytes };
        Announcement { workspace: Arc::new(workspace), events: [posted].into(), extent }
    }

    #[test]
    fn of_what_happened_ten_thousand_events_and_sixteen_megabytes_are_kept() {
        for (bytes, kept) in [(100, 10_000), (1024 * 1024, 16)] {
            let mut recent = RecentEvents::new(Seq(7));
            let one = announced(8, bytes);
            for seq in 8..=20_007 {
                let mut workspace = Workspace::clone(&one.workspace);
                workspace.head = Seq(seq);
                let events = [LoggedEvent { seq: Seq(seq), ..one.events[0].clone() }].into();
                let workspace = Arc::new(workspace);
                recent.add(&Announcement { workspace, events, ..one.clone() });
            }
            assert_eq!(recent.events_count, kept);
            let oldest = Seq(20_007 - kept as u64);
            let none = LastEdits::new();
            assert!(recent.page(oldest, Seq(20_007), &none).is_some());
            assert!(recent.page(Seq(oldest.get() - 1), Seq(20_007), &none).is_none());
            assert!(recent.page(oldest, Seq(20_008), &none).is_none(), "it is not told yet");
            let page = recent.page(Seq(20_000), Seq(20_003), &none).unwrap();
            assert_eq!(
                page.events.iter().map(|it| it.seq.get()).collect::<Vec<_>>(),
                [20_001, 20_002, 20_003]
            );
        }
    }

    #[test]
    fn where_it_is_not_known_what_was_erased_nothing_older_is_kept() {
        let mut recent = RecentEvents::new(Seq(7));
        recent.add(&announced(8, 100));
        assert!(recent.covers(Seq(8)) && recent.find(Seq(8)).is_some());
        let extent = Extent { erased: None, bytes: 100 };
        recent.add(&Announcement { extent, ..announced(9, 100) });
        assert!(!recent.covers(Seq(9)) && recent.find(Seq(8)).or(recent.find(Seq(9))).is_none());
        recent.add(&announced(12, 100));
        assert!(recent.covers(Seq(12)) && recent.find(Seq(12)).is_some());
        assert!(recent.covers(Seq(11)) && recent.find(Seq(11)).is_none(), "there is no such event");
        assert!(!recent.covers(Seq(13)));
    }
}
