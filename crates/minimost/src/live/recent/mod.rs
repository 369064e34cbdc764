//! What happened last, in memory: whoever was away for a moment misses only that, and when a thousand come back at once
//! none of it is read or decoded again.
//!
//! What only its actor is told is kept apart (`own`): it takes no room from what others are told (`runs`), and is no part of
//! what they have missed.
//!
//! Promises: what is here is what the log holds. Whoever reads it has waited until what was acknowledged before they asked is
//! in here, deletions above all.
//!
//! Neighbours: `run` fills it and adds each commit; `backfill` takes from it what it would read from the log.

mod own;
mod runs;

use std::collections::HashMap;
use std::sync::Arc;

use chat::audience::is_told_to_others;
use chat::{Body, Event, EventKind, LoggedEvent, Seq, UserId};
use eventlog::{Log, Reader};

use self::own::OwnEvents;
use self::runs::{Run, Runs};
use super::Shared;
use super::backfill::{LastEdits, PAGE_EVENTS, Stretch};
use crate::codec;
use crate::fold::FoldError;
use crate::published::{Announcement, Erased, memory_bytes};

/// Pages that are read when the server starts, so that a restart is a short loss of the network: a tenth of a second.
const PAGES_FILLED_MAX: usize = 40;

/// The newest events, without a gap.
pub(super) struct RecentEvents {
    /// Every event after this one, up to `last`, is here.
    after: Seq,
    last: Seq,
    told: Runs,
    own: OwnEvents,
}

/// Events with about how many bytes of memory each takes.
type Weighed = Vec<(Arc<LoggedEvent>, usize)>;

impl RecentEvents {
    /// Nothing yet; what is added goes on after `head`.
    pub(super) fn new(head: Seq) -> RecentEvents {
        let (told, own) = (Runs::default(), OwnEvents::default());
        RecentEvents { after: head, last: head, told, own }
    }

    /// Adds a commit, and erases what it erased. Of one that was found in the log nobody knows what that is: then what is
    /// older has to go.
    pub(super) fn add(&mut self, announcement: &Announcement) {
        let head = announcement.workspace.head;
        let Some(erased) = &announcement.extent.erased else {
            return *self = RecentEvents::new(head);
        };
        let mut run = Run::default();
        let sizes = announcement.extent.sizes.iter();
        for (logged, bytes) in announcement.events.iter().zip(sizes) {
            if logged.seq <= self.last {
                continue;
            }
            let event = Arc::new(as_logged(logged));
            if is_told_to_others(logged.kind) {
                run.add(event, *bytes);
            } else {
                self.own.push(event, *bytes);
            }
        }
        self.told.push(run);
        self.last = self.last.max(head);
        erased.iter().for_each(|erased| self.erase(*erased));
        let gone = self.told.trim().max(self.own.trim());
        self.after = self.after.max(gone.unwrap_or_default());
    }

    /// Puts what is directly before all that is here, from after `after` on; false, and nothing happens, when there is no
    /// room for it.
    fn put_before(&mut self, after: Seq, events: Weighed) -> bool {
        let (mut run, mut own) = (Run::default(), Vec::new());
        for (event, bytes) in events {
            if is_told_to_others(event.kind) {
                run.add(event, bytes);
            } else {
                own.push((event, bytes));
            }
        }
        let own_bytes = own.iter().map(|(_, bytes)| bytes).sum();
        if !self.told.has_room_for(&run) || !self.own.has_room_for(own.len(), own_bytes) {
            return false;
        }
        self.told.push_before(run);
        for (event, bytes) in own.into_iter().rev() {
            self.own.push_before(event, bytes);
        }
        self.after = after;
        true
    }

    fn erase(&mut self, Erased { seq, by }: Erased) {
        let event = match self.told.find_mut(seq) {
            Some(event) => Some(event),
            None => self.own.find_mut(seq),
        };
        if let Some(event) = event
            && matches!(event.body, Body::Present(_))
        {
            *event = Arc::new(erased(event, by));
        }
    }

    /// Whether all events after `after` up to `up_to` are here, but for what others did for themselves.
    fn has(&self, after: Seq, up_to: Seq) -> bool {
        self.after <= after && up_to <= self.last
    }

    fn told_between(&self, after: Seq, up_to: Seq) -> impl Iterator<Item = &Arc<LoggedEvent>> {
        self.told.after(after).take_while(move |it| it.seq <= up_to)
    }

    /// Whether it is known here which event has this seq, if any has.
    pub(super) fn covers(&self, seq: Seq) -> bool {
        self.after.max(self.own.bare_up_to()) < seq && seq <= self.last
    }

    pub(super) fn find(&self, seq: Seq) -> Option<Arc<LoggedEvent>> {
        self.told.find(seq).or_else(|| self.own.find(seq)).cloned()
    }

    /// How many events after `after` up to `up_to` there are, at most, without those that others did for themselves, as far
    /// as that can be told without the log: where it has to be read for what this person did, all that is read counts.
    pub(super) fn count(&self, user: UserId, after: Seq, up_to: Seq) -> u64 {
        let known = after.max(self.after).max(self.own.bare_up_to_of(user));
        let unknown = known.get().min(up_to.get()).saturating_sub(after.get());
        let told = self.told_between(known, up_to).count();
        unknown + (told + self.own.count(user, known, up_to)) as u64
    }

