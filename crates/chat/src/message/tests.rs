//! Posting, editing, deleting.

use super::*;
use crate::command::{Actor, ChannelWish, Command};
use crate::ids::ChannelName;
use crate::testing::{Story, wish};

fn post_to(channel: &str, text: &str, reply_to: Option<Seq>) -> Command {
    let wish = PostWish::text(wish::channel(channel), text.to_owned());
    Command::PostMessage(PostWish { reply_to, ..wish })
}

fn edit_to(message: Seq, text: &str) -> Command {
    Command::EditMessage { message, text: text.to_owned() }
}

fn user_of(actor: Actor) -> UserId {
    let Actor::User { user, .. } = actor else { panic!("{actor:?} is nobody") };
    user
}

/// A story with `general`, `random`, alice and bob.
fn scene() -> (Story, Actor, Actor) {
    let mut story = Story::new();
    story.create_channel("general");
    story.create_channel("random");
    let alice = story.sign_up("alice");
    let bob = story.sign_up("bob");
    (story, alice, bob)
}

#[test]
fn text_is_kept_but_for_trailing_white_space_line_ends_and_nul() {
    assert_eq!(normalized("  hi \t\r\n\u{2003}"), "  hi");
    assert_eq!(normalized("a\r\nb\rc\0d"), "a\nb\rcd");
    assert_eq!(normalized("hi \0"), "hi", "what hides behind a NUL is trailing too");
}

#[test]
fn a_message_has_one_to_ten_thousand_characters() {
    let (mut story, alice, _) = scene();
    let longest = "ü".repeat(MESSAGE_CHARS_MAX);
    let message = story.post(alice, "general", &format!("{longest}  \n"));
    assert_eq!(story.messages[&message].text, Some(longest.clone()));
    let too_long = format!("{longest}!");
    let refused =
        Rejection::TextTooLong { chars: MESSAGE_CHARS_MAX + 1, chars_max: MESSAGE_CHARS_MAX };
    for (text, rejection) in [(too_long.as_str(), refused), (" \r\n\0", Rejection::TextEmpty)] {
        let outcome = story.when(alice, &post_to("general", text, None));
        assert_eq!(outcome, Err(rejection.clone()));
        assert_eq!(story.when(alice, &edit_to(message, text)), Err(rejection));
    }
}

#[test]
fn a_reply_names_a_message_of_its_own_channel() {
    let (mut story, alice, bob) = scene();
    let target = story.post(alice, "general", "who is in?");
    let happened = story.given(bob, &post_to("general", "me", Some(target)));
    assert_eq!(story.messages[&happened[0].seq].reply_to, Some(target));
    let elsewhere = story.when(bob, &post_to("random", "me", Some(target)));
    assert_eq!(elsewhere, Err(Rejection::ReplyNotInChannel));
    let unopened = story.when(bob, &post_to("dm:alice:bob", "me", Some(target)));
    assert_eq!(unopened, Err(Rejection::ReplyNotInChannel));
}

#[test]
fn what_is_deleted_or_hidden_or_not_there_cannot_be_replied_to() {
    let (mut story, alice, bob) = scene();
    let mallory = story.sign_up("mallory");
    let hidden = story.post(alice, "dm:alice:bob", "psst");
    let deleted = story.post(alice, "general", "oops");
    story.given(alice, &Command::DeleteMessage { message: deleted });
    for (actor, target) in [(mallory, hidden), (bob, deleted), (bob, Seq(999))] {
        let outcome = story.when(actor, &post_to("general", "me", Some(target)));
        assert_eq!(outcome, Err(Rejection::MessageNotFound), "{target}");
    }
}

#[test]
fn an_edit_replaces_text_and_mentions_and_says_what_they_were() {
    let (mut story, alice, bob) = scene();
    let message = story.post(alice, "general", "hi @bob");
    let happened = story.when(alice, &edit_to(message, "hi @alice ")).unwrap();
    let edited = Event::MessageEdited {
        is_beside: false,
        channel: story.messages[&message].channel,
        message,
        text: "hi @alice".to_owned(),
        mentions_before: Mentions::Users(vec![user_of(bob)]),
        mentions: Mentions::Users(vec![user_of(alice)]),
    };
    assert_eq!(happened, [edited]);
    let now = &story.messages[&message];
    assert_eq!(now.text.as_deref(), Some("hi @alice"));
    assert_eq!(now.mentions, Mentions::Users(vec![user_of(alice)]));
    assert_eq!(now.edited_ts, Some(story.workspace.last_ts));
}

