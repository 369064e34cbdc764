//! Coming and going.

use std::fmt::Display;

use super::*;
use crate::audience::{may_read, may_see};
use crate::command::{Actor, ChannelWish, Command};
use crate::event::{Attached, LoggedEvent};
use crate::role::AccountChange;
use crate::testing::wish::{channel, name, names, post, user_of};
use crate::testing::{Story, wish};

fn join(to: &(impl Display + ?Sized)) -> Command {
    Command::JoinChannel { channel: channel(to) }
}

fn leave(from: &ChannelName) -> Command {
    Command::LeaveChannel { channel: from.clone() }
}

fn add(to: &ChannelName, whom: &[&str], history: History) -> Command {
    Command::AddMembers { channel: to.clone(), names: names(whom), history }
}

fn remove(from: &ChannelName, whom: &str) -> Command {
    Command::RemoveMember { channel: from.clone(), name: name(whom) }
}

fn deactivate(whom: &str) -> Command {
    Command::ChangeAccount { name: name(whom), change: AccountChange::Deactivated }
}

fn notices(events: &[LoggedEvent]) -> Vec<Notice> {
    let attached = events.iter().filter_map(|it| it.event()?.posting()?.attached.as_deref());
    let notices = attached.filter_map(|attached| match attached {
        Attached::Notice(notice) => Some(notice.clone()),
        Attached::Forward(_) | Attached::Poll(_) => None,
    });
    notices.collect()
}

/// Alice, bob, carol and mallory, and the default channel `general`.
fn scene() -> (Story, [Actor; 4]) {
    let mut story = Story::new();
    story.create_channel("general");
    let people = ["alice", "bob", "carol", "mallory"].map(|name| story.sign_up(name));
    (story, people)
}

#[test]
fn a_public_channel_is_joined_with_its_history_and_left_again() {
    let (mut story, [_, bob, carol, _]) = scene();
    let lunch = story.create_joined(bob, "lunch");
    let message = story.post(bob, "lunch", "soup?");
    let id = story.channel_id(&lunch);
    let refused = story.when(carol, &post("lunch", "soup!"));
    assert_eq!(refused, Err(Rejection::NotAMember), "she is not in it yet");
    let happened = story.when(carol, &join("lunch")).unwrap();
    let (users, history) = (vec![user_of(carol)], History::FromStart);
    assert_eq!(happened, [Event::MembersAdded { channel: id, users, history }]);
    assert!(may_see(user_of(carol), id, message, &story.workspace));
    assert!(story.workspace.read_up_to(user_of(carol), id) > message, "the past arrives read");
    assert_eq!(story.when(carol, &join("lunch")), Ok(vec![]), "she is in it");
    assert_eq!(story.when(carol, &leave(&lunch)).unwrap().len(), 1, "without a word");
    assert!(!may_read(user_of(carol), id, &story.workspace));
    assert_eq!(story.when(carol, &leave(&lunch)), Err(Rejection::NotAMember));
}

#[test]
fn everybody_is_in_a_default_channel_for_ever() {
    let (mut story, [alice, bob, ..]) = scene();
    let general = channel("general");
    assert_eq!(story.when(bob, &join("general")), Ok(vec![]));
    assert_eq!(story.when(bob, &leave(&general)), Err(Rejection::DefaultChannel));
    assert_eq!(story.when(alice, &remove(&general, "bob")), Err(Rejection::DefaultChannel));
    let added = story.when(alice, &add(&general, &["bob"], History::FromJoin));
    assert_eq!(added, Err(Rejection::ChannelIsPublic));
}

#[test]
fn the_people_of_a_direct_channel_are_fixed() {
    let (mut story, [alice, bob, ..]) = scene();
    story.post(alice, "dm:alice:bob", "psst");
    let direct = channel("dm:alice:bob");
    let added = add(&direct, &["carol"], History::FromStart);
    for command in [leave(&direct), remove(&direct, "alice"), added] {
        assert_eq!(story.when(bob, &command), Err(Rejection::DirectChannelFixed), "{command:?}");
    }
}

#[test]
fn mallory_learns_nothing_of_a_private_channel_not_even_that_it_exists() {
    let (mut story, [alice, bob, _, mallory]) = scene();
    let plans = story.create_private(alice, &["bob"]);
    story.post(bob, &plans, "in here");
    for place in [plans, ChannelName::private(999_999)] {
        let commands = [
            join(&place),
            leave(&place),
            add(&place, &["mallory"], History::FromStart),
            add(&place, &["nobody"], History::FromJoin),
            remove(&place, "bob"),
            post(&place, "let me in"),
        ];
        for command in commands {
            let outcome = story.when(mallory, &command);
            assert_eq!(outcome, Err(Rejection::NotAMember), "{command:?}");
        }
    }
}

