//! Creating and changing channels.

use std::fmt::Display;

use super::*;
use crate::command::Command;
use crate::testing::wish::{channel, name, names, post, user_of};
use crate::testing::{Story, wish};

fn slug(text: &str) -> Slug {
    Slug::parse(text).unwrap()
}

fn create_named(name: &str) -> Command {
    let (topic, description) = (String::new(), String::new());
    let (slug, name) = (slug("general"), name.to_owned());
    Command::CreateChannel { slug, name, topic, description, is_default: true }
}

fn rename_to(name: &str) -> Command {
    Command::RenameChannel { channel: wish::channel("general"), name: name.to_owned() }
}

#[test]
fn the_system_and_administrators_create_channels_of_everybody_and_nobody_else() {
    let mut story = Story::new();
    let alice = story.sign_up("alice");
    let bob = story.sign_up("bob");
    let refused = Err(Rejection::NotAnAdministrator);
    assert_eq!(story.when(bob, &create_named("General")), refused);
    let anonymous = story.when(Actor::Anonymous, &create_named("General"));
    assert_eq!(anonymous, Err(Rejection::NotLoggedIn));
    assert!(story.when(alice, &create_named("General")).is_ok());
    let happened = story.given(Actor::System, &wish::create_channel("ops", true));
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
    for (name, kept) in [(longest.as_str(), longest.as_str()), (" The Hall\n", "The Hall")] {
        let happened = Story::new().when(Actor::System, &create_named(name)).unwrap();
        let (slug, name) = (slug("general"), kept.to_owned());
        let origin = ChannelOrigin::Public { slug, name, is_default: true };
        assert_eq!(happened, [Event::ChannelCreated { origin }]);
    }
    for name in ["The\nHall", "The\0Hall", "llaH ehT\u{202e}", "\u{2066}Hall", "Ha\u{200f}ll"] {
        let refused = Story::new().when(Actor::System, &create_named(name));
        let is_name = matches!(refused, Err(Rejection::InvalidValue { field: "name", .. }));
        assert!(is_name, "{name:?}: {refused:?}");
    }
}

#[test]
fn an_administrator_renames_a_channel_and_the_slug_stays() {
    let mut story = Story::new();
    let general = story.create_channel("general");
    let alice = story.sign_up("alice");
    let bob = story.sign_up("bob");
    assert_eq!(story.when(bob, &rename_to("Hall")), Err(Rejection::NotTheOwner));
    assert_eq!(story.when(alice, &rename_to("Hall")).unwrap().len(), 2, "and a notice");
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
    assert_eq!(story.when(alice, &wish::post("general", "hi")), not_found);
}

fn change(to: &(impl Display + ?Sized), change: ChannelWish) -> Command {
    Command::ChangeChannel { channel: channel(to), change }
}

fn topic_of(text: &str) -> ChannelWish {
    ChannelWish::Topic(text.to_owned())
}

/// Alice, bob, carol and mallory, and the default channel `general`.
fn scene() -> (Story, [Actor; 4]) {
    let mut story = Story::new();
    story.create_channel("general");
    let people = ["alice", "bob", "carol", "mallory"].map(|name| story.sign_up(name));
    (story, people)
}

#[test]
fn everybody_creates_channels_that_people_join_and_owns_them() {
    let (mut story, [_, bob, carol, _]) = scene();
    let lunch = story.create_joined(bob, "lunch");
    let id = story.channel_id(&lunch);
    assert_eq!(story.workspace.channel(id).owner, Some(user_of(bob)));
    assert_eq!(story.workspace.member_ids(id), [user_of(bob)]);
    let renamed = |name: &str| Command::RenameChannel { channel: lunch.clone(), name: name.into() };
    assert_eq!(story.when(carol, &renamed("Dinner")), Err(Rejection::NotTheOwner));
    assert_eq!(story.when(bob, &renamed("Dinner")).unwrap().len(), 2);
    let anonymous = story.when(Actor::Anonymous, &wish::create_channel("tea", false));
    assert_eq!(anonymous, Err(Rejection::NotLoggedIn));
    let again = story.when(carol, &wish::create_channel("lunch", false));
    assert_eq!(again, Err(Rejection::ChannelExists));
}

