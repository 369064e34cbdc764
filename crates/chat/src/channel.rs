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
    if is_so_already && !case.facts.is_named {
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::command::Command;
    use crate::testing::Story;

    fn slug(text: &str) -> Slug {
        Slug::parse(text).unwrap()
    }

    fn create_named(name: &str) -> Command {
        Command::CreateChannel { slug: slug("general"), name: name.to_owned() }
    }

    fn rename_to(name: &str) -> Command {
        Command::RenameChannel { channel: slug("general"), name: name.to_owned() }
    }

    #[test]
    fn the_system_and_administrators_create_channels_and_nobody_else() {
        let mut story = Story::new();
        let alice = story.sign_up("alice");
        let bob = story.sign_up("bob");
        let refused = Err(Rejection::NotAnAdministrator);
        assert_eq!(story.when(bob, &create_named("General")), refused);
        let anonymous = story.when(Actor::Anonymous, &create_named("General"));
        assert_eq!(anonymous, Err(Rejection::NotLoggedIn));
        assert!(story.when(alice, &create_named("General")).is_ok());
        let ops = Command::CreateChannel { slug: slug("ops"), name: "Ops".to_owned() };
        let happened = story.given(Actor::System, &ops);
        assert_eq!(happened[0].actor, UserId::SYSTEM);
    }

    #[test]
    fn a_slug_is_used_once() {
        let mut story = Story::new();
        story.create_channel("general");
        let again = story.when(Actor::System, &create_named("Another"));
        assert_eq!(again, Err(Rejection::ChannelExists));
    }

    #[test]
    fn a_display_name_is_one_line_of_one_to_eighty_characters() {
        let too_long = "ü".repeat(81);
        for name in ["", "  ", "\n", too_long.as_str()] {
            let refused = Story::new().when(Actor::System, &create_named(name));
            let expected = Rejection::ChannelNameLength { chars_max: CHANNEL_NAME_CHARS_MAX };
            assert_eq!(refused, Err(expected), "{name:?}");
        }
        let longest = "ü".repeat(80);
        for (name, kept) in [(longest.as_str(), longest.as_str()), (" The\n Hall ", "The Hall")] {
            let happened = Story::new().when(Actor::System, &create_named(name)).unwrap();
            let (slug, name) = (slug("general"), kept.to_owned());
            let origin = ChannelOrigin::Public { slug, name };
            assert_eq!(happened, [Event::ChannelCreated { origin }]);
        }
    }

    #[test]
    fn an_administrator_renames_a_channel_and_the_slug_stays() {
        let mut story = Story::new();
        let general = story.create_channel("general");
        let alice = story.sign_up("alice");
        let bob = story.sign_up("bob");
        assert_eq!(story.when(bob, &rename_to("Hall")), Err(Rejection::NotAnAdministrator));
        assert_eq!(story.when(alice, &rename_to("Hall")).unwrap().len(), 1);
        assert_eq!(story.when(alice, &rename_to(" Hall ")), Ok(vec![]), "it has that name");
        let id = story.workspace.find_channel(&general).unwrap();
        assert_eq!(story.workspace.channel_name(id), "general");
    }

    #[test]
    fn a_channel_that_is_not_there_cannot_be_renamed_or_written_to() {
        let mut story = Story::new();
        let alice = story.sign_up("alice");
        let not_found = Err(Rejection::ChannelNotFound);
        assert_eq!(story.when(alice, &rename_to("Hall")), not_found);
        let channel = ChannelName::Public(slug("general"));
        let post = Command::PostMessage { channel, text: "hi".to_owned(), reply_to: None };
        assert_eq!(story.when(alice, &post), not_found);
    }
}