#[test]
fn an_edit_to_the_same_text_is_no_event() {
    let (mut story, alice, _) = scene();
    let message = story.post(alice, "general", "hi");
    assert_eq!(story.when(alice, &edit_to(message, "hi\n")), Ok(vec![]));
}

#[test]
fn only_the_sender_edits() {
    let (mut story, alice, bob) = scene();
    let message = story.post(bob, "general", "hi");
    let edit = edit_to(message, "ho");
    let outcome = story.when(alice, &edit);
    assert_eq!(outcome, Err(Rejection::NotTheSender), "not even the administrator");
    assert!(story.when(bob, &edit).is_ok());
}

#[test]
fn who_is_out_takes_back_what_they_said_and_finds_nothing_else_there() {
    let (mut story, alice, bob) = scene();
    let plans = story.create_private(alice, &["bob"]);
    let hers = story.post(alice, &plans, "who is in?");
    let own = story.post(bob, &plans, "not me");
    let reply = story.reply(bob, hers, "never");
    let later = story.post(bob, &plans, "well");
    story.given(bob, &Command::LeaveChannel { channel: plans.clone() });
    assert_eq!(story.when(bob, &edit_to(own, "me")), Err(Rejection::MessageNotFound));
    for message in [hers, Seq(999)] {
        let delete = Command::DeleteMessage { message };
        assert_eq!(story.when(bob, &delete), Err(Rejection::MessageNotFound));
    }
    let delete = |message| Command::DeleteMessage { message };
    assert_eq!(story.given(bob, &delete(own)).len(), 1);
    assert_eq!(story.when(bob, &delete(own)), Ok(vec![]), "it is gone");
    assert_eq!(story.given(bob, &delete(reply)).len(), 2, "the thread has one reply less");

    let change = ChannelWish::Archived(true);
    story.given(alice, &Command::ChangeChannel { channel: plans, change });
    assert_eq!(story.given(bob, &delete(later)).len(), 1, "archived as well");
    assert!(story.messages[&later].deleted && !story.messages[&hers].deleted);
}

#[test]
fn a_message_that_mallory_may_not_read_does_not_exist_for_her() {
    let (mut story, alice, bob) = scene();
    let mallory = story.sign_up("mallory");
    let message = story.post(alice, "dm:alice:bob", "psst");
    let react = Command::React { message, reaction: "heart".to_owned(), on: None };
    for command in [edit_to(message, "ha"), Command::DeleteMessage { message }, react.clone()] {
        assert_eq!(story.when(mallory, &command), Err(Rejection::MessageNotFound));
    }
    assert!(story.when(bob, &react).is_ok(), "it is there");
}

#[test]
fn deleting_leaves_a_tombstone_and_erases_every_text_it_had() {
    let (mut story, alice, bob) = scene();
    let target = story.post(bob, "general", "who is in?");
    let message = story.given(alice, &post_to("general", "@bob me", Some(target)))[0].seq;
    let edit = story.given(alice, &edit_to(message, "@bob not me"))[0].seq;
    let heart = Command::React { message, reaction: "heart".to_owned(), on: None };
    story.given(bob, &heart);
    let before = story.messages[&message].clone();
    let batch = story.run(alice, None, &Command::DeleteMessage { message }).unwrap();
    assert_eq!(batch.redacted, [message, edit]);
    let deleted = Event::MessageDeleted {
        is_beside: false,
        channel: before.channel,
        message,
        sender: user_of(alice),
        mentions_before: Mentions::Users(vec![user_of(bob)]),
    };
    assert_eq!(batch.events[0].event(), Some(&deleted));
    let tombstone = Message {
        text: None,
        mentions: Mentions::Nobody,
        reply_to: None,
        reactions: Reactions::default(),
        deleted: true,
        deleted_ts: Some(batch.events[0].ts),
        ..before
    };
    assert_eq!(story.messages[&message], tombstone);
    assert!(tombstone.edited_ts.is_some() && tombstone.reactions_ts.is_some());
}

#[test]
fn a_deleted_message_stays_deleted() {
    let (mut story, alice, _) = scene();
    let message = story.post(alice, "general", "oops");
    story.given(alice, &Command::DeleteMessage { message });
    assert_eq!(story.when(alice, &Command::DeleteMessage { message }), Ok(vec![]));
    let refused = story.when(alice, &edit_to(message, "better"));
    assert_eq!(refused, Err(Rejection::MessageDeleted));
}

