//! Names and wishes in few words.

use std::fmt::Display;

use crate::command::{Actor, Command, PostWish};
use crate::ids::{ChannelName, Seq, Slug, UserId, UserName};
use crate::message::MESSAGE_CHARS_MAX;

/// The user of a person's session.
///
/// # Panics
///
/// When it is nobody's.
pub fn user_of(actor: Actor) -> UserId {
    let Actor::User { user, .. } = actor else { panic!("{actor:?} is nobody") };
    user
}

/// As much of `piece` as the longest message holds.
pub fn hostile(piece: &str) -> String {
    piece.repeat(MESSAGE_CHARS_MAX / piece.chars().count())
}

/// The channel written so.
///
/// # Panics
///
/// When nothing is.
pub fn channel(name: &(impl Display + ?Sized)) -> ChannelName {
    ChannelName::parse(&name.to_string()).expect("a test names channels rightly")
}

/// The user name written so.
///
/// # Panics
///
/// When no name is.
pub fn name(name: &str) -> UserName {
    UserName::parse(name).expect("the cast has valid names")
}

/// The user names written so.
///
/// # Panics
///
/// When one is none.
pub fn names(names: &[&str]) -> Vec<UserName> {
    names.iter().map(|text| name(text)).collect()
}

/// To create a public channel whose display name is its slug.
///
/// # Panics
///
/// When that is no slug.
pub fn create_channel(slug: &str, is_default: bool) -> Command {
    let slug = Slug::parse(slug).expect("the stage has valid slugs");
    let name = slug.to_string();
    let (topic, description) = (String::new(), String::new());
    Command::CreateChannel { slug, name, topic, description, is_default }
}

/// To post plain text.
pub fn post(to: &(impl Display + ?Sized), text: &str) -> Command {
    Command::PostMessage(PostWish::text(channel(to), text.to_owned()))
}

/// To post a text that refers to a message.
pub fn reply_to(to: &(impl Display + ?Sized), text: &str, message: Seq) -> Command {
    let wish = PostWish::text(channel(to), text.to_owned());
    Command::PostMessage(PostWish { reply_to: Some(message), ..wish })
}
