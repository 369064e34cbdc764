//! The messages that name a person, or everyone: those that wait (here), and all of them (`feed`). Among all are the
//! person's own that somebody else deleted: so they are told.
//!
//! Found by the log's labels, which say whom a message names, who sent it and where it stands. Of a message that names
//! many the label says only that it does; whom, `crowds` knows.

pub(super) mod crowds;
pub(super) mod feed;

use std::cmp::Reverse;
use std::collections::BTreeMap;

use chat::label::{LabelKind, Named, Owner};
use chat::{ChannelId, Message, Seq, UserId};
use eventlog::Reader;

pub use self::feed::Feed;
use super::chosen::seen;
use super::state::{Missing, Need, State};
use super::{At, Reading, ReadingError};

const NAMED: u8 = LabelKind::Named as u8;

/// Unread messages that name many which are asked whether they name a person, over all channels and threads. Older ones do
/// not count among what waits: without a limit, who fills a channel with them while somebody is away fills everybody's
/// reading.
const CROWDS_ASKED_MAX: usize = 4_096;

/// Channels whose crowds are read side by side for one question.
const NEEDS_MAX: usize = 4;

impl Reading {
    /// Unread messages that name the user or everyone, in channels and in the threads that they follow, newest first.
    pub async fn unread_mentions(
        &self,
        user: UserId,
        limit: usize,
        at: Seq,
    ) -> Result<At<Vec<Message>>, ReadingError> {
        let choose = move |state: &mut State, reader: &mut Reader| {
            let mut ids = state.unread_mentions_in_threads(reader, user)?;
            let channels = state.workspace.channels_of(user);
            let named = state.unread_mentions(reader, user, channels)?;
            ids.extend(named.into_iter().map(|(_, seq)| seq));
            Ok(newest(ids, limit))
        };
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
    /// that stand only in a thread among them. One look into the log for all that name the user, and at most two more; no
    /// message is read.
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
        for (owner, places) in [(Owner::User(user), places), (Owner::Everyone, &to_all)] {
            for (channel, seq, named) in self.labels_in(reader, owner, places)? {
                let is_own = owner == Owner::Everyone && named.sender == user;
                if !named.is_deleted && !is_own {
                    found.push((channel, seq, named));
                }
            }
        }
        let mut crowds = self.labels_in(reader, Owner::Many, &to_all)?;
        crowds.retain(|(.., named)| named.sender != user);
        found.extend(self.naming(user, crowds)?);
        Ok(found)
    }

    fn labels_in(
        &self,
        reader: &mut Reader,
        owner: Owner,
        places: &BTreeMap<ChannelId, Seq>,
    ) -> Result<Vec<(ChannelId, Seq, Named)>, Missing> {
        if places.is_empty() {
            return Ok(Vec::new());
        }
        let asked = places.iter().map(|(channel, after)| (channel.0.get(), after.get()));
        let head = self.workspace.head.get();
        let labels = reader.labels_in(NAMED, owner.number(), asked, head)?.into_iter();
        let labels = labels.map(|(channel, seq, value)| {
            (ChannelId(Seq(channel)), Seq(seq), Named::from_value(value))
        });
        Ok(labels.collect())
    }

    /// Of messages that name many those that name `user`.
    fn naming(
        &mut self,
        user: UserId,
        mut crowds: Vec<(ChannelId, Seq, Named)>,
    ) -> Result<Vec<(ChannelId, Seq, Named)>, Missing> {
        crowds.sort_unstable_by_key(|(_, message, _)| Reverse(*message));
        crowds.truncate(CROWDS_ASKED_MAX);
        let mut unknown = BTreeMap::new();
        crowds.retain(|(channel, message, _)| {
            self.crowds.names(*message, user).unwrap_or_else(|| {
                // The newest of the channel: others are read with it.
                unknown.entry(*channel).or_insert(*message);
                false
            })
        });
        if unknown.is_empty() {
            return Ok(crowds);
        }
        let needs = unknown.into_iter().take(NEEDS_MAX);
        Err(Missing::Needs(needs.map(|(channel, newest)| Need::Crowds(channel, newest)).collect()))
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
}

#[cfg(test)]
mod tests;
