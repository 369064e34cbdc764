//! Channels: creating public ones, what is changed about a channel, and which channel a written name means to whom.
//!
//! Neighbours: `private` and `direct` create the others; `member` says who comes and goes.

use std::collections::BTreeSet;

use serde::{Deserialize, Serialize};

use crate::account;
use crate::audience::{Audience, channel_audience, may_read};
use crate::command::{Actor, ChannelWish};
use crate::decide::{Case, Decision};
use crate::direct;
use crate::event::{ChannelOrigin, Event};
use crate::ids::{ChannelId, ChannelName, Seq, Slug, UserId, UserName};
use crate::notice::{self, Notice};
use crate::quota;
use crate::rejection::Rejection;
use crate::workspace::{Channel, ChannelKind, Workspace};

/// Characters (Unicode scalar values) of a public channel's display name; contract/rules.md, 15.
pub const CHANNEL_NAME_CHARS_MAX: usize = 80;

/// Characters of a topic.
pub const TOPIC_CHARS_MAX: usize = 250;

/// Characters of a description.
pub const DESCRIPTION_CHARS_MAX: usize = 1_000;

/// What became different about a channel; absolute.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ChannelChange {
    /// What it is about, in a line.
    Topic(String),
    /// What it is for, at length.
    Description(String),
    /// Nobody writes in it any more, or again.
    Archived(bool),
    /// Who looks after it.
    Owner(Option<UserId>),
    /// Only these may post, beside its owner and administrators; `None`: everybody.
    Posters(Option<BTreeSet<UserId>>),
}

/// Where a written channel name leads one of its readers.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Place {
    /// A channel.
    Open(ChannelId),
    /// A direct channel of these people, in which nobody has written yet.
    Unopened(BTreeSet<UserId>),
}

impl From<ChannelId> for Place {
    fn from(channel: ChannelId) -> Place {
        Place::Open(channel)
    }
}

impl Place {
    /// The channel of this name, when `user` may read there. Of a private one who is not a member learns nothing, not
    /// even whether it exists.
    pub fn find(
        workspace: &Workspace,
        user: UserId,
        name: &ChannelName,
    ) -> Result<Place, Rejection> {
        let id = match name {
            ChannelName::Public(slug) => {
                *workspace.slugs.get(slug).ok_or(Rejection::ChannelNotFound)?
            }
            ChannelName::Private(_) => workspace.find_channel(name).ok_or(Rejection::NotAMember)?,
            ChannelName::Direct(names) => return direct::find(workspace, user, names),
        };
        if may_read(user, id, workspace) { Ok(Place::Open(id)) } else { Err(Rejection::NotAMember) }
    }

    /// As [`Place::find`], of who wishes to change something about it: of a direct one nothing changes, open or not.
    pub(crate) fn changeable(
        case: Case<'_>,
        user: UserId,
        name: &ChannelName,
    ) -> Result<ChannelId, Rejection> {
        match Place::find(case.workspace, user, name)? {
            Place::Open(channel) => Ok(channel),
            Place::Unopened(_) => Err(Rejection::DirectChannelFixed),
        }
    }

    /// The channel, when there is one.
    pub fn channel(&self) -> Option<ChannelId> {
        match self {
            Place::Open(channel) => Some(*channel),
            Place::Unopened(_) => None,
        }
    }

    /// The channel, and what opens it first when nobody has: something of `user` is to be kept for it.
    pub(crate) fn opened(
        self,
        case: Case<'_>,
        user: UserId,
    ) -> Result<(ChannelId, Vec<Event>), Rejection> {
        match self {
            Place::Open(channel) => Ok((channel, Vec::new())),
            Place::Unopened(members) => {
                direct::may_open(case, user, &members)?;
                Ok((ChannelId(case.next_seq), vec![direct::opened(members)]))
            }
        }
    }

    /// Who may read there.
    pub fn audience(&self, workspace: &Workspace) -> Audience {
        match self {
            Place::Open(channel) => channel_audience(*channel, workspace),
            Place::Unopened(members) => Audience::Users(members.iter().copied().collect()),
        }
    }

    /// Whether `user` may read there.
    pub fn is_readable_by(&self, user: UserId, workspace: &Workspace) -> bool {
        match self {
            Place::Open(channel) => may_read(user, *channel, workspace),
            Place::Unopened(members) => members.contains(&user),
        }
    }

