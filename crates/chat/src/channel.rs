//! Channels: creating and renaming public ones, and which channel a written name means to whom.

use std::collections::BTreeSet;

use crate::account;
use crate::audience::{Audience, channel_audience};
use crate::command::Actor;
use crate::decide::{Case, Decision};
use crate::direct;
use crate::event::{ChannelOrigin, Event};
use crate::ids::{ChannelId, ChannelName, Slug, UserId};
use crate::rejection::Rejection;
use crate::workspace::ChannelKind;

/// Characters (Unicode scalar values) of a public channel's display name; contract/rules.md, 15.
pub const CHANNEL_NAME_CHARS_MAX: usize = 80;

/// Where a written channel name leads one of its readers.
pub(crate) enum Place {
    Open(ChannelId),
    /// A direct channel that nobody has opened yet.
    Unopened(BTreeSet<UserId>),
}

impl Place {
    /// The channel that a command of `user` names, when `user` may read and write there.
    pub(crate) fn find(
        case: Case<'_>,
        user: UserId,
        name: &ChannelName,
    ) -> Result<Place, Rejection> {
        match name {
            ChannelName::Public(slug) => {
                let id = case.workspace.slugs.get(slug).ok_or(Rejection::ChannelNotFound)?;
                Ok(Place::Open(*id))
            }
            ChannelName::Direct(names) => direct::find(case, user, names),
        }
    }

    /// Who may read there.
    pub(crate) fn audience(&self, case: Case<'_>) -> Audience {
        match self {
            Place::Open(channel) => channel_audience(*channel, case.workspace),
            Place::Unopened(members) => Audience::Users(members.iter().copied().collect()),
        }
    }
}

/// Configuration and administrators create channels. A slug is never used twice.
pub(crate) fn create(
    case: Case<'_>,
    actor: Actor,
    slug: &Slug,
    name: &str,
) -> Result<Decision, Rejection> {
    let creator = match actor {
        Actor::System => UserId::SYSTEM,
        Actor::Anonymous | Actor::User { .. } => account::administrator(case, actor)?,
    };
    if case.workspace.slugs.contains_key(slug) {
        return Err(Rejection::ChannelExists);
    }
    let origin = ChannelOrigin::Public { slug: slug.clone(), name: display_name(name)? };
    Ok(Decision::new(creator, vec![Event::ChannelCreated { origin }]))
}

pub(crate) fn rename(
    case: Case<'_>,
    actor: Actor,
    slug: &Slug,
    name: &str,
) -> Result<Decision, Rejection> {
    let admin = account::administrator(case, actor)?;
    let id = *case.workspace.slugs.get(slug).ok_or(Rejection::ChannelNotFound)?;
    let name = display_name(name)?;
    let is_so_already = case.workspace.channels.get(&id).is_some_and(|channel| {
        matches!(&channel.kind, ChannelKind::Public { name: current, .. } if *current == name)
    });
    if is_so_already {
        return Ok(Decision::nothing(admin));
    }
    Ok(Decision::new(admin, vec![Event::ChannelRenamed { channel: id, name }]))
}

/// A display name is one line: surrounding white space and control characters do not count.
fn display_name(text: &str) -> Result<String, Rejection> {
    let name: String = text.chars().filter(|c| !c.is_control()).collect();
    let name = name.trim();
    if (1..=CHANNEL_NAME_CHARS_MAX).contains(&name.chars().count()) {
        Ok(name.to_owned())
    } else {
        Err(Rejection::ChannelNameLength { chars_max: CHANNEL_NAME_CHARS_MAX })
    }
}
