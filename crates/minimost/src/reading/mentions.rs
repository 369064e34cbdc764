//! The messages that name a person, or everyone: those that wait, and all of them. Among all are the person's own that
//! somebody else deleted: so they are told.
//!
//! Found by the log's labels, which say whom a message names, who sent it and where it stands. Of a message that names
//! many the label says only that it does; the message is asked.

use std::collections::BTreeMap;

use chat::event::{Event, Mentions};
use chat::label::{LabelKind, Named, Owner};
use chat::{ChannelId, EventKind, Message, Seq, UserId};
use eventlog::Reader;

use super::chosen::seen;
use super::state::{Missing, State};
use super::{At, END, Reading, ReadingError};
use crate::fold::{self, FoldError};

const NAMED: u8 = LabelKind::Named as u8;

/// Labels that are looked at in one go.
const LABELS_AT_ONCE: usize = 64;

impl Reading {
    /// Unread messages that name the user or everyone, in channels and in the threads that they follow, newest first.
    pub async fn unread_mentions(
        &self,
        user: UserId,
        limit: usize,
        at: Seq,
    ) -> Result<At<Vec<Message>>, ReadingError> {
        self.chosen(user, at, move |state, reader| {
            let mut ids = state.unread_mentions_in_threads(reader, user)?;
            let channels = state.workspace.channels_of(user);
            let named = state.unread_mentions(reader, user, channels)?;
            ids.extend(named.into_iter().map(|(_, seq)| seq));
            Ok(newest(ids, limit))
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
    ) -> Result<At<Vec<Message>>, ReadingError> {
        self.chosen(user, at, move |state, reader| {
            let mut ids = Vec::new();
            for channel in state.workspace.channels_of(user) {
                ids.extend(state.newest_mentions_in(reader, user, channel, before, limit)?);
            }
            Ok(newest(ids, limit))
        })
        .await
    }

    /// The messages that a question to the owner thread names.
    async fn chosen(
        &self,
        user: UserId,
        at: Seq,
        choose: impl FnMut(&mut State, &mut Reader) -> Result<Vec<Seq>, Missing> + Send + 'static,
    ) -> Result<At<Vec<Message>>, ReadingError> {
        let At { workspace, found: ids } = self.ask_log(at, choose).await?;
        if ids.is_empty() {
            return Ok(At { workspace, found: Vec::new() });
        }
        self.fold_at(workspace, move |reader, workspace| seen(reader, workspace, user, &ids)).await
    }
}

fn newest(mut ids: Vec<Seq>, limit: usize) -> Vec<Seq> {
    ids.sort_unstable_by(|left, right| right.cmp(left));
    ids.dedup();
    ids.truncate(limit);
    ids
}

impl State {
    /// The unread messages of these channels' timelines that name `user` or everyone.
    pub(super) fn unread_mentions(
        &mut self,
        reader: &mut Reader,
        user: UserId,
        channels: impl IntoIterator<Item = ChannelId>,
    ) -> Result<Vec<(ChannelId, Seq)>, Missing> {
        let mut unread = BTreeMap::new();
        for channel in channels {
            let marker = self.workspace.read_up_to(user, channel);
            let newest = self.workspace.channels.get(&channel).and_then(|channel| channel.newest);
            if newest.is_some_and(|newest| newest > marker) {
                unread.insert(channel, marker);
            }
        }
        let named = self.named_in(reader, user, &unread)?.into_iter();
        let shown = named.filter(|(.., named)| !named.is_beside);
        Ok(shown.map(|(channel, seq, _)| (channel, seq)).collect())
    }

    /// Messages of others in channels, in each after a place, that name `user` or everyone and are not deleted, replies
    /// that stand only in a thread among them. One look into the log for all that name the user, and at most two more.
    pub(super) fn named_in(
        &mut self,
        reader: &mut Reader,
        user: UserId,
        places: &BTreeMap<ChannelId, Seq>,
    ) -> Result<Vec<(ChannelId, Seq, Named)>, Missing> {
        let mut to_all = BTreeMap::new();
        for (channel, after) in places {
            if self.last_to_all(reader, *channel)? > *after {
                to_all.insert(*channel, *after);
            }
        }
        let mut found = Vec::new();
        let looks =
            [(Owner::User(user), places), (Owner::Everyone, &to_all), (Owner::Many, &to_all)];
        for (owner, places) in looks {
            if places.is_empty() {
                continue;
            }
            let asked = places.iter().map(|(channel, after)| (channel.0.get(), after.get()));
            let head = self.workspace.head.get();
            for (channel, seq, value) in reader.labels_in(NAMED, owner.number(), asked, head)? {
                let (seq, named) = (Seq(seq), Named::from_value(value));
                if !named.is_deleted && self.is_for(reader, user, owner, seq, named)? {
                    found.push((ChannelId(Seq(channel)), seq, named));
                }
            }
        }
        Ok(found)
    }

    /// After which no message of a channel names everyone or many.
    fn last_to_all(&mut self, reader: &mut Reader, channel: ChannelId) -> Result<Seq, Missing> {
        if let Some(last) = self.to_all.get(&channel) {
            return Ok(*last);
        }
        let (id, end) = (channel.0.get(), self.workspace.head.next().get());
        let mut last = 0;
        for owner in [Owner::Everyone, Owner::Many] {
            let newest = reader.labels_newest(NAMED, owner.number(), id, 0, end, 1)?;
            last = newest.iter().map(|(seq, _)| *seq).fold(last, u64::max);
        }
        self.to_all.insert(channel, Seq(last));
        Ok(Seq(last))
    }

    fn newest_mentions_in(
        &mut self,
        reader: &mut Reader,
        user: UserId,
        channel: ChannelId,
        before: Seq,
        limit: usize,
    ) -> Result<Vec<Seq>, Missing> {
        // Only what was said since they came was said to them.
        let Some(member) = self.workspace.membership(user, channel) else { return Ok(Vec::new()) };
        let (id, after) = (channel.0.get(), member.joined.get());
        let end = before.min(self.workspace.head.next()).min(END).get();
        let mut found = Vec::new();
        for owner in [Owner::User(user), Owner::Everyone, Owner::Many] {
            let (number, mut end, mut of_owner) = (owner.number(), end, 0);
            while of_owner < limit {
                let labels = reader.labels_newest(NAMED, number, id, after, end, LABELS_AT_ONCE)?;
                for (seq, value) in &labels {
                    let (seq, named) = (Seq(*seq), Named::from_value(*value));
                    if self.is_for(reader, user, owner, seq, named)? {
                        found.push(seq);
                        of_owner += 1;
                    }
                }
                match labels.last() {
                    Some((last, _)) if labels.len() == LABELS_AT_ONCE => end = *last,
                    Some(_) | None => break,
                }
            }
        }
        Ok(found)
    }

    /// Whether a label that names `user`, everyone or many is about `user`, who is not its sender.
    fn is_for(
        &mut self,
        reader: &mut Reader,
        user: UserId,
        owner: Owner,
        message: Seq,
        named: Named,
    ) -> Result<bool, Missing> {
        match owner {
            Owner::User(_) => Ok(true),
            Owner::Everyone => Ok(named.sender != user),
            Owner::Many => Ok(named.sender != user && self.is_in_crowd(reader, user, message)?),
        }
    }

    /// Whether a message that names many names `user`.
    fn is_in_crowd(
        &mut self,
        reader: &mut Reader,
        user: UserId,
        message: Seq,
    ) -> Result<bool, FoldError> {
        if let Some(crowd) = self.crowds.get(&message) {
            return Ok(crowd.binary_search(&user).is_ok());
        }
        let mut crowd = named_by(reader, message, self.workspace.head)?;
        crowd.sort_unstable();
        let is_in = crowd.binary_search(&user).is_ok();
        self.crowds.put(message, crowd.into());
        Ok(is_in)
    }
}

/// Whom a message names as it is now: out of its newest edit, or of what it began with. Nothing else about it is read.
fn named_by(reader: &mut Reader, message: Seq, head: Seq) -> Result<Vec<UserId>, FoldError> {
    let (id, edited) = (message.get(), EventKind::MessageEdited.code());
    let newest = reader.target_newest(id, edited, 0, head.next().get(), 1)?;
    let record = match newest.into_iter().next() {
        Some(edit) => Some(edit),
        None => reader.by_seqs(&[id])?.pop(),
    };
    let Some(record) = record else { return Ok(Vec::new()) };
    // One that cannot be read names nobody that we know of.
    let Some(logged) = fold::event(&record, &reader.reads_on())? else { return Ok(Vec::new()) };
    let mentions = match logged.event() {
        Some(Event::MessageEdited { mentions, .. }) => Some(mentions),
        Some(about) => about.posting().map(|posting| &posting.mentions),
        None => None,
    };
    Ok(match mentions {
        Some(Mentions::Users(users)) => users.clone(),
        Some(Mentions::Nobody | Mentions::Everyone) | None => Vec::new(),
    })
}
