//! Threads as their readers see them: one with its replies, the ones that the owner follows, and what waits in them.
//!
//! Neighbours: `thread` keeps the tables that are read here; `thread_log` answers the same without them.

use std::collections::BTreeMap;

use chat::audience::history_start;
use chat::thread::may_see_thread;
use chat::{ChannelId, Seq, Timestamp, UserId, Workspace};
use rusqlite::{Connection, OptionalExtension, Row};

use super::super::sqlite::{count_to_sql, from_sql, to_sql};
use super::super::{InFile, ProjectionError};
use super::file::{Mailbox, Sources};
use super::read::{END, views};
use super::{Counts, MailboxError, Mailboxes, from_log, rows, thread_log};
use crate::fold::{FoldRange, messages_by_id, thread_fold};
use crate::wire::MessageView;

/// A thread with a page of its replies.
#[derive(Clone, Debug, PartialEq)]
pub struct ThreadPage {
    /// `None` for who may see the replies only.
    pub root: Option<MessageView>,
    pub root_id: Seq,
    /// Oldest first, tombstones included.
    pub replies: Vec<MessageView>,
    /// `None` for who does not follow it.
    pub standing: Option<Standing>,
}

/// How a follower stands in a thread.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Standing {
    pub marker: Seq,
    pub waiting: Counts,
}

/// A thread that a person follows.
#[derive(Clone, Debug, PartialEq)]
pub struct FollowedThread {
    /// `None` for who may see the replies only.
    pub root: Option<MessageView>,
    pub root_id: Seq,
    pub channel: ChannelId,
    pub standing: Standing,
    /// Of its newest reply; of its beginning while there is none.
    pub last_reply_ts: Timestamp,
}

/// Which of the threads that a person follows.
#[derive(Clone, Copy, Debug)]
pub struct ThreadQuery {
    pub only_unread: bool,
    /// With no reply as late as that.
    pub before: Option<Timestamp>,
    pub limit: usize,
}

/// A thread that a person follows, before its root is looked up.
pub(super) struct Followed {
    pub root: Seq,
    pub channel: ChannelId,
    pub newest: Seq,
    pub standing: Standing,
}

impl Mailboxes {
    /// The thread under a message, or that it is a reply in, and the workspace of that moment; `None` for who may see
    /// neither.
    pub async fn thread(
        &self,
        user: UserId,
        message: Seq,
        range: FoldRange,
        at: Seq,
    ) -> Result<Option<(Workspace, ThreadPage)>, MailboxError> {
        self.ask(at, move |owner| {
            owner.answer(
                user,
                |mailbox, sources, workspace| {
                    let page = mailbox.thread(sources, workspace, message, range)?;
                    Ok(page.map(|page| (workspace.clone(), page)))
                },
                |sources, workspace| {
                    let page = thread_log::thread(sources, workspace, user, message, range)?;
                    Ok(page.map(|page| (workspace.clone(), page)))
                },
            )
        })
        .await
    }

    /// The threads that the user follows, the newest reply first, and the workspace of that moment.
    pub async fn threads(
        &self,
        user: UserId,
        query: ThreadQuery,
        at: Seq,
    ) -> Result<(Workspace, Vec<FollowedThread>), MailboxError> {
        self.ask(at, move |owner| {
            owner.answer(
                user,
                |mailbox, sources, workspace| {
                    Ok((workspace.clone(), mailbox.threads(sources, workspace, query)?))
                },
                |sources, workspace| {
                    let threads = thread_log::threads(sources, workspace, user, query)?;
                    Ok((workspace.clone(), threads))
                },
            )
        })
        .await
    }

    /// What waits in all of the user's channels, and in all threads that they follow.
    pub async fn waiting(
        &self,
        user: UserId,
        at: Seq,
    ) -> Result<(Workspace, BTreeMap<ChannelId, Counts>, Counts), MailboxError> {
        self.ask(at, move |owner| {
            owner.answer(
                user,
                |mailbox, _, workspace| {
                    let threads = mailbox.thread_counts().in_file(&mailbox.path)?;
                    Ok((workspace.clone(), mailbox.counts(), threads))
                },
                |sources, workspace| {
                    let counts = from_log::counts(sources, workspace, user)?;
                    let threads = thread_log::counts(sources, workspace, user)?;
                    Ok((workspace.clone(), counts, threads))
                },
            )
        })
        .await
    }
}

impl Mailbox {
    fn thread(
        &self,
        sources: &mut Sources,
        workspace: &Workspace,
        message: Seq,
        range: FoldRange,
    ) -> Result<Option<ThreadPage>, ProjectionError> {
        let find = |sources: &mut Sources, id| self.message(sources, workspace, id);
        let page = thread_page(sources, workspace, self.owner, message, range, find)?;
        let Some(mut page) = page else { return Ok(None) };
        page.standing = self.standing(page.root_id).in_file(&self.path)?;
        Ok(Some(page))
    }

    fn threads(
        &self,
        sources: &mut Sources,
        workspace: &Workspace,
        query: ThreadQuery,
    ) -> Result<Vec<FollowedThread>, ProjectionError> {
        let newest = newest_before(sources, query)?;
        let parameters = (to_sql(newest), query.only_unread, count_to_sql(query.limit as u64));
        let found = || -> rusqlite::Result<Vec<Followed>> {
            let mut statement = self.file.prepare_cached(SELECT_FOLLOWED)?;
            statement.query_map(parameters, followed)?.collect()
        };
        let found = found().in_file(&self.path)?;
        let find = |id| rows::find(&self.file, id).in_file(&self.path);
        with_roots(sources, workspace, self.owner, found, find)
    }

