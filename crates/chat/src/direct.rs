//! Direct channels: a fixed set of two or more people, one channel per set.

use std::collections::BTreeSet;

use crate::channel::Place;
use crate::decide::{Case, Decision};
use crate::event::{ChannelOrigin, Event};
use crate::ids::{UserId, UserName};
use crate::rejection::Rejection;

/// Members of one direct channel. Beyond it a public channel is the better place: every name stands in the channel's
/// own name.
pub const DIRECT_MEMBERS_MAX: usize = 50;

/// Opens the direct channel among `user` and the people named; an open one stays as it is.
pub(crate) fn open(
    case: Case<'_>,
    user: UserId,
    names: &[UserName],
) -> Result<Decision, Rejection> {
    let mut members = accounts(case, names)?;
    members.insert(user);
    let events = match place(case, members)? {
        Place::Open(_) => Vec::new(),
        Place::Unopened(members) => vec![opened(members)],
    };
    Ok(Decision::new(user, events))
}

/// The direct channel of exactly these people. Who is not among them learns nothing, not even who has an account.
pub(crate) fn find(case: Case<'_>, user: UserId, names: &[UserName]) -> Result<Place, Rejection> {
    let own_name = case.workspace.user_name(user);
    if !names.iter().any(|name| name.as_str().eq_ignore_ascii_case(own_name)) {
        return Err(Rejection::NotAMember);
    }
    place(case, accounts(case, names)?)
}

/// The event that opens a channel among `members`.
pub(crate) fn opened(members: BTreeSet<UserId>) -> Event {
    Event::ChannelCreated { origin: ChannelOrigin::Direct { members } }
}

fn place(case: Case<'_>, members: BTreeSet<UserId>) -> Result<Place, Rejection> {
    if !(2..=DIRECT_MEMBERS_MAX).contains(&members.len()) {
        return Err(Rejection::DirectMembers { members_max: DIRECT_MEMBERS_MAX });
    }
    Ok(match case.workspace.direct_ids.get(&members) {
        Some(channel) => Place::Open(*channel),
        None => Place::Unopened(members),
    })
}

fn accounts(case: Case<'_>, names: &[UserName]) -> Result<BTreeSet<UserId>, Rejection> {
    let mut found = BTreeSet::new();
    let mut unknown = BTreeSet::new();
    for name in names {
        match case.workspace.find_user(name.as_str()) {
            Some((user, _)) => {
                found.insert(user);
            }
            None => {
                unknown.insert(name.to_string());
            }
        }
    }
    if unknown.is_empty() {
        Ok(found)
    } else {
        Err(Rejection::NoSuchUser(unknown.into_iter().collect()))
    }
}
