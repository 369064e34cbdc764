//! Profiles: how a person wishes to be known, and what they are up to.

use jiff::tz::TimeZone;
use serde::{Deserialize, Serialize};

use crate::channel::{at_most, one_line, plain_line};
use crate::decide::{Case, Decision};
use crate::event::Event;
use crate::ids::{Timestamp, UserId};
use crate::reaction;
use crate::rejection::Rejection;

/// Characters of a display name.
pub const DISPLAY_NAME_CHARS_MAX: usize = 64;

/// Characters of a bio; contract/http.md, 3.
pub const BIO_CHARS_MAX: usize = 160;

/// Characters of pronouns.
pub const PRONOUNS_CHARS_MAX: usize = 40;

/// Characters of a custom status.
pub const STATUS_CHARS_MAX: usize = 100;

/// What a person says about themselves; everybody sees it.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
#[expect(missing_docs, reason = "fields named by the glossary; a retelling would say less")]
pub struct Profile {
    #[serde(skip_serializing_if = "Option::is_none")]
    pub display_name: Option<String>,
    /// `#rrggbb`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub name_color: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub bio: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub pronouns: Option<String>,
    /// A name of the IANA time zone database.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub time_zone: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub status: Option<CustomStatus>,
}

/// What a person is up to.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[expect(missing_docs, reason = "fields named by the glossary; a retelling would say less")]
pub struct CustomStatus {
    /// The short name of an emoji.
    pub emoji: Option<String>,
    pub text: String,
    /// From then on it counts as none.
    pub until: Option<Timestamp>,
}

/// Changes of a profile: an absent field stays, `Some(None)` clears it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[expect(missing_docs, reason = "fields named by the glossary; a retelling would say less")]
pub struct ProfileWish {
    pub display_name: Option<Option<String>>,
    pub name_color: Option<Option<String>>,
    pub bio: Option<Option<String>>,
    pub pronouns: Option<Option<String>>,
    pub time_zone: Option<Option<String>>,
}

/// Changes the profile of `user`; an empty text clears a field as `None` does.
pub(crate) fn change(
    case: Case<'_>,
    user: UserId,
    wish: &ProfileWish,
) -> Result<Decision, Rejection> {
    let profile = changed(&case.workspace.users[&user].profile, wish)?;
    Ok(decided(case, user, profile))
}

/// A profile after these changes.
pub(crate) fn changed(before: &Profile, wish: &ProfileWish) -> Result<Profile, Rejection> {
    let mut profile = before.clone();
    let lines = [
        ("display_name", &wish.display_name, &mut profile.display_name, DISPLAY_NAME_CHARS_MAX),
        ("pronouns", &wish.pronouns, &mut profile.pronouns, PRONOUNS_CHARS_MAX),
    ];
    for (field, wish, kept, chars_max) in lines {
        if let Some(text) = wish {
            let text = plain_line(field, text.as_deref().unwrap_or_default())?;
            at_most(field, &text, chars_max)?;
            *kept = (!text.is_empty()).then_some(text);
        }
    }
    if let Some(bio) = &wish.bio {
        let bio = one_line(bio.as_deref().unwrap_or_default());
        at_most("bio", &bio, BIO_CHARS_MAX)?;
        profile.bio = (!bio.is_empty()).then_some(bio);
    }
    if let Some(color) = &wish.name_color {
        let color = color.as_deref().map(str::trim);
        if !color.is_none_or(is_color) {
            return Err(Rejection::invalid("name_color", "like #12ab9f"));
        }
        profile.name_color = color.map(str::to_owned);
    }
    if let Some(zone) = &wish.time_zone {
        let zone = zone.as_deref().map(str::trim).filter(|zone| !zone.is_empty());
        if zone.is_some_and(|zone| TimeZone::get(zone).is_err()) {
            return Err(Rejection::invalid("time_zone", "like Europe/Berlin"));
        }
        profile.time_zone = zone.map(str::to_owned);
    }
    Ok(profile)
}

/// Says what `user` is up to; without an emoji and a text that is nothing.
pub(crate) fn set_status(
    case: Case<'_>,
    user: UserId,
    status: Option<&CustomStatus>,
) -> Result<Decision, Rejection> {
    let until = status.and_then(|status| status.until);
    let status = kept_status(status)?;
    if until.is_some_and(|until| until <= case.now) {
        return Err(Rejection::invalid("until_ts", "a time to come"));
    }
    let profile = Profile { status, ..Profile::clone(&case.workspace.users[&user].profile) };
    Ok(decided(case, user, profile))
}

