//! Replies beside the channel, and who follows them.

use super::*;
use crate::command::{Actor, Command, PostWish};
use crate::event::{EventKind, LoggedEvent};
use crate::member::History;
use crate::testing::Story;
use crate::testing::wish::{channel, name, names, user_of};

fn scene() -> (Story, [Actor; 3]) {
    let mut story = Story::new();
    story.create_channel("general");
    let people = ["alice", "bob", "carol"].map(|name| story.sign_up(name));
    (story, people)
}

fn in_thread(message: Seq, text: &str) -> PostWish {
    let wish = PostWish::text(channel("general"), text.to_owned());
    PostWish { thread: Some(message), ..wish }
}

/// The followers that the newest reply names.
fn reached(story: &Story) -> Vec<UserId> {
    let posting = |record: &LoggedEvent| record.event()?.posting()?.thread.clone();
    story.log.iter().rev().find_map(posting).unwrap().followers
}

fn summary(story: &Story, root: Seq) -> ThreadSummary {
    story.messages[&root].thread.clone().unwrap()
}

#[test]
fn a_reply_stands_beside_the_channel_unless_it_is_also_sent_there() {
    let (mut story, [alice, bob, _]) = scene();
    let root = story.post(alice, "general", "who is in?");
    let beside = story.reply(bob, root, "me");
    assert!(!story.messages[&beside].in_timeline);
    let id = story.channel_id(&channel("general"));
    assert_eq!(story.workspace.channel(id).newest, Some(root), "the channel is as it was");
    let shown = PostWish { also_in_channel: true, ..in_thread(root, "and me") };
    let shown = story.post_wish(bob, shown);
    assert!(story.messages[&shown].in_timeline);
    assert_eq!(story.workspace.channel(id).newest, Some(shown));
    assert_eq!(story.messages[&shown].thread_root, Some(root));
    assert_eq!(summary(&story, root).replies, 2);
}

#[test]
fn a_reply_to_a_reply_is_in_the_same_thread() {
    let (mut story, [alice, bob, carol]) = scene();
    let root = story.post(alice, "general", "who is in?");
    let first = story.reply(bob, root, "me");
    let second = story.reply(carol, first, "and me");
    assert_eq!(story.messages[&second].thread_root, Some(root));
    assert_eq!(story.messages[&first].thread, None);
    let (participants, last_reply) = (vec![(user_of(bob), 1), (user_of(carol), 1)], second);
    let last_reply_ts = story.messages[&second].ts;
    let expected = ThreadSummary { replies: 2, participants, last_reply, last_reply_ts };
    assert_eq!(summary(&story, root), expected);
}

#[test]
fn a_deleted_reply_no_longer_counts_and_the_thread_of_a_deleted_message_goes_on() {
    let (mut story, [alice, bob, carol]) = scene();
    let root = story.post(alice, "general", "who is in?");
    story.reply(bob, root, "me");
    let second = story.reply(carol, root, "not me");
    let happened = story.given(carol, &Command::DeleteMessage { message: second });
    assert_eq!(happened[1].kind, EventKind::ThreadChanged);
    let after = summary(&story, root);
    assert_eq!((after.replies, after.participants), (1, vec![(user_of(bob), 1)]));
    assert_eq!(after.last_reply, second, "a marker may stand on it");
    story.given(alice, &Command::DeleteMessage { message: root });
    story.reply(carol, root, "me after all");
    assert_eq!(summary(&story, root).replies, 2);
    let lonely = story.post(alice, "general", "oops");
    story.given(alice, &Command::DeleteMessage { message: lonely });
    let late = story.when(bob, &Command::PostMessage(in_thread(lonely, "what?")));
    assert_eq!(late, Err(Rejection::MessageDeleted), "there is no thread to go on");
}

#[test]
fn the_summary_lists_the_first_twenty_people_and_counts_all_replies() {
    let user = |number: u64| UserId(Seq(number));
    let mut thread = ThreadSummary::default();
    for number in 1..=25 {
        thread = thread.with_reply(user(number), Seq(100 + number), Timestamp(0));
    }
    thread = thread.with_reply(user(3), Seq(200), Timestamp(5));
    assert_eq!((thread.replies, thread.participants.len()), (26, PARTICIPANTS_MAX));
    assert_eq!(thread.participants[2], (user(3), 2), "in the order in which they came");
    assert_eq!((thread.last_reply, thread.last_reply_ts), (Seq(200), Timestamp(5)));
    let without = thread.without_reply(user(25)).without_reply(user(3));
    assert_eq!((without.replies, without.participants[2]), (24, (user(3), 1)));
    assert_eq!(without.without_reply(user(3)).participants[2], (user(4), 1));
}

#[test]
fn a_reply_is_in_the_channel_of_its_thread_and_under_no_notice() {
    let (mut story, [alice, bob, carol]) = scene();
    story.create_channel("random");
    let elsewhere = story.post(alice, "random", "hi");
    let hidden = story.post(alice, "dm:alice:bob", "psst");
    let rename = Command::RenameChannel { channel: channel("general"), name: "Hall".to_owned() };
    let notice = story.given(alice, &rename)[1].seq;
    let outcome = |story: &mut Story, who, message| {
        story.when(who, &Command::PostMessage(in_thread(message, "what?"))).map(|_| ())
    };
    assert_eq!(outcome(&mut story, bob, elsewhere), Err(Rejection::ReplyNotInChannel));
    assert_eq!(outcome(&mut story, bob, hidden), Err(Rejection::ReplyNotInChannel));
    assert_eq!(outcome(&mut story, carol, hidden), Err(Rejection::MessageNotFound));
    assert_eq!(outcome(&mut story, bob, Seq(999)), Err(Rejection::MessageNotFound));
    assert_eq!(outcome(&mut story, bob, notice), Err(Rejection::MessageIsNotice));
}