    /// Its name on the wire.
    pub fn name(&self, workspace: &Workspace) -> String {
        match self {
            Place::Open(channel) => workspace.channel_name(*channel),
            Place::Unopened(members) => workspace.direct_name(members),
        }
    }
}

/// What people read about a channel.
pub(crate) struct About<'a> {
    pub name: &'a str,
    pub topic: &'a str,
    pub description: &'a str,
}

/// Everybody creates channels; default ones, of everybody, come from the configuration and from administrators. A slug
/// is never used twice.
pub(crate) fn create(
    case: Case<'_>,
    actor: Actor,
    slug: &Slug,
    about: &About<'_>,
    is_default: bool,
) -> Result<Decision, Rejection> {
    let creator = match actor {
        Actor::System => UserId::SYSTEM,
        Actor::Anonymous | Actor::User { .. } if is_default => account::administrator(case, actor)?,
        Actor::Anonymous | Actor::User { .. } => account::logged_in(case, actor)?,
    };
    if case.workspace.slugs.contains_key(slug) {
        return Err(Rejection::ChannelExists);
    }
    quota::may_make(case, creator, quota::Kind::Public)?;
    let name = display_name(about.name)?;
    let origin = ChannelOrigin::Public { slug: slug.clone(), name, is_default };
    let mut events = vec![Event::ChannelCreated { origin }];
    events.extend(about.changes(ChannelId(case.next_seq))?);
    Ok(Decision::new(creator, events))
}

impl About<'_> {
    /// What is to be said about a channel that has just been created.
    pub(crate) fn changes(&self, channel: ChannelId) -> Result<Vec<Event>, Rejection> {
        let topic = (!self.topic.trim().is_empty()).then(|| topic(self.topic)).transpose()?;
        let description = (!self.description.trim().is_empty())
            .then(|| description(self.description))
            .transpose()?;
        let changes = topic.map(ChannelChange::Topic).into_iter();
        let changes = changes.chain(description.map(ChannelChange::Description));
        Ok(changes.map(|change| Event::ChannelChanged { channel, change }).collect())
    }
}

/// Any member renames a private channel, its owner and administrators a public one.
pub(crate) fn rename(
    case: Case<'_>,
    user: UserId,
    name: &ChannelName,
    new_name: &str,
) -> Result<Decision, Rejection> {
    let (id, channel) = found(case, user, name)?;
    may_describe(case, user, channel)?;
    is_open(case, id)?;
    let (ChannelKind::Public { name, .. } | ChannelKind::Private { name, .. }) = &channel.kind
    else {
        return Err(Rejection::DirectChannelFixed);
    };
    let new_name = display_name(new_name)?;
    if *name == new_name && !case.facts.is_named {
        return Ok(Decision::nothing(user));
    }
    let renamed = Event::ChannelRenamed { channel: id, name: new_name.clone() };
    let notice = Notice::ChannelRenamed { actor: user, name: new_name };
    let events = vec![renamed, notice::posted(id, notice)];
    Ok(Decision::superseding(user, events, [channel.renamed]))
}

