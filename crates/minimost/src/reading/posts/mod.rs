//! Whose posts there are in a channel's timeline, so that what waits is counted exactly at any backlog: by two searches and a
//! sum per block of 4,096.
//!
//! Counted is what somebody said and what was not deleted; nothing that the server said.

use std::collections::{HashMap, VecDeque};

use chat::{ChannelId, Event, EventKind, LoggedEvent, Seq, UserId};
use lru::LruCache;

/// Posts of one block.
const BLOCK: usize = 4_096;

/// Bytes of all channels together; beyond, the least recently asked keep the sums of their blocks only.
pub(super) const BYTES_MAX: usize = 32 * 1024 * 1024;

/// Posts that are read at a time, at least: about three milliseconds.
pub(super) const CHUNK: usize = 4 * BLOCK;

/// The posts of all channels that were asked about.
pub(super) struct Posts {
    channels: LruCache<ChannelId, ChannelPosts>,
    bytes: usize,
    bytes_max: usize,
}

#[derive(Clone, Copy)]
enum Step {
    Posted(Seq, UserId),
    Deleted(Seq, UserId),
}

/// The posts of one channel, from a floor on.
struct ChannelPosts {
    /// All posts after it are here; those up to it are read when somebody asks.
    floor: Seq,
    blocks: VecDeque<Block>,
    /// By the number that stands for them in the blocks.
    senders: HashMap<UserId, u32>,
    bytes: usize,
    reading: Option<Reading>,
    /// The event that deleted a post last.
    deleted_at: Seq,
    /// The log's head when it was read last. Until the same was applied here, a deletion may have been read already.
    read_at: Seq,
}

/// Older posts are being read.
#[derive(Default)]
struct Reading {
    /// What was deleted meanwhile.
    deleted: Vec<(Seq, UserId)>,
}

#[derive(Default)]
struct Block {
    first: Seq,
    last: Seq,
    total: u32,
    /// How many of each sender, sorted by sender.
    of: Vec<(u32, u32)>,
    /// Seqs counted from `first`, each with its sender; `None` when only the sums are kept.
    posts: Option<Vec<(u32, u32)>>,
}

/// What has to be read before a question can be answered.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(super) enum Unread {
    /// Posts up to the floor, back to what somebody asked about.
    Older,
    /// The block from one seq to another.
    Block(Seq, Seq),
}

/// What was read: seqs and senders, rising.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Found {
    /// All posts after it are among them.
    pub after: Seq,
    pub posts: Vec<(u64, u64)>,
    /// The log's head when they were read.
    pub read_at: Seq,
}

impl Posts {
    pub fn new(bytes_max: usize) -> Posts {
        Posts { channels: LruCache::unbounded(), bytes: 0, bytes_max }
    }

    /// How many posts of others there are after `marker`. `head` is applied.
    pub fn after(
        &mut self,
        channel: ChannelId,
        marker: Seq,
        user: UserId,
        head: Seq,
    ) -> Result<u64, Unread> {
        let posts = self.channels.get_or_insert_mut(channel, || ChannelPosts::new(head));
        posts.after(marker, user)
    }

    /// Older posts are being read from now on, up to the answer.
    pub fn begin(&mut self, channel: ChannelId) -> Seq {
        let posts = self.channels.peek_mut(&channel);
        posts.map_or(Seq::ZERO, |posts| {
            posts.reading = Some(Reading::default());
            posts.floor
        })
    }

    /// The reading came to nothing. Of a block nothing was begun, and older posts may be on their way meanwhile.
    pub fn give_up(&mut self, channel: ChannelId, unread: Unread) {
        if let (Some(posts), Unread::Older) = (self.channels.peek_mut(&channel), unread) {
            posts.reading = None;
        }
    }

    /// Takes in what was read.
    pub fn finish(&mut self, channel: ChannelId, unread: Unread, found: &Found) {
        let Some(posts) = self.channels.peek_mut(&channel) else { return };
        let before = posts.bytes;
        match unread {
            Unread::Older => posts.extend(found),
            // What was deleted meanwhile is among them; whoever asked asks again.
            Unread::Block(..) if found.read_at < posts.deleted_at => return,
            Unread::Block(first, last) => posts.fill((first, last), &found.posts),
        }
        posts.read_at = posts.read_at.max(found.read_at);
        self.bytes = self.bytes - before + posts.bytes;
    }

