//! The log of a town in which people have talked: its channels, who is in them, what they said and how far they read.

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;

use anyhow::Context;
use chat::event::{ChannelOrigin, Event, Mentions, Posting};
use chat::member::History as Shown;
use chat::thread::{InThread, ThreadSummary};
use chat::{ChannelId, Seq, Slug, Timestamp, UserId};

use super::rates::{
    GENERAL_PERCENT, SEEDED_DIRECT_PERCENT, SEEDED_EVERYONE_EVERY, SEEDED_MENTION_EVERY,
    SEEDED_REPLY_EVERY, SEEDED_THREAD_REPLIES,
};
use super::town::{GENERAL, Kind, Town};
use crate::seed::{self, History};

/// Where the ids of the newest messages of each place are written down, beside the log.
const NEWEST: &str = "newest.json";

/// Of each place so many are written down: people scroll up and react to them.
const NEWEST_MAX: usize = 300;

/// Of all messages the last hundredth is unread.
const READ_PERCENT: usize = 99;

/// The places' newest messages, rising; as many lists as places.
pub type Newest = Vec<Vec<u64>>;

/// Writes the log of so many people who have said so much.
pub fn write(data: &Path, people: usize, messages: usize) -> anyhow::Result<()> {
    let town = Town::of(people);
    let homes: usize = town.homes.iter().map(Vec::len).sum();
    let mut history =
        History::begin(data, people * 3 + town.places.len() + 2 * homes + 2 * messages)?;
    let general = history.add_channel("general")?;
    history.add_channel("random")?;
    let mut users = Vec::with_capacity(people);
    for account in 0..people {
        users.push(history.add_account(account)?);
    }
    let channels = add_channels(&mut history, &town, &users, general)?;
    let mut said = Said::nothing(town.places.len());
    for number in 0..messages {
        if number == messages * READ_PERCENT / 100 {
            add_markers(&mut history, &town, &users, &channels, &said)?;
        }
        let place = place_of(number, &town);
        let members = &town.places[place].members;
        let member = |turn: usize| match members.len() {
            0 => users[turn % people],
            count => users[members[turn % count]],
        };
        let message = Message {
            number,
            place,
            channel: channels[place],
            sender: member(number / 7),
            // Their neighbour, who is somebody else where there are two.
            names: member(number / 7 + 1),
        };
        said.add(&mut history, &message)?;
    }
    history.end()?;
    let newest = serde_json::to_string(&said.newest)?;
    fs::write(data.join(NEWEST), newest).context("the newest messages could not be noted")
}

/// What was written down beside a log.
pub fn newest(data: &Path) -> anyhow::Result<Newest> {
    let path = data.join(NEWEST);
    let text = fs::read_to_string(&path).with_context(|| format!("no {}", path.display()))?;
    Ok(serde_json::from_str(&text)?)
}

/// What is said next.
struct Message {
    number: usize,
    place: usize,
    channel: ChannelId,
    sender: UserId,
    /// Whom it names, if anybody.
    names: UserId,
}

/// What was said so far, per place.
struct Said {
    last: Vec<Option<(Seq, Timestamp)>>,
    senders: Vec<UserId>,
    threads: Vec<Option<Thread>>,
    newest: Newest,
}

/// A thread that goes on.
struct Thread {
    root: Seq,
    summary: ThreadSummary,
    followers: BTreeSet<UserId>,
}

impl Said {
    fn nothing(places: usize) -> Said {
        Said {
            last: vec![None; places],
            senders: vec![UserId::SYSTEM; places],
            threads: (0..places).map(|_| None).collect(),
            newest: vec![Vec::new(); places],
        }
    }

    fn add(&mut self, history: &mut History, message: &Message) -> anyhow::Result<()> {
        let Message { number, place, channel, sender, names } = *message;
        let last = self.last[place];
        let mentions = match number {
            _ if number % SEEDED_EVERYONE_EVERY == SEEDED_EVERYONE_EVERY / 2 => Mentions::Everyone,
            _ if number % SEEDED_MENTION_EVERY == 11 && names != sender => {
                Mentions::Users(vec![names])
            }
            _ => Mentions::Nobody,
        };
        let posting = Posting { mentions, ..Posting::text(channel, seed::text(number)) };
        if let Some((root, _)) = last.filter(|_| number % SEEDED_REPLY_EVERY == 7) {
            return self.add_reply(history, message, posting, root);
        }
        let reply_to = last.filter(|_| number % 8 == 3).map(|(seq, _)| seq);
        let posted = Event::MessagePosted(Posting { reply_to, ..posting });
        let seq = history.add_message(sender, number, posted)?;
        self.last[place] = Some((seq, history.ts));
        self.senders[place] = sender;
        let newest = &mut self.newest[place];
        if newest.len() == 2 * NEWEST_MAX {
            newest.drain(..NEWEST_MAX);
        }
        newest.push(seq.get());
        Ok(())
    }