/// Changes what is not the name. What is so already is no event, unless the wish must be remembered.
pub(crate) fn change(
    case: Case<'_>,
    user: UserId,
    name: &ChannelName,
    wish: &ChannelWish,
) -> Result<Decision, Rejection> {
    let (id, channel) = found(case, user, name)?;
    if matches!(channel.kind, ChannelKind::Direct { .. }) {
        return Err(Rejection::DirectChannelFixed);
    }
    let (change, notice) = match wish {
        ChannelWish::Topic(text) => {
            may_describe(case, user, channel)?;
            is_open(case, id)?;
            let topic = topic(text)?;
            let notice = Notice::TopicChanged { actor: user, topic: topic.clone() };
            (ChannelChange::Topic(topic), notice)
        }
        ChannelWish::Description(text) => {
            may_describe(case, user, channel)?;
            is_open(case, id)?;
            let notice = Notice::DescriptionChanged { actor: user };
            (ChannelChange::Description(description(text)?), notice)
        }
        ChannelWish::Archived(on) => {
            may_govern(case, user, channel)?;
            if !on && channel.archived_ts.is_some() {
                quota::has_room(case.workspace)?;
            }
            let (archived, unarchived) = (
                Notice::ChannelArchived { actor: user },
                Notice::ChannelUnarchived { actor: user },
            );
            (ChannelChange::Archived(*on), if *on { archived } else { unarchived })
        }
        ChannelWish::Posters(names) => {
            may_govern(case, user, channel)?;
            is_open(case, id)?;
            let posters = match names {
                Some(names) => Some(members_named(case, id, names)?),
                None => None,
            };
            let notice = Notice::PostersChanged { actor: user, posters: posters.clone() };
            (ChannelChange::Posters(posters), notice)
        }
        ChannelWish::Owner(name) => {
            if !case.is_admin(user) {
                may_govern(case, user, channel)?;
            }
            let owner = members_named(case, id, std::slice::from_ref(name))?;
            let owner = owner.into_iter().next().ok_or(Rejection::NotAMember)?;
            (ChannelChange::Owner(Some(owner)), Notice::OwnerChanged { actor: user, owner })
        }
    };
    if is_so_already(channel, &change) && !case.facts.is_named {
        return Ok(Decision::nothing(user));
    }
    // A notice that tells of an earlier topic is a message, and stays.
    let superseded = match &change {
        ChannelChange::Topic(_) => channel.topic_set,
        ChannelChange::Description(_) => channel.description_set,
        ChannelChange::Archived(_) | ChannelChange::Owner(_) | ChannelChange::Posters(_) => {
            Seq::ZERO
        }
    };
    let events = vec![Event::ChannelChanged { channel: id, change }, notice::posted(id, notice)];
    Ok(Decision::superseding(user, events, [superseded]))
}

/// The channel that a wish to change one names. An administrator hands over private channels without being a member,
/// so that one whose owner has gone is not lost; `change` asks for the rights themselves.
fn found<'a>(
    case: Case<'a>,
    user: UserId,
    name: &ChannelName,
) -> Result<(ChannelId, &'a Channel), Rejection> {
    let id = match (name, case.workspace.find_channel(name)) {
        (ChannelName::Public(_), None) => return Err(Rejection::ChannelNotFound),
        (ChannelName::Public(_), Some(id)) => id,
        (ChannelName::Private(_), Some(id)) if case.is_admin(user) => id,
        (ChannelName::Private(_) | ChannelName::Direct(_), _) => {
            Place::changeable(case, user, name)?
        }
    };
    Ok((id, case.workspace.channel(id)))
}

/// Renaming and describing: in a private channel every member does it.
fn may_describe(case: Case<'_>, user: UserId, channel: &Channel) -> Result<(), Rejection> {
    match channel.kind {
        ChannelKind::Private { .. } if is_member(channel, user) => Ok(()),
        ChannelKind::Private { .. } => Err(Rejection::NotAMember),
        ChannelKind::Public { .. } => may_govern(case, user, channel),
        ChannelKind::Direct { .. } => Err(Rejection::DirectChannelFixed),
    }
}

/// Archiving, choosing who posts, removing people: the owner does it, and administrators do where they may look.
pub(crate) fn may_govern(case: Case<'_>, user: UserId, channel: &Channel) -> Result<(), Rejection> {
    let is_private = matches!(channel.kind, ChannelKind::Private { .. });
    if is_private && !is_member(channel, user) {
        return Err(Rejection::NotAMember);
    }
    let may = channel.owner == Some(user) || case.is_admin(user);
    if may { Ok(()) } else { Err(Rejection::NotTheOwner) }
}

/// Whether `user` may post where they may read.
pub(crate) fn may_post(case: Case<'_>, user: UserId, place: &Place) -> Result<(), Rejection> {
    let id = match place {
        Place::Open(channel) => *channel,
        Place::Unopened(members) => return direct::is_answered(case, user, members),
    };
    may_speak(case, user, id)?;
    match &case.workspace.channel(id).kind {
        ChannelKind::Direct { members } => direct::is_answered(case, user, members),
        ChannelKind::Public { .. } | ChannelKind::Private { .. } => Ok(()),
    }
}

