//! What a mailbox that is at the head answers: rows where the window has them, the log where it does not, without a seam.

use std::collections::BTreeMap;

use chat::audience::history_start;
use chat::{ChannelId, Message, Seq, Timestamp, UserId, Workspace};

use super::super::{InFile, ProjectionError};
use super::file::{Fault, Mailbox, Sources};
use super::{Counts, PageQuery, rows};
use crate::fold::{FoldRange, message_fold, messages_changed};
use crate::wire::MessageView;

/// Beyond every id that SQLite can hold.
pub(super) const END: Seq = Seq(i64::MAX as u64);

impl Mailbox {
    /// A page of a channel.
    pub fn page(
        &self,
        sources: &mut Sources,
        workspace: &Workspace,
        channel: ChannelId,
        query: PageQuery,
    ) -> Result<Vec<MessageView>, ProjectionError> {
        let mut folding = Folding::new(sources, workspace, self.owner, channel);
        match query {
            PageQuery::Newest { limit } => self.newest(&mut folding, END, limit),
            PageQuery::Before { before, limit } => self.newest(&mut folding, before, limit),
            PageQuery::After { after, limit } => self.oldest(&mut folding, after, limit),
            PageQuery::Around { id, limit } => self.around(&mut folding, id, limit),
            PageQuery::Earlier { before, limit } => match folding.first_at(before) {
                Ok(before) => self.newest(&mut folding, before, limit),
                Err(fault) => Err(fault.into()),
            },
            PageQuery::Changed { .. } => folding.page(query).map_err(Fault::from),
        }
        .in_file(&self.path)
    }

    /// The newest rows before an id, and what is older than the window from the log.
    fn newest(
        &self,
        folding: &mut Folding,
        before: Seq,
        limit: usize,
    ) -> Result<Vec<MessageView>, Fault> {
        let Some(counter) = self.state.counters.get(&folding.channel) else { return Ok(vec![]) };
        let before = before.min(END);
        let rows = rows::newest(&self.file, &counter.name, counter.floor, before, limit)?;
        if rows.len() == limit || counter.floor <= counter.history {
            return Ok(rows);
        }
        let before = before.min(counter.floor);
        let range = FoldRange::Newest { after: Seq::ZERO, before, limit: limit - rows.len() };
        let mut page = folding.fold(range)?;
        page.extend(rows);
        Ok(page)
    }

    /// The oldest messages after an id: from the log until the window begins, rows from there.
    fn oldest(
        &self,
        folding: &mut Folding,
        after: Seq,
        limit: usize,
    ) -> Result<Vec<MessageView>, Fault> {
        let Some(counter) = self.state.counters.get(&folding.channel) else { return Ok(vec![]) };
        let mut page = Vec::new();
        if after.next() < counter.floor {
            page = folding.fold(FoldRange::Oldest { after, before: counter.floor, limit })?;
        }
        let from = after.min(END).next().min(END).max(counter.floor);
        page.extend(rows::oldest(&self.file, &counter.name, from, limit - page.len())?);
        Ok(page)
    }

    /// A message of the timeline with what stands around it; nothing when it is not there.
    fn around(
        &self,
        folding: &mut Folding,
        id: Seq,
        limit: usize,
    ) -> Result<Vec<MessageView>, Fault> {
        let id = id.min(END);
        let older = limit / 2;
        let newer = self.oldest(folding, Seq(id.get().saturating_sub(1)), limit - older)?;
        if newer.first().is_none_or(|message| message.id != id.get()) {
            return Ok(Vec::new());
        }
        let mut page = self.newest(folding, id, older)?;
        page.extend(newer);
        Ok(page)
    }

    /// One message that the owner may see.
    pub fn message(
        &self,
        sources: &mut Sources,
        workspace: &Workspace,
        id: Seq,
    ) -> Result<Option<MessageView>, ProjectionError> {
        if id > END {
            return Ok(None);
        }
        match rows::find(&self.file, id).in_file(&self.path)? {
            Some(view) => Ok(Some(view)),
            None => super::from_log::message(sources, workspace, self.owner, id),
        }
    }

