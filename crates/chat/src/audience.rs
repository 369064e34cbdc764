//! The only place that decides who may see an event.
//!
//! Invariant: mailboxes, live streams, pages, receipts and typing all ask here.

use crate::event::{EventKind, LoggedEvent};
use crate::ids::{ChannelId, UserId};
use crate::workspace::{ChannelKind, Workspace};

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
    match record.kind {
        EventKind::AccountCreated => Audience::Everyone,
        EventKind::ChannelCreated
        | EventKind::ChannelRenamed
        | EventKind::MessagePosted
        | EventKind::MessageEdited
        | EventKind::MessageDeleted
        | EventKind::MessageReacted => match record.channel {
            Some(channel) => channel_audience(channel, workspace),
            None => Audience::Nobody,
        },
        EventKind::ChannelRead => Audience::Users(vec![record.actor]),
        EventKind::PasswordSet
        | EventKind::AccountLocked
        | EventKind::SessionOpened
        | EventKind::SessionClosed => Audience::Nobody,
    }
}

/// Who may read what is in a channel, and see its typing and receipts; nobody when there is no such channel.
pub fn channel_audience(channel: ChannelId, workspace: &Workspace) -> Audience {
    match workspace.channels.get(&channel).map(|channel| &channel.kind) {
        Some(ChannelKind::Public { .. }) => Audience::Everyone,
        Some(ChannelKind::Direct { members }) => Audience::Users(members.iter().copied().collect()),
        None => Audience::Nobody,
    }
}

/// Whether `user` may read in a channel; false for a channel that does not exist.
pub fn may_read(user: UserId, channel: ChannelId, workspace: &Workspace) -> bool {
    match workspace.channels.get(&channel).map(|channel| &channel.kind) {
        Some(ChannelKind::Public { .. }) => workspace.users.contains_key(&user),
        Some(ChannelKind::Direct { members }) => members.contains(&user),
        None => false,
    }
}
