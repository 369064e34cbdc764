//! The feed of mentions: a page of what is about somebody, read or not.
//!
//! It is found on a fold thread, in one state of the log. What one page looks at is bounded: where that ends first, the
//! page says where it goes on. Whom a message names is read once for all who look at it.

use std::collections::BinaryHeap;
use std::sync::{Arc, Mutex, PoisonError};

use chat::label::{Named, Owner};
use chat::{ChannelId, Message, Seq, UserId, Workspace};
use eventlog::Reader;

use super::super::chosen::seen;
use super::super::{At, END, Reading, ReadingError};
use super::NAMED;
use super::crowds::{Crowds, named_in, saying};
use crate::fold::FoldError;

/// Labels of one owner in one channel that are looked at in one go.
const LABELS_AT_ONCE: usize = 64;

/// What is looked at for one page at most.
#[derive(Clone, Copy)]
pub(super) struct Bounds {
    /// Of somebody's own messages to everyone there may be any number.
    pub labels: usize,
    /// Messages that name many, of which it is asked whether they name the person.
    pub crowds: usize,
    /// People in those that are not remembered and have to be read: about 100 ms on a fold thread.
    pub people: usize,
}

const BOUNDS: Bounds = Bounds { labels: 16_384, crowds: 4_096, people: 1_000_000 };

/// Whom messages name that name many, by the event that says so; what the fold threads have read of it for feeds.
pub(in crate::reading) type Said = Arc<Mutex<Crowds>>;

/// A page of what is about somebody.
#[derive(Debug)]
pub struct Feed {
    /// Newest first.
    pub messages: Vec<Message>,
    /// The page ends before its limit though there may be more, with ids below this one.
    pub more_before: Option<Seq>,
}

/// Which messages are on a page.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Chosen {
    pub ids: Vec<Seq>,
    pub more_before: Option<Seq>,
}

impl Reading {
    /// What is about the user, with an id below `before`, read or not, newest first: messages of others that name them or
    /// everyone, and their own that somebody else deleted.
    pub async fn mentions(
        &self,
        user: UserId,
        before: Seq,
        limit: usize,
        at: Seq,
    ) -> Result<At<Feed>, ReadingError> {
        let said = Arc::clone(&self.said);
        self.fold_labels(at, move |reader, workspace| {
            let asked = Asked { user, before, limit, bounds: BOUNDS };
            let Chosen { ids, more_before } = chosen(reader, workspace, &said, asked)?;
            Ok(Feed { messages: seen(reader, workspace, user, &ids)?, more_before })
        })
        .await
    }
}

/// Which page.
#[derive(Clone, Copy)]
pub(super) struct Asked {
    pub user: UserId,
    pub before: Seq,
    pub limit: usize,
    pub bounds: Bounds,
}

/// The messages of a page, out of the labels of all owners and channels that may be about the user, the newest first.
pub(super) fn chosen(
    reader: &mut Reader,
    workspace: &Workspace,
    said: &Said,
    Asked { user, before, limit, bounds: mut left }: Asked,
) -> Result<Chosen, FoldError> {
    let before = before.min(workspace.head.next()).min(END);
    let mut lines = lines(workspace, user, before);
    let mut newest = BinaryHeap::with_capacity(lines.len());
    for (at, line) in lines.iter_mut().enumerate() {
        newest.extend(line.next(reader)?.map(|label| (label, at)));
    }
    let mut ids = Vec::new();
    while ids.len() < limit {
        let Some(((message, value), at)) = newest.pop() else { break };
        let (owner, named) = (lines[at].owner, Named::from_value(value));
        let is_crowd = owner == Owner::Many && named.sender != user;
        if left.labels == 0 || is_crowd && (left.crowds == 0 || left.people == 0) {
            return Ok(Chosen { ids, more_before: Some(message.next()) });
        }
        left.labels -= 1;
        let is_about_user = match owner {
            Owner::User(_) => true,
            Owner::Everyone => named.sender != user,
            Owner::Many => is_crowd && is_in_crowd(reader, said, (message, user), &mut left)?,
        };
        if is_about_user {
            ids.push(message);
        }
        newest.extend(lines[at].next(reader)?.map(|label| (label, at)));
    }
    Ok(Chosen { ids, more_before: None })
}

fn is_in_crowd(
    reader: &mut Reader,
    said: &Said,
    (message, user): (Seq, UserId),
    left: &mut Bounds,
) -> Result<bool, FoldError> {
    let crowds = || said.lock().unwrap_or_else(PoisonError::into_inner);
    left.crowds -= 1;
    let event = saying(reader, message)?;
    if let Some(is_named) = crowds().names(event, user) {
        return Ok(is_named);
    }
    let users = named_in(reader, event)?;
    left.people = left.people.saturating_sub(users.len());
    crowds().put(event, &users, event);
    Ok(users.contains(&user))
}

/// The labels of one owner in one channel, from the newest on.
struct Line {
    owner: Owner,
    channel: ChannelId,
    /// Only what was said since the person came was said to them.
    after: Seq,
    before: Seq,
    /// What was looked up, the newest last.
    known: Vec<(u64, u64)>,
    is_all_known: bool,
}

fn lines(workspace: &Workspace, user: UserId, before: Seq) -> Vec<Line> {
    let mut lines = Vec::new();
    for channel in workspace.channels_of(user) {
        let Some(member) = workspace.membership(user, channel) else { continue };
        for owner in [Owner::User(user), Owner::Everyone, Owner::Many] {
            let (after, known) = (member.joined, Vec::new());
            lines.push(Line { owner, channel, after, before, known, is_all_known: false });
        }
    }
    lines
}

impl Line {
    /// The next label: its message and its value.
    fn next(&mut self, reader: &mut Reader) -> Result<Option<(Seq, u64)>, FoldError> {
        if self.known.is_empty() && !self.is_all_known {
            let (owner, channel) = (self.owner.number(), self.channel.0.get());
            let (after, before) = (self.after.get(), self.before.get());
            self.known =
                reader.labels_newest(NAMED, owner, channel, after, before, LABELS_AT_ONCE)?;
            self.is_all_known = self.known.len() < LABELS_AT_ONCE;
            self.before = self.known.last().map_or(self.before, |(oldest, _)| Seq(*oldest));
            self.known.reverse();
        }
        Ok(self.known.pop().map(|(message, value)| (Seq(message), value)))
    }
}