#[test]
fn an_archived_channel_takes_nobody_in_and_lets_everybody_go() {
    let (mut story, [_, bob, carol, _]) = scene();
    let lunch = story.create_joined(bob, "lunch");
    let plans = story.create_private(bob, &["carol"]);
    for place in [&lunch, &plans] {
        let (channel, change) = (place.clone(), ChannelWish::Archived(true));
        story.given(bob, &Command::ChangeChannel { channel, change });
    }
    assert_eq!(story.when(carol, &join("lunch")), Err(Rejection::ChannelArchived));
    let added = story.when(bob, &add(&plans, &["mallory"], History::FromJoin));
    assert_eq!(added, Err(Rejection::ChannelArchived));
    assert!(story.when(carol, &leave(&plans)).is_ok());
}

#[test]
fn who_comes_late_sees_what_was_said_before_only_when_it_is_shown_to_them() {
    let (mut story, [alice, bob, carol, mallory]) = scene();
    let plans = story.create_private(alice, &["bob"]);
    let before = story.post(alice, &plans, "a surprise for carol");
    let happened = story.given(bob, &add(&plans, &["carol"], History::FromJoin));
    let (actor, users) = (user_of(bob), vec![user_of(carol)]);
    assert_eq!(notices(&happened), [Notice::MembersAdded { actor, users }]);
    assert_eq!(happened[1].actor, UserId::SYSTEM, "the server says so");
    let after = story.post(alice, &plans, "welcome");
    let id = story.channel_id(&plans);
    let sees = |story: &Story, who, message| may_see(user_of(who), id, message, &story.workspace);
    assert!(!sees(&story, carol, before) && sees(&story, carol, after));
    let reply = story.when(carol, &wish::reply_to(&plans, "what?", before));
    assert_eq!(reply, Err(Rejection::MessageNotFound));
    let shown = story.when(carol, &add(&plans, &["mallory"], History::FromStart));
    assert!(matches!(shown, Err(Rejection::InvalidValue { field: "history", .. })), "{shown:?}");
    story.given(alice, &add(&plans, &["mallory"], History::FromStart));
    assert!(sees(&story, mallory, before));
}

#[test]
fn who_is_in_it_already_stays_as_they_are() {
    let (mut story, [alice, _, carol, _]) = scene();
    let plans = story.create_private(alice, &["bob"]);
    let before = story.post(alice, &plans, "a surprise for carol");
    story.given(alice, &add(&plans, &["carol"], History::FromJoin));
    let again = add(&plans, &["carol", "alice"], History::FromJoin);
    assert_eq!(story.when(alice, &again), Ok(vec![]));
    let whole = add(&plans, &["alice", "bob"], History::FromStart);
    assert_eq!(story.when(alice, &whole), Ok(vec![]), "they see all of it");
    let more = add(&plans, &["mallory", "carol"], History::FromStart);
    let refused = Rejection::AlreadyAMember(vec!["carol".to_owned()]);
    assert_eq!(story.when(alice, &more), Err(refused), "she would not, and nobody would know");
    assert_eq!(story.workspace.member_ids(story.channel_id(&plans)).len(), 3);
    let id = story.channel_id(&plans);
    assert!(!may_see(user_of(carol), id, before, &story.workspace));
}

#[test]
fn who_is_unknown_or_deactivated_is_not_added_and_nobody_with_them() {
    let (mut story, [alice, ..]) = scene();
    let plans = story.create_private(alice, &[]);
    let unknown = story.when(alice, &add(&plans, &["bob", "zoe"], History::FromJoin));
    assert_eq!(unknown, Err(Rejection::NoSuchUser(vec!["zoe".to_owned()])));
    story.given(alice, &deactivate("carol"));
    let gone = story.when(alice, &add(&plans, &["bob", "carol"], History::FromJoin));
    assert_eq!(gone, Err(Rejection::AccountDeactivated));
    let (name, topic, members) = ("Party".to_owned(), String::new(), names(&["carol"]));
    let create = Command::CreatePrivateChannel { name, topic, members };
    assert_eq!(story.when(alice, &create), Err(Rejection::AccountDeactivated));
    assert_eq!(story.workspace.member_ids(story.channel_id(&plans)), [user_of(alice)]);
}