#[test]
fn who_begins_replies_or_is_named_follows_until_they_say_otherwise() {
    let (mut story, [alice, bob, carol]) = scene();
    let root = story.post(alice, "general", "who is in?");
    story.reply(bob, root, "me");
    assert_eq!(reached(&story), [user_of(alice), user_of(bob)]);
    story.given(alice, &Command::FollowThread { root, on: false });
    let reply = story.reply(bob, root, "with @carol");
    assert_eq!(reached(&story), [user_of(bob), user_of(carol)], "alice has left it");
    story.given(alice, &Command::FollowThread { root: reply, on: true });
    story.reply(bob, root, "at noon");
    assert_eq!(reached(&story).len(), 3, "a reply stands for its thread");
    let again = Command::FollowThread { root, on: true };
    assert_eq!(story.when(alice, &again), Ok(vec![]), "she follows");
    assert_eq!(story.when(alice, &Command::FollowThread { root, on: false }).unwrap().len(), 1);
}

#[test]
fn who_left_the_channel_and_came_back_follows_no_thread_of_before() {
    let (mut story, [alice, bob, carol]) = scene();
    let plans = story.create_private(alice, &["bob", "carol"]);
    let root = story.post(bob, &plans, "who is in?");
    story.reply(carol, root, "me");
    story.given(bob, &Command::LeaveChannel { channel: plans.clone() });
    story.reply(alice, root, "@bob where are you?");
    assert_eq!(reached(&story), [user_of(alice), user_of(carol)], "he may not read there");
    let (names, history) = (names(&["bob"]), History::FromStart);
    story.given(alice, &Command::AddMembers { channel: plans, names, history });
    story.reply(carol, root, "welcome back");
    assert_eq!(reached(&story), [user_of(alice), user_of(carol)]);
    story.reply(bob, root, "here I am");
    assert_eq!(reached(&story).len(), 3);
}

#[test]
fn who_came_late_follows_replies_under_a_message_that_they_do_not_see() {
    let (mut story, [alice, bob, carol]) = scene();
    let plans = story.create_private(alice, &["bob"]);
    let root = story.post(alice, &plans, "a secret");
    let before = story.reply(bob, root, "what?");
    let (names, history) = (names(&["carol"]), History::FromJoin);
    story.given(alice, &Command::AddMembers { channel: plans, names, history });
    for hidden in [root, before] {
        let follow = Command::FollowThread { root: hidden, on: true };
        assert_eq!(story.when(carol, &follow), Err(Rejection::MessageNotFound));
    }
    let after = story.reply(bob, root, "say it");
    let follow = |root| Command::FollowThread { root, on: true };
    assert_eq!(story.when(carol, &follow(before)), Err(Rejection::MessageNotFound));
    assert_eq!(story.given(carol, &follow(root)).len(), 1, "its replies name it to her");
    let reply = story.reply(carol, after, "tell me");
    assert_eq!(story.messages[&reply].thread_root, Some(root));
    assert_eq!(reached(&story).len(), 3);
}

#[test]
fn a_marker_in_a_thread_is_for_followers_and_stands_on_its_messages() {
    let (mut story, [alice, bob, carol]) = scene();
    let root = story.post(alice, "general", "who is in?");
    let first = story.reply(bob, root, "me");
    let second = story.reply(bob, root, "really");
    let other = story.post(bob, "general", "something else");
    let id = story.channel_id(&channel("general"));
    let read = |up_to| Command::MarkThreadRead { root, up_to };
    let marked = |up_to| Ok(vec![Event::ThreadRead { channel: id, root, up_to }]);
    assert_eq!(story.when(alice, &read(None)), marked(second));
    assert_eq!(story.when(alice, &read(Some(first))), marked(first), "it may go back");
    assert_eq!(story.when(alice, &read(Some(root))), marked(root));
    assert_eq!(story.when(alice, &read(Some(other))), Err(Rejection::NotInAThread));
    assert_eq!(story.when(carol, &read(None)), Ok(vec![]), "she does not follow");
    let lonely = Command::MarkThreadRead { root: other, up_to: None };
    assert_eq!(story.when(bob, &lonely), Ok(vec![]), "there is no thread");
}

#[test]
fn the_first_reply_of_somebody_who_was_removed_does_not_bring_them_back() {
    let (mut story, [alice, bob, carol]) = scene();
    let plans = story.create_private(alice, &["bob", "carol"]);
    let root = story.post(bob, &plans, "bye");
    story.given(alice, &Command::RemoveMember { channel: plans, name: name("bob") });
    story.reply(carol, root, "bye bob");
    assert_eq!(reached(&story), [user_of(carol)]);
}

#[test]
fn a_reply_to_very_many_followers_is_decided_in_one_walk_over_them() {
    let (mut story, [alice, bob, _]) = scene();
    let root = story.post(alice, "general", "who is in?");
    let people = (1_000_000..1_100_000).map(|number| UserId(Seq(number)));
    let follow = |user| Follower { user, since: Seq(2_000_000) };
    // Looked up one by one they would keep everybody waiting for minutes.
    story.messages.get_mut(&root).unwrap().followers = people.map(follow).collect();
    story.reply(bob, root, "me");
    assert_eq!(reached(&story).len(), 100_002, "with her who asked and him who answered");
}