    /// In the place's thread, or in a new one under its last message; who begins to follow comes before the reply, as when
    /// people write.
    fn add_reply(
        &mut self,
        history: &mut History,
        message: &Message,
        posting: Posting,
        root: Seq,
    ) -> anyhow::Result<()> {
        let Message { number, place, channel, sender, .. } = *message;
        let going_on = self.threads[place].take();
        let mut new = vec![sender];
        let mut thread = going_on
            .filter(|thread| thread.summary.replies < SEEDED_THREAD_REPLIES)
            .unwrap_or_else(|| {
                new.push(self.senders[place]);
                Thread { root, summary: ThreadSummary::default(), followers: BTreeSet::new() }
            });
        if let Mentions::Users(named) = &posting.mentions {
            new.extend(named);
        }
        new.sort_unstable();
        new.dedup();
        new.retain(|user| thread.followers.insert(*user));
        if !new.is_empty() {
            let (root, users) = (thread.root, new);
            let followed = Event::ThreadFollowed { channel, root, users, on: true };
            history.add(Some(sender), followed)?;
        }
        thread.summary = thread.summary.with_reply(sender, history.seq.next(), history.next_ts());
        let stands = InThread {
            root: thread.root,
            summary: thread.summary.clone(),
            followers: thread.followers.iter().copied().collect(),
        };
        let posting = Posting { thread: Some(Box::new(stands)), ..posting };
        history.add_message(sender, number, Event::ThreadReplied(posting))?;
        self.threads[place] = Some(thread);
        Ok(())
    }
}

/// The channel of the nth message: in turn, so that all have their share.
fn place_of(number: usize, town: &Town) -> usize {
    let general = usize::try_from(GENERAL_PERCENT).expect("a percentage");
    let direct = town.places.iter().position(|place| place.kind == Kind::Direct);
    let direct = direct.unwrap_or(town.places.len());
    let (teams, directs) = (direct - 1, town.places.len() - direct);
    let turn = number / 100;
    match number % 100 {
        of if of < general => GENERAL,
        of if of < general + SEEDED_DIRECT_PERCENT && directs > 0 => {
            direct + (turn * SEEDED_DIRECT_PERCENT + of) % directs
        }
        of => 1 + (turn * (100 - general) + of) % teams,
    }
}

fn add_channels(
    history: &mut History,
    town: &Town,
    users: &[UserId],
    general: ChannelId,
) -> anyhow::Result<Vec<ChannelId>> {
    let mut channels = vec![general];
    for place in &town.places[1..] {
        let first = users[place.members[0]];
        let origin = match place.kind {
            Kind::Direct => ChannelOrigin::Direct {
                members: place.members.iter().map(|at| users[*at]).collect(),
            },
            Kind::Everybody | Kind::Team => {
                let (slug, name) = (Slug::parse(&place.name)?, place.name.clone());
                ChannelOrigin::Public { slug, name, is_default: false }
            }
        };
        let channel = ChannelId(history.add(Some(first), Event::ChannelCreated { origin })?);
        channels.push(channel);
        // Who makes a public channel is its first member; the others join.
        let joining = if place.kind == Kind::Team { &place.members[1..] } else { &[] };
        for member in joining {
            let user = users[*member];
            let joined =
                Event::MembersAdded { channel, users: vec![user], history: Shown::FromStart };
            history.add(Some(user), joined)?;
        }
    }
    Ok(channels)
}

/// Everybody has read everything.
fn add_markers(
    history: &mut History,
    town: &Town,
    users: &[UserId],
    channels: &[ChannelId],
    said: &Said,
) -> anyhow::Result<()> {
    for (user, home) in users.iter().zip(&town.homes) {
        for place in home {
            let Some((up_to, up_to_ts)) = said.last[*place] else { continue };
            let read = Event::ChannelRead { channel: channels[*place], up_to, up_to_ts };
            history.add(Some(*user), read)?;
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use chat::Workspace;
    use eventlog::Log;
    use minimost::codec;

    use super::*;

    #[test]
    fn the_people_of_a_seeded_town_are_in_their_channels_and_have_read_most() {
        let directory = tempfile::tempdir().expect("a temporary directory");
        write(directory.path(), 90, 2_000).expect("a history");
        let log = Log::open(&directory.path().join("log.db"), 0).expect("a whole log");
        let mut reader = log.reader().expect("a reader");
        let mut workspace = Workspace::default();
        for record in reader.range(0, log.head(), 10_000).expect("its records") {
            workspace.apply(&codec::decode(&record).expect("an event"));
        }
        let newest = newest(directory.path()).expect("the ids");
        for (place, newest) in Town::of(90).places.iter().zip(newest) {
            let name = chat::ChannelName::parse(&place.name).expect("a name");
            let member = place.members.first().copied().unwrap_or(7);
            let user = workspace.find_user(&crate::seed::name(member)).map(|(user, _)| user);
            let user = user.expect("an account");
            let channel = workspace.find_channel(&name).expect("a channel");
            assert!(workspace.membership(user, channel).is_some(), "{}", place.name);
            assert!(!newest.is_empty() || place.kind == Kind::Direct);
        }
    }
}
