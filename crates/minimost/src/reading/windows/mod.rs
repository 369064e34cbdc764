//! Windows: per channel the newest messages of its timeline as they are now, from a floor on without holes, tombstones
//! included. Nothing in them is of one viewer.
//!
//! Invariant: a window equals a fold of its channel from its floor on, up to the last event applied.

use std::collections::VecDeque;
use std::sync::Arc;

use chat::{ChannelId, EventKind, LoggedEvent, Message, Seq, Timestamp};
use lru::LruCache;

/// Messages that a window begins with: the largest page.
pub(super) const BEGINNING: usize = 200;

/// Messages of one window; of more the oldest go.
const MESSAGES_MAX: usize = 1_000;

/// Of the bytes of all windows one may have this part.
const SHARE_MAX: usize = 4;

/// All windows, the least recently read of which go first.
pub(super) struct Windows {
    channels: LruCache<ChannelId, Entry>,
    bytes: usize,
    bytes_max: usize,
}

enum Entry {
    /// Being folded; the channel's events since that fold's end.
    Begun(Vec<LoggedEvent>),
    Ready(Window),
}

/// The newest messages of one channel.
pub(super) struct Window {
    /// Every message from here on is in it.
    floor: Seq,
    messages: VecDeque<Arc<Message>>,
    bytes: usize,
}

impl Windows {
    pub fn new(bytes_max: usize) -> Windows {
        Windows { channels: LruCache::unbounded(), bytes: 0, bytes_max }
    }

    /// The window of a channel, which counts as read now.
    pub fn get(&mut self, channel: ChannelId) -> Option<&Window> {
        match self.channels.get(&channel)? {
            Entry::Ready(window) => Some(window),
            Entry::Begun(_) => None,
        }
    }

    /// From now on events of this channel are kept for the window that is being folded.
    pub fn begin(&mut self, channel: ChannelId) {
        self.channels.put(channel, Entry::Begun(Vec::new()));
    }

    /// The fold came to nothing.
    pub fn give_up(&mut self, channel: ChannelId) {
        self.channels.pop(&channel);
    }

    /// The newest [`BEGINNING`] messages as they were when the window was begun.
    pub fn finish(&mut self, channel: ChannelId, messages: Vec<Message>) {
        let Some(Entry::Begun(events)) = self.channels.pop(&channel) else { return };
        let mut window = Window::new(messages);
        for event in &events {
            window.apply(event);
        }
        window.trim(self.bytes_max / SHARE_MAX);
        self.bytes += window.bytes;
        self.channels.put(channel, Entry::Ready(window));
        self.make_room();
    }

    /// Applies the next event of the log.
    pub fn apply(&mut self, event: &LoggedEvent) {
        let Some(channel) = event.channel else { return };
        match self.channels.peek_mut(&channel) {
            None => {}
            Some(Entry::Begun(events)) => events.push(event.clone()),
            Some(Entry::Ready(window)) => {
                let before = window.bytes;
                window.apply(event);
                window.trim(self.bytes_max / SHARE_MAX);
                self.bytes = self.bytes - before + window.bytes;
                self.make_room();
            }
        }
    }

    fn make_room(&mut self) {
        while self.bytes > self.bytes_max {
            let ready = self.channels.iter().rev().find_map(|(channel, entry)| match entry {
                Entry::Ready(window) => Some((*channel, window.bytes)),
                Entry::Begun(_) => None,
            });
            let Some((channel, bytes)) = ready else { return };
            self.channels.pop(&channel);
            self.bytes -= bytes;
        }
    }
}

impl Window {
    fn new(messages: Vec<Message>) -> Window {
        let is_whole = messages.len() < BEGINNING;
        let floor = messages.first().filter(|_| !is_whole).map_or(Seq::ZERO, |first| first.id);
        let bytes = messages.iter().map(Message::memory_bytes).sum();
        let messages = messages.into_iter().map(Arc::new).collect();
        Window { floor, messages, bytes }
    }

    fn apply(&mut self, event: &LoggedEvent) {
        if event.kind == EventKind::MessagePosted {
            let message = Message::posted(event);
            self.bytes += message.memory_bytes();
            self.messages.push_back(Arc::new(message));
        }
        let place = event.target.and_then(|target| self.place(target).ok());
        if let Some(message) = place.and_then(|place| self.messages.get_mut(place)) {
            let before = message.memory_bytes();
            // A page that is on its way keeps what it has seen.
            Arc::make_mut(message).apply(event);
            self.bytes = self.bytes - before + message.memory_bytes();
        }
    }

    fn trim(&mut self, bytes_max: usize) {
        while self.messages.len() > MESSAGES_MAX || self.bytes > bytes_max {
            let Some(oldest) = self.messages.pop_front() else { return };
            self.bytes -= oldest.memory_bytes();
            self.floor = oldest.id.next();
        }
    }

    /// The place of a message, or where it would stand.
    fn place(&self, id: Seq) -> Result<usize, usize> {
        self.messages.binary_search_by_key(&id, |message| message.id)
    }

    fn first_from(&self, id: Seq) -> usize {
        self.place(id).unwrap_or_else(|place| place)
    }

    /// The newest `limit` of `history <= id < before`; `None` when older ones than the window has are among them.
    pub fn newest(&self, history: Seq, before: Seq, limit: usize) -> Option<Vec<Arc<Message>>> {
        let end = self.first_from(before);
        let begin = self.first_from(history).min(end).max(end.saturating_sub(limit));
        let is_whole = end - begin == limit || self.floor <= history;
        is_whole.then(|| self.messages.range(begin..end).cloned().collect())
    }

    /// The oldest `limit` of `from <= id`; `None` when older ones than the window has are among them.
    pub fn oldest(&self, from: Seq, limit: usize) -> Option<Vec<Arc<Message>>> {
        let begin = self.first_from(from);
        let end = begin.saturating_add(limit).min(self.messages.len());
        (self.floor <= from).then(|| self.messages.range(begin..end).cloned().collect())
    }

    /// Where what was said at a time or later begins; `None` when that may be before the window.
    pub fn first_at(&self, time: Timestamp) -> Option<Seq> {
        let place = self.messages.partition_point(|message| message.ts < time);
        let is_inside = place > 0 || self.floor == Seq::ZERO;
        is_inside.then(|| self.messages.get(place).map_or(super::END, |message| message.id))
    }
}

#[cfg(test)]
mod tests;