/// A status as it is kept.
pub(crate) fn kept_status(
    status: Option<&CustomStatus>,
) -> Result<Option<CustomStatus>, Rejection> {
    let Some(status) = status else { return Ok(None) };
    let text = plain_line("text", &status.text)?;
    at_most("text", &text, STATUS_CHARS_MAX)?;
    let emoji = match &status.emoji {
        None => None,
        Some(emoji) => {
            let unknown = || Rejection::UnknownReaction(emoji.clone());
            Some(reaction::canonical(emoji).ok_or_else(unknown)?.to_owned())
        }
    };
    let is_empty = text.is_empty() && emoji.is_none();
    Ok((!is_empty).then_some(CustomStatus { emoji, text, until: status.until }))
}

fn decided(case: Case<'_>, user: UserId, profile: Profile) -> Decision {
    let account = &case.workspace.users[&user];
    if *account.profile == profile && !case.facts.is_named {
        return Decision::nothing(user);
    }
    let changed = Event::ProfileChanged { user, profile };
    Decision::superseding(user, vec![changed], [account.profile_set])
}

fn is_color(text: &str) -> bool {
    text.strip_prefix('#')
        .is_some_and(|hex| hex.len() == 6 && hex.bytes().all(|b| b.is_ascii_hexdigit()))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::command::{Actor, Command};
    use crate::testing::Story;
    use crate::testing::wish::user_of;

    #[expect(clippy::option_option, clippy::unnecessary_wraps, reason = "as a wish has it")]
    fn said(text: &str) -> Option<Option<String>> {
        Some(Some(text.to_owned()))
    }

    fn scene() -> (Story, Actor) {
        let mut story = Story::new();
        let alice = story.sign_up("alice");
        (story, alice)
    }

    fn profile_of(story: &Story, who: Actor) -> Profile {
        Profile::clone(&story.workspace.users[&user_of(who)].profile)
    }

    fn status(emoji: Option<&str>, text: &str, until: Option<Timestamp>) -> Command {
        let (emoji, text) = (emoji.map(str::to_owned), text.to_owned());
        Command::SetStatus { status: Some(CustomStatus { emoji, text, until }) }
    }

    #[test]
    fn what_is_not_said_stays_and_what_is_empty_is_cleared() {
        let (mut story, alice) = scene();
        let wish = ProfileWish {
            display_name: said(" Alice A.\n"),
            name_color: said("#12AB9F"),
            bio: said("hi"),
            ..ProfileWish::default()
        };
        story.given(alice, &Command::ChangeProfile(wish.clone()));
        assert_eq!(story.when(alice, &Command::ChangeProfile(wish)), Ok(vec![]), "as it is");
        let wish = ProfileWish {
            bio: said("  "),
            pronouns: said("she"),
            time_zone: said("Europe/Berlin"),
            ..ProfileWish::default()
        };
        story.given(alice, &Command::ChangeProfile(wish));
        let expected = Profile {
            display_name: Some("Alice A.".to_owned()),
            name_color: Some("#12AB9F".to_owned()),
            bio: None,
            pronouns: Some("she".to_owned()),
            time_zone: Some("Europe/Berlin".to_owned()),
            status: None,
        };
        assert_eq!(profile_of(&story, alice), expected);
        let wish = ProfileWish { time_zone: Some(None), ..ProfileWish::default() };
        story.given(alice, &Command::ChangeProfile(wish));
        assert_eq!(profile_of(&story, alice).time_zone, None);
    }

    #[test]
    fn a_profile_takes_the_place_of_the_one_before_and_erases_it() {
        let (mut story, alice) = scene();
        let bio = |text| ProfileWish { bio: said(text), ..ProfileWish::default() };
        let mut change = |command: &Command| story.run(alice, None, command).unwrap();
        let first = change(&Command::ChangeProfile(bio("hi")));
        assert_eq!(first.redacted, [], "there was none");
        let second = change(&status(None, "away", None));
        assert_eq!(second.redacted, [first.events[0].seq]);
        let cleared = change(&Command::ChangeProfile(bio("")));
        assert_eq!(cleared.redacted, [second.events[0].seq], "what was said of it is in the next");
        assert_eq!(profile_of(&story, alice).status.unwrap().text, "away");
    }

    #[test]
    fn a_profile_is_short_and_names_a_colour_and_a_zone_that_exist() {
        let (mut story, alice) = scene();
        let long = |chars_max: usize| said(&"ü".repeat(chars_max + 1));
        let wishes = [
            ProfileWish { display_name: long(DISPLAY_NAME_CHARS_MAX), ..ProfileWish::default() },
            ProfileWish { bio: long(BIO_CHARS_MAX), ..ProfileWish::default() },
            ProfileWish { pronouns: long(PRONOUNS_CHARS_MAX), ..ProfileWish::default() },
            ProfileWish { name_color: said("red"), ..ProfileWish::default() },
            ProfileWish { name_color: said("#12345"), ..ProfileWish::default() },
            ProfileWish { name_color: said("#12345g"), ..ProfileWish::default() },
            ProfileWish { name_color: said("#12345ü"), ..ProfileWish::default() },
            ProfileWish { time_zone: said("Mars/Olympus"), ..ProfileWish::default() },
            ProfileWish { time_zone: said("../etc/passwd"), ..ProfileWish::default() },
        ];
        for wish in wishes {
            let refused = story.when(alice, &Command::ChangeProfile(wish.clone()));
            assert!(matches!(refused, Err(Rejection::InvalidValue { .. })), "{wish:?}");
        }
        assert_eq!(profile_of(&story, alice), Profile::default(), "nothing has changed");
        let wish = ProfileWish { bio: said(&"ü".repeat(BIO_CHARS_MAX)), ..ProfileWish::default() };
        assert!(story.when(alice, &Command::ChangeProfile(wish)).is_ok());
    }

    #[test]
    fn what_turns_the_words_of_others_around_stands_beside_no_name() {
        let (mut story, alice) = scene();
        let controls =
            "\0\n\t\u{7f}\u{85}\u{61c}\u{200e}\u{200f}\u{2028}\u{202a}\u{202e}\u{2066}\u{2069}";
        for control in controls.chars() {
            let text = format!("Al{control}ice");
            let name = ProfileWish { display_name: said(&text), ..ProfileWish::default() };
            let pronouns = ProfileWish { pronouns: said(&text), ..ProfileWish::default() };
            let wishes = [Command::ChangeProfile(name), Command::ChangeProfile(pronouns)];
            for wish in wishes.into_iter().chain([status(None, &text, None)]) {
                let refused = story.when(alice, &wish);
                assert!(matches!(refused, Err(Rejection::InvalidValue { .. })), "{wish:?}");
            }
        }
        assert_eq!(profile_of(&story, alice), Profile::default(), "nothing has changed");
        let name = "שרה \u{1f469}\u{200d}\u{1f33e}";
        let wish = ProfileWish { display_name: said(name), ..ProfileWish::default() };
        story.given(alice, &Command::ChangeProfile(wish));
        assert_eq!(profile_of(&story, alice).display_name.as_deref(), Some(name));
    }

    #[test]
    fn a_status_has_an_emoji_or_a_text_and_may_end() {
        let (mut story, alice) = scene();
        let until = Some(story.now.plus_micros(1));
        story.given(alice, &status(Some("🌴"), " on an island ", until));
        let (emoji, text) = (Some("palm_tree".to_owned()), "on an island".to_owned());
        assert_eq!(profile_of(&story, alice).status, Some(CustomStatus { emoji, text, until }));
        let past = status(None, "there", Some(story.now));
        assert!(matches!(story.when(alice, &past), Err(Rejection::InvalidValue { .. })));
        let unknown = Rejection::UnknownReaction("sunday".to_owned());
        assert_eq!(story.when(alice, &status(Some("sunday"), "", None)), Err(unknown));
        let long = status(None, &"ü".repeat(STATUS_CHARS_MAX + 1), None);
        assert!(story.when(alice, &long).is_err());
        story.given(alice, &status(None, " ", None));
        assert_eq!(profile_of(&story, alice).status, None, "nothing was said");
        assert_eq!(story.when(alice, &Command::SetStatus { status: None }), Ok(vec![]));
    }
}