#[test]
fn a_redacted_record_is_a_tombstone_without_a_time_until_its_deletion_is_applied() {
    let (mut story, alice, _) = scene();
    let message = story.post(alice, "general", "oops");
    story.given(alice, &edit_to(message, "ops"));
    story.given(alice, &Command::DeleteMessage { message });
    let [posted, edited, deleted] = &story.log[story.log.len() - 3..] else {
        panic!("three events happened");
    };
    let mut folded = Message::posted(posted);
    folded.apply(edited);
    assert!(folded.deleted && folded.deleted_ts.is_none() && folded.text.is_none());
    folded.apply(deleted);
    assert_eq!(folded, story.messages[&message]);
}

#[test]
fn the_events_of_another_message_change_nothing() {
    let (mut story, alice, _) = scene();
    let first = story.post(alice, "general", "one");
    let second = story.post(alice, "general", "two");
    let before = story.messages[&first].clone();
    let edited = story.given(alice, &edit_to(second, "three"));
    let mut folded = before.clone();
    folded.apply(&edited[0]);
    assert_eq!(folded, before);
}

#[test]
fn the_client_msg_id_stands_on_the_message_and_not_on_the_channel_it_opened() {
    let (mut story, alice, _) = scene();
    let id = ClientMsgId::parse("4f1c").unwrap();
    let post = post_to("dm:alice:bob", "psst", None);
    let events = story.run(alice, Some(id.clone()), &post).unwrap().events;
    assert_eq!(events[0].client_msg_id, None);
    assert_eq!(Message::posted(&events[1]).client_msg_id, Some(id));
}

#[test]
fn a_message_that_draws_nothing_is_empty() {
    let (mut story, alice) = {
        let mut story = Story::new();
        story.create_channel("general");
        let alice = story.sign_up("alice");
        (story, alice)
    };
    for blank in ["\u{200B}", "\u{FEFF} \u{2060}", "\u{202E}\u{3164}", "\u{7}"] {
        let posted = story.when(alice, &post_to("general", blank, None));
        assert_eq!(posted, Err(Rejection::TextEmpty), "{blank:?}");
    }
    assert!(story.when(alice, &post_to("general", "👨\u{200D}👩", None)).is_ok());
}

#[test]
fn a_late_repeat_of_a_wish_that_was_true_already_undoes_nothing() {
    let mut story = Story::new();
    story.create_channel("general");
    let alice = story.sign_up("alice");
    let message = story.post(alice, "general", "one");
    let again = Command::EditMessage { message, text: "one".to_owned() };
    assert_eq!(story.when(alice, &again), Ok(vec![]), "without an id there is nothing to remember");
    let named = Some(ClientMsgId::parse("k2").unwrap());
    let batch = story.run(alice, named.clone(), &again).unwrap();
    assert_eq!(batch.events.len(), 1, "the event remembers the id");
    assert_eq!(batch.events[0].client_msg_id, named);
}

fn forward(message: Seq, to: &str, text: &str) -> Command {
    let wish = PostWish::text(wish::channel(to), text.to_owned());
    Command::PostMessage(PostWish { attach: Some(AttachWish::Forward(message)), ..wish })
}

fn copy_in(story: &Story, message: Seq) -> Forward {
    match &story.messages[&message].attached {
        Some(Attached::Forward(copy)) => copy.clone(),
        other => panic!("{other:?} is no copy"),
    }
}

#[test]
fn a_forwarded_message_is_a_copy_that_stays_as_it_was() {
    let (mut story, alice, bob) = scene();
    let original = story.post(alice, "general", "ship it");
    let passed_on = story.given(bob, &forward(original, "random", " \n"))[0].seq;
    let copy = copy_in(&story, passed_on);
    let (channel, ts) = (story.messages[&original].channel, story.messages[&original].ts);
    let (sender, text) = (user_of(alice), "ship it".to_owned());
    assert_eq!(copy, Forward { message: original, channel, sender, ts, text });
    assert_eq!(story.messages[&passed_on].text.as_deref(), Some(""), "no word of his own");
    story.given(alice, &edit_to(original, "wait"));
    story.given(alice, &Command::DeleteMessage { message: original });
    assert_eq!(copy_in(&story, passed_on).text, "ship it");
    story.given(bob, &Command::DeleteMessage { message: passed_on });
    assert_eq!(story.messages[&passed_on].attached, None, "with the message goes the copy");
}

