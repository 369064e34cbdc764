//! The messages that name the owner, or everyone: those that wait, and all of them. Among all are the owner's own that
//! somebody else deleted: so they are told.
//!
//! Neighbours: `apply` and `thread` keep the tables that are read here.

use chat::{ChannelId, Message, Seq, UserId, Workspace};
use eventlog::Reader;
use rusqlite::Params;

use super::super::sqlite::{count_to_sql, from_sql, to_sql};
use super::super::{InFile, ProjectionError};
use super::apply::concerns;
use super::file::{Fault, Mailbox, Sources};
use super::read::END;
use super::{MailboxError, Mailboxes, from_log, rows, thread_log};
use crate::fold::{FoldError, FoldRange, beside_fold, message_fold, messages_by_id};
use crate::wire::MessageView;

/// Messages folded at a time.
const FOLD_MESSAGES: usize = 1_000;

impl Mailboxes {
    /// Unread messages that name the user or everyone, in channels and in the threads that they follow, newest first.
    pub async fn unread_mentions(
        &self,
        user: UserId,
        limit: usize,
        at: Seq,
    ) -> Result<Vec<MessageView>, MailboxError> {
        self.ask(at, move |owner| {
            owner.answer(
                user,
                |mailbox, sources, workspace| mailbox.unread_mentions(sources, workspace, limit),
                |sources, workspace| unread_from_log(sources, workspace, user, limit),
            )
        })
        .await
    }

    /// What is about the user, with an id below `before`, read or not, newest first: messages of others that name them or
    /// everyone, and their own that somebody else deleted.
    pub async fn mentions(
        &self,
        user: UserId,
        before: Seq,
        limit: usize,
        at: Seq,
    ) -> Result<Vec<MessageView>, MailboxError> {
        let before = before.min(END);
        self.ask(at, move |owner| {
            owner.answer(
                user,
                |mailbox, sources, workspace| mailbox.mentions(sources, workspace, before, limit),
                |sources, workspace| all_from_log(sources, workspace, user, before, limit),
            )
        })
        .await
    }
}

impl Mailbox {
    fn unread_mentions(
        &self,
        sources: &mut Sources,
        workspace: &Workspace,
        limit: usize,
    ) -> Result<Vec<MessageView>, ProjectionError> {
        let limit = count_to_sql(limit as u64);
        self.named(sources, workspace, SELECT_UNREAD, [limit]).in_file(&self.path)
    }

    fn mentions(
        &self,
        sources: &mut Sources,
        workspace: &Workspace,
        before: Seq,
        limit: usize,
    ) -> Result<Vec<MessageView>, ProjectionError> {
        let parameters = (to_sql(before), count_to_sql(limit as u64));
        self.named(sources, workspace, SELECT_ALL, parameters).in_file(&self.path)
    }

    /// The messages whose ids a query selects, newest first.
    fn named(
        &self,
        sources: &mut Sources,
        workspace: &Workspace,
        sql: &str,
        parameters: impl Params,
    ) -> Result<Vec<MessageView>, Fault> {
        let ids: Vec<Seq> = self
            .file
            .prepare_cached(sql)?
            .query_map(parameters, |row| row.get(0).map(from_sql))?
            .collect::<Result<_, _>>()?;
        let mut views = Vec::with_capacity(ids.len());
        let mut absent = Vec::new();
        for id in ids {
            match rows::find(&self.file, id)? {
                Some(view) => views.push(view),
                None => absent.push(id),
            }
        }
        // Older than the window, as mentions of everyone can be.
        absent.reverse();
        let folded = messages_by_id(&mut sources.reader, &absent, workspace.head)?;
        views.extend(folded.iter().map(|message| MessageView::new(message, workspace)));
        views.sort_unstable_by_key(|view| std::cmp::Reverse(view.id));
        Ok(views)
    }
}

fn unread_from_log(
    sources: &mut Sources,
    workspace: &Workspace,
    user: UserId,
    limit: usize,
) -> Result<Vec<MessageView>, ProjectionError> {
    let mut ids = thread_log::unread_mentions(sources, workspace, user)?;
    for channel in workspace.channels_of(user) {
        from_log::each_mention(sources, workspace, user, channel, |it| ids.push(it.id))?;
    }
    ids.sort_unstable_by_key(|id| std::cmp::Reverse(*id));
    ids.dedup();
    ids.truncate(limit);
    let messages = messages_by_id(&mut sources.reader, &ids, workspace.head)?;
    Ok(newest_first(&messages, workspace))
}

fn all_from_log(
    sources: &mut Sources,
    workspace: &Workspace,
    user: UserId,
    before: Seq,
    limit: usize,
) -> Result<Vec<MessageView>, ProjectionError> {
    let mut found = Vec::new();
    for channel in workspace.channels_of(user) {
        // Only what was said since they came was said to them.
        let after = workspace.membership(user, channel).map_or(END, |member| member.joined);
        for fold in [message_fold as Fold, beside_fold] {
            let mut fold = |before| {
                let range = FoldRange::Newest { after, before, limit: FOLD_MESSAGES };
                fold(&mut sources.reader, channel, range, workspace.head)
            };
            found.extend(named_in(&mut fold, user, before, limit)?);
        }
    }
    found.sort_unstable_by_key(|message| message.id);
    let messages = &found[found.len().saturating_sub(limit)..];
    Ok(newest_first(messages, workspace))
}

type Fold = fn(&mut Reader, ChannelId, FoldRange, Seq) -> Result<Vec<Message>, FoldError>;

/// The newest `limit` messages that are about `user`; `older` folds those directly before an id.
fn named_in(
    older: &mut impl FnMut(Seq) -> Result<Vec<Message>, FoldError>,
    user: UserId,
    before: Seq,
    limit: usize,
) -> Result<Vec<Message>, FoldError> {
    let (mut found, mut before) = (Vec::new(), before);
    loop {
        let messages = older(before)?;
        let oldest = messages.first().map(|message| message.id);
        let is_last = messages.len() < FOLD_MESSAGES;
        let own = messages.into_iter().rev().filter(|it| is_about(it, user));
        found.extend(own.take(limit - found.len()));
        match oldest {
            Some(oldest) if !is_last && found.len() < limit => before = oldest,
            Some(_) | None => return Ok(found),
        }
    }
}

/// A message of somebody else that names `user`, or their own that somebody else deleted.
fn is_about(message: &Message, user: UserId) -> bool {
    if message.sender == user {
        return message.deleted_by.is_some();
    }
    !message.deleted && concerns(&message.mentions, user)
}

fn newest_first(messages: &[Message], workspace: &Workspace) -> Vec<MessageView> {
    messages.iter().rev().map(|message| MessageView::new(message, workspace)).collect()
}

const SELECT_UNREAD: &str = "
    SELECT seq FROM unread_mention
     UNION
    SELECT seq FROM unread_reply WHERE is_mention
     ORDER BY seq DESC
     LIMIT ?1";

const SELECT_ALL: &str = "
    SELECT seq FROM mention WHERE seq < ?1 ORDER BY seq DESC LIMIT ?2";
