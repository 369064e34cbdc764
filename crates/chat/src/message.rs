//! A message as it is now: what its events make of it, and the rules for posting, editing and deleting it.
//!
//! Neighbours: `decide` calls the rules here; `fold` in the server feeds [`Message::apply`] from the log.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::audience::{channel_audience, may_see};
use crate::channel::{self, Place};
use crate::command::{AttachWish, PostWish};
use crate::decide::{Case, Decision};
use crate::event::{Attached, Event, EventKind, Forward, LoggedEvent, Mentions, Posting};
use crate::ids::{ChannelId, ClientMsgId, Seq, Timestamp, UserId};
use crate::mention::mentions;
use crate::rejection::Rejection;
use crate::thread::{self, Follower, ThreadSummary};
use crate::{direct, draft, poll};

/// Characters (Unicode scalar values) of one message after trimming trailing white space; contract/rules.md, 6.2.
pub const MESSAGE_CHARS_MAX: usize = 10_000;

/// One message as it is now. A tombstone has `deleted_ts`, no text, no mentions, no reply, no reactions and nothing
/// attached; a thread under it goes on.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[expect(missing_docs, reason = "fields named by the glossary; a retelling would say less")]
pub struct Message {
    pub id: Seq,
    pub channel: ChannelId,
    pub sender: UserId,
    pub ts: Timestamp,
    /// `None` once deleted or redacted.
    pub text: Option<String>,
    pub mentions: Mentions,
    pub reply_to: Option<Seq>,
    /// Short name to reactors in the order in which they reacted; no empty lists.
    pub reactions: BTreeMap<String, Vec<UserId>>,
    pub reactions_ts: Option<Timestamp>,
    pub edited_ts: Option<Timestamp>,
    /// A redacted record whose deleting event is not applied yet is `deleted` without a time.
    pub deleted: bool,
    pub deleted_ts: Option<Timestamp>,
    pub client_msg_id: Option<ClientMsgId>,
    /// Whether it is part of the channel's own timeline; replies in a thread need not be.
    pub in_timeline: bool,
    /// The message under which it is a reply in a thread.
    pub thread_root: Option<Seq>,
    /// What the thread under it comes to.
    pub thread: Option<ThreadSummary>,
    /// Who follows that thread, in the order in which they began.
    pub followers: Vec<Follower>,
    pub attached: Option<Attached>,
    /// Of a poll: who voted for each option, in the order in which they did; no empty lists.
    pub votes: BTreeMap<u8, Vec<UserId>>,
    pub poll_closed_ts: Option<Timestamp>,
}

impl Message {
    /// The message that a record begins; a redacted one makes a tombstone without a time.
    ///
    /// # Panics
    ///
    /// When the record begins none.
    pub fn posted(record: &LoggedEvent) -> Message {
        assert!(record.kind.begins_message(), "record {} begins no message", record.seq);
        let mut message = Message {
            id: record.seq,
            channel: record.channel.expect("a record of a message names its channel"),
            sender: record.actor,
            ts: record.ts,
            text: None,
            mentions: Mentions::Nobody,
            reply_to: None,
            reactions: BTreeMap::new(),
            reactions_ts: None,
            edited_ts: None,
            deleted: false,
            deleted_ts: None,
            client_msg_id: record.client_msg_id.clone(),
            in_timeline: record.kind == EventKind::MessagePosted,
            thread_root: record.target,
            thread: None,
            followers: Vec::new(),
            attached: None,
            votes: BTreeMap::new(),
            poll_closed_ts: None,
        };
        if let Some(posting) = record.event().and_then(Event::posting) {
            message.text = Some(posting.text.clone());
            message.mentions = posting.mentions.clone();
            message.reply_to = posting.reply_to;
            message.attached = posting.attached.as_deref().cloned();
        } else {
            message.deleted = true;
        }
        message
    }