/// Whether what `user` says there, new or instead of what they said, is heard: not in an archived channel, and of an
/// announcement channel only from its posters, its owner and administrators.
pub(crate) fn may_speak(case: Case<'_>, user: UserId, id: ChannelId) -> Result<(), Rejection> {
    is_open(case, id)?;
    let channel = case.workspace.channel(id);
    let is_poster = |posters: &BTreeSet<UserId>| {
        posters.contains(&user) || may_govern(case, user, channel).is_ok()
    };
    if channel.posters.as_ref().is_none_or(is_poster) { Ok(()) } else { Err(Rejection::NotAPoster) }
}

/// Whether what is in a channel may be changed: not in an archived one.
pub(crate) fn is_open(case: Case<'_>, id: ChannelId) -> Result<(), Rejection> {
    let is_archived = case.workspace.channel(id).archived_ts.is_some();
    if is_archived { Err(Rejection::ChannelArchived) } else { Ok(()) }
}

fn is_member(channel: &Channel, user: UserId) -> bool {
    // Private channels list their members, so the id does not matter.
    match &channel.members {
        crate::member::Members::Everyone => true,
        crate::member::Members::Listed(members) => members.contains_key(&user),
    }
}

fn is_so_already(channel: &Channel, change: &ChannelChange) -> bool {
    match change {
        ChannelChange::Topic(topic) => channel.topic == *topic,
        ChannelChange::Description(text) => channel.description == *text,
        ChannelChange::Archived(on) => channel.archived_ts.is_some() == *on,
        ChannelChange::Owner(owner) => channel.owner == *owner,
        ChannelChange::Posters(posters) => channel.posters == *posters,
    }
}

/// These people, who must all be members of the channel.
fn members_named(
    case: Case<'_>,
    id: ChannelId,
    names: &[UserName],
) -> Result<BTreeSet<UserId>, Rejection> {
    let users = direct::accounts(case.workspace, names)?;
    let absent = users.iter().filter(|user| !may_read(**user, id, case.workspace));
    let absent: Vec<_> = absent.map(|user| case.workspace.user_name(*user).to_owned()).collect();
    if absent.is_empty() { Ok(users) } else { Err(Rejection::NotMembers(absent)) }
}

/// A display name is one line: surrounding white space does not count.
pub(crate) fn display_name(text: &str) -> Result<String, Rejection> {
    let name = plain_line("name", text)?;
    if (1..=CHANNEL_NAME_CHARS_MAX).contains(&name.chars().count()) {
        Ok(name)
    } else {
        Err(Rejection::ChannelNameLength { chars_max: CHANNEL_NAME_CHARS_MAX })
    }
}

fn topic(text: &str) -> Result<String, Rejection> {
    let topic = one_line(text);
    at_most("topic", &topic, TOPIC_CHARS_MAX)?;
    Ok(topic)
}

fn description(text: &str) -> Result<String, Rejection> {
    let text = described(text);
    at_most("description", &text, DESCRIPTION_CHARS_MAX)?;
    Ok(text)
}

/// Without surrounding white space. What stands beside the words of others must not turn their order around, nor hide in
/// a line: such characters are refused.
pub(crate) fn plain_line(field: &'static str, text: &str) -> Result<String, Rejection> {
    let line = text.trim();
    if line.chars().any(|c| c.is_control() || turns_around(c)) {
        return Err(Rejection::invalid(field, "one line without control characters"));
    }
    Ok(line.to_owned())
}

/// The controls of the bidirectional algorithm (Unicode 16, Bidi_Control), and the separators of lines and paragraphs.
fn turns_around(c: char) -> bool {
    matches!(
        c,
        '\u{61c}'
            | '\u{200e}'..='\u{200f}'
            | '\u{2028}'..='\u{202e}'
            | '\u{2066}'..='\u{2069}'
    )
}

/// A description as it is kept.
pub(crate) fn described(text: &str) -> String {
    crate::message::normalized(text).trim_start().to_owned()
}

/// Without control characters and surrounding white space.
pub(crate) fn one_line(text: &str) -> String {
    let line: String = text.chars().filter(|c| !c.is_control()).collect();
    line.trim().to_owned()
}

/// Refuses a text with more characters.
pub(crate) fn at_most(field: &'static str, text: &str, chars_max: usize) -> Result<(), Rejection> {
    if text.chars().count() <= chars_max {
        Ok(())
    } else {
        Err(Rejection::invalid(field, format!("at most {chars_max} characters")))
    }
}

#[cfg(test)]
mod tests;
