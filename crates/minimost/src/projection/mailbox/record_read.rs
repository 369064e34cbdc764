//! What only the log tells of a message: the event that it began with, and how far others are in its thread.

use std::collections::BTreeMap;

use chat::audience::may_see;
use chat::{ChannelId, Event, EventKind, LoggedEvent, Seq, Timestamp, UserId};

use super::super::ProjectionError;
use super::owner::Owner;
use super::read::END;
use super::{MailboxError, Mailboxes};
use crate::codec;

impl Mailboxes {
    /// The event that a message began with, if `user` may see the message.
    pub async fn posted(
        &self,
        user: UserId,
        message: Seq,
        at: Seq,
    ) -> Result<Option<LoggedEvent>, MailboxError> {
        self.ask(user, at, move |owner| posted(owner, user, message)).await
    }

    /// How far people are who have read in a thread, and when they were.
    pub async fn thread_markers(
        &self,
        user: UserId,
        root: Seq,
        at: Seq,
    ) -> Result<BTreeMap<UserId, (Seq, Timestamp)>, MailboxError> {
        self.ask(user, at, move |owner| thread_markers(owner, root)).await
    }
}

fn posted(
    owner: &mut Owner,
    user: UserId,
    message: Seq,
) -> Result<Option<LoggedEvent>, ProjectionError> {
    let workspace = owner.published.now();
    let records = owner.sources.reader.by_seqs(&[message.min(END).get()])?;
    let Some(record) = records.first() else { return Ok(None) };
    let logged = codec::decode(record)?;
    let channel = logged.channel.filter(|_| logged.kind.begins_message());
    let is_seen = |channel: ChannelId| may_see(user, channel, logged.seq, &workspace);
    Ok(channel.is_some_and(is_seen).then_some(logged))
}

fn thread_markers(
    owner: &mut Owner,
    root: Seq,
) -> Result<BTreeMap<UserId, (Seq, Timestamp)>, ProjectionError> {
    let workspace = owner.published.now();
    let (kind, end) = (EventKind::ThreadRead.code(), workspace.head.next().get());
    let reader = &mut owner.sources.reader;
    let records = reader.target_oldest(root.get(), kind, 0, end, usize::MAX)?;
    let mut markers = BTreeMap::new();
    for record in &records {
        let logged = codec::decode(record)?;
        let member = logged.channel.and_then(|it| workspace.membership(logged.actor, it));
        // Whoever left and came back begins anew.
        let counts = member.is_some_and(|member| member.joined <= logged.seq);
        if let Some(Event::ThreadRead { up_to, .. }) = logged.event()
            && counts
        {
            markers.insert(logged.actor, (*up_to, logged.ts));
        }
    }
    Ok(markers)
}