    /// Whether the server itself said it.
    pub fn is_notice(&self) -> bool {
        matches!(self.attached, Some(Attached::Notice(_)))
    }

    /// Applies a later record whose target is this message; others change nothing.
    ///
    /// A tombstone stays one: its edits and reactions leave their times only, so that folding a redacted history and
    /// following the live one come to the same.
    pub fn apply(&mut self, record: &LoggedEvent) {
        if record.target != Some(self.id) {
            return;
        }
        self.note_times(record);
        let Some(event) = record.event() else { return };
        self.apply_to_thread(record, event);
        if self.deleted {
            return;
        }
        if let Event::MessageEdited { text, mentions, .. } = event {
            self.text = Some(text.clone());
            self.mentions = mentions.clone();
        } else if let Event::MessageReacted { reaction, on, .. } = event {
            self.set_reaction(reaction, record.actor, *on);
        } else if let Event::PollVoted { options, .. } = event {
            self.set_votes(options, record.actor);
        } else if let Event::PollClosed { .. } = event {
            self.poll_closed_ts = Some(record.ts);
        }
    }

    /// What even an erased record tells.
    fn note_times(&mut self, record: &LoggedEvent) {
        if record.kind == EventKind::MessageEdited {
            self.edited_ts = Some(record.ts);
        } else if record.kind == EventKind::MessageReacted {
            self.reactions_ts = Some(record.ts);
        } else if record.kind == EventKind::MessageDeleted {
            self.bury(record.ts);
        }
    }

    fn apply_to_thread(&mut self, record: &LoggedEvent, event: &Event) {
        if let Some(thread) = event.posting().and_then(|posting| posting.thread.as_ref()) {
            self.thread = Some(thread.summary.clone());
        } else if let Event::ThreadChanged { summary, .. } = event {
            self.thread = Some(summary.clone());
        } else if let Event::ThreadFollowed { users, on, .. } = event {
            self.followers.retain(|follower| !users.contains(&follower.user));
            if *on {
                let since = record.seq;
                self.followers.extend(users.iter().map(|user| Follower { user: *user, since }));
            }
        }
    }

    fn set_votes(&mut self, options: &[u8], voter: UserId) {
        self.votes.retain(|_, voters| {
            voters.retain(|other| *other != voter);
            !voters.is_empty()
        });
        for option in options {
            self.votes.entry(*option).or_default().push(voter);
        }
    }

    fn bury(&mut self, ts: Timestamp) {
        self.deleted = true;
        self.deleted_ts = Some(ts);
        self.text = None;
        self.mentions = Mentions::Nobody;
        self.reply_to = None;
        self.reactions.clear();
        self.attached = None;
        self.votes.clear();
        self.poll_closed_ts = None;
    }

    fn set_reaction(&mut self, reaction: &str, reactor: UserId, on: bool) {
        let reactors = self.reactions.entry(reaction.to_owned()).or_default();
        let is_on = reactors.contains(&reactor);
        if on && !is_on {
            reactors.push(reactor);
        } else if !on {
            reactors.retain(|other| *other != reactor);
        }
        if reactors.is_empty() {
            self.reactions.remove(reaction);
        }
    }
}

/// The text as it is kept: without NUL (no C string and few tools survive it), with LF line ends, without trailing white
/// space.
pub fn normalized(text: &str) -> String {
    let mut text = text.replace('\0', "").replace("\r\n", "\n");
    text.truncate(text.trim_end().len());
    text
}

/// Posts a message; the first to a direct channel opens it.
pub(crate) fn post(case: Case<'_>, user: UserId, wish: &PostWish) -> Result<Decision, Rejection> {
    let place = Place::find(case, user, &wish.channel)?;
    post_at(case, user, place, wish)
}