#[test]
fn a_new_channel_says_what_it_is_for_and_says_nothing_of_what_is_empty() {
    let (mut story, [alice, ..]) = scene();
    let create = |topic: &str, description: &str| {
        let (slug, name) = (slug("lunch"), "Lunch".to_owned());
        let (topic, description) = (topic.to_owned(), description.to_owned());
        Command::CreateChannel { slug, name, topic, description, is_default: false }
    };
    let long = "ü".repeat(TOPIC_CHARS_MAX + 1);
    let refused = story.when(alice, &create(&long, ""));
    assert!(matches!(refused, Err(Rejection::InvalidValue { field: "topic", .. })), "{refused:?}");
    let long = "ü".repeat(DESCRIPTION_CHARS_MAX + 1);
    let refused = story.when(alice, &create("", &long));
    assert!(matches!(refused, Err(Rejection::InvalidValue { field: "description", .. })));
    assert_eq!(story.when(alice, &create(" soup\n", "")).unwrap().len(), 2);
    let id = story.channel_id(&channel("lunch"));
    assert_eq!(story.workspace.channel(id).topic, "soup");
}

#[test]
fn every_member_describes_a_private_channel_and_its_owner_a_public_one() {
    let (mut story, [alice, bob, carol, mallory]) = scene();
    story.create_joined(bob, "lunch");
    story.given(carol, &Command::JoinChannel { channel: channel("lunch") });
    let plans = story.create_private(bob, &["carol"]);
    let soup = || topic_of("soup");
    assert_eq!(story.when(carol, &change("lunch", soup())), Err(Rejection::NotTheOwner));
    assert!(story.when(bob, &change("lunch", soup())).is_ok());
    let description = ChannelWish::Description("At noon.\nBring a spoon.".to_owned());
    assert!(story.when(alice, &change("lunch", description)).is_ok(), "an administrator");
    let happened = story.when(carol, &change(&plans, soup())).unwrap();
    let (id, notice) = (story.channel_id(&plans), happened[1].clone());
    let (actor, topic) = (user_of(carol), "soup".to_owned());
    assert_eq!(notice, notice::posted(id, Notice::TopicChanged { actor, topic }));
    assert_eq!(story.when(carol, &change(&plans, soup())), Ok(vec![]), "it is so already");
    for outsider in [alice, mallory] {
        let refused = story.when(outsider, &change(&plans, soup()));
        assert_eq!(refused, Err(Rejection::NotAMember), "not even an administrator");
    }
}

#[test]
fn nothing_is_written_in_an_archived_channel_until_it_is_open_again() {
    let (mut story, [_, bob, carol, _]) = scene();
    let plans = story.create_private(bob, &["carol"]);
    let message = story.post(carol, &plans, "one");
    let archive = |on| change(&plans, ChannelWish::Archived(on));
    assert_eq!(story.when(carol, &archive(true)), Err(Rejection::NotTheOwner));
    story.given(bob, &archive(true));
    assert_eq!(story.when(bob, &archive(true)), Ok(vec![]), "it is");
    let commands = [
        post(&plans, "two"),
        Command::EditMessage { message, text: "uno".to_owned() },
        Command::React { message, reaction: "heart".to_owned(), on: None },
    ];
    for command in &commands {
        assert_eq!(story.when(carol, command), Err(Rejection::ChannelArchived), "{command:?}");
    }
    let posters = change(&plans, ChannelWish::Posters(Some(names(&["carol"]))));
    assert_eq!(story.when(bob, &posters), Err(Rejection::ChannelArchived));
    assert!(story.when(carol, &Command::MarkRead { channel: plans.clone(), up_to: None }).is_ok());
    let posters = change(&plans, ChannelWish::Posters(None));
    assert_eq!(story.when(bob, &posters), Err(Rejection::ChannelArchived));
    story.given(bob, &archive(false));
    for command in &commands {
        assert!(story.when(carol, command).is_ok(), "{command:?}");
    }
    assert!(story.when(bob, &posters).is_ok());
}

