//! What one person makes.

use super::*;
use crate::command::{Actor, ChannelWish, Command};
use crate::ids::ChannelName;
use crate::member::History;
use crate::personal::PersonalWish;
use crate::testing::wish::{channel, create_channel, name, names, post, user_of};
use crate::testing::{Story, read_back, stored, wish};

fn scene() -> (Story, [Actor; 3]) {
    let mut story = Story::new();
    let people = ["alice", "bob", "carol"].map(|name| story.sign_up(name));
    (story, people)
}

fn an_hour_passes(story: &mut Story) {
    story.now = story.now.max(story.workspace.last_ts).plus_micros(HOUR_MICROS);
}

fn private(members: &[&str]) -> Command {
    let (name, topic) = ("Plans".to_owned(), String::new());
    Command::CreatePrivateChannel { name, topic, members: names(members) }
}

/// Makes as many as there may be, twenty an hour, and answers how the next one is refused.
fn make_all(
    story: &mut Story,
    actor: Actor,
    max: u32,
    wish: impl Fn(u32) -> Command,
) -> Result<Vec<crate::Event>, Rejection> {
    for number in 0..max {
        if number % 20 == 0 {
            an_hour_passes(story);
        }
        story.given(actor, &wish(number));
    }
    an_hour_passes(story);
    story.when(actor, &wish(max))
}

#[test]
fn one_person_makes_two_hundred_public_channels() {
    let (mut story, [alice, bob, _]) = scene();
    let make = |number| create_channel(&format!("c{number}"), false);
    let refused = make_all(&mut story, bob, PUBLIC_MAX, make);
    let what = "public channels of one person";
    assert_eq!(refused, Err(Rejection::TooMany { what, max: 200 }));
    let (archived, change) = (channel("c1"), ChannelWish::Archived(true));
    story.given(bob, &Command::ChangeChannel { channel: archived, change });
    assert!(story.when(bob, &make(200)).is_err(), "an archived one is one that he made");
    assert!(story.when(bob, &private(&[])).is_ok(), "they are counted apart");
    assert!(story.when(alice, &make(200)).is_ok(), "an administrator is bound by the totals only");
}

#[test]
fn one_person_makes_two_hundred_private_channels() {
    let (mut story, [_, bob, carol]) = scene();
    let refused = make_all(&mut story, bob, PRIVATE_MAX, |_| private(&[]));
    let what = "private channels of one person";
    assert_eq!(refused, Err(Rejection::TooMany { what, max: 200 }));
    assert!(story.when(carol, &private(&[])).is_ok());
}

#[test]
fn one_person_opens_a_hundred_direct_channels_of_three_and_more() {
    let (mut story, [_, bob, carol]) = scene();
    let others: Vec<_> = (0..16).map(|number| format!("p{number}")).collect();
    for other in &others {
        story.sign_up(other);
    }
    let pair = |number: u32| {
        let pairs = others.iter().enumerate();
        let mut pairs =
            pairs.flat_map(|(at, left)| others[at + 1..].iter().map(move |it| (left, it)));
        let (left, right) = pairs.nth(number as usize).unwrap();
        [left.as_str(), right.as_str()]
    };
    let open = |number: u32| Command::OpenDirect { names: names(&pair(number)) };
    let refused = make_all(&mut story, bob, DIRECT_MAX, open);
    let what = "direct channels of three and more that one person opens";
    let full = Err(Rejection::TooMany { what, max: 100 });
    assert_eq!(refused, full);
    let [left, right] = pair(100);
    let said = post(&format!("dm:bob:{left}:{right}"), "hi");
    assert_eq!(story.when(bob, &said), full, "nor by saying something there");
    assert!(story.when(bob, &post("dm:bob:p15", "hi")).is_ok(), "with one other he talks");
    assert!(story.when(bob, &open(0)).is_ok(), "what is open stays so");
    assert!(story.when(carol, &open(0)).is_ok());
}

#[test]
fn one_person_makes_twenty_channels_an_hour_of_whatever_kind() {
    let (mut story, [alice, bob, carol]) = scene();
    let public = |number: u32| create_channel(&format!("c{number}"), false);
    for number in 0..9 {
        story.given(bob, &public(number));
        story.given(bob, &private(&["carol"]));
    }
    story.given(bob, &public(9));
    story.given(bob, &post("dm:alice:bob:carol", "hi"));
    let refused = |outcome| matches!(outcome, Err(Rejection::ChannelsTooOften { max: 20, .. }));
    assert!(refused(story.when(bob, &public(10))));
    assert!(refused(story.when(bob, &private(&[]))));
    assert!(story.when(bob, &post("dm:alice:bob", "hi")).is_ok(), "of two there is but one");
    for number in 100..130 {
        story.given(alice, &public(number));
    }
    assert!(story.when(carol, &public(10)).is_ok());
    story.now = story.workspace.last_ts.plus_micros(HOUR_MICROS / 2);
    assert!(refused(story.when(bob, &public(11))));
    story.now = story.now.plus_micros(HOUR_MICROS / 2);
    assert!(story.when(bob, &public(11)).is_ok());
}

