//! Reactions: the short names that exist, and setting one's own.
//!
//! `names.tsv` holds the names that people of this family of chats know (contract/rules.md, 21); a name in it means its
//! character, whatever other lists say. Every other emoji has the first GitHub short name that is free, or else Unicode's name.
//!
//! The names of GitHub and of Slack are aliases: what a person who writes `:tada:` means. They never change what a reaction
//! that is stored under a known name shows. `slack.tsv` holds those of Slack that are not GitHub's too, from emojibase-data 17
//! (MIT, `en/shortcodes/iamcal.json`); where the two mean different emoji by one name, GitHub's holds.

use std::collections::{HashMap, HashSet};
use std::sync::LazyLock;

use emojis::{Emoji, Group};

pub use self::given::Reactions;
use crate::channel;
use crate::decide::{Case, Decision};
use crate::event::Event;
use crate::ids::{Seq, UserId};
use crate::message;
use crate::rejection::Rejection;

/// Different reactions of one message; more would not fit under it, and each is sent with every page.
pub const REACTIONS_MAX: usize = 50;

const NAMES: &str = include_str!("names.tsv");
const SLACK_NAMES: &str = include_str!("slack.tsv");

mod given;

/// A reaction that exists.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Known {
    /// The name under which it is kept.
    pub name: &'static str,
    /// The emoji.
    pub emoji: &'static str,
    /// Unicode's group.
    pub group: &'static str,
    /// What Slack and GitHub call it, without `name`. One of them may be the `name` of another reaction (`tada`); whoever
    /// writes it in a text means this one.
    pub aliases: Vec<&'static str>,
}

/// Sets, clears or toggles (`on` is `None`) the reaction of `user`.
pub(crate) fn react(
    case: Case<'_>,
    user: UserId,
    id: Seq,
    reaction: &str,
    on: Option<bool>,
) -> Result<Decision, Rejection> {
    let message = message::readable(case, user, id)?;
    if message.deleted {
        return Err(Rejection::MessageDeleted);
    }
    if message.is_notice() {
        return Err(Rejection::MessageIsNotice);
    }
    channel::is_open(case, message.channel)?;
    let name =
        canonical(reaction).ok_or_else(|| Rejection::UnknownReaction(reaction.to_owned()))?;
    let reactors = message.reactions.find(name);
    let is_on = reactors.is_some_and(|reactors| reactors.contains(&user));
    let on = on.unwrap_or(!is_on);
    if on == is_on && !case.facts.is_named {
        return Ok(Decision::nothing(user));
    }
    if on && reactors.is_none() && message.reactions.len() >= REACTIONS_MAX {
        return Err(Rejection::TooManyReactions { reactions_max: REACTIONS_MAX });
    }
    let channel = message.channel;
    let reacted = Event::MessageReacted { channel, message: id, reaction: name.to_owned(), on };
    Ok(Decision::new(user, vec![reacted]))
}

/// The name under which a reaction is kept, of a short name or of the emoji itself (in any skin tone).
pub fn canonical(reaction: &str) -> Option<&'static str> {
    let reaction = reaction.trim();
    TABLE.names.get(reaction).copied().or_else(|| {
        let emoji = emojis::get(reaction)?;
        TABLE.names_of(emoji)?.first().copied()
    })
}

/// Every reaction that exists, in the order of Unicode's list.
pub fn all() -> impl Iterator<Item = Known> {
    emojis::iter().flat_map(|emoji| {
        let names = TABLE.names_of(emoji).unwrap_or_default();
        names.iter().enumerate().map(move |(place, name)| Known {
            name,
            emoji: emoji.as_str(),
            group: group_name(emoji.group()),
            // An emoji with two names has its aliases once.
            aliases: if place == 0 { TABLE.aliases_of(emoji, names) } else { Vec::new() },
        })
    })
}

static TABLE: LazyLock<Table> = LazyLock::new(Table::load);

struct Table {
    /// Every accepted name to the name that is kept.
    names: HashMap<&'static str, &'static str>,
    /// The kept names of an emoji, by its plain form; two for the two emoji that `names.tsv` names twice.
    by_emoji: HashMap<&'static str, Vec<&'static str>>,
    /// The names of Slack that are not GitHub's, by the plain form of their emoji.
    slack: HashMap<&'static str, Vec<&'static str>>,
}

impl Table {
    fn load() -> Table {
        let mut table =
            Table { names: HashMap::new(), by_emoji: HashMap::new(), slack: HashMap::new() };
        for (name, emoji) in named(NAMES) {
            table.names.insert(name, name);
            table.by_emoji.entry(plain(emoji)).or_default().push(name);
        }
        for emoji in emojis::iter() {
            table.add_shortcodes(emoji);
        }
        for (name, emoji) in named(SLACK_NAMES) {
            table.slack.entry(plain(emoji)).or_default().push(name);
            let kept = table.by_emoji.entry(plain(emoji)).or_insert_with(|| vec![name]);
            table.names.entry(name).or_insert(kept[0]);
        }
        for emoji in emojis::iter() {
            if !table.by_emoji.contains_key(emoji.as_str()) {
                let name = table.free_name(emoji);
                table.names.insert(name, name);
                table.by_emoji.insert(emoji.as_str(), vec![name]);
            }
        }
        table
    }

