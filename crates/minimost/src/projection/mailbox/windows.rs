//! The newest messages of channels as rows, kept from one file that is made to the next: they are the same in everybody's.
//!
//! Promises: what is answered is what stands in the log at the head of the read transaction in which it is asked, deletions
//! included. What is kept is bounded in bytes; a channel that is asked for beyond that is folded anew.

use std::collections::VecDeque;
use std::sync::Arc;

use chat::{ChannelId, LoggedEvent, Message, Seq, Workspace};
use eventlog::Reader;
use lru::LruCache;
use tokio::time::{Duration, Instant};

use super::super::feed::CHUNK_SEQS;
use super::file::Fault;
use super::rows::Row;
use crate::codec;
use crate::fold::{FoldRange, beside_fold, message_fold};
use crate::wire::MessageView;

/// Memory for rows that are kept, roughly: those of 60 channels with 1,000 messages of the usual length.
const BYTES_MAX: usize = 64 * 1024 * 1024;

/// What a row takes beside what its message takes, and beside the same again as a view, roughly.
const ROW_BYTES: usize = 128;

/// They are kept so long after the last file that was made.
const HOLDS: Duration = Duration::from_secs(30);

/// What happened in more events than these is not followed: to fold anew is less.
const FOLLOWED_MAX: u64 = 4 * CHUNK_SEQS;

/// A message and its row.
pub(super) struct Kept {
    pub message: Message,
    pub row: Row,
}

impl Kept {
    pub fn new(message: Message, workspace: &Workspace) -> Kept {
        let row = Row::new(MessageView::new(&message, workspace));
        Kept { message, row }
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
    /// As everything is after this event.
    at: Seq,
    bytes: usize,
    used: Instant,
}

impl Lane {
    /// The first message that a window of this size holds; zero when it holds all there are.
    pub fn cutoff(&self, size: usize) -> Seq {
        let oldest = self.0.front().filter(|_| self.0.len() >= size);
        oldest.map_or(Seq::ZERO, |kept| kept.message.id)
    }

    pub fn newest(&self) -> Option<Seq> {
        self.0.back().map(|kept| kept.message.id)
    }

    /// Those from an id on.
    pub fn from(&self, first: Seq) -> impl Iterator<Item = &Arc<Kept>> {
        self.0.range(self.0.partition_point(|kept| kept.message.id < first)..)
    }

    fn new(messages: Vec<Message>, workspace: &Workspace) -> Lane {
        Lane(messages.into_iter().map(|it| Arc::new(Kept::new(it, workspace))).collect())
    }

    fn push(&mut self, message: Message, size: usize, workspace: &Workspace) {
        self.0.push_back(Arc::new(Kept::new(message, workspace)));
        if self.0.len() > size {
            self.0.pop_front();
        }
    }

    /// Applies an event that is about one of them.
    fn apply(&mut self, target: Seq, event: &LoggedEvent, workspace: &Workspace) {
        if let Ok(place) = self.0.binary_search_by_key(&target, |kept| kept.message.id) {
            let mut message = self.0[place].message.clone();
            message.apply(event);
            self.0[place] = Arc::new(Kept::new(message, workspace));
        }
    }

    fn bytes(&self) -> usize {
        self.0.iter().map(|kept| 2 * kept.message.memory_bytes() + ROW_BYTES).sum()
    }
}

impl Windows {
    pub fn new() -> Windows {
        Windows { kept: LruCache::unbounded(), at: Seq::ZERO, bytes: 0, used: Instant::now() }
    }

    /// Follows the log up to the head of the reader's transaction, and answers with the workspace there, which is
    /// `workspace` or one after it.
    pub fn advance(
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
            self.at = workspace.head;
        }
        let (known, mut after) = (self.at, self.at.min(workspace.head).get());
        while after < head {
            let limit = usize::try_from(CHUNK_SEQS).expect("a chunk fits in memory");
            let records = reader.range(after, head, limit)?;
            for record in &records {
                let event = codec::decode(record).map_err(super::super::ProjectionError::from)?;
                if event.seq > workspace.head {
                    workspace.apply(&event);
                }
                if event.seq > known {
                    self.hear(&event, size, &workspace);
                }
            }
            after = records.last().map_or(head, |record| record.seq);
        }
        self.at = self.at.max(Seq(head));
        Ok(workspace)
    }

    fn hear(&mut self, event: &LoggedEvent, size: usize, workspace: &Workspace) {
        let window = event.channel.and_then(|channel| self.kept.peek_mut(&channel));
        let Some(window) = window else { return };
        if event.kind.begins_message() {
            let message = Message::posted(event);
            let lane = if message.in_timeline { &mut window.timeline } else { &mut window.beside };
            lane.push(message, size, workspace);
        }
        if let Some(target) = event.target {
            window.timeline.apply(target, event, workspace);
            window.beside.apply(target, event, workspace);
        }
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
            let [timeline, beside] = [timeline, beside].map(|it| Lane::new(it, workspace));
            self.bytes += timeline.bytes() + beside.bytes();
            self.kept.put(channel, Window { timeline, beside });
            self.make_room();
        }
        Ok(self.kept.get(&channel).expect("the last that was put stays"))
    }

    /// Lets go of those that were asked for least recently, but for the last.
    fn make_room(&mut self) {
        while self.bytes > BYTES_MAX && self.kept.len() > 1 {
            let Some((_, window)) = self.kept.pop_lru() else { return };
            let bytes = window.timeline.bytes() + window.beside.bytes();
            self.bytes = self.bytes.saturating_sub(bytes);
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
    }
}