/// Ten people put carol into as many channels as they may, until she is in five hundred.
fn crowded() -> (Story, [Actor; 3], Vec<ChannelName>) {
    let (mut story, people) = scene();
    let mut into = Vec::new();
    for maker in ["m0", "m1", "m2"] {
        let maker = story.sign_up(maker);
        for number in 0..200 {
            if number % 20 == 0 {
                an_hour_passes(&mut story);
            }
            if into.len() < PUT_INTO_MAX {
                let made = story.given(maker, &private(&["carol"]));
                into.push(ChannelName::Private(crate::ChannelId(made[0].seq)));
            }
        }
    }
    an_hour_passes(&mut story);
    (story, people, into)
}

#[test]
fn others_put_a_person_into_five_hundred_channels() {
    let (mut story, [alice, bob, carol], into) = crowded();
    assert_eq!(story.workspace.users[&user_of(carol)].put_into.len(), 500);
    let full = Err(Rejection::InTooManyChannels(vec!["carol".to_owned()]));
    assert_eq!(story.when(bob, &private(&["carol"])), full);
    assert_eq!(story.when(bob, &post("dm:alice:bob:carol", "hi")), full);
    let plans = story.create_private(bob, &[]);
    let add = |name: &str| {
        let (names, history) = (names(&[name]), History::FromStart);
        Command::AddMembers { channel: plans.clone(), names, history }
    };
    assert_eq!(story.when(bob, &add("carol")), full);
    assert!(story.when(bob, &add("alice")).is_ok(), "somebody else");
    assert!(story.when(alice, &add("carol")).is_ok(), "an administrator puts her there");
    story.given(carol, &Command::LeaveChannel { channel: plans.clone() });
    assert_eq!(story.when(bob, &add("carol")), full);
    assert!(story.when(carol, &private(&["bob"])).is_ok(), "what she makes is hers");
    assert!(story.when(bob, &post("dm:bob:carol", "hi")).is_ok(), "with one other she talks");
    story.given(carol, &Command::LeaveChannel { channel: into[0].clone() });
    assert!(story.when(bob, &add("carol")).is_ok(), "who leaves makes room");
}

#[test]
fn who_closes_a_direct_channel_makes_room_as_who_leaves() {
    let (mut story, [_, bob, carol], into) = crowded();
    story.given(carol, &Command::LeaveChannel { channel: into[0].clone() });
    let talk = "dm:alice:bob:carol";
    story.given(bob, &post(talk, "hi"));
    let full = Err(Rejection::InTooManyChannels(vec!["carol".to_owned()]));
    assert_eq!(story.when(bob, &private(&["carol"])), full);
    let hide = PersonalWish::HideDirect { channel: channel(talk), on: true };
    story.given(carol, &Command::ChangePersonal(hide));
    assert!(story.when(bob, &private(&["carol"])).is_ok());
}

#[test]
fn there_are_twenty_thousand_channels_in_all_and_an_administrator_makes_room() {
    let (mut story, [alice, bob, _]) = scene();
    for number in 0..CHANNELS_MAX {
        story.given(Actor::System, &create_channel(&format!("c{number}"), true));
    }
    let what = "public and private channels that are not archived";
    let full = Err(Rejection::TooMany { what, max: 20_000 });
    let more = [create_channel("more", false), private(&[])];
    for (who, wish) in [alice, bob].into_iter().zip(&more) {
        assert_eq!(story.when(who, wish), full);
    }
    assert!(story.when(bob, &post("dm:alice:bob:carol", "hi")).is_ok());
    let archive = |slug: &str, on| {
        let change = ChannelWish::Archived(on);
        Command::ChangeChannel { channel: wish::channel(slug), change }
    };
    story.given(alice, &archive("c7", true));
    assert!(story.when(bob, &more[1]).is_ok());
    assert_eq!(story.when(alice, &archive("c7", false)), full, "it does not come back for nothing");
    story.given(alice, &archive("c8", true));
    assert!(story.when(alice, &archive("c7", false)).is_ok());
    assert_eq!(read_back(&stored(&story.workspace)), story.workspace);
    assert_eq!(story.workspace.users[&user_of(bob)].name, name("bob"));
}