    /// Applies the next event of the log.
    pub fn apply(&mut self, event: &LoggedEvent) {
        let Some((channel, step)) = step(event) else { return };
        let Some(posts) = self.channels.peek_mut(&channel) else { return };
        let before = posts.bytes;
        if matches!(step, Step::Deleted(..)) {
            posts.deleted_at = event.seq;
        }
        posts.apply(step);
        self.bytes = self.bytes - before + posts.bytes;
    }

    /// Keeps the sums only of whoever was asked least recently, when there is too much. `head` is applied.
    pub fn make_room(&mut self, head: Seq) {
        if self.bytes <= self.bytes_max {
            return;
        }
        for (_, posts) in self.channels.iter_mut().rev() {
            // A block that is read again must not know more deletions than were applied.
            if posts.read_at <= head {
                let before = posts.bytes;
                posts.keep_sums();
                self.bytes = self.bytes - before + posts.bytes;
            }
            if self.bytes <= self.bytes_max / 2 {
                return;
            }
        }
        // Channels so many that even this is too much are read again when somebody asks.
        while self.bytes > self.bytes_max {
            let idle = self.channels.iter().rev().find(|(_, posts)| posts.reading.is_none());
            let Some(channel) = idle.map(|(channel, _)| *channel) else { return };
            let gone = self.channels.pop(&channel).map_or(0, |posts| posts.bytes);
            self.bytes -= gone;
        }
    }
}

fn step(event: &LoggedEvent) -> Option<(ChannelId, Step)> {
    let channel = event.channel?;
    match event.kind {
        EventKind::MessagePosted if event.actor != UserId::SYSTEM => {
            Some((channel, Step::Posted(event.seq, event.actor)))
        }
        EventKind::MessageDeleted => {
            let Some(Event::MessageDeleted { sender, is_beside: false, .. }) = event.event() else {
                return None;
            };
            Some((channel, Step::Deleted(event.target?, *sender)))
        }
        _ => None,
    }
}

impl ChannelPosts {
    /// Of a channel of which nothing was read; what is posted after `head` is told.
    fn new(head: Seq) -> ChannelPosts {
        ChannelPosts {
            floor: head,
            blocks: VecDeque::new(),
            senders: HashMap::new(),
            bytes: 0,
            reading: None,
            deleted_at: Seq::ZERO,
            read_at: Seq::ZERO,
        }
    }

    fn apply(&mut self, step: Step) {
        match step {
            Step::Posted(seq, sender) => self.push(seq, sender),
            Step::Deleted(seq, sender) if seq > self.floor => self.remove(seq, sender),
            Step::Deleted(seq, sender) => {
                if let Some(reading) = &mut self.reading {
                    reading.deleted.push((seq, sender));
                }
            }
        }
    }

    /// Older posts, up to the floor.
    fn extend(&mut self, found: &Found) {
        let Some(reading) = self.reading.take() else { return };
        let newer = std::mem::take(&mut self.blocks);
        for (seq, sender) in &found.posts {
            self.push(Seq(*seq), UserId(Seq(*sender)));
        }
        self.blocks.extend(newer);
        self.floor = found.after;
        for (seq, sender) in reading.deleted {
            self.remove(seq, sender);
        }
    }

    fn number(&mut self, sender: UserId) -> u32 {
        let next = u32::try_from(self.senders.len()).expect("there are fewer people");
        *self.senders.entry(sender).or_insert(next)
    }

    fn push(&mut self, seq: Seq, sender: UserId) {
        let sender = self.number(sender);
        let fits = self.blocks.back().is_some_and(|block| block.has_room_for(seq));
        if !fits {
            self.blocks.push_back(Block {
                first: seq,
                posts: Some(Vec::new()),
                ..Block::default()
            });
            self.bytes += size_of::<Block>();
        }
        self.change(self.blocks.len() - 1, |block| {
            block.last = seq;
            block.count(sender, 1);
            if let Some(posts) = &mut block.posts {
                posts.push((offset(block.first, seq), sender));
            }
        });
    }