#[test]
fn the_owner_and_administrators_among_the_members_remove_people_and_nobody_else() {
    let (mut story, [alice, bob, carol, mallory]) = scene();
    let plans = story.create_private(bob, &["carol", "mallory"]);
    assert_eq!(story.when(carol, &remove(&plans, "mallory")), Err(Rejection::NotTheOwner));
    let outside = story.when(alice, &remove(&plans, "mallory"));
    assert_eq!(outside, Err(Rejection::NotAMember), "an administrator, but not in it");
    let happened = story.given(bob, &remove(&plans, "MALLORY"));
    let (actor, user) = (user_of(bob), user_of(mallory));
    assert_eq!(notices(&happened), [Notice::MemberRemoved { actor, user }]);
    assert_eq!(story.when(mallory, &post(&plans, "hey!")), Err(Rejection::NotAMember));
    assert_eq!(story.when(bob, &remove(&plans, "mallory")), Ok(vec![]), "she is gone");
    let unknown = Rejection::NoSuchUser(vec!["zoe".to_owned()]);
    assert_eq!(story.when(bob, &remove(&plans, "zoe")), Err(unknown));
    story.given(bob, &add(&plans, &["alice"], History::FromJoin));
    assert!(story.when(alice, &remove(&plans, "bob")).is_ok(), "an administrator in it");
}

#[test]
fn who_comes_back_begins_anew() {
    let (mut story, [alice, bob, ..]) = scene();
    let plans = story.create_private(alice, &["bob"]);
    let id = story.channel_id(&plans);
    let message = story.post(alice, &plans, "one");
    story.given(bob, &Command::MarkRead { channel: plans.clone(), up_to: None });
    story.given(alice, &remove(&plans, "bob"));
    assert!(story.workspace.channel(id).markers.is_empty());
    story.given(alice, &add(&plans, &["bob"], History::FromJoin));
    assert!(!may_see(user_of(bob), id, message, &story.workspace), "he saw it once");
    assert!(story.workspace.read_up_to(user_of(bob), id) > message);
}

#[test]
fn a_private_channel_whose_owner_leaves_passes_to_its_oldest_member_who_is_there() {
    let (mut story, [alice, bob, carol, mallory]) = scene();
    let plans = story.create_private(bob, &[]);
    for whom in ["mallory", "carol", "alice"] {
        story.given(bob, &add(&plans, &[whom], History::FromJoin));
    }
    story.given(alice, &deactivate("mallory"));
    let id = story.channel_id(&plans);
    let happened = story.given(bob, &leave(&plans));
    let (user, owner) = (user_of(bob), user_of(carol));
    let left = [Notice::MemberLeft { user }, Notice::OwnerChanged { actor: user, owner }];
    assert_eq!(notices(&happened), left, "mallory was there longer, but she is gone");
    assert_eq!(story.workspace.channel(id).owner, Some(owner));
    story.given(carol, &leave(&plans));
    assert_eq!(story.workspace.channel(id).owner, Some(user_of(alice)));
    story.given(alice, &leave(&plans));
    assert_eq!(story.workspace.channel(id).owner, Some(user_of(mallory)), "nobody else is left");
}

#[test]
fn the_last_member_leaves_an_empty_channel_behind_without_a_word() {
    let (mut story, [alice, bob, ..]) = scene();
    let plans = story.create_private(bob, &[]);
    let id = story.channel_id(&plans);
    assert_eq!(story.when(bob, &leave(&plans)).unwrap().len(), 1);
    assert!(story.workspace.member_ids(id).is_empty());
    assert_eq!(story.when(alice, &post(&plans, "hello?")), Err(Rejection::NotAMember));
}

#[test]
fn a_private_channel_is_named_by_its_own_number_which_names_no_other() {
    let (mut story, [alice, bob, ..]) = scene();
    let first = story.create_private(alice, &[]);
    assert_eq!(first.to_string(), format!("private:{}", story.channel_id(&first).0));
    story.given(alice, &leave(&first));
    assert_ne!(story.create_private(bob, &[]), first, "though nobody is left in it");
    let general = story.channel_id(&channel("general")).0;
    let message = story.post(bob, "general", "hi");
    for number in [general, user_of(alice).0, message, Seq(u64::MAX)] {
        let wrong = ChannelName::private(number.get());
        assert_eq!(story.workspace.find_channel(&wrong), None, "{wrong}");
        let outcome = story.when(alice, &post(&wrong, "hello?"));
        assert_eq!(outcome, Err(Rejection::NotAMember), "{wrong}");
    }
}
