//! Where somebody looks or types, as a number that is quickly compared.
//!
//! A direct channel is where its people are, opened or not: whoever looks at it before the first word is there after it.

use std::collections::BTreeSet;
use std::hash::{BuildHasher, RandomState};

use chat::workspace::ChannelKind;
use chat::{Place, UserId, Workspace};

/// A place on a screen.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(super) struct Spot(pub(super) u64);

/// No seq has this bit.
const PEOPLE: u64 = 1 << 63;

/// Tells spots.
///
/// Two sets of people share one by an accident of 63 bits that nobody can bring about, and then nobody hears of where
/// they may not read: who may is asked of the place, not of its spot.
#[derive(Default)]
pub(super) struct Spots(RandomState);

impl Spots {
    pub(super) fn of(&self, place: &Place, workspace: &Workspace) -> Spot {
        let channel = match place {
            Place::Unopened(members) => return self.of_people(members),
            Place::Open(channel) => *channel,
        };
        match workspace.channels.get(&channel).map(|channel| &channel.kind) {
            Some(ChannelKind::Direct { members }) => self.of_people(members),
            Some(ChannelKind::Public { .. } | ChannelKind::Private { .. }) | None => {
                Spot(channel.0.get())
            }
        }
    }

    fn of_people(&self, members: &BTreeSet<UserId>) -> Spot {
        Spot(self.0.hash_one(members) | PEOPLE)
    }
}
