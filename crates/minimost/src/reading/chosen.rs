//! Messages that are asked for one by one, what one of them said before it was edited, and who has read a reply.

use std::collections::{BTreeMap, HashMap};

use chat::audience::may_see;
use chat::{Event, EventKind, LoggedEvent, Message, Seq, Timestamp, UserId, Workspace};
use eventlog::Reader;

use super::{At, END, Reading, ReadingError};
use crate::fold::{self, FoldError, messages_by_id};

/// Texts of one message in one answer; of more, the newest.
const TEXTS_MAX: usize = 200;

/// Thread markers of a channel that are looked at for the readers of one reply, the first after it. Who reads it
/// later than so many others read in threads is not listed; without a limit one old reply could hold up everybody's
/// reading.
const MARKERS_MAX: usize = 10_000;

/// What a message has said.
#[derive(Debug)]
pub struct EditHistory {
    pub sender: UserId,
    /// Versions of the message, oldest first, the current one last; each has a text, or one that cannot be read.
    pub versions: Vec<(Timestamp, Message)>,
}

impl Reading {
    /// One message, if the user may see it.
    pub async fn message(
        &self,
        user: UserId,
        id: Seq,
        at: Seq,
    ) -> Result<At<Option<Message>>, ReadingError> {
        let At { workspace, found } = self.messages(user, vec![id], at).await?;
        Ok(At { workspace, found: found.into_iter().next() })
    }

    /// These messages, in this order; those that the user may not see are left out.
    pub async fn messages(
        &self,
        user: UserId,
        ids: Vec<Seq>,
        at: Seq,
    ) -> Result<At<Vec<Message>>, ReadingError> {
        self.fold(at, move |reader, workspace| seen(reader, workspace, user, &ids)).await
    }

    /// What a message has said, if the user may see it and it was not deleted.
    pub async fn edit_history(
        &self,
        user: UserId,
        id: Seq,
        at: Seq,
    ) -> Result<At<Option<EditHistory>>, ReadingError> {
        self.fold(at, move |reader, workspace| edit_history(reader, workspace, user, id)).await
    }

    /// The event that a message began with, if the user may see the message.
    pub async fn posted(
        &self,
        user: UserId,
        message: Seq,
        at: Seq,
    ) -> Result<At<Option<LoggedEvent>>, ReadingError> {
        self.fold(at, move |reader, workspace| posted(reader, workspace, user, message)).await
    }

    /// As [`Reading::posted`]; a reply in a thread names all who followed it then.
    pub async fn posted_to(
        &self,
        user: UserId,
        message: Seq,
        at: Seq,
    ) -> Result<At<Option<LoggedEvent>>, ReadingError> {
        self.fold(at, move |reader, workspace| {
            reader.snapshot(|reader| posted_to(reader, workspace, user, message))
        })
        .await
    }

    /// Who has read a reply in its thread, and when they read there last.
    pub async fn thread_readers(
        &self,
        reply: &LoggedEvent,
        at: Seq,
    ) -> Result<At<BTreeMap<UserId, Timestamp>>, ReadingError> {
        let reply = reply.clone();
        self.fold(at, move |reader, workspace| thread_readers(reader, workspace, &reply)).await
    }
}

/// These messages, in this order; those that `user` may not see are left out.
pub(super) fn seen(
    reader: &mut Reader,
    workspace: &Workspace,
    user: UserId,
    ids: &[Seq],
) -> Result<Vec<Message>, FoldError> {
    let mut sorted: Vec<_> = ids.iter().copied().filter(|id| *id <= END).collect();
    sorted.sort_unstable();
    let messages = messages_by_id(reader, &sorted, workspace.head)?.into_iter();
    let seen = messages.filter(|it| may_see(user, it.channel, it.id, workspace));
    let mut found: HashMap<_, _> = seen.map(|message| (message.id, message)).collect();
    Ok(ids.iter().filter_map(|id| found.remove(id)).collect())
}