    /// What waits in every channel of the owner.
    pub fn counts(&self) -> BTreeMap<ChannelId, Counts> {
        let counters = self.state.counters.iter();
        counters
            .map(|(id, it)| (*id, Counts { unread: it.unread, mentions: it.mentions }))
            .collect()
    }
}

/// Answers about one channel out of the log, from where its reader's history begins.
pub(super) struct Folding<'a> {
    sources: &'a mut Sources,
    workspace: &'a Workspace,
    channel: ChannelId,
    /// `None` for who may not read there.
    history: Option<Seq>,
}

impl<'a> Folding<'a> {
    pub fn new(
        sources: &'a mut Sources,
        workspace: &'a Workspace,
        user: UserId,
        channel: ChannelId,
    ) -> Folding<'a> {
        let history = history_start(user, channel, workspace);
        Folding { sources, workspace, channel, history }
    }

    /// A page without any row.
    pub fn page(&mut self, query: PageQuery) -> Result<Vec<MessageView>, ProjectionError> {
        let newest = |before: Seq, limit| FoldRange::Newest { after: Seq::ZERO, before, limit };
        let oldest = |after: Seq, limit| FoldRange::Oldest { after, before: END, limit };
        match query {
            PageQuery::Newest { limit } => self.fold(newest(END, limit)),
            PageQuery::Before { before, limit } => self.fold(newest(before.min(END), limit)),
            PageQuery::After { after, limit } => self.fold(oldest(after.min(END), limit)),
            PageQuery::Around { id, limit } => {
                let id = id.min(END);
                let before = Seq(id.get().saturating_sub(1));
                let newer = self.fold(oldest(before, limit - limit / 2))?;
                if newer.first().is_none_or(|message| message.id != id.get()) {
                    return Ok(Vec::new());
                }
                let mut page = self.fold(newest(id, limit / 2))?;
                page.extend(newer);
                Ok(page)
            }
            PageQuery::Earlier { before, limit } => {
                let before = self.first_at(before)?;
                self.fold(newest(before, limit))
            }
            PageQuery::Changed { since, until, limit } => {
                let Some(history) = self.history else { return Ok(Vec::new()) };
                let (reader, head) = (&mut self.sources.reader, self.workspace.head);
                let (channel, time) = (self.channel, (since, until));
                let messages = messages_changed(reader, channel, history, time, head, limit)?;
                Ok(views(messages.iter(), self.workspace))
            }
        }
    }

    /// The first place in the log that is not earlier than a time.
    fn first_at(&mut self, time: Timestamp) -> Result<Seq, eventlog::Error> {
        let earlier = self.sources.reader.seq_at(time.0.saturating_sub(1))?;
        Ok(Seq(earlier).next())
    }

    fn fold(&mut self, range: FoldRange) -> Result<Vec<MessageView>, ProjectionError> {
        let Some(history) = self.history else { return Ok(Vec::new()) };
        let first = Seq(history.get().saturating_sub(1));
        let range = match range {
            FoldRange::Newest { after, before, limit } => {
                FoldRange::Newest { after: after.max(first), before, limit }
            }
            FoldRange::Oldest { after, before, limit } => {
                FoldRange::Oldest { after: after.max(first), before, limit }
            }
        };
        let (reader, head) = (&mut self.sources.reader, self.workspace.head);
        let messages = message_fold(reader, self.channel, range, head)?;
        Ok(views(messages.iter(), self.workspace))
    }
}

pub(super) fn views<'a>(
    messages: impl Iterator<Item = &'a Message>,
    workspace: &Workspace,
) -> Vec<MessageView> {
    messages.map(|message| MessageView::new(message, workspace)).collect()
}
