//! What files that are made have in common, kept from one to the next: the newest messages of channels as rows, and who
//! is named in messages that name many.
//!
//! Promises: what is answered is what stands in the log at the head of the read transaction in which it is asked, deletions
//! included. What is kept is bounded in bytes, also while it grows with what is heard; what is asked for beyond that is
//! folded anew. The bound does not hold for the channel that was asked for last, which is kept whole, however long its
//! messages are: the file that is being made needs all of it.

use std::collections::{BTreeSet, HashMap, VecDeque};
use std::sync::Arc;

use chat::event::Mentions;
use chat::{ChannelId, LoggedEvent, Message, Seq, UserId, Workspace};
use eventlog::Reader;
use lru::LruCache;
use tokio::time::{Duration, Instant};

use super::super::feed::CHUNK_SEQS;
use super::file::Fault;
use super::rows::Row;
use crate::codec;
use crate::fold::{FoldRange, beside_fold, message_fold, messages_by_id};
use crate::wire::MessageView;

/// Memory for rows that are kept, roughly: those of 70 channels with 1,000 messages of the usual length. A single channel may
/// take more, and then nothing is kept beside it: the largest window, full of the longest messages (5,000 in the timeline and
/// 5,000 in threads, 10,000 letters each), takes 100 MB, four times that where each letter has four bytes.
const BYTES_MAX: usize = 24 * 1024 * 1024;

/// What a kept row takes beside its bytes: its places in a lane and in the allocator.
const KEPT_BYTES: usize = 64;

/// So many messages to which something has happened are folded again; where more have changed, all is.
const REFOLDED_MAX: usize = 2_000;

/// Names that are kept of messages that name many: 16 MiB. What comes when they are full is folded for each file: whoever
/// asks, asks for all of them, so letting go of the oldest would only lose what is asked for next.
const NAMED_MAX: usize = 2 * 1024 * 1024;

/// Messages that are folded at a time.
const FOLDED_AT_ONCE: usize = 500;

/// They are kept so long after the last file that was made.
const HOLDS: Duration = Duration::from_secs(30);

/// What happened in more events than these is not followed: to fold anew is less.
const FOLLOWED_MAX: u64 = 4 * CHUNK_SEQS;

/// A message as a row, and what says where it belongs.
pub(super) struct Kept {
    pub id: Seq,
    pub channel: ChannelId,
    pub sender: UserId,
    pub in_timeline: bool,
    pub row: Row,
}

impl Kept {
    pub fn new(message: &Message, workspace: &Workspace) -> Kept {
        let Message { id, channel, sender, in_timeline, .. } = *message;
        Kept {
            id,
            channel,
            sender,
            in_timeline,
            row: Row::new(&MessageView::new(message, workspace)),
        }
    }

    pub fn bytes(&self) -> usize {
        KEPT_BYTES + self.row.memory_bytes()
    }
}

/// The newest messages of one kind in a channel, by id.
#[derive(Default)]
pub(super) struct Lane(VecDeque<Arc<Kept>>);

/// The newest messages of a channel: of its timeline, and those that stand only in its threads.
#[derive(Default)]
pub(super) struct Window {
    pub timeline: Lane,
    pub beside: Lane,
}

pub(super) struct Windows {
    kept: LruCache<ChannelId, Window>,
    /// Who is named in a message that names many; nobody any more is also an answer.
    named: HashMap<Seq, Arc<[UserId]>>,
    /// How many they are, and one for each message.
    named_count: usize,
    /// As everything is after this event.
    at: Seq,
    bytes: usize,
    used: Instant,
}

impl Lane {
    /// The first message that a window of this size holds; zero when it holds all there are.
    pub fn cutoff(&self, size: usize) -> Seq {
        let oldest = self.0.front().filter(|_| self.0.len() >= size);
        oldest.map_or(Seq::ZERO, |kept| kept.id)
    }

    pub fn newest(&self) -> Option<Seq> {
        self.0.back().map(|kept| kept.id)
    }

    /// Those from an id on.
    pub fn from(&self, first: Seq) -> impl Iterator<Item = &Arc<Kept>> {
        self.0.range(self.0.partition_point(|kept| kept.id < first)..)
    }

    fn new(messages: &[Message], workspace: &Workspace) -> Lane {
        Lane(messages.iter().map(|it| Arc::new(Kept::new(it, workspace))).collect())
    }

    fn push(&mut self, message: &Message, size: usize, workspace: &Workspace) {
        self.0.push_back(Arc::new(Kept::new(message, workspace)));
        if self.0.len() > size {
            self.0.pop_front();
        }
    }

    fn find(&self, message: Seq) -> Option<usize> {
        self.0.binary_search_by_key(&message, |kept| kept.id).ok()
    }

    /// Puts one in its own place.
    fn replace(&mut self, message: &Message, workspace: &Workspace) {
        if let Some(place) = self.find(message.id) {
            self.0[place] = Arc::new(Kept::new(message, workspace));
        }
    }