/// Posts a message in a channel that `user` may read, and clears the draft that it was.
pub(crate) fn post_at(
    case: Case<'_>,
    user: UserId,
    place: Place,
    wish: &PostWish,
) -> Result<Decision, Rejection> {
    let readers = place.audience(case);
    let (channel, mut events) = match place {
        Place::Open(channel) => {
            channel::may_post(case, user, channel)?;
            (channel, Vec::new())
        }
        Place::Unopened(members) => {
            direct::is_answered(case, user, &members)?;
            (ChannelId(case.next_seq), vec![direct::opened(members)])
        }
    };
    let (text, attached) = content(case, user, wish)?;
    if let Some(target) = wish.reply_to {
        let target = readable(case, user, target)?;
        if target.deleted {
            return Err(Rejection::MessageNotFound);
        }
        if target.channel != channel {
            return Err(Rejection::ReplyNotInChannel);
        }
    }
    let mentions = mentions(&text, &readers, case.workspace, &case.facts.active);
    let mut posting = Posting { attached, reply_to: wish.reply_to, ..Posting::text(channel, text) };
    if let Some(message) = wish.thread {
        let root = thread::root(case, user, message, channel)?;
        let following = thread::new_followers(case, root, user, &mentions);
        events.extend(thread::followed(root, following.clone()));
        let (seq, ts) = (case.seq_of(events.len()), case.ts_of(events.len()));
        posting.thread = Some(Box::new(thread::reply(case, root, user, following, seq, ts)));
    }
    posting.mentions = mentions;
    let is_beside = posting.thread.is_some() && !wish.also_in_channel;
    let root = posting.thread.as_ref().map(|thread| thread.root);
    events.push(if is_beside {
        Event::ThreadReplied(posting)
    } else {
        Event::MessagePosted(posting)
    });
    let mut decision = Decision::new(user, events);
    draft::clear(case, user, channel, root, &mut decision);
    Ok(decision)
}

/// The text and what goes with it. A forwarded message needs no word of one's own.
fn content(
    case: Case<'_>,
    user: UserId,
    wish: &PostWish,
) -> Result<(String, Option<Box<Attached>>), Rejection> {
    match &wish.attach {
        None => Ok((checked(&wish.text)?, None)),
        Some(AttachWish::Poll(poll)) => {
            let (text, poll) = poll::checked(case, &wish.text, poll)?;
            Ok((text, Some(Box::new(Attached::Poll(poll)))))
        }
        Some(AttachWish::Forward(id)) => {
            let is_silent = normalized(&wish.text).is_empty();
            let text = if is_silent { String::new() } else { checked(&wish.text)? };
            Ok((text, Some(Box::new(Attached::Forward(forwarded(case, user, *id)?)))))
        }
    }
}

/// A copy of a message. Of one that only passes on another it is that other.
fn forwarded(case: Case<'_>, user: UserId, id: Seq) -> Result<Forward, Rejection> {
    let message = readable(case, user, id)?;
    if message.is_notice() {
        return Err(Rejection::MessageIsNotice);
    }
    let text = message.text.clone().ok_or(Rejection::MessageDeleted)?;
    match &message.attached {
        Some(Attached::Forward(earlier)) if text.is_empty() => Ok(earlier.clone()),
        Some(_) | None => Ok(Forward {
            message: id,
            channel: message.channel,
            sender: message.sender,
            ts: message.ts,
            text,
        }),
    }
}

/// The same text again is no event, unless its id must be remembered: nobody would see a difference but the mark of the
/// edit.
pub(crate) fn edit(
    case: Case<'_>,
    user: UserId,
    id: Seq,
    text: &str,
) -> Result<Decision, Rejection> {
    let message = own(case, user, id)?;
    if message.deleted {
        return Err(Rejection::MessageDeleted);
    }
    channel::is_open(case, message.channel)?;
    let text = match &message.attached {
        Some(Attached::Forward(_)) if normalized(text).is_empty() => String::new(),
        Some(Attached::Poll(_)) => return Err(Rejection::invalid("text", "a poll stays as it is")),
        Some(_) | None => checked(text)?,
    };
    if message.text.as_ref() == Some(&text) && !case.facts.is_named {
        return Ok(Decision::nothing(user));
    }
    let readers = channel_audience(message.channel, case.workspace);
    let edited = Event::MessageEdited {
        channel: message.channel,
        message: id,
        mentions_before: message.mentions.clone(),
        mentions: mentions(&text, &readers, case.workspace, &case.facts.active),
        text,
        is_beside: !message.in_timeline,
    };
    Ok(Decision::new(user, vec![edited]))
}