#[test]
fn where_only_some_post_the_others_read_and_owner_and_administrators_still_post() {
    let (mut story, [alice, bob, carol, mallory]) = scene();
    story.create_joined(bob, "news");
    for who in [alice, carol, mallory] {
        story.given(who, &Command::JoinChannel { channel: channel("news") });
    }
    let only = |people: &[&str]| change("news", ChannelWish::Posters(Some(names(people))));
    assert_eq!(story.when(carol, &only(&["carol"])), Err(Rejection::NotTheOwner));
    story.given(bob, &only(&["carol"]));
    for who in [alice, bob, carol] {
        assert!(story.when(who, &post("news", "news")).is_ok());
    }
    assert_eq!(story.when(mallory, &post("news", "spam")), Err(Rejection::NotAPoster));
    story.given(bob, &change("news", ChannelWish::Posters(None)));
    assert!(story.when(mallory, &post("news", "no spam")).is_ok());
    story.given(mallory, &Command::LeaveChannel { channel: channel("news") });
    let absent = Rejection::NotMembers(vec!["mallory".to_owned()]);
    assert_eq!(story.when(bob, &only(&["carol", "mallory"])), Err(absent), "who, not bob");
    let unknown = Rejection::NoSuchUser(vec!["zoe".to_owned()]);
    assert_eq!(story.when(bob, &only(&["zoe"])), Err(unknown));
}

#[test]
fn an_administrator_hands_over_a_private_channel_without_looking_in() {
    let (mut story, [alice, bob, carol, mallory]) = scene();
    let plans = story.create_private(bob, &["carol"]);
    let id = story.channel_id(&plans);
    let hand_over = |whom: &str| change(&plans, ChannelWish::Owner(name(whom)));
    assert_eq!(story.when(carol, &hand_over("carol")), Err(Rejection::NotTheOwner));
    assert_eq!(story.when(mallory, &hand_over("carol")), Err(Rejection::NotAMember));
    let absent = Rejection::NotMembers(vec!["alice".to_owned()]);
    assert_eq!(story.when(alice, &hand_over("alice")), Err(absent), "not to herself");
    story.given(alice, &hand_over("carol"));
    assert_eq!(story.workspace.channel(id).owner, Some(user_of(carol)));
    assert_eq!(story.when(alice, &post(&plans, "hi")), Err(Rejection::NotAMember));
    assert!(story.when(carol, &hand_over("bob")).is_ok(), "an owner hands over too");
    let unknown = story
        .when(alice, &change(&ChannelName::private(999_999), ChannelWish::Owner(name("carol"))));
    assert_eq!(unknown, Err(Rejection::NotAMember));
}

#[test]
fn a_direct_channel_is_what_it_is() {
    let (mut story, [alice, bob, ..]) = scene();
    story.post(alice, "dm:alice:bob", "psst");
    let wishes = [
        topic_of("secrets"),
        ChannelWish::Archived(true),
        ChannelWish::Posters(None),
        ChannelWish::Owner(name("alice")),
    ];
    for wish in wishes {
        let refused = story.when(alice, &change("dm:alice:bob", wish));
        assert_eq!(refused, Err(Rejection::DirectChannelFixed));
    }
    let (channel, name) = (channel("dm:alice:bob"), "Us".to_owned());
    let rename = Command::RenameChannel { channel, name };
    assert_eq!(story.when(bob, &rename), Err(Rejection::DirectChannelFixed));
}