    fn bytes(&self) -> usize {
        self.0.iter().map(|kept| kept.bytes()).sum()
    }
}

impl Window {
    fn bytes(&self) -> usize {
        self.timeline.bytes() + self.beside.bytes()
    }
}

impl Windows {
    pub fn new() -> Windows {
        Windows {
            kept: LruCache::unbounded(),
            named: HashMap::new(),
            named_count: 0,
            at: Seq::ZERO,
            bytes: 0,
            used: Instant::now(),
        }
    }

    /// Follows the log up to the head of the reader's transaction, and answers with the workspace there, which is
    /// `workspace` or one after it.
    pub fn advance(
        &mut self,
        reader: &mut Reader,
        workspace: &Workspace,
        size: usize,
    ) -> Result<Workspace, Fault> {
        let followed = self.follow(reader, workspace, size);
        if followed.is_err() {
            // A part of it was heard, and would be heard again.
            self.forget();
        }
        followed
    }

    fn follow(
        &mut self,
        reader: &mut Reader,
        workspace: &Workspace,
        size: usize,
    ) -> Result<Workspace, Fault> {
        self.used = Instant::now();
        let (head, _) = reader.head()?;
        if head.saturating_sub(self.at.get()) > FOLLOWED_MAX {
            self.forget();
        }
        let mut workspace = workspace.clone();
        if self.kept.is_empty() {
            self.forget();
            self.at = workspace.head;
        }
        let (known, mut after) = (self.at, self.at.min(workspace.head).get());
        let mut changed = BTreeSet::new();
        while after < head {
            let limit = usize::try_from(CHUNK_SEQS).expect("a chunk fits in memory");
            let records = reader.range(after, head, limit)?;
            for record in &records {
                let event = codec::decode(record).map_err(super::super::ProjectionError::from)?;
                if event.seq > workspace.head {
                    workspace.apply(&event);
                }
                if event.seq > known {
                    changed.extend(self.hear(&event, size, &workspace));
                }
            }
            after = records.last().map_or(head, |record| record.seq);
        }
        if head > known.get() {
            self.at = Seq(head);
            self.fold_again(reader, changed, &workspace)?;
            // What was heard has made rows more and longer.
            self.bytes = self.kept.iter().map(|(_, window)| window.bytes()).sum();
            self.make_room();
        }
        Ok(workspace)
    }

    /// Takes in an event; answers with the kept message that it is about.
    fn hear(&mut self, event: &LoggedEvent, size: usize, workspace: &Workspace) -> Option<Seq> {
        if let Some(named) = event.target.and_then(|target| self.named.remove(&target)) {
            self.named_count -= 1 + named.len();
        }
        let window = self.kept.peek_mut(&event.channel?)?;
        if event.kind.begins_message() {
            let message = Message::posted(event);
            let lane = if message.in_timeline { &mut window.timeline } else { &mut window.beside };
            lane.push(&message, size, workspace);
        }
        let is_kept =
            |target: &Seq| window.timeline.find(*target).or(window.beside.find(*target)).is_some();
        event.target.filter(is_kept)
    }

    /// Makes the rows anew of messages to which something has happened.
    fn fold_again(
        &mut self,
        reader: &mut Reader,
        changed: BTreeSet<Seq>,
        workspace: &Workspace,
    ) -> Result<(), Fault> {
        if changed.len() > REFOLDED_MAX {
            self.forget();
            return Ok(());
        }
        let changed: Vec<Seq> = changed.into_iter().collect();
        for ids in changed.chunks(FOLDED_AT_ONCE) {
            for message in messages_by_id(reader, ids, self.at)? {
                let Some(window) = self.kept.peek_mut(&message.channel) else { continue };
                window.timeline.replace(&message, workspace);
                window.beside.replace(&message, workspace);
            }
        }
        Ok(())
    }

    /// The newest messages of a channel, as they are where [`Windows::advance`] came to in the same transaction.
    pub fn of(
        &mut self,
        reader: &mut Reader,
        channel: ChannelId,
        size: usize,
        workspace: &Workspace,
    ) -> Result<&Window, Fault> {
        if self.kept.get(&channel).is_none() {
            let (after, before) = (Seq::ZERO, Seq(u64::MAX));
            let range = FoldRange::Newest { after, before, limit: size };
            let timeline = message_fold(reader, channel, range, self.at)?;
            let beside = beside_fold(reader, channel, range, self.at)?;
            let [timeline, beside] = [timeline, beside].map(|it| Lane::new(&it, workspace));
            let window = Window { timeline, beside };
            self.bytes += window.bytes();
            self.kept.put(channel, window);
            self.make_room();
        }
        Ok(self.kept.get(&channel).expect("the last that was put stays"))
    }