    /// Short names that are free lead to the emoji's kept name, or the first of them becomes it.
    fn add_shortcodes(&mut self, emoji: &'static Emoji) {
        for name in emoji.shortcodes() {
            if !self.names.contains_key(name) {
                let kept = self.by_emoji.entry(emoji.as_str()).or_insert_with(|| vec![name]);
                self.names.insert(name, kept[0]);
            }
        }
    }

    /// Unicode's name in the form of a short name. It is leaked: made once, and kept as long as the process.
    fn free_name(&self, emoji: &'static Emoji) -> &'static str {
        let words =
            emoji.name().split(|c: char| !c.is_alphanumeric()).filter(|word| !word.is_empty());
        let name = words.collect::<Vec<_>>().join("_").to_lowercase();
        let name = if self.names.contains_key(name.as_str()) { format!("{name}_2") } else { name };
        name.leak()
    }

    fn names_of(&self, emoji: &'static Emoji) -> Option<&[&'static str]> {
        self.by_emoji.get(plain(emoji)).map(Vec::as_slice)
    }

    fn aliases_of(&self, emoji: &'static Emoji, names: &[&'static str]) -> Vec<&'static str> {
        let slack = self.slack.get(plain(emoji)).map(Vec::as_slice).unwrap_or_default();
        let mut seen: HashSet<_> = names.iter().copied().collect();
        emoji.shortcodes().chain(slack.iter().copied()).filter(|name| seen.insert(name)).collect()
    }
}

/// The lines of a table of names.
fn named(table: &'static str) -> impl Iterator<Item = (&'static str, &'static Emoji)> {
    table.lines().map(|line| {
        let (name, emoji) = line.split_once('\t').expect("a table of names has two columns");
        (name, emojis::get(emoji).expect("a table of names has characters that Unicode lists"))
    })
}

