//! What waits for a person: in each channel, and in the threads that they follow.

use std::collections::BTreeMap;
use std::sync::Arc;

use chat::{ChannelId, Seq, UserId};
use eventlog::Reader;

use super::state::{Missing, Need, State};
use super::{At, Reading, ReadingError};

/// Channels whose posts are read side by side for one question; more wait for their turn, as others ask too.
const NEEDS_MAX: usize = 16;

/// What waits for a person in one place.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Counts {
    pub unread: u64,
    /// Of these, the ones that name the person or everyone.
    pub mentions: u64,
}

/// What waits for a person.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Waiting {
    pub channels: BTreeMap<ChannelId, Counts>,
    pub threads: WaitingThreads,
}

/// The threads that a person follows, and what waits in them.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct WaitingThreads {
    /// In all of them.
    pub all: Counts,
    /// Of those where anything is unread how much, by root.
    pub unread: BTreeMap<Seq, u64>,
    /// The roots.
    pub followed: Vec<Seq>,
}

/// What a screen of a person starts from.
#[derive(Clone, Debug)]
pub struct Start {
    pub waiting: Waiting,
    /// The last commit that changed what everybody sees of people, groups and settings, or one before which that was
    /// not looked at.
    pub house_changed: Seq,
}

impl Reading {
    /// What waits for the user in each of their channels.
    pub async fn counts(
        &self,
        user: UserId,
        at: Seq,
    ) -> Result<At<BTreeMap<ChannelId, Counts>>, ReadingError> {
        self.ask_log(at, move |state, reader| state.counts(reader, user)).await
    }

    /// What a screen of the user starts from.
    pub async fn start_of(&self, user: UserId, at: Seq) -> Result<At<Start>, ReadingError> {
        self.ask_log(at, move |state, reader| {
            let channels = state.counts(reader, user)?;
            let threads = state.waiting_threads(reader, user)?;
            let waiting = Waiting { channels, threads };
            Ok(Start { waiting, house_changed: state.house_changed })
        })
        .await
    }
}

impl State {
    fn counts(
        &mut self,
        reader: &mut Reader,
        user: UserId,
    ) -> Result<BTreeMap<ChannelId, Counts>, Missing> {
        let workspace = Arc::clone(&self.workspace);
        let (mut all, mut needs) = (BTreeMap::new(), Vec::new());
        for channel in workspace.channels_of(user) {
            let marker = workspace.read_up_to(user, channel);
            let newest = workspace.channels.get(&channel).and_then(|channel| channel.newest);
            let mut counts = Counts::default();
            if newest.is_some_and(|newest| newest > marker) {
                let unread = self.posts.after(channel, marker, user, workspace.head);
                match unread {
                    Ok(unread) => counts.unread = unread,
                    Err(unread) => needs.push(Need::Posts(channel, unread, marker)),
                }
            }
            all.insert(channel, counts);
            if needs.len() == NEEDS_MAX {
                break;
            }
        }
        if !needs.is_empty() {
            return Err(Missing::Needs(needs));
        }
        // After the posts, which may have to be read first: nothing is looked up twice.
        let unread = all.iter().filter(|(_, counts)| counts.unread > 0);
        let unread: Vec<_> = unread.map(|(channel, _)| *channel).collect();
        for (channel, _) in self.unread_mentions(reader, user, unread)? {
            all.entry(channel).or_default().mentions += 1;
        }
        Ok(all)
    }
}