pub(crate) fn delete(case: Case<'_>, user: UserId, id: Seq) -> Result<Decision, Rejection> {
    let message = own(case, user, id)?;
    if message.deleted {
        return Ok(Decision::nothing(user));
    }
    let deleted = Event::MessageDeleted {
        channel: message.channel,
        message: id,
        sender: message.sender,
        mentions_before: message.mentions.clone(),
        is_beside: !message.in_timeline,
    };
    let thread = thread::without_reply(case, message);
    Ok(Decision::new(user, [deleted].into_iter().chain(thread).collect()))
}

/// The message, when `user` may read it; to everybody else it does not exist.
pub(crate) fn readable(case: Case<'_>, user: UserId, id: Seq) -> Result<&Message, Rejection> {
    case.facts
        .messages
        .get(&id)
        .filter(|message| may_see(user, message.channel, message.id, case.workspace))
        .ok_or(Rejection::MessageNotFound)
}

fn own(case: Case<'_>, user: UserId, id: Seq) -> Result<&Message, Rejection> {
    let message = readable(case, user, id)?;
    if message.sender == user { Ok(message) } else { Err(Rejection::NotTheSender) }
}

pub(crate) fn checked(text: &str) -> Result<String, Rejection> {
    let text = normalized(text);
    let chars = text.chars().count();
    match chars {
        _ if text.chars().all(is_invisible) => Err(Rejection::TextEmpty),
        1..=MESSAGE_CHARS_MAX => Ok(text),
        _ => Err(Rejection::TextTooLong { chars, chars_max: MESSAGE_CHARS_MAX }),
    }
}

/// White space, and what draws nothing by itself (Unicode 16, Default_Ignorable_Code_Point, without the tags and the
/// variation selectors, which stand in flags and emoji; and the blank of Braille).
fn is_invisible(c: char) -> bool {
    c.is_whitespace()
        || c.is_control()
        || matches!(
            c,
            '\u{AD}'
                | '\u{34F}'
                | '\u{61C}'
                | '\u{115F}'
                | '\u{1160}'
                | '\u{17B4}'
                | '\u{17B5}'
                | '\u{180E}'
                | '\u{200B}'..='\u{200F}'
                | '\u{202A}'..='\u{202E}'
                | '\u{2060}'..='\u{206F}'
                | '\u{2800}'
                | '\u{3164}'
                | '\u{FEFF}'
                | '\u{FFA0}'
        )
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::command::{Actor, Command};
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
    fn only_the_sender_edits_and_deletes() {
        let (mut story, alice, bob) = scene();
        let message = story.post(bob, "general", "hi");
        for command in [edit_to(message, "ho"), Command::DeleteMessage { message }] {
            let outcome = story.when(alice, &command);
            assert_eq!(outcome, Err(Rejection::NotTheSender), "not even the administrator");
            assert!(story.when(bob, &command).is_ok());
        }
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
            reactions: BTreeMap::new(),
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
        assert_eq!(
            story.when(alice, &again),
            Ok(vec![]),
            "without an id there is nothing to remember"
        );
        let named = Some(ClientMsgId::parse("k2").unwrap());
        let batch = story.run(alice, named.clone(), &again).unwrap();
        assert_eq!(batch.events.len(), 1, "the event remembers the id");
        assert_eq!(batch.events[0].client_msg_id, named);
    }
}
