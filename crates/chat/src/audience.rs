//! The only place that decides who may see an event.
//!
//! Invariant: mailboxes, live streams, pages, receipts and typing all ask here.

use crate::event::LoggedEvent;
use crate::ids::{ChannelId, UserId};
use crate::workspace::Workspace;

/// Who may see an event.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Audience {
    /// Every account.
    Everyone,
    /// These users only, sorted.
    Users(Vec<UserId>),
    /// No person: the server's own book-keeping.
    Nobody,
}

impl Audience {
    /// Whether `user` is in it.
    pub fn includes(&self, user: UserId) -> bool {
        match self {
            Audience::Everyone => true,
            Audience::Users(users) => users.contains(&user),
            Audience::Nobody => false,
        }
    }
}

/// Who may see `record`, given the workspace after it. A redacted record is seen by those who saw it whole.
pub fn audience(record: &LoggedEvent, workspace: &Workspace) -> Audience {
    let _ = (record, workspace);
    unimplemented!()
}

/// Who may read what is in a channel, and see its typing and receipts.
pub fn channel_audience(channel: ChannelId, workspace: &Workspace) -> Audience {
    let _ = (channel, workspace);
    unimplemented!()
}

/// Whether `user` may read in a channel; false for a channel that does not exist.
pub fn may_read(user: UserId, channel: ChannelId, workspace: &Workspace) -> bool {
    let _ = (user, channel, workspace);
    unimplemented!()
}
