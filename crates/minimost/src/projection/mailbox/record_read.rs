//! What only the log tells of a message: the event that it began with, and who has read it in its thread.

use std::collections::BTreeMap;

use chat::audience::may_see;
use chat::{ChannelId, Event, EventKind, LoggedEvent, Seq, Timestamp, UserId};

use super::super::ProjectionError;
use super::owner::Owner;
use super::read::END;
use super::{MailboxError, Mailboxes};
use crate::codec;

/// Thread markers of a channel that are looked at for the readers of one reply, the first after it. Who reads it
/// later than so many others read in threads is not listed; without a limit one old reply could hold up everybody's
/// reading.
const MARKERS_MAX: usize = 10_000;

impl Mailboxes {
    /// The event that a message began with, if `user` may see the message.
    pub async fn posted(
        &self,
        user: UserId,
        message: Seq,
        at: Seq,
    ) -> Result<Option<LoggedEvent>, MailboxError> {
        self.ask(at, move |owner| posted(owner, user, message)).await
    }

    /// Who has read a reply in its thread, and when they read there last.
    pub async fn thread_readers(
        &self,
        _user: UserId,
        reply: &LoggedEvent,
        at: Seq,
    ) -> Result<BTreeMap<UserId, Timestamp>, MailboxError> {
        let (Some(channel), Some(root)) = (reply.channel, reply.target) else {
            return Ok(BTreeMap::new());
        };
        let reply = reply.seq;
        self.ask(at, move |owner| thread_readers(owner, channel, root, reply)).await
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

fn thread_readers(
    owner: &mut Owner,
    channel: ChannelId,
    root: Seq,
    reply: Seq,
) -> Result<BTreeMap<UserId, Timestamp>, ProjectionError> {
    let workspace = owner.published.now();
    let (after, end) = (reply.get(), workspace.head.next().get());
    let mut records = Vec::new();
    for kind in [EventKind::ThreadRead, EventKind::ThreadUnread] {
        let (id, kind) = (channel.0.get(), kind.code());
        let reader = &mut owner.sources.reader;
        records.extend(reader.channel_oldest(id, kind, after, end, MARKERS_MAX)?);
    }
    records.sort_unstable_by_key(|record| record.seq);
    records.truncate(MARKERS_MAX);
    let mut readers = BTreeMap::new();
    for record in &records {
        let logged = codec::decode(record)?;
        let member = workspace.membership(logged.actor, channel);
        // Whoever left and came back begins anew.
        let counts = member.is_some_and(|member| member.joined <= logged.seq);
        match logged.event() {
            Some(Event::ThreadRead { root: thread, up_to, .. }) if counts && *thread == root => {
                if *up_to >= reply {
                    readers.insert(logged.actor, logged.ts);
                } else {
                    readers.remove(&logged.actor);
                }
            }
            Some(Event::ThreadUnread { root: thread, from, .. })
                if *thread == root && *from <= reply =>
            {
                readers.remove(&logged.actor);
            }
            Some(_) | None => {}
        }
    }
    Ok(readers)
}