fn edit_history(
    reader: &mut Reader,
    workspace: &Workspace,
    user: UserId,
    id: Seq,
) -> Result<Option<EditHistory>, FoldError> {
    let end = workspace.head.next().get();
    let (versions, is_deleted) = reader.snapshot(|reader| -> Result<_, FoldError> {
        let posted = reader.by_seqs(&[id.min(END).get()])?;
        let edited = EventKind::MessageEdited.code();
        let edits = reader.target_newest(id.min(END).get(), edited, 0, end, TEXTS_MAX)?;
        let mut versions: Vec<Message> = Vec::with_capacity(edits.len() + 1);
        for record in posted.iter().chain(&edits) {
            let Some(record) = fold::event(record, &reader.reads_on())? else { continue };
            match versions.last() {
                None if record.seq == id && begins(&record) => {
                    versions.push(Message::posted(&record));
                }
                None => return Ok((Vec::new(), false)),
                Some(before) => {
                    let mut version = before.clone();
                    version.apply(&record);
                    versions.push(version);
                }
            }
        }
        // One that cannot be read does not say whether it was erased.
        let deleted = EventKind::MessageDeleted.code();
        let deletion = reader.target_newest_seq(id.min(END).get(), deleted, end)?;
        Ok((versions, deletion.is_some()))
    })?;
    let Some(first) = versions.first() else { return Ok(None) };
    if is_deleted || !may_see(user, first.channel, id, workspace) {
        return Ok(None);
    }
    let sender = first.sender;
    let said = versions.into_iter().map(|it| (it.edited_ts.unwrap_or(it.ts), it));
    let is_said = |version: &Message| version.text.is_some() || version.lost.text;
    let mut versions: Vec<_> = said.filter(|(_, version)| is_said(version)).collect();
    versions.drain(..versions.len().saturating_sub(TEXTS_MAX));
    Ok(Some(EditHistory { sender, versions }))
}

/// Whether a message begins with it, of which it is known where.
fn begins(record: &LoggedEvent) -> bool {
    record.kind.begins_message() && record.channel.is_some()
}

fn posted(
    reader: &mut Reader,
    workspace: &Workspace,
    user: UserId,
    message: Seq,
) -> Result<Option<LoggedEvent>, FoldError> {
    let records = reader.by_seqs(&[message.min(END).get()])?;
    let Some(record) = records.first() else { return Ok(None) };
    let Some(logged) = fold::event(record, &reader.reads_on())? else { return Ok(None) };
    let channel = logged.channel.filter(|_| logged.kind.begins_message());
    let is_seen = channel.is_some_and(|channel| may_see(user, channel, logged.seq, workspace));
    Ok(is_seen.then_some(logged))
}

fn posted_to(
    reader: &mut Reader,
    workspace: &Workspace,
    user: UserId,
    message: Seq,
) -> Result<Option<LoggedEvent>, FoldError> {
    let Some(mut logged) = posted(reader, workspace, user, message)? else { return Ok(None) };
    fold::add_followers(reader, &mut logged, workspace)?;
    Ok(Some(logged))
}

fn thread_readers(
    reader: &mut Reader,
    workspace: &Workspace,
    reply: &LoggedEvent,
) -> Result<BTreeMap<UserId, Timestamp>, FoldError> {
    let (Some(channel), Some(root)) = (reply.channel, reply.target) else {
        return Ok(BTreeMap::new());
    };
    let (after, end) = (reply.seq.get(), workspace.head.next().get());
    let mut records = Vec::new();
    for kind in [EventKind::ThreadRead, EventKind::ThreadUnread] {
        let (id, kind) = (channel.0.get(), kind.code());
        records.extend(reader.channel_oldest(id, kind, after, end, MARKERS_MAX)?);
    }
    records.sort_unstable_by_key(|record| record.seq);
    records.truncate(MARKERS_MAX);
    let mut readers = BTreeMap::new();
    for record in &records {
        // A marker that cannot be read moves nobody.
        let Some(logged) = fold::event(record, &reader.reads_on())? else { continue };
        let member = workspace.membership(logged.actor, channel);
        // Whoever left and came back begins anew.
        let counts = member.is_some_and(|member| member.joined <= logged.seq);
        match logged.event() {
            Some(Event::ThreadRead { root: thread, up_to, .. }) if counts && *thread == root => {
                if *up_to >= reply.seq {
                    readers.insert(logged.actor, logged.ts);
                } else {
                    readers.remove(&logged.actor);
                }
            }
            Some(Event::ThreadUnread { root: thread, from, .. })
                if *thread == root && *from <= reply.seq =>
            {
                readers.remove(&logged.actor);
            }
            Some(_) | None => {}
        }
    }
    Ok(readers)
}
