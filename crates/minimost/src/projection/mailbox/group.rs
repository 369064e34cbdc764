//! The mailboxes that are far behind and hold everything, so that none is made as it is at the head: they go together, the last one first and a chunk at a time, so that a chunk of the
//! log is decoded once for all of them and nothing else waits for longer than a chunk.
//!
//! So they also set out together: who came to a group that is on its way would go alone until it has caught up, each one
//! after the other, and the log would be decoded for every file.

use chat::{Seq, UserId};

use super::super::feed::CHUNK_SEQS;
use super::file::Mailbox;

/// Mailboxes that go together: as many as keep a chunk's decoding small beside its applying.
const MEMBERS_MAX: usize = 32;

/// Events that a mailbox applies by itself; one that lacks more joins the group.
const NEAR_SEQS: u64 = 2 * CHUNK_SEQS;

/// How far the last of the group may be when somebody joins it further back: while it forms it goes on already.
const JOIN_WITHIN_SEQS: u64 = 16 * CHUNK_SEQS;

#[derive(Default)]
pub(super) struct Group {
    members: Vec<Mailbox>,
}

impl Group {
    /// Whether a mailbox at `checkpoint` is too far from `head` to go there by itself.
    pub fn is_far(checkpoint: Seq, head: Seq) -> bool {
        head.get().saturating_sub(checkpoint.get()) > NEAR_SEQS
    }

    pub fn is_empty(&self) -> bool {
        self.members.is_empty()
    }

    /// Whether a mailbox at `checkpoint` may join now.
    pub fn has_room(&self, checkpoint: Seq) -> bool {
        let last = self.members.iter().map(|mailbox| mailbox.checkpoint).min();
        let is_near = |last: Seq| last.get() <= checkpoint.get().saturating_add(JOIN_WITHIN_SEQS);
        self.members.len() < MEMBERS_MAX && last.is_none_or(is_near)
    }

    pub fn join(&mut self, mailbox: Mailbox) {
        self.members.push(mailbox);
    }

    pub fn has(&self, user: UserId) -> bool {
        self.members.iter().any(|mailbox| mailbox.owner == user)
    }

    /// Takes somebody's mailbox out, unless its file is another one by now, or may not be looked at.
    pub fn take(&mut self, user: UserId) -> Option<Mailbox> {
        let index = self.members.iter().position(|mailbox| mailbox.owner == user)?;
        let mailbox = self.members.swap_remove(index);
        mailbox.is_in_place().unwrap_or(false).then_some(mailbox)
    }

    /// Takes out all of them.
    pub fn take_all(&mut self) -> Vec<Mailbox> {
        std::mem::take(&mut self.members)
    }

    /// Takes out the one that is furthest behind.
    pub fn take_last(&mut self) -> Option<Mailbox> {
        let members = self.members.iter().enumerate();
        let (index, _) = members.min_by_key(|(_, mailbox)| mailbox.checkpoint)?;
        Some(self.members.swap_remove(index))
    }
}
