//! The workspace as it is stored: facts only, in parts so small that what a minute changes is little. The indexes over
//! them are made again on reading, so they cannot be forgotten.
//!
//! Promises: which parts there are, and what they say, depends on the workspace alone; those that have changed since an
//! earlier one cost about as much as what has changed, because the maps share what has not.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use imbl::OrdMap;
use imbl::ordmap::DiffItem;
use serde::de::{DeserializeOwned, Error as _};
use serde::{Deserialize, Serialize};

use super::{Channel, Workspace};
use crate::event::Envelope;
use crate::group::GroupSettings;
use crate::ids::{ChannelId, Seq, SessionId, Timestamp, UserId};
use crate::member::{Members, Membership};
use crate::settings::Settings;

/// Which part.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[expect(missing_docs, reason = "fields named by the glossary; a retelling would say less")]
pub struct PartKey {
    pub noun: PartNoun,
    /// Whose members or markers they are; zero for everything else.
    pub channel: Seq,
    /// Neighbours by their numbers are one part.
    pub shelf: u64,
}

/// What is in a part, as the number in the file.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[repr(u8)]
#[expect(missing_docs, reason = "named by the glossary; a retelling would say less")]
pub enum PartNoun {
    /// What there is one of.
    Head = 1,
    Users = 2,
    Sessions = 3,
    EndedSessions = 4,
    /// Without their members and markers.
    Channels = 5,
    Members = 6,
    Markers = 7,
    Groups = 8,
    GroupsSaved = 9,
    Invites = 10,
    Resets = 11,
}

impl PartNoun {
    const ALL: [PartNoun; 11] = [
        PartNoun::Head,
        PartNoun::Users,
        PartNoun::Sessions,
        PartNoun::EndedSessions,
        PartNoun::Channels,
        PartNoun::Members,
        PartNoun::Markers,
        PartNoun::Groups,
        PartNoun::GroupsSaved,
        PartNoun::Invites,
        PartNoun::Resets,
    ];

    /// The number in the file.
    pub fn code(self) -> u8 {
        self as u8
    }

    /// The one of this number.
    pub fn from_code(code: u8) -> Option<PartNoun> {
        PartNoun::ALL.into_iter().find(|noun| noun.code() == code)
    }

    /// Whether nothing in it can be erased: numbers and times of what happened, which the log keeps too.
    pub fn is_of_numbers(self) -> bool {
        match self {
            PartNoun::Members | PartNoun::Markers | PartNoun::GroupsSaved => true,
            PartNoun::Head
            | PartNoun::Users
            | PartNoun::Sessions
            | PartNoun::EndedSessions
            | PartNoun::Channels
            | PartNoun::Groups
            | PartNoun::Invites
            | PartNoun::Resets => false,
        }
    }

    /// How many numbers are one shelf, as a power of two. Few where each is large.
    fn shelf_bits(self) -> u32 {
        match self {
            PartNoun::Head => 0,
            PartNoun::Users | PartNoun::Channels | PartNoun::Groups => 4,
            PartNoun::Sessions
            | PartNoun::EndedSessions
            | PartNoun::Members
            | PartNoun::Markers
            | PartNoun::GroupsSaved
            | PartNoun::Invites
            | PartNoun::Resets => 6,
        }
    }
}

#[derive(Serialize, Deserialize)]
struct Once {
    head: Seq,
    last_ts: Timestamp,
    last: Option<Arc<Envelope>>,
    settings: Settings,
}

/// What has a number.
trait Numbered: Copy + Ord + Serialize + DeserializeOwned {
    fn number(self) -> u64;
    fn of(number: u64) -> Self;
}

macro_rules! numbered {
    ($($id:ident),*) => { $(
        impl Numbered for $id {
            fn number(self) -> u64 {
                self.0.get()
            }

            fn of(number: u64) -> $id {
                $id(Seq(number))
            }
        }
    )* };
}

numbered!(UserId, ChannelId, SessionId);

impl Numbered for Seq {
    fn number(self) -> u64 {
        self.get()
    }

    fn of(number: u64) -> Seq {
        Seq(number)
    }
}

/// Tells parts to whoever asked for them.
struct Teller<T>(T);

