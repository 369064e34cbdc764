//! Messages as they are now, made of their events in the log.
//!
//! Serves older pages, joins, `after=<ts>`, the facts that `decide` needs and reads on a full disk. A property test says
//! that a mailbox page equals it.
//!
//! Each fold reads one state of the log, so that an erasure meanwhile cannot show half of an edit. What it holds in
//! memory is bounded by the messages it answers, not by what happened to them.
//!
//! With a reader that reads on, a damaged record costs what it said and no more: a message without a text, an edit
//! whose text is not known, and never an older text in its place. With any other reader the fold fails.
//!
//! Neighbours: `chat/message.rs` says what each event does to a message; `codec.rs` reads the events.

mod changed;

use chat::event::Body as Said;
use chat::thread::followers_then;
use chat::{ChannelId, Event, EventKind, LoggedEvent, Message, Seq, Workspace};
use eventlog::{Body, Reader, ReadsOn, Record, Wanted};
use tracing::error;

use crate::codec::{self, DecodeError};

pub use changed::messages_changed;

/// Why a fold failed.
#[derive(Debug, thiserror::Error)]
pub enum FoldError {
    #[error(transparent)]
    Log(#[from] eventlog::Error),
    #[error(transparent)]
    Decode(#[from] DecodeError),
}

impl FoldError {
    /// Whether the log itself is broken.
    pub fn is_log_damage(&self) -> bool {
        matches!(self, FoldError::Log(error) if error.is_damage())
    }

    /// Whether it was one record that could not be read.
    pub fn is_of_one_record(&self) -> bool {
        matches!(self, FoldError::Log(eventlog::Error::Corrupt { .. }) | FoldError::Decode(_))
    }

    /// Whether the machine would not let us read.
    pub fn is_refused_by_machine(&self) -> bool {
        matches!(self, FoldError::Log(error) if error.is_refused_by_machine())
    }
}

/// Which messages of a channel, by id; both ends exclusive.
#[derive(Clone, Copy, Debug)]
pub enum FoldRange {
    /// The newest `limit` with `after < id < before`.
    Newest { after: Seq, before: Seq, limit: usize },
    /// The oldest `limit` with `after < id < before`.
    Oldest { after: Seq, before: Seq, limit: usize },
}

/// Messages of a channel's timeline as they were after `up_to`, oldest first, tombstones included.
///
/// A text that was erased since is not there, whatever `up_to` says.
pub fn message_fold(
    reader: &mut Reader,
    channel: ChannelId,
    range: FoldRange,
    up_to: Seq,
) -> Result<Vec<Message>, FoldError> {
    channel_fold(reader, channel, EventKind::MessagePosted, range, up_to)
}

/// As [`message_fold`], of the replies that stand only in the channel's threads.
pub fn beside_fold(
    reader: &mut Reader,
    channel: ChannelId,
    range: FoldRange,
    up_to: Seq,
) -> Result<Vec<Message>, FoldError> {
    channel_fold(reader, channel, EventKind::ThreadReplied, range, up_to)
}

fn channel_fold(
    reader: &mut Reader,
    channel: ChannelId,
    kind: EventKind,
    range: FoldRange,
    up_to: Seq,
) -> Result<Vec<Message>, FoldError> {
    let (id, kind) = (channel.0.get(), kind.code());
    reader.snapshot(|reader| {
        let records = match range.up_to(up_to) {
            FoldRange::Newest { after, before, limit } => {
                reader.channel_newest(id, kind, after.get(), before.get(), limit)?
            }
            FoldRange::Oldest { after, before, limit } => {
                reader.channel_oldest(id, kind, after.get(), before.get(), limit)?
            }
        };
        fold(reader, &records, up_to)
    })
}

/// Replies in a thread as they were after `up_to`, oldest first, tombstones included.
pub fn thread_fold(
    reader: &mut Reader,
    root: Seq,
    range: FoldRange,
    up_to: Seq,
) -> Result<Vec<Message>, FoldError> {
    reader.snapshot(|reader| {
        let mut records = Vec::new();
        for kind in [EventKind::MessagePosted, EventKind::ThreadReplied] {
            let (root, kind) = (root.get(), kind.code());
            records.extend(match range.up_to(up_to) {
                FoldRange::Newest { after, before, limit } => {
                    reader.target_newest(root, kind, after.get(), before.get(), limit)?
                }
                FoldRange::Oldest { after, before, limit } => {
                    reader.target_oldest(root, kind, after.get(), before.get(), limit)?
                }
            });
        }
        records.sort_unstable_by_key(|record| record.seq);
        match range {
            FoldRange::Newest { limit, .. } => {
                drop(records.drain(..records.len().saturating_sub(limit)));
            }
            FoldRange::Oldest { limit, .. } => records.truncate(limit),
        }
        fold(reader, &records, up_to)
    })
}

impl FoldRange {
    /// Nothing after `last`.
    fn up_to(self, last: Seq) -> FoldRange {
        let end = Seq(last.get().saturating_add(1));
        match self {
            FoldRange::Newest { after, before, limit } => {
                FoldRange::Newest { after, before: before.min(end), limit }
            }
            FoldRange::Oldest { after, before, limit } => {
                FoldRange::Oldest { after, before: before.min(end), limit }
            }
        }
    }
}

/// These messages as they were after `up_to`, oldest first; ids that name no message are left out.
pub fn messages_by_id(
    reader: &mut Reader,
    ids: &[Seq],
    up_to: Seq,
) -> Result<Vec<Message>, FoldError> {
    let ids: Vec<_> = ids.iter().filter(|id| **id <= up_to).map(|id| id.get()).collect();
    reader.snapshot(|reader| {
        let mut records = reader.by_seqs(&ids)?;
        records.retain(|record| {
            EventKind::from_code(record.kind).is_some_and(EventKind::begins_message)
        });
        fold(reader, &records, up_to)
    })
}

/// Names the followers of a thread with a reply in it, where they were too many to be kept with it; the workspace is as it
/// is now.
pub fn add_followers(
    reader: &mut Reader,
    logged: &mut LoggedEvent,
    workspace: &Workspace,
) -> Result<(), FoldError> {
    let said = logged.seq;
    if let Said::Present(Event::ThreadReplied(posting) | Event::MessagePosted(posting)) =
        &mut logged.body
        && let Some(thread) = posting.thread.as_mut().filter(|thread| thread.lacks_followers())
    {
        let roots = messages_by_id(reader, &[thread.root], said)?;
        thread.followers =
            roots.first().map_or_else(Vec::new, |root| followers_then(root, said, workspace));
    }
    Ok(())
}

/// The event of a record. For a reader that reads on, of one that cannot be understood what its envelope says; `None` when
/// that is not enough to go by.
pub fn event(record: &Record, reads_on: &ReadsOn) -> Result<Option<LoggedEvent>, FoldError> {
    match codec::decode(record) {
        Err(fault) if reads_on.is_so() => {
            let seq = record.seq;
            if reads_on.is_first_to_tell(seq) {
                error!(
                    log.seq = seq,
                    "the record at seq {seq} cannot be read, and is shown as such: {fault}"
                );
            }
            Ok(codec::outline(record))
        }
        decoded => Ok(Some(decoded?)),
    }
}

/// Messages out of their `message_posted` records, which rise, and whatever is about them up to `up_to`.
fn fold(reader: &mut Reader, posted: &[Record], up_to: Seq) -> Result<Vec<Message>, FoldError> {
    let reads_on = &reader.reads_on();
    let mut messages = Vec::with_capacity(posted.len());
    for record in posted {
        // Without a channel nobody can be said to read it.
        let begun = event(record, reads_on)?.filter(|logged| logged.channel.is_some());
        messages.extend(begun.as_ref().map(Message::posted));
    }
    let ids: Vec<_> = messages.iter().map(|message| message.id.get()).collect();
    let mut newest_replies: Vec<Newest> = vec![Newest::default(); ids.len()];
    reader.visit_targets(&ids, up_to.get(), wanted, |record| -> Result<(), FoldError> {
        // An index that is damaged itself may lead to another's.
        let place = record.target.and_then(|target| ids.binary_search(&target).ok());
        let Some(place) = place else { return Ok(()) };
        let kind = EventKind::from_code(record.kind);
        if kind.is_some_and(EventKind::begins_message) {
            newest_replies[place].take(record);
            return Ok(());
        }
        let logged = event(&record, reads_on)?;
        if kind == Some(EventKind::ThreadChanged) {
            match logged.as_ref().map(|logged| &logged.body) {
                Some(Said::Present(_)) => newest_replies[place] = Newest::default(),
                Some(Said::Damaged) => {
                    // Applied after the reply before it, whose number is not the newest.
                    newest_replies[place].damaged = Some(record);
                    return Ok(());
                }
                Some(Said::Redacted { .. }) | None => {}
            }
        }
        if let Some(logged) = logged {
            messages[place].apply(&logged);
        }
        Ok(())
    })?;
    for (message, Newest { whole, damaged }) in messages.iter_mut().zip(newest_replies) {
        for reply in whole.iter().chain(&damaged) {
            if let Some(logged) = event(reply, reads_on)? {
                message.apply(&logged);
            }
        }
    }
    Ok(messages)
}

/// What of a kind a message is made of.
fn wanted(kind: u16) -> Wanted {
    match EventKind::from_code(kind) {
        // Of the replies in a thread the newest says what the thread comes to, and there may be thousands.
        Some(kind) if kind.begins_message() => Wanted::Newest,
        // Each edit says all of the text anew, and thousands of long ones may have gone before it. That it was erased, or
        // cannot be read, is told by the last as well.
        Some(EventKind::MessageEdited) => Wanted::Last,
        Some(_) | None => Wanted::All,
    }
}

/// The newest reply of a thread.
#[derive(Clone, Default)]
struct Newest {
    whole: Option<Record>,
    /// Newer than that.
    damaged: Option<Record>,
}

impl Newest {
    /// Takes the next reply.
    fn take(&mut self, record: Record) {
        match &record.body {
            Body::Present(_) => *self = Newest { whole: Some(record), damaged: None },
            Body::Damaged => self.damaged = Some(record),
            // An erased one says nothing.
            Body::Redacted { .. } => {}
        }
    }
}

#[cfg(test)]
mod tests {
    use std::collections::{BTreeMap, BTreeSet};
    use std::path::PathBuf;

    use chat::LoggedEvent;
    use chat::testing::{Batch, History};
    use eventlog::Log;
    use proptest::prelude::{ProptestConfig, any, proptest};
    use tempfile::TempDir;

    use super::*;

    /// A history as it stands on disk.
    pub(super) struct Told {
        pub(super) history: History,
        pub(super) log: Log,
        pub(super) file: PathBuf,
        /// Before the directory goes the log must.
        _directory: TempDir,
    }

    impl Told {
        pub(super) fn random(seed: u64, steps: usize) -> Told {
            let history = History::random(seed, steps);
            let directory = TempDir::new().unwrap();
            let file = directory.path().join("log.db");
            let log = Log::open(&file, 0).unwrap();
            let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
            // Some batches wait together, as a busy server's do.
            for steps in history.steps.chunks(7) {
                let batches = steps.iter().filter_map(|step| step.outcome.as_ref().ok());
                let (mut together, mut redactions) = (Vec::new(), Vec::new());
                for Batch { events, redacted } in batches {
                    let Some(first) = events.first() else { continue };
                    let erased = redacted.iter();
                    redactions
                        .extend(erased.map(|it| codec::redaction(*it, first.seq, first.kind)));
                    together.extend(events.iter().cloned());
                }
                runtime.block_on(log.append(codec::batch(&together, redactions))).unwrap();
            }
            Told { history, log, file, _directory: directory }
        }

        /// The log up to a point, as it is read back now.
        fn records(&self, up_to: Seq) -> impl Iterator<Item = &LoggedEvent> {
            self.history.story.log.iter().filter(move |record| record.seq <= up_to)
        }

        /// All messages as they were after `up_to`, followed event by event.
        pub(super) fn followed(&self, up_to: Seq) -> BTreeMap<Seq, Message> {
            let mut messages = BTreeMap::new();
            for record in self.records(up_to) {
                if record.kind.begins_message() {
                    messages.insert(record.seq, Message::posted(record));
                }
                if let Some(message) = record.target.and_then(|id| messages.get_mut(&id)) {
                    message.apply(record);
                }
            }
            messages
        }

        fn followed_in(&self, channel: ChannelId, up_to: Seq) -> Vec<Message> {
            let messages = self.followed(up_to).into_values();
            messages.filter(|message| message.channel == channel && message.in_timeline).collect()
        }

        pub(super) fn channels(&self) -> Vec<ChannelId> {
            self.history.story.workspace.channels.keys().copied().collect()
        }

        pub(super) fn head(&self) -> Seq {
            self.history.story.workspace.head
        }
    }

    proptest! {
        #![proptest_config(ProptestConfig { cases: 24, failure_persistence: None, ..ProptestConfig::default() })]

        #[test]
        fn a_fold_comes_to_what_was_followed_live(seed in any::<u64>(), steps in 0..300_usize) {
            let told = Told::random(seed, steps);
            let mut reader = told.log.reader().unwrap();
            let everything = FoldRange::Oldest { after: Seq::ZERO, before: Seq(u64::MAX), limit: usize::MAX };
            let mut folded = BTreeMap::new();
            for channel in told.channels() {
                for fold in [message_fold, beside_fold] {
                    let messages = fold(&mut reader, channel, everything, Seq(u64::MAX)).unwrap();
                    folded.extend(messages.into_iter().map(|message| (message.id, message)));
                }
            }
            assert_eq!(folded, told.history.story.messages);
        }

        #[test]
        fn a_page_is_what_stood_there_at_that_moment(
            seed in any::<u64>(), moment in any::<u16>(), start in any::<u16>(), limit in 0..30_usize,
        ) {
            let told = Told::random(seed, 200);
            let mut reader = told.log.reader().unwrap();
            let (up_to, after) = (part_of(told.head(), moment), part_of(told.head(), start));
            for channel in told.channels() {
                let all = told.followed_in(channel, up_to);
                let inside = |m: &&Message| m.id > after;
                let range = FoldRange::Oldest { after, before: Seq(u64::MAX), limit };
                let page = message_fold(&mut reader, channel, range, up_to).unwrap();
                assert_eq!(page, all.iter().filter(inside).take(limit).cloned().collect::<Vec<_>>());

                let before: Vec<_> = all.iter().filter(|m| m.id < after).cloned().collect();
                let range = FoldRange::Newest { after: Seq::ZERO, before: after, limit };
                let page = message_fold(&mut reader, channel, range, up_to).unwrap();
                assert_eq!(page, before[before.len().saturating_sub(limit)..]);
            }
        }

        #[test]
        fn a_page_of_a_thread_is_what_stood_there_at_that_moment(
            seed in any::<u64>(), moment in any::<u16>(), start in any::<u16>(), limit in 0..9_usize,
        ) {
            let told = Told::random(seed, 250);
            let mut reader = told.log.reader().unwrap();
            let (up_to, middle) = (part_of(told.head(), moment), part_of(told.head(), start));
            let all = told.followed(up_to);
            let roots = all.values().filter_map(|message| message.thread_root);
            for root in roots.collect::<BTreeSet<_>>() {
                let replies: Vec<_> =
                    all.values().filter(|message| message.thread_root == Some(root)).collect();
                let range = FoldRange::Oldest { after: middle, before: Seq(u64::MAX), limit };
                let page = thread_fold(&mut reader, root, range, up_to).unwrap();
                let newer = replies.iter().copied().filter(|m| m.id > middle);
                assert_eq!(page, newer.take(limit).cloned().collect::<Vec<_>>());

                let older: Vec<_> = replies.iter().copied().filter(|m| m.id < middle).cloned().collect();
                let range = FoldRange::Newest { after: Seq::ZERO, before: middle, limit };
                let page = thread_fold(&mut reader, root, range, up_to).unwrap();
                assert_eq!(page, older[older.len().saturating_sub(limit)..]);
            }
        }

        #[test]
        fn any_ids_give_the_messages_among_them(seed in any::<u64>(), moment in any::<u16>()) {
            let told = Told::random(seed, 200);
            let mut reader = told.log.reader().unwrap();
            let up_to = part_of(told.head(), moment);
            let ids: Vec<_> = (0..told.head().get() + 5).rev().map(Seq).collect();
            let messages = messages_by_id(&mut reader, &ids, up_to).unwrap();
            assert_eq!(messages, told.followed(up_to).into_values().collect::<Vec<_>>());
        }
    }

    /// A seq somewhere in the log.
    pub(super) fn part_of(head: Seq, share: u16) -> Seq {
        Seq(head.get() * u64::from(share) / u64::from(u16::MAX))
    }
}
