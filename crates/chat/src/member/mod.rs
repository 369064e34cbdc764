//! Members: who is in a channel, since when, and how much of its history they see.
//!
//! Neighbours: `audience` asks for the membership of a person; `workspace` keeps them.

use imbl::OrdMap;
use serde::{Deserialize, Serialize};

use crate::channel::{self, ChannelChange, Place};
use crate::decide::{Case, Decision};
use crate::direct;
use crate::event::Event;
use crate::ids::{ChannelId, ChannelName, Seq, UserId, UserName};
use crate::notice::{self, Notice};
use crate::quota;
use crate::rejection::Rejection;
use crate::workspace::ChannelKind;

/// How much of what was said before they came new members see.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum History {
    /// Nothing: it begins with their coming.
    #[default]
    FromJoin,
    /// Everything.
    FromStart,
}

/// One person in one channel.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Membership {
    /// The event that made them a member; what is older arrives read.
    pub joined: Seq,
    /// The first seq that they may see.
    pub history_start: Seq,
}

impl Membership {
    /// Of who comes with the event `joined`.
    pub fn new(joined: Seq, history: History) -> Membership {
        let history_start = match history {
            History::FromJoin => joined,
            History::FromStart => Seq::ZERO,
        };
        Membership { joined, history_start }
    }

    /// Whether a message with this id is part of what they may see.
    pub fn sees(self, message: Seq) -> bool {
        message >= self.history_start
    }
}

/// Who is in a channel.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Members {
    /// Every account.
    Everyone,
    /// These.
    Listed(OrdMap<UserId, Membership>),
}

/// Joins a public channel; private ones are not joined, and say nothing of themselves.
pub(crate) fn join(
    case: Case<'_>,
    user: UserId,
    name: &ChannelName,
) -> Result<Decision, Rejection> {
    let ChannelName::Public(slug) = name else {
        return match Place::find(case.workspace, user, name) {
            Ok(_) => Ok(Decision::nothing(user)),
            Err(_) => Err(Rejection::NotAMember),
        };
    };
    let channel = *case.workspace.slugs.get(slug).ok_or(Rejection::ChannelNotFound)?;
    if case.workspace.membership(user, channel).is_some() {
        return Ok(Decision::nothing(user));
    }
    channel::is_open(case, channel)?;
    let (users, history) = (vec![user], History::FromStart);
    Ok(Decision::new(user, vec![Event::MembersAdded { channel, users, history }]))
}

/// Leaves a channel; an owner's private channel passes to who has been in it longest, and an empty one stays.
pub(crate) fn leave(
    case: Case<'_>,
    user: UserId,
    name: &ChannelName,
) -> Result<Decision, Rejection> {
    let id = Place::changeable(case, user, name)?;
    may_go(case, id)?;
    Ok(gone(case, id, user, (user, Notice::MemberLeft { user })))
}

/// Removes somebody else.
pub(crate) fn remove(
    case: Case<'_>,
    actor: UserId,
    name: &ChannelName,
    who: &UserName,
) -> Result<Decision, Rejection> {
    let id = Place::changeable(case, actor, name)?;
    may_go(case, id)?;
    channel::may_govern(case, actor, case.workspace.channel(id))?;
    let unknown = || Rejection::NoSuchUser(vec![who.to_string()]);
    let (user, _) = case.workspace.find_user(who.as_str()).ok_or_else(unknown)?;
    if case.workspace.membership(user, id).is_none() {
        return Ok(Decision::nothing(actor));
    }
    let notice = if user == actor {
        Notice::MemberLeft { user }
    } else {
        Notice::MemberRemoved { actor, user }
    };
    Ok(gone(case, id, user, (actor, notice)))
}