/// The emoji in its default skin tone: all tones are one reaction.
fn plain(emoji: &'static Emoji) -> &'static str {
    emoji.skin_tones().and_then(|mut tones| tones.next()).unwrap_or(emoji).as_str()
}

fn group_name(group: Group) -> &'static str {
    match group {
        Group::SmileysAndEmotion => "smileys_and_emotion",
        Group::PeopleAndBody => "people_and_body",
        Group::AnimalsAndNature => "animals_and_nature",
        Group::FoodAndDrink => "food_and_drink",
        Group::TravelAndPlaces => "travel_and_places",
        Group::Activities => "activities",
        Group::Objects => "objects",
        Group::Symbols => "symbols",
        Group::Flags => "flags",
    }
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use super::*;
    use crate::command::{Actor, Command};
    use crate::testing::Story;

    fn react(message: Seq, reaction: &str, on: Option<bool>) -> Command {
        Command::React { message, reaction: reaction.to_owned(), on }
    }

    fn scene() -> (Story, Actor, Actor, Seq) {
        let mut story = Story::new();
        story.create_channel("general");
        let alice = story.sign_up("alice");
        let bob = story.sign_up("bob");
        let message = story.post(alice, "general", "we shipped");
        (story, alice, bob, message)
    }

    fn reactions(story: &Story, message: Seq) -> Vec<(&str, usize)> {
        let reactions = &story.messages[&message].reactions;
        reactions.iter().map(|(name, reactors)| (name, reactors.len())).collect()
    }

    #[test]
    fn a_reaction_toggles_unless_it_says_what_it_shall_be() {
        let (mut story, alice, bob, message) = scene();
        story.given(bob, &react(message, "heart", None));
        story.given(alice, &react(message, "heart", Some(true)));
        let Actor::User { user: bobs_id, .. } = bob else { panic!("bob signed up") };
        assert_eq!(story.messages[&message].reactions["heart"][0], bobs_id, "he was first");
        assert_eq!(story.when(alice, &react(message, "heart", Some(true))), Ok(vec![]));
        assert_eq!(reactions(&story, message), [("heart", 2)]);
        story.given(bob, &react(message, "heart", None));
        assert_eq!(reactions(&story, message), [("heart", 1)]);
        story.given(alice, &react(message, "heart", Some(false)));
        assert_eq!(story.when(alice, &react(message, "heart", Some(false))), Ok(vec![]));
        assert_eq!(reactions(&story, message), []);
    }

    #[test]
    fn an_emoji_in_any_tone_and_every_short_name_of_it_are_one_reaction() {
        for same in ["thumbsup", "+1", "👍", "👍🏽", " thumbsup "] {
            assert_eq!(canonical(same), Some("thumbsup"), "{same}");
        }
        assert_eq!(canonical("❤"), Some("heart"), "without its variation selector");
    }

    #[test]
    fn each_of_the_477_known_names_is_kept_as_it_is() {
        let names: Vec<_> = NAMES.lines().map(|line| line.split_once('\t').unwrap().0).collect();
        assert_eq!(names.len(), 477);
        for name in names {
            assert_eq!(canonical(name), Some(name));
        }
    }

    #[test]
    fn a_known_name_means_its_character_whatever_other_lists_say() {
        let emoji_of = |name| all().find(|known| known.name == name).unwrap().emoji;
        assert_eq!(emoji_of("cloud"), "⛅");
        assert_eq!(emoji_of("laugh"), "😂");
        assert_eq!((emoji_of("dart"), emoji_of("target")), ("🎯", "🎯"));
    }

    #[test]
    fn every_emoji_has_a_name_and_every_name_is_listed_once() {
        for emoji in emojis::iter() {
            assert!(canonical(emoji.as_str()).is_some(), "{emoji} has no name");
        }
        let mut seen = HashSet::new();
        for Known { name, emoji, .. } in all() {
            assert!(seen.insert(name), "{name} is listed twice");
            assert_eq!(canonical(name), Some(name), "{name} is not the kept name of {emoji}");
        }
        let heart = all().find(|known| known.name == "heart").unwrap();
        assert_eq!((heart.emoji, heart.group), ("❤️", "smileys_and_emotion"));
    }

    #[test]
    fn a_message_keeps_its_reactions_in_the_order_in_which_they_came() {
        let (mut story, alice, bob, message) = scene();
        for name in ["wave", "heart", "100"] {
            story.given(alice, &react(message, name, None));
        }
        story.given(bob, &react(message, "heart", None));
        assert_eq!(reactions(&story, message), [("wave", 1), ("heart", 2), ("hundred", 1)]);
        story.given(alice, &react(message, "wave", None));
        story.given(alice, &react(message, "wave", None));
        assert_eq!(reactions(&story, message), [("heart", 2), ("hundred", 1), ("wave", 1)]);
    }

    #[test]
    fn the_names_of_slack_and_github_are_aliases_and_mean_one_emoji_each() {
        let every: Vec<_> = all().collect();
        let meant = |name: &str| {
            let mut found = every.iter().filter(|known| known.aliases.contains(&name));
            let emoji = found.next().or_else(|| every.iter().find(|known| known.name == name));
            assert_eq!(found.next(), None, "{name} means two");
            emoji.unwrap_or_else(|| panic!("{name} means nothing")).emoji
        };
        for (name, emoji) in [
            ("tada", "🎉"),
            ("confetti_ball", "🎊"),
            ("+1", "👍"),
            ("thumbsup", "👍"),
            ("joy", "😂"),
            ("100", "💯"),
            ("cloud", "☁️"),
            ("thinking_face", "🤔"),
            ("flag-de", "🇩🇪"),
        ] {
            assert_eq!(meant(name), emoji, "{name}");
        }
        for (name, _) in named(SLACK_NAMES) {
            meant(name);
            assert!(canonical(name).is_some(), "{name} is no reaction");
        }
        for name in emojis::iter().flat_map(Emoji::shortcodes) {
            meant(name);
        }
        assert_eq!(canonical("tada"), canonical("🎊"), "a stored reaction shows what it showed");
    }

    #[test]
    fn what_is_no_emoji_is_refused() {
        let (mut story, alice, _, message) = scene();
        for text in ["", "heartt", "Heart", "hello", "❤❤"] {
            let refused = Err(Rejection::UnknownReaction(text.to_owned()));
            assert_eq!(story.when(alice, &react(message, text, None)), refused);
        }
    }

    #[test]
    fn a_deleted_message_takes_no_reaction() {
        let (mut story, alice, bob, message) = scene();
        story.given(alice, &Command::DeleteMessage { message });
        let refused = story.when(bob, &react(message, "heart", None));
        assert_eq!(refused, Err(Rejection::MessageDeleted));
    }

    #[test]
    fn a_message_carries_fifty_different_reactions_and_any_number_of_the_same() {
        let (mut story, alice, bob, message) = scene();
        let names: Vec<_> = all().map(|known| known.name).take(51).collect();
        for name in &names[..50] {
            story.given(alice, &react(message, name, None));
        }
        let refused = Err(Rejection::TooManyReactions { reactions_max: REACTIONS_MAX });
        assert_eq!(story.when(alice, &react(message, names[50], None)), refused);
        assert_eq!(story.when(bob, &react(message, names[0], None)).unwrap().len(), 1);
        story.given(alice, &react(message, names[1], Some(false)));
        assert_eq!(story.when(alice, &react(message, names[50], None)).unwrap().len(), 1);
    }
}