    fn remove(&mut self, seq: Seq, sender: UserId) {
        let Some(sender) = self.senders.get(&sender).copied() else { return };
        let place = self.blocks.partition_point(|block| block.last < seq);
        if self.blocks.get(place).is_none_or(|block| block.first > seq) {
            return;
        }
        self.change(place, |block| {
            if let Some(posts) = &mut block.posts {
                let found = posts.binary_search_by_key(&offset(block.first, seq), |(seq, _)| *seq);
                // It was gone when the posts were read.
                let Ok(place) = found else { return };
                posts.remove(place);
            }
            block.count(sender, -1);
        });
    }

    /// The posts of a block that lacks them, and with them its sums. A channel that was forgotten meanwhile may be here in
    /// other blocks, one of which begins at the same place.
    fn fill(&mut self, (first, last): (Seq, Seq), found: &[(u64, u64)]) {
        let place = self.blocks.binary_search_by_key(&first, |block| block.first);
        let Ok(place) = place else { return };
        let block = &self.blocks[place];
        if block.last != last || block.posts.is_some() {
            return;
        }
        let found: Vec<_> = found
            .iter()
            .map(|(seq, actor)| (offset(first, Seq(*seq)), self.number(UserId(Seq(*actor)))))
            .collect();
        self.change(place, |block| {
            (block.total, block.of) = (0, Vec::new());
            for (_, sender) in &found {
                block.count(*sender, 1);
            }
            block.posts = Some(found);
        });
    }

    fn after(&self, marker: Seq, user: UserId) -> Result<u64, Unread> {
        if marker < self.floor {
            return Err(Unread::Older);
        }
        let own = self.senders.get(&user).copied();
        let first = self.blocks.partition_point(|block| block.last <= marker);
        let mut count = 0;
        for block in self.blocks.range(first..) {
            count += u64::from(block.after(marker, own)?);
        }
        Ok(count)
    }

    /// Of all blocks but the one that grows.
    fn keep_sums(&mut self) {
        for place in 0..self.blocks.len().saturating_sub(1) {
            self.change(place, |block| block.posts = None);
        }
    }

    fn change(&mut self, place: usize, change: impl FnOnce(&mut Block)) {
        let block = &mut self.blocks[place];
        let before = block.bytes();
        change(block);
        self.bytes = self.bytes + block.bytes() - before;
    }
}

impl Block {
    fn has_room_for(&self, seq: Seq) -> bool {
        let is_near = u32::try_from(seq.get() - self.first.get()).is_ok();
        is_near && self.posts.as_ref().is_some_and(|posts| posts.len() < BLOCK)
    }

    fn count(&mut self, sender: u32, by: i32) {
        self.total = self.total.saturating_add_signed(by);
        match self.of.binary_search_by_key(&sender, |(sender, _)| *sender) {
            Ok(place) => self.of[place].1 = self.of[place].1.saturating_add_signed(by),
            Err(place) => self.of.insert(place, (sender, u32::from(by > 0))),
        }
    }

    /// Posts after `marker` that are not of `own`.
    fn after(&self, marker: Seq, own: Option<u32>) -> Result<u32, Unread> {
        if marker < self.first {
            let own = own.and_then(|own| {
                let place = self.of.binary_search_by_key(&own, |(sender, _)| *sender).ok()?;
                Some(self.of[place].1)
            });
            return Ok(self.total - own.unwrap_or(0));
        }
        let Some(posts) = &self.posts else { return Err(Unread::Block(self.first, self.last)) };
        let marker = offset(self.first, marker);
        let begin = posts.partition_point(|(seq, _)| *seq <= marker);
        let others = posts[begin..].iter().filter(|(_, sender)| Some(*sender) != own);
        Ok(u32::try_from(others.count()).expect("a block is small"))
    }

    fn bytes(&self) -> usize {
        let posts = self.posts.as_ref().map_or(0, Vec::capacity);
        size_of::<Block>() + 8 * (posts + self.of.capacity())
    }
}

fn offset(first: Seq, seq: Seq) -> u32 {
    u32::try_from(seq.get().saturating_sub(first.get())).unwrap_or(u32::MAX)
}

#[cfg(test)]
mod tests;