/// Adds people to a private channel; who is in it already stays as they are, and so is not shown more of it.
pub(crate) fn add(
    case: Case<'_>,
    actor: UserId,
    name: &ChannelName,
    names: &[UserName],
    history: History,
) -> Result<Decision, Rejection> {
    let id = Place::changeable(case, actor, name)?;
    match case.workspace.channel(id).kind {
        ChannelKind::Private { .. } => {}
        ChannelKind::Public { .. } => return Err(Rejection::ChannelIsPublic),
        ChannelKind::Direct { .. } => return Err(Rejection::DirectChannelFixed),
    }
    channel::is_open(case, id)?;
    // Who sees only a part of the history cannot show others all of it.
    let own = case.workspace.membership(actor, id).ok_or(Rejection::NotAMember)?;
    if history == History::FromStart && own.history_start > Seq::ZERO {
        return Err(Rejection::invalid("history", "you do not see all of it yourself"));
    }
    let named = direct::accounts(case.workspace, names)?;
    let is_late = |user: &&UserId| {
        let member = case.workspace.membership(**user, id);
        member.is_some_and(|member| member.history_start > Seq::ZERO)
    };
    let late = named.iter().filter(is_late).map(|user| case.workspace.user_name(*user).to_owned());
    let late: Vec<_> = late.collect();
    if history == History::FromStart && !late.is_empty() {
        return Err(Rejection::AlreadyAMember(late));
    }
    let is_new = |user: &UserId| case.workspace.membership(*user, id).is_none();
    let users: Vec<_> = named.into_iter().filter(is_new).collect();
    if users.is_empty() {
        return Ok(Decision::nothing(actor));
    }
    let is_gone = |user: &UserId| case.workspace.users[user].is_deactivated;
    if users.iter().any(is_gone) {
        return Err(Rejection::AccountDeactivated);
    }
    quota::may_put(case, actor, &users)?;
    let notice = Notice::MembersAdded { actor, users: users.clone() };
    let added = Event::MembersAdded { channel: id, users, history };
    Ok(Decision::new(actor, vec![added, notice::posted(id, notice)]))
}

/// Nobody leaves a channel of everybody, or one whose people are its identity.
fn may_go(case: Case<'_>, id: ChannelId) -> Result<(), Rejection> {
    let channel = case.workspace.channel(id);
    if matches!(channel.kind, ChannelKind::Direct { .. }) {
        return Err(Rejection::DirectChannelFixed);
    }
    if channel.is_default() { Err(Rejection::DefaultChannel) } else { Ok(()) }
}

/// Somebody's going: their drafts and plans in the channel are erased. Public channels do not speak of who comes and goes.
fn gone(
    case: Case<'_>,
    id: ChannelId,
    user: UserId,
    (actor, notice): (UserId, Notice),
) -> Decision {
    let redacts = case.workspace.users[&user].personal.texts_in(id);
    let mut events = vec![Event::MemberRemoved { channel: id, user }];
    events.extend(aftermath(case, id, user, notice));
    Decision { actor, events, redacts }
}

/// What a private channel says of somebody's going, and who owns it then.
fn aftermath(case: Case<'_>, id: ChannelId, user: UserId, notice: Notice) -> Vec<Event> {
    let mut events = Vec::new();
    let channel = case.workspace.channel(id);
    let Members::Listed(members) = &channel.members else { return events };
    let remaining = members.iter().filter(|(member, _)| **member != user);
    // Who was deactivated looks after nothing.
    let rank = |(member, it): &(&UserId, &Membership)| {
        (case.workspace.users[*member].is_deactivated, it.joined, **member)
    };
    let heir = remaining.min_by_key(rank).map(|(heir, _)| *heir);
    let is_private = matches!(channel.kind, ChannelKind::Private { .. });
    let Some(heir) = heir.filter(|_| is_private) else { return events };
    events.push(notice::posted(id, notice));
    if channel.owner == Some(user) {
        let change = ChannelChange::Owner(Some(heir));
        events.push(Event::ChannelChanged { channel: id, change });
        let notice = Notice::OwnerChanged { actor: user, owner: heir };
        events.push(notice::posted(id, notice));
    }
    events
}

#[cfg(test)]
mod tests;