impl<E: From<serde_json::Error>, T: FnMut(PartKey, Option<&str>) -> Result<(), E>> Teller<T> {
    /// The shelves of a map on which something is not as it was.
    fn map<K: Numbered, V: PartialEq + Serialize>(
        &mut self,
        noun: PartNoun,
        channel: Seq,
        [before, now]: [&OrdMap<K, V>; 2],
    ) -> Result<(), E> {
        let shelf = |key: &K| key.number() >> noun.shelf_bits();
        let shelves: BTreeSet<u64> = before.diff(now).map(|item| shelf(key_of(&item))).collect();
        for shelf in shelves {
            self.shelf(PartKey { noun, channel, shelf }, on_shelf(noun, shelf, now))?;
        }
        Ok(())
    }

    fn shelf<K: Serialize, V: Serialize>(
        &mut self,
        key: PartKey,
        what: impl Iterator<Item = (K, V)>,
    ) -> Result<(), E> {
        let what: Vec<(K, V)> = what.collect();
        if what.is_empty() {
            return (self.0)(key, None);
        }
        (self.0)(key, Some(&serde_json::to_string(&what)?))
    }

    /// Channels are one part, and their members and their markers others: of a channel of ten thousand one moves.
    fn channels(&mut self, [before, now]: [&OrdMap<ChannelId, Arc<Channel>>; 2]) -> Result<(), E> {
        let noun = PartNoun::Channels;
        let (no_members, no_markers) = (OrdMap::new(), OrdMap::new());
        let mut shelves = BTreeSet::new();
        for item in before.diff(now) {
            let id = *key_of(&item);
            let [old, new] = match &item {
                DiffItem::Add(_, new) => [None, Some(*new)],
                DiffItem::Update { old, new } => [Some(old.1), Some(new.1)],
                DiffItem::Remove(_, old) => [Some(*old), None],
            };
            let members = [old, new].map(|it| it.and_then(|it| listed(it)).unwrap_or(&no_members));
            self.map(PartNoun::Members, id.0, members)?;
            let markers = [old, new].map(|it| it.map_or(&no_markers, |it| &it.markers));
            self.map(PartNoun::Markers, id.0, markers)?;
            if old.map(|it| bare(it)) != new.map(|it| bare(it)) {
                shelves.insert(id.number() >> noun.shelf_bits());
            }
        }
        for shelf in shelves {
            let channels = on_shelf(noun, shelf, now).map(|(id, channel)| (id, bare(channel)));
            self.shelf(PartKey { noun, channel: Seq::ZERO, shelf }, channels)?;
        }
        Ok(())
    }
}

fn key_of<'a, K, V>(item: &DiffItem<'a, 'a, K, V>) -> &'a K {
    match item {
        DiffItem::Add(key, _)
        | DiffItem::Remove(key, _)
        | DiffItem::Update { new: (key, _), .. } => key,
    }
}

fn on_shelf<K: Numbered, V>(
    noun: PartNoun,
    shelf: u64,
    map: &OrdMap<K, V>,
) -> impl Iterator<Item = (&K, &V)> {
    let first = shelf << noun.shelf_bits();
    let last = first + (1 << noun.shelf_bits()) - 1;
    map.range(K::of(first)..=K::of(last))
}

fn listed(channel: &Channel) -> Option<&OrdMap<UserId, Membership>> {
    match &channel.members {
        Members::Listed(members) => Some(members),
        Members::Everyone => None,
    }
}

/// A channel without what stands in parts of its own.
fn bare(channel: &Channel) -> Channel {
    let members = match &channel.members {
        Members::Listed(_) => Members::Listed(OrdMap::new()),
        Members::Everyone => Members::Everyone,
    };
    Channel { members, markers: OrdMap::new(), ..channel.clone() }
}

