//! The readers of a channel, followed from one workspace to the next. In the morning thousands come into the same channel,
//! each asks who has read there and then reads: between two of them one marker has moved, and the others are not counted
//! again.

use std::collections::{BTreeMap, BTreeSet};

use imbl::OrdMap;
use imbl::ordmap::DiffItem;

use super::{Crowd, NAMED_IN_CROWD, NAMED_MAX, counts};
use crate::ids::{ChannelId, Seq, UserId};
use crate::member::Members;
use crate::workspace::{ReadMarker, User, Workspace};

/// The readers of a channel as they were in one workspace.
pub struct Readers {
    channel: ChannelId,
    markers: OrdMap<UserId, ReadMarker>,
    members: Members,
    users: OrdMap<UserId, User>,
    /// Where the histories begin of those that count, by how far they have read.
    by_place: BTreeMap<(Seq, UserId), Seq>,
    turns: Turns,
}

/// By how many the readers of a message are more than those of the one after it. On the way down from the newest a reader
/// comes in at their marker, and is gone before their history begins.
pub(super) type Turns = BTreeMap<Seq, i64>;

impl Readers {
    /// Of a channel in which nobody was looked at yet.
    pub fn new(channel: ChannelId) -> Readers {
        Readers {
            channel,
            markers: OrdMap::new(),
            members: Members::Everyone,
            users: OrdMap::new(),
            by_place: BTreeMap::new(),
            turns: Turns::new(),
        }
    }

    /// Follows to another workspace, and says at how many markers it looked: those that have moved, and those of people
    /// whose account has changed; all where the members are others.
    pub fn follow(&mut self, workspace: &Workspace) -> usize {
        let Some(found) = workspace.channels.get(&self.channel) else {
            let before = self.markers.len();
            *self = Readers::new(self.channel);
            return before;
        };
        if !is_same(&self.members, &found.members) {
            *self = Readers { members: found.members.clone(), ..Readers::new(self.channel) };
        }
        let changed = self.changed(&found.markers, &workspace.users);
        for user in &changed {
            self.take_out(*user);
        }
        (self.markers, self.users) = (found.markers.clone(), workspace.users.clone());
        for user in &changed {
            if let Some(member) = found.membership(self.channel, *user) {
                self.put_in(*user, member.history_start);
            }
        }
        changed.len()
    }

    /// The crowd that has read there; `None` where all markers are told one by one.
    pub fn crowd(&self) -> Option<Crowd> {
        if self.markers.len() <= NAMED_MAX {
            return None;
        }
        let furthest = self.by_place.keys().rev().take(NAMED_IN_CROWD);
        let marked = |(_, user): &(Seq, UserId)| Some((*user, *self.markers.get(user)?));
        let mut named: Vec<_> = furthest.filter_map(marked).collect();
        named.reverse();
        Some(Crowd { named, counts: counts(&self.turns) })
    }

    /// Who has a marker, and counts otherwise than before.
    fn changed(
        &self,
        markers: &OrdMap<UserId, ReadMarker>,
        users: &OrdMap<UserId, User>,
    ) -> BTreeSet<UserId> {
        let mut changed: BTreeSet<_> =
            self.markers.diff(markers).map(|change| key(&change)).collect();
        if !self.users.ptr_eq(users) {
            let others = self.users.diff(users).filter(has_come_or_gone);
            changed.extend(others.map(|change| key(&change)).filter(|it| markers.contains_key(it)));
        }
        changed
    }

    fn take_out(&mut self, user: UserId) {
        let Some(marker) = self.markers.get(&user) else { return };
        let up_to = marker.up_to;
        if let Some(from) = self.by_place.remove(&(up_to, user)) {
            self.turn(from, up_to, -1);
        }
    }

    fn put_in(&mut self, user: UserId, from: Seq) {
        let Some(marker) = self.markers.get(&user) else { return };
        let up_to = marker.up_to;
        let is_active = self.users.get(&user).is_some_and(|user| !user.is_deactivated);
        if is_active && from <= up_to {
            self.by_place.insert((up_to, user), from);
            self.turn(from, up_to, 1);
        }
    }

    fn turn(&mut self, from: Seq, up_to: Seq, by: i64) {
        add(&mut self.turns, up_to, by);
        if let Some(last) = from.get().checked_sub(1) {
            add(&mut self.turns, Seq(last), -by);
        }
    }
}

fn add(turns: &mut Turns, place: Seq, by: i64) {
    let turn = turns.entry(place).or_default();
    *turn += by;
    if *turn == 0 {
        turns.remove(&place);
    }
}