    /// Of each message that was edited there, the last edit; `None` when only the log knows.
    pub(super) fn last_edits(&self, after: Seq, up_to: Seq) -> Option<LastEdits> {
        let told = self.told_between(after, up_to);
        let edits = told.filter(|it| it.kind == EventKind::MessageEdited);
        let edits = edits.filter_map(|edit| Some((edit.target?, edit.seq)));
        self.has(after, up_to).then(|| edits.collect())
    }

    /// A page of events without those that others did for themselves, and the last edits of those that begin messages;
    /// `None` when only the log knows.
    pub(super) fn page(
        &self,
        user: UserId,
        after: Seq,
        up_to: Seq,
        last_edits: &LastEdits,
    ) -> Option<Stretch> {
        if !self.has(after, up_to) || !self.own.has(user, after) {
            return None;
        }
        let own = self.own.after(user, after).take_while(|it| it.seq <= up_to);
        let told = self.told_between(after, up_to).take(PAGE_EVENTS);
        let mut events: Vec<_> = told.chain(own.take(PAGE_EVENTS)).cloned().collect();
        events.sort_unstable_by_key(|it| it.seq);
        events.truncate(PAGE_EVENTS);
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
        Some(Stretch { events, last: self.find(up_to), texts_now })
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

    /// Reads what happened before the server started. Whoever comes back meanwhile waits for it.
    pub(super) async fn fill_recent(&self) {
        for _ in 0..PAGES_FILLED_MAX {
            if !self.fill_page().await {
                break;
            }
        }
        let filled = self.recent().last;
        self.heard.send_modify(|heard| *heard = filled.max(*heard));
    }

    /// Reads a page of what is directly before all that is kept; false when there is none, or no room for it. Where the
    /// log cannot be read, what is kept begins behind that place.
    async fn fill_page(&self) -> bool {
        let wanted = self.recent().wanted_before();
        let Some((after, up_to)) = wanted else { return false };
        let Ok(events) = read(&self.log, after, up_to).await else { return false };
        self.recent().put_before(after, events)
    }
}

async fn read(log: &Log, after: Seq, up_to: Seq) -> Result<Weighed, FoldError> {
    let range = move |reader: &mut Reader| reader.range(after.get(), up_to.get(), PAGE_EVENTS);
    let records = log.read(range).await?;
    let events = records.iter().map(|record| {
        let bytes = memory_bytes(record);
        Ok((Arc::new(codec::decode(record)?), bytes))
    });
    events.collect()
}

/// An event as the log holds it: of a reply it has few followers or none, however many are notified.
fn as_logged(logged: &LoggedEvent) -> LoggedEvent {
    let mut logged = logged.clone();
    if let Body::Present(Event::ThreadReplied(posting) | Event::MessagePosted(posting)) =
        &mut logged.body
        && let Some(thread) = &mut posting.thread
    {
        thread.leave_what_is_kept();
    }
    logged
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

    use chat::Workspace;
    use chat::settings::EditHistoryVisibility;
    use chat::testing::{Batch, History, Story};
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
        let reading = hub(&log, published);
        reading.shared.heard.send_replace(Seq(u64::MAX));
        [listening, reading]
    }

    /// Everything that `user` is told who has come as far as `after`; `None` when that is no place of this history.
    async fn told(hub: &Hub, user: UserId, after: Cursor) -> Option<Vec<u8>> {
        let up_to = hub.shared.published.now().head;
        let (mut told, mut gap) = (Vec::new(), Gap::new(after, up_to));
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
        let extent = Extent { erased: Some(Arc::default()), sizes: [bytes].into() };
        Announcement { workspace: Arc::new(workspace), events: [posted].into(), extent }
    }

    fn page(recent: &RecentEvents, after: Seq, up_to: u64) -> Option<Stretch> {
        recent.page(UserId(Seq(1)), after, Seq(up_to), &LastEdits::new())
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
            assert_eq!(recent.told.after(Seq::ZERO).count(), kept);
            let oldest = Seq(20_007 - kept as u64);
            assert!(page(&recent, oldest, 20_007).is_some());
            assert!(page(&recent, Seq(oldest.get() - 1), 20_007).is_none());
            assert!(page(&recent, oldest, 20_008).is_none(), "it is not told yet");
            let page = page(&recent, Seq(20_000), 20_003).unwrap();
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
        let extent = Extent { erased: None, sizes: [100].into() };
        recent.add(&Announcement { extent, ..announced(9, 100) });
        assert!(!recent.covers(Seq(9)) && recent.find(Seq(8)).or(recent.find(Seq(9))).is_none());
        recent.add(&announced(12, 100));
        assert!(recent.covers(Seq(12)) && recent.find(Seq(12)).is_some());
        assert!(recent.covers(Seq(11)) && recent.find(Seq(11)).is_none(), "there is no such event");
        assert!(!recent.covers(Seq(13)));
    }
}
