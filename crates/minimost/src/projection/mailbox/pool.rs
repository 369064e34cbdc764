//! The mailboxes that stay open between two turns: a bounded number, of those whose owners are spoken to most.

use std::num::NonZeroUsize;
use std::time::Duration;

use chat::UserId;
use lru::LruCache;
use tokio::time::Instant;

use super::file::Mailbox;

/// Mailboxes that are open: at up to 0.4 MB and three opened files each.
const OPEN_MAX: NonZeroUsize = NonZeroUsize::new(64).expect("64 is not zero");

/// One that was used within this time gives no way to another: where more than fit take turns, each would be closed
/// just before its next.
const HOLDS: Duration = Duration::from_secs(10);

/// One that was not used for so long is closed.
const IDLE: Duration = Duration::from_secs(60);

/// Open mailboxes, each with the moment at which it was last used.
pub(super) struct Pool {
    open: LruCache<UserId, (Mailbox, Instant)>,
}

impl Pool {
    pub fn new() -> Pool {
        Pool { open: LruCache::new(OPEN_MAX) }
    }

    /// Takes out somebody's mailbox, unless its file is another one by now, or may not be looked at.
    pub fn take(&mut self, user: UserId) -> Option<Mailbox> {
        let (mailbox, _) = self.open.pop(&user)?;
        mailbox.is_in_place().unwrap_or(false).then_some(mailbox)
    }

    /// Keeps a mailbox open, where there is room.
    pub fn put(&mut self, mailbox: Mailbox, now: Instant) {
        let oldest_use = self.open.peek_lru().map(|(_, (_, used))| *used);
        let is_full = self.open.len() == OPEN_MAX.get();
        if is_full && oldest_use.is_some_and(|used| now.duration_since(used) < HOLDS) {
            return;
        }
        self.open.push(mailbox.owner, (mailbox, now));
    }

    /// Closes those that nobody has needed for a while.
    pub fn close_idle(&mut self, now: Instant) {
        while let Some((user, (_, used))) = self.open.peek_lru()
            && now.duration_since(*used) > IDLE
        {
            let user = *user;
            self.open.pop(&user);
        }
    }

    /// Takes out all of them.
    pub fn take_all(&mut self) -> Vec<Mailbox> {
        std::iter::from_fn(|| self.open.pop_lru()).map(|(_, (mailbox, _))| mailbox).collect()
    }
}