#[test]
fn what_only_passes_on_another_message_is_forwarded_as_that_other() {
    let (mut story, alice, bob) = scene();
    let original = story.post(alice, "general", "ship it");
    let silent = story.given(bob, &forward(original, "random", ""))[0].seq;
    let again = story.given(alice, &forward(silent, "general", "see @bob"))[0].seq;
    assert_eq!(copy_in(&story, again).message, original);
    assert_eq!(story.messages[&again].mentions, Mentions::Users(vec![user_of(bob)]));
    let of_words = story.given(bob, &forward(again, "random", ""))[0].seq;
    let copy = copy_in(&story, of_words);
    assert_eq!((copy.message, copy.sender), (again, user_of(alice)));
    assert_eq!(copy.text, "see @bob\n\n> alice:\n> ship it", "with what was said to it");
    let deeper = story.given(alice, &forward(of_words, "general", "yes"))[0].seq;
    let deepest = story.given(bob, &forward(deeper, "random", ""))[0].seq;
    let nested = "yes\n\n> alice:\n> see @bob\n> \n> > alice:\n> > ship it";
    assert_eq!(copy_in(&story, deepest).text, nested);
    assert_eq!(story.messages[&deepest].mentions, Mentions::Nobody, "a quote calls nobody");
}

#[test]
fn what_one_may_not_see_or_what_is_deleted_or_a_notice_is_not_forwarded() {
    let (mut story, alice, bob) = scene();
    let mallory = story.sign_up("mallory");
    let hidden = story.post(alice, "dm:alice:bob", "psst");
    let refused = story.when(mallory, &forward(hidden, "general", "look"));
    assert_eq!(refused, Err(Rejection::MessageNotFound));
    assert!(story.when(bob, &forward(hidden, "general", "look")).is_ok());
    let elsewhere = story.when(mallory, &forward(hidden, "dm:alice:bob", ""));
    assert_eq!(elsewhere, Err(Rejection::NotAMember));
    story.given(alice, &Command::DeleteMessage { message: hidden });
    let gone = story.when(bob, &forward(hidden, "general", ""));
    assert_eq!(gone, Err(Rejection::MessageDeleted));
    let (channel, name) = (wish::channel("general"), "Hall".to_owned());
    let notice = story.given(alice, &Command::RenameChannel { channel, name })[1].seq;
    let refused = story.when(bob, &forward(notice, "random", ""));
    assert_eq!(refused, Err(Rejection::MessageIsNotice));
}

#[test]
fn what_happens_to_a_reply_beside_the_channel_says_so() {
    let (mut story, alice, bob) = scene();
    let root = story.post(alice, "general", "who is in?");
    let beside = story.reply(bob, root, "me");
    let edited = story.when(bob, &edit_to(beside, "not me")).unwrap();
    assert!(matches!(edited[0], Event::MessageEdited { is_beside: true, .. }), "{edited:?}");
    let deleted = story.when(bob, &Command::DeleteMessage { message: beside }).unwrap();
    assert!(matches!(deleted[0], Event::MessageDeleted { is_beside: true, .. }), "{deleted:?}");
}

#[test]
fn nobody_answers_for_the_server() {
    let (mut story, alice, _) = scene();
    let (channel, name) = (wish::channel("general"), "Hall".to_owned());
    let notice = story.given(alice, &Command::RenameChannel { channel, name })[1].seq;
    for command in [edit_to(notice, "Attic"), Command::DeleteMessage { message: notice }] {
        assert_eq!(story.when(alice, &command), Err(Rejection::NotTheSender));
    }
    let react = Command::React { message: notice, reaction: "heart".to_owned(), on: None };
    assert_eq!(story.when(alice, &react), Err(Rejection::MessageIsNotice));
}

/// alice is the administrator; bob owns a public and a private channel of his, in which carol is too.
fn moderated() -> (Story, [Actor; 4], [ChannelName; 2]) {
    let mut story = Story::new();
    story.create_channel("general");
    let people = ["alice", "bob", "carol", "mallory"].map(|name| story.sign_up(name));
    let [_, bob, carol, _] = people;
    let garden = story.create_joined(bob, "garden");
    story.given(carol, &Command::JoinChannel { channel: garden.clone() });
    let plans = story.create_private(bob, &["carol"]);
    (story, people, [garden, plans])
}