    fn standing(&self, root: Seq) -> rusqlite::Result<Option<Standing>> {
        let marker = self
            .file
            .prepare_cached(SELECT_MARKER)?
            .query_row([to_sql(root)], |row| row.get(0).map(from_sql))
            .optional()?;
        let Some(marker) = marker else { return Ok(None) };
        let waiting = counted(&self.file, SELECT_WAITING_IN, [to_sql(root)])?;
        Ok(Some(Standing { marker, waiting }))
    }

    /// What waits in all threads that the owner follows.
    fn thread_counts(&self) -> rusqlite::Result<Counts> {
        counted(&self.file, SELECT_WAITING, [])
    }
}

/// A thread out of its replies in the log; `find` knows the messages that `user` may see.
pub(super) fn thread_page(
    sources: &mut Sources,
    workspace: &Workspace,
    user: UserId,
    message: Seq,
    range: FoldRange,
    mut find: impl FnMut(&mut Sources, Seq) -> Result<Option<MessageView>, ProjectionError>,
) -> Result<Option<ThreadPage>, ProjectionError> {
    if message > END {
        return Ok(None);
    }
    let named = find(sources, message)?;
    let root_id = named.as_ref().and_then(|named| named.thread_id).map_or(message, Seq);
    let root = if root_id == message { named } else { find(sources, root_id)? };
    let first = if root.is_some() {
        Seq::ZERO
    } else {
        let folded = messages_by_id(&mut sources.reader, &[root_id], workspace.head)?;
        let hidden = folded.iter().find(|root| may_see_thread(user, root, workspace));
        let Some(hidden) = hidden else { return Ok(None) };
        history_start(user, hidden.channel, workspace).unwrap_or(END)
    };
    let replies = thread_fold(&mut sources.reader, root_id, from(range, first), workspace.head)?;
    let replies = views(replies.iter(), workspace);
    Ok(Some(ThreadPage { root, root_id, replies, standing: None }))
}

/// The range without what is before `first`.
fn from(range: FoldRange, first: Seq) -> FoldRange {
    let first = Seq(first.get().saturating_sub(1));
    match range {
        FoldRange::Newest { after, before, limit } => {
            FoldRange::Newest { after: after.max(first), before, limit }
        }
        FoldRange::Oldest { after, before, limit } => {
            FoldRange::Oldest { after: after.max(first), before, limit }
        }
    }
}

/// The last event before the time that a query ends at.
pub(super) fn newest_before(
    sources: &mut Sources,
    query: ThreadQuery,
) -> Result<Seq, eventlog::Error> {
    let Some(before) = query.before else { return Ok(END) };
    Ok(Seq(sources.reader.seq_at(before.0.saturating_sub(1))?))
}

/// The threads with their roots, and the times of what was said last; `find` knows the rows.
pub(super) fn with_roots(
    sources: &mut Sources,
    workspace: &Workspace,
    user: UserId,
    threads: Vec<Followed>,
    find: impl Fn(Seq) -> Result<Option<MessageView>, ProjectionError>,
) -> Result<Vec<FollowedThread>, ProjectionError> {
    let newest: Vec<u64> = threads.iter().map(|thread| thread.newest.get()).collect();
    let newest = sources.reader.by_seqs(&newest)?.into_iter();
    let times: BTreeMap<u64, i64> = newest.map(|record| (record.seq, record.ts_micros)).collect();
    let mut found = Vec::with_capacity(threads.len());
    for thread in threads {
        let root = match find(thread.root)? {
            Some(root) => Some(root),
            None => from_log::message(sources, workspace, user, thread.root)?,
        };
        let last_reply_ts = times.get(&thread.newest.get()).copied().unwrap_or_default();
        found.push(FollowedThread {
            root,
            root_id: thread.root,
            channel: thread.channel,
            standing: thread.standing,
            last_reply_ts: Timestamp(last_reply_ts),
        });
    }
    Ok(found)
}

fn followed(row: &Row) -> rusqlite::Result<Followed> {
    let waiting = Counts { unread: count(row, 4)?, mentions: count(row, 5)? };
    Ok(Followed {
        root: from_sql(row.get(0)?),
        channel: ChannelId(from_sql(row.get(1)?)),
        newest: from_sql(row.get(3)?),
        standing: Standing { marker: from_sql(row.get(2)?), waiting },
    })
}

fn counted(
    file: &Connection,
    sql: &str,
    parameters: impl rusqlite::Params,
) -> rusqlite::Result<Counts> {
    file.prepare_cached(sql)?.query_row(parameters, |row| {
        Ok(Counts { unread: count(row, 0)?, mentions: count(row, 1)? })
    })
}

fn count(row: &Row, column: usize) -> rusqlite::Result<u64> {
    Ok(from_sql(row.get(column)?).get())
}

const SELECT_FOLLOWED: &str = "
    SELECT root, channel_id, marker, newest,
           (SELECT COUNT(*) FROM unread_reply WHERE unread_reply.root = thread.root),
           (SELECT COUNT(*) FROM unread_reply WHERE unread_reply.root = thread.root AND is_mention)
      FROM thread
     WHERE newest <= ?1
       AND (NOT ?2 OR EXISTS (SELECT 1 FROM unread_reply WHERE unread_reply.root = thread.root))
     ORDER BY newest DESC
     LIMIT ?3";

const SELECT_MARKER: &str = "
    SELECT marker FROM thread WHERE root = ?1";

const SELECT_WAITING_IN: &str = "
    SELECT COUNT(*), COUNT(*) FILTER (WHERE is_mention) FROM unread_reply WHERE root = ?1";

const SELECT_WAITING: &str = "
    SELECT COUNT(*), COUNT(*) FILTER (WHERE is_mention) FROM unread_reply";