    /// Who is named by name in messages, as they are there too.
    pub fn named_in(
        &mut self,
        reader: &mut Reader,
        messages: &[Seq],
        mut each: impl FnMut(Seq, &[UserId]),
    ) -> Result<(), Fault> {
        let is_unknown = |message: &&Seq| !self.named.contains_key(*message);
        let unknown: Vec<Seq> = messages.iter().filter(is_unknown).copied().collect();
        for message in messages {
            if let Some(users) = self.named.get(message) {
                each(*message, users);
            }
        }
        for ids in unknown.chunks(FOLDED_AT_ONCE) {
            for message in messages_by_id(reader, ids, self.at)? {
                let users = match &message.mentions {
                    Mentions::Users(users) => &users[..],
                    Mentions::Nobody | Mentions::Everyone => &[],
                };
                each(message.id, users);
                if self.named_count + 1 + users.len() <= NAMED_MAX {
                    self.named_count += 1 + users.len();
                    self.named.insert(message.id, users.into());
                }
            }
        }
        Ok(())
    }

    /// Lets go of those that were asked for least recently, but for the last.
    fn make_room(&mut self) {
        while self.bytes > BYTES_MAX && self.kept.len() > 1 {
            let Some((_, window)) = self.kept.pop_lru() else { return };
            self.bytes = self.bytes.saturating_sub(window.bytes());
        }
    }

    /// Gives back the memory when no file was made for a while.
    pub fn forget_idle(&mut self, now: Instant) {
        if now.saturating_duration_since(self.used) > HOLDS {
            self.forget();
        }
    }

    fn forget(&mut self) {
        self.kept = LruCache::unbounded();
        self.bytes = 0;
        self.named = HashMap::new();
        self.named_count = 0;
    }
}

#[cfg(test)]
mod tests {
    use chat::testing::{Batch, Story};
    use chat::{Actor, Command};
    use eventlog::Log;

    use super::*;

    /// A log in which general has one message, and its window.
    async fn house() -> (tempfile::TempDir, Log, Story, Actor, Windows) {
        let directory = tempfile::tempdir().unwrap();
        let log = Log::open(&directory.path().join("log.db"), 0).unwrap();
        let mut story = Story::new();
        story.create_channel("general");
        let alice = story.sign_up("alice");
        story.post(alice, "general", "hi");
        log.append(codec::batch(&story.log, Vec::new())).await.unwrap();
        let mut windows = Windows::new();
        ask(&mut windows, &log, &story);
        (directory, log, story, alice, windows)
    }

    /// Follows the log, and asks for general.
    fn ask(windows: &mut Windows, log: &Log, story: &Story) {
        let channel = *story.workspace.channels.keys().next().unwrap();
        let asked = log.reader().unwrap().snapshot(|reader| {
            let workspace = windows.advance(reader, &story.workspace, 10)?;
            windows.of(reader, channel, 10, &workspace).map(drop)
        });
        asked.unwrap();
    }

    #[tokio::test]
    async fn what_is_heard_counts_as_what_is_folded_does() {
        let (_directory, log, mut story, alice, mut windows) = house().await;
        let before = windows.bytes;
        let mut batches = Vec::new();
        for number in 0..20 {
            let message = story.post(alice, "general", "hi");
            let events = vec![story.log.last().unwrap().clone()];
            batches.push(Batch { events, redacted: Vec::new() });
            let edit = Command::EditMessage { message, text: "x".repeat(1_000 + number) };
            batches.push(story.run(alice, None, &edit).unwrap());
        }
        for Batch { events, .. } in &batches {
            log.append(codec::batch(events, Vec::new())).await.unwrap();
        }
        ask(&mut windows, &log, &story);
        assert!(windows.bytes > before + 10_000, "{} after {before}", windows.bytes);
        let mut anew = Windows::new();
        ask(&mut anew, &log, &story);
        assert_eq!(anew.kept.len(), windows.kept.len());
        let lengths = |windows: &Windows| -> Vec<usize> {
            let rows = windows.kept.iter().flat_map(|(_, it)| it.timeline.0.iter());
            rows.map(|kept| kept.row.content().map_or(0, str::len)).collect()
        };
        assert_eq!(lengths(&anew), lengths(&windows));
        assert_eq!(windows.bytes, windows.kept.iter().map(|(_, it)| it.bytes()).sum::<usize>());
    }

    #[tokio::test]
    async fn what_was_heard_before_the_log_failed_is_not_heard_twice() {
        let (_directory, log, mut story, alice, mut windows) = house().await;
        let before = story.log.len();
        story.post(alice, "general", "heard");
        story.post(alice, "general", "not to be decoded");
        let mut batch = codec::batch(&story.log[before..], Vec::new());
        batch.records[1].body = eventlog::Body::Present(b"?".to_vec());
        log.append(batch).await.unwrap();
        let mut reader = log.reader().unwrap();
        assert!(windows.advance(&mut reader, &story.workspace, 10).is_err());
        assert_eq!((windows.kept.len(), windows.bytes), (0, 0));
    }
}