impl Workspace {
    /// Tells the parts that are not as they were in an earlier workspace, and those that are no more, as `None`; all of
    /// them when that is an empty one.
    pub fn changed_parts<E: From<serde_json::Error>>(
        &self,
        before: &Workspace,
        tell: impl FnMut(PartKey, Option<&str>) -> Result<(), E>,
    ) -> Result<(), E> {
        // Whole, so that nothing that is added later is forgotten here: a fact needs a part, an index needs none.
        let Workspace {
            head,
            last_ts,
            last,
            users,
            sessions,
            ended_sessions,
            channels,
            settings,
            groups,
            groups_saved,
            invites,
            resets,
            user_ids: _,
            session_ids: _,
            ended_ids: _,
            slugs: _,
            direct_ids: _,
            group_ids: _,
            invite_ids: _,
            reset_ids: _,
            agenda: _,
            open_channels: _,
            keyword_users: _,
        } = self;
        let mut teller = Teller(tell);
        let once = Once { head: *head, last_ts: *last_ts, last: last.clone(), settings: *settings };
        let key = PartKey { noun: PartNoun::Head, channel: Seq::ZERO, shelf: 0 };
        (teller.0)(key, Some(&serde_json::to_string(&once)?))?;
        let of_none = Seq::ZERO;
        teller.map(PartNoun::Users, of_none, [&before.users, users])?;
        teller.map(PartNoun::Sessions, of_none, [&before.sessions, sessions])?;
        let ended = [&before.ended_sessions, ended_sessions];
        teller.map(PartNoun::EndedSessions, of_none, ended)?;
        teller.channels([&before.channels, channels])?;
        teller.map(PartNoun::Groups, of_none, [&before.groups, groups])?;
        teller.map(PartNoun::GroupsSaved, of_none, [&before.groups_saved, groups_saved])?;
        teller.map(PartNoun::Invites, of_none, [&before.invites, invites])?;
        teller.map(PartNoun::Resets, of_none, [&before.resets, resets])
    }
}

/// A workspace that is put together of its parts, in whatever order they come.
#[derive(Default)]
pub struct WorkspaceParts {
    once: Option<Once>,
    facts: Workspace,
    channels: BTreeMap<ChannelId, Channel>,
    members: BTreeMap<ChannelId, OrdMap<UserId, Membership>>,
    markers: BTreeMap<ChannelId, OrdMap<UserId, super::ReadMarker>>,
}

impl WorkspaceParts {
    /// Takes one part.
    ///
    /// # Errors
    ///
    /// When it does not say what such a part says.
    pub fn add(&mut self, key: PartKey, json: &str) -> Result<(), serde_json::Error> {
        let channel = ChannelId(key.channel);
        match key.noun {
            PartNoun::Head => self.once = Some(serde_json::from_str(json)?),
            PartNoun::Users => self.facts.users.extend(pairs(json)?),
            PartNoun::Sessions => self.facts.sessions.extend(pairs(json)?),
            PartNoun::EndedSessions => self.facts.ended_sessions.extend(pairs(json)?),
            PartNoun::Channels => self.channels.extend(pairs(json)?),
            PartNoun::Members => self.members.entry(channel).or_default().extend(pairs(json)?),
            PartNoun::Markers => self.markers.entry(channel).or_default().extend(pairs(json)?),
            PartNoun::Groups => self.facts.groups.extend(pairs::<Seq, GroupSettings>(json)?),
            PartNoun::GroupsSaved => self.facts.groups_saved.extend(pairs(json)?),
            PartNoun::Invites => self.facts.invites.extend(pairs(json)?),
            PartNoun::Resets => self.facts.resets.extend(pairs(json)?),
        }
        Ok(())
    }

    /// The workspace.
    ///
    /// # Errors
    ///
    /// When parts of it are missing.
    pub fn workspace(mut self) -> Result<Workspace, serde_json::Error> {
        let missing = |what: &str| serde_json::Error::custom(format!("{what} is missing"));
        let mut workspace = self.facts;
        let once = self.once.ok_or_else(|| missing("the head"))?;
        workspace.head = once.head;
        workspace.last_ts = once.last_ts;
        workspace.last = once.last;
        workspace.settings = once.settings;
        for (id, mut channel) in self.channels {
            if let Members::Listed(members) = &mut channel.members {
                *members = self.members.remove(&id).unwrap_or_default();
            }
            channel.markers = self.markers.remove(&id).unwrap_or_default();
            workspace.channels.insert(id, Arc::new(channel));
        }
        if !self.members.is_empty() || !self.markers.is_empty() {
            return Err(missing("a channel"));
        }
        workspace.make_indexes();
        Ok(workspace)
    }
}

fn pairs<K: DeserializeOwned, V: DeserializeOwned>(
    json: &str,
) -> Result<Vec<(K, V)>, serde_json::Error> {
    serde_json::from_str(json)
}