fn is_same(left: &Members, right: &Members) -> bool {
    match (left, right) {
        (Members::Everyone, Members::Everyone) => true,
        (Members::Listed(left), Members::Listed(right)) => left.ptr_eq(right),
        (Members::Everyone, Members::Listed(_)) | (Members::Listed(_), Members::Everyone) => false,
    }
}

fn has_come_or_gone(change: &DiffItem<'_, '_, UserId, User>) -> bool {
    match change {
        DiffItem::Update { old, new } => old.1.is_deactivated != new.1.is_deactivated,
        DiffItem::Add(..) | DiffItem::Remove(..) => true,
    }
}

fn key<V>(change: &DiffItem<'_, '_, UserId, V>) -> UserId {
    match change {
        DiffItem::Add(user, _)
        | DiffItem::Remove(user, _)
        | DiffItem::Update { new: (user, _), .. } => **user,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::command::{Actor, Command};
    use crate::ids::ChannelName;
    use crate::role::AccountChange;
    use crate::testing::{Prng, Story, wish};

    const PEOPLE: usize = 80;

    /// A channel of everybody, and one that people join, with as many people.
    fn story() -> (Story, Actor, Vec<Actor>) {
        let mut story = Story::new();
        story.create_channel("general");
        let alice = story.sign_up("alice");
        story.create_joined(alice, "garden");
        let people = (0..PEOPLE).map(|number| story.sign_up(&format!("bob{number}")));
        let people: Vec<_> = people.collect();
        (story, alice, people)
    }

    fn read(story: &mut Story, actor: Actor, channel: &str, up_to: Seq) {
        let channel = wish::channel(channel);
        story.given(actor, &Command::MarkRead { channel, up_to: Some(up_to) });
    }

    fn id(story: &Story, channel: &str) -> ChannelId {
        story.channel_id(&ChannelName::parse(channel).unwrap())
    }

    #[test]
    fn where_one_marker_has_moved_one_is_looked_at() {
        let (mut story, alice, people) = story();
        let first = story.post(alice, "general", "first");
        let last = story.post(alice, "general", "last");
        for person in &people {
            read(&mut story, *person, "general", first);
        }
        let mut readers = Readers::new(id(&story, "general"));
        assert_eq!(readers.follow(&story.workspace), PEOPLE);
        assert_eq!(readers.follow(&story.workspace), 0);
        for person in &people[..10] {
            story.post(alice, "general", "of something else");
            read(&mut story, *person, "general", last);
            assert_eq!(readers.follow(&story.workspace), 1);
        }
        let user = wish::user_of(people[0]);
        let name = story.workspace.users[&user].name.clone();
        let change = AccountChange::Deactivated;
        story.given(alice, &Command::ChangeAccount { name, change });
        assert_eq!(readers.follow(&story.workspace), 1, "who is gone");
    }

    #[test]
    fn who_is_followed_comes_to_what_is_counted_anew() {
        for seed in 0..4 {
            let (mut story, alice, people) = story();
            let mut prng = Prng::new(seed);
            let mut said = vec![story.post(alice, "garden", "hello")];
            let channel = id(&story, "garden");
            let (mut readers, mut crowds) = (Readers::new(channel), 0);
            for _ in 0..600 {
                let person = people[prng.below(PEOPLE)];
                let message = said[prng.below(said.len())];
                // Some of it is refused.
                let garden = wish::channel("garden");
                let up_to = Some(message);
                let name = story.workspace.users[&wish::user_of(person)].name.clone();
                match prng.below(100) {
                    0..8 => said.push(story.post(alice, "garden", "more")),
                    8..9 => drop(story.when(person, &Command::LeaveChannel { channel: garden })),
                    9..11 => {
                        let change = AccountChange::Deactivated;
                        drop(story.when(alice, &Command::ChangeAccount { name, change }));
                    }
                    11..12 => {
                        let change = AccountChange::Reactivated;
                        drop(story.when(alice, &Command::ChangeAccount { name, change }));
                    }
                    12..50 => drop(story.when(person, &Command::JoinChannel { channel: garden })),
                    _ => drop(story.when(person, &Command::MarkRead { channel: garden, up_to })),
                }
                readers.follow(&story.workspace);
                let anew = Crowd::of(channel, &story.workspace);
                crowds += usize::from(anew.is_some());
                assert_eq!(readers.crowd(), anew, "seed {seed}");
            }
            assert!(crowds > 0, "seed {seed}: they never became a crowd");
        }
    }
}