#[test]
fn an_administrator_deletes_anybodys_message_where_they_read_and_nobody_elses_elsewhere() {
    let (mut story, [alice, bob, carol, mallory], [garden, plans]) = moderated();
    let spam = story.post(mallory, "general", "spam");
    let delete = Command::DeleteMessage { message: spam };
    for who in [bob, carol] {
        assert_eq!(story.when(who, &delete), Err(Rejection::NotTheSender));
    }
    story.given(alice, &delete);
    let tombstone = &story.messages[&spam];
    assert_eq!((tombstone.deleted_by, &tombstone.text), (Some(user_of(alice)), &None));
    assert_eq!(story.when(alice, &delete), Ok(vec![]), "it is gone already");
    for hidden in [garden, plans] {
        let message = story.post(carol, &hidden, "ours");
        let delete = Command::DeleteMessage { message };
        let refused = story.when(alice, &delete);
        assert_eq!(refused, Err(Rejection::MessageNotFound), "she is not in {hidden}");
    }
}

#[test]
fn the_owner_of_a_channel_deletes_anybodys_message_there() {
    let (mut story, [alice, bob, carol, _], channels) = moderated();
    for channel in channels {
        let message = story.post(carol, &channel, "hi");
        story.given(bob, &Command::DeleteMessage { message });
        assert_eq!(story.messages[&message].deleted_by, Some(user_of(bob)));
        let own = story.post(bob, &channel, "mine");
        let delete = Command::DeleteMessage { message: own };
        assert_eq!(story.when(carol, &delete), Err(Rejection::NotTheSender));
        story.given(bob, &delete);
        assert_eq!(story.messages[&own].deleted_by, None, "by its sender");
        let (name, change) = (channel.clone(), ChannelWish::Owner(wish::name("carol")));
        let said = story.post(carol, &channel, "still here");
        story.given(bob, &Command::ChangeChannel { channel: name, change });
        let refused = story.when(bob, &Command::DeleteMessage { message: said });
        assert_eq!(refused, Err(Rejection::NotTheSender), "he is its owner no more");
    }
    let said = story.post(carol, "general", "hi");
    story.given(alice, &Command::DeleteMessage { message: said });
}

#[test]
fn nobody_but_the_sender_deletes_in_a_direct_channel() {
    let (mut story, [alice, bob, ..], _) = moderated();
    for channel in ["dm:alice:bob", "dm:alice:bob:carol"] {
        let message = story.post(bob, channel, "psst");
        let delete = Command::DeleteMessage { message };
        assert_eq!(story.when(alice, &delete), Err(Rejection::NotTheSender));
        assert!(story.when(bob, &delete).is_ok());
    }
}

#[test]
fn where_the_operator_wants_no_moderation_only_the_sender_deletes() {
    let (mut story, [alice, _, carol, _], _) = moderated();
    let message = story.post(carol, "general", "hi");
    story.is_moderated = false;
    let delete = Command::DeleteMessage { message };
    assert_eq!(story.when(alice, &delete), Err(Rejection::NotTheSender));
    story.is_moderated = true;
    assert!(story.when(alice, &delete).is_ok());
}

#[test]
fn what_an_administrator_deletes_is_erased_unpinned_and_taken_out_of_its_thread() {
    let (mut story, [alice, _, carol, _], _) = moderated();
    let root = story.post(carol, "general", "spam @bob");
    let edit = story.given(carol, &edit_to(root, "more spam"))[0].seq;
    story.given(carol, &Command::PinMessage { message: root, on: Some(true) });
    let reply = story.reply(carol, root, "and more");
    story.reply(alice, root, "stop it");
    let batch = story.run(alice, None, &Command::DeleteMessage { message: root }).unwrap();
    assert_eq!(batch.redacted, [root, edit]);
    let id = story.channel_id(&wish::channel("general"));
    assert!(story.workspace.channel(id).pins.is_empty());
    let happened = story.given(alice, &Command::DeleteMessage { message: reply });
    let kinds: Vec<_> = happened.iter().map(|record| record.kind).collect();
    assert_eq!(kinds, [EventKind::MessageDeleted, EventKind::ThreadChanged]);
    assert_eq!(story.messages[&root].thread.as_ref().unwrap().replies, 1, "the thread goes on");
}

#[test]
fn the_worst_text_that_is_passed_on_stays_as_long_as_a_message() {
    let (mut story, alice, bob) = scene();
    for piece in ["x\n", "\n\nx", "> ", "é", "\u{1F44D}\u{1F3FD}", "@bob "] {
        let text = wish::hostile(piece);
        let said = story.post(alice, "general", &text);
        let first = story.given(bob, &forward(said, "general", &text))[0].seq;
        let second = story.given(alice, &forward(first, "random", "look"))[0].seq;
        let Some(Attached::Forward(copy)) = &story.messages[&second].attached else { panic!() };
        assert_eq!(copy.text.chars().count(), MESSAGE_CHARS_MAX, "{piece:?}");
    }
}
