//! A message as it is now: what its events make of it, and the rules for posting, editing and deleting it.
//!
//! Neighbours: `decide` calls the rules here; `fold` in the server feeds [`Message::apply`] from the log.

use std::collections::{BTreeMap, BTreeSet};

use serde::{Deserialize, Serialize};

use crate::audience::{channel_audience, may_see};
use crate::channel::{self, Place};
use crate::command::{AttachWish, PostWish};
use crate::decide::{Case, Decision};
use crate::event::{Attached, Body, Event, EventKind, Forward, LoggedEvent, Mentions, Posting};
use crate::ids::{ChannelId, ClientMsgId, Seq, Timestamp, UserId};
use crate::mention::mentions;
use crate::reaction::Reactions;
use crate::rejection::Rejection;
use crate::thread::{self, Follower, ThreadSummary};
use crate::workspace::ChannelKind;
use crate::{draft, poll};

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
    pub reactions: Reactions<UserId>,
    pub reactions_ts: Option<Timestamp>,
    pub edited_ts: Option<Timestamp>,
    /// A redacted record whose deleting event is not applied yet is `deleted` without a time.
    pub deleted: bool,
    pub deleted_ts: Option<Timestamp>,
    /// Who deleted it, if somebody else than its sender did.
    #[serde(default)]
    pub deleted_by: Option<UserId>,
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
    #[serde(default)]
    pub lost: Lost,
}

/// What is not known of a message, because the log is damaged where it was said.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Lost {
    /// What it says now. An older text never stands in for it.
    pub text: bool,
    /// What the thread under it comes to.
    pub thread: bool,
    /// Some of what goes with it, or of what others did to it: a quote, a reaction, a vote.
    pub rest: bool,
}

impl Message {
    /// The message that a record begins; a redacted one makes a tombstone without a time, a damaged one a message without
    /// a text.
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
            reactions: Reactions::default(),
            reactions_ts: None,
            edited_ts: None,
            deleted: false,
            deleted_ts: None,
            deleted_by: None,
            client_msg_id: record.client_msg_id.clone(),
            in_timeline: record.kind == EventKind::MessagePosted,
            thread_root: record.target,
            thread: None,
            followers: Vec::new(),
            attached: None,
            votes: BTreeMap::new(),
            poll_closed_ts: None,
            lost: Lost::default(),
        };
        if let Some(posting) = record.event().and_then(Event::posting) {
            message.text = Some(posting.text.clone());
            message.mentions = posting.mentions.clone();
            message.reply_to = posting.reply_to;
            message.attached = posting.attached.as_deref().cloned();
        } else if record.body == Body::Damaged {
            message.lost = Lost { text: true, thread: false, rest: true };
        } else {
            message.deleted = true;
        }
        message
    }

    /// About how many bytes of memory it takes.
    pub fn memory_bytes(&self) -> usize {
        let attached = match &self.attached {
            None => 0,
            Some(Attached::Forward(forward)) => forward.text.len(),
            Some(Attached::Poll(poll)) => poll.options.iter().map(|text| 48 + text.len()).sum(),
            Some(Attached::Notice(_)) => 128,
        };
        let named = if let Mentions::Users(users) = &self.mentions { 8 * users.len() } else { 0 };
        let people = self.reactions.iter().map(|(_, users)| 64 + 8 * users.len()).sum::<usize>()
            + self.votes.values().map(|voters| 64 + 8 * voters.len()).sum::<usize>()
            + 16 * self.followers.len()
            + self.thread.as_ref().map_or(0, |thread| 16 * thread.participants.len());
        let text = self.text.as_ref().map_or(0, String::len);
        size_of::<Message>() + text + attached + named + people + 64
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
        if record.body == Body::Damaged {
            return self.lose(record);
        }
        let Some(event) = record.event() else { return };
        self.apply_to_thread(record, event);
        if self.deleted {
            return;
        }
        if let Event::MessageEdited { text, mentions, .. } = event {
            self.text = Some(text.clone());
            self.mentions = mentions.clone();
            self.lost.text = false;
        } else if let Event::MessageReacted { reaction, on, .. } = event {
            self.reactions.set(reaction, record.actor, *on);
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
            self.bury(record);
        }
    }

    fn apply_to_thread(&mut self, record: &LoggedEvent, event: &Event) {
        if let Some(thread) = event.posting().and_then(|posting| posting.thread.as_ref()) {
            self.thread = Some(thread.summary.clone());
            self.lost.thread = false;
        } else if let Event::ThreadChanged { summary, .. } = event {
            self.thread = Some(summary.clone());
            self.lost.thread = false;
        } else if let Event::ThreadFollowed { users, on, .. } = event {
            let changed: BTreeSet<_> = users.iter().collect();
            self.followers.retain(|follower| !changed.contains(&follower.user));
            if *on {
                let since = record.seq;
                self.followers.extend(users.iter().map(|user| Follower { user: *user, since }));
            }
        }
    }

    /// Something was said about it that cannot be read. That it was deleted says the envelope.
    fn lose(&mut self, record: &LoggedEvent) {
        if record.kind.begins_message() {
            let thread = self.thread.get_or_insert_default();
            thread.replies = thread.replies.saturating_add(1);
            (thread.last_reply, thread.last_reply_ts) = (record.seq, record.ts);
            self.lost.thread = true;
        } else if record.kind == EventKind::ThreadChanged {
            self.lost.thread = true;
        } else if self.deleted {
            // Of a tombstone nothing else is shown.
        } else if record.kind == EventKind::MessageEdited {
            self.text = None;
            self.lost.text = true;
        } else if is_shown(record.kind) {
            self.lost.rest = true;
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

    fn bury(&mut self, record: &LoggedEvent) {
        self.deleted = true;
        self.deleted_ts = Some(record.ts);
        self.deleted_by = (record.actor != self.sender).then_some(record.actor);
        self.text = None;
        self.mentions = Mentions::Nobody;
        self.reply_to = None;
        self.reactions.clear();
        self.attached = None;
        self.votes.clear();
        self.poll_closed_ts = None;
        self.lost = Lost { thread: self.lost.thread, ..Lost::default() };
    }
}

/// Whether what others do to a message shows on it.
fn is_shown(kind: EventKind) -> bool {
    matches!(kind, EventKind::MessageReacted | EventKind::PollVoted | EventKind::PollClosed)
}

/// The text as it is kept: without NUL (no C string and few tools survive it), with LF line ends, without trailing white
/// space.
pub fn normalized(text: &str) -> String {
    let mut text = text.replace('\0', "").replace("\r\n", "\n");
    text.truncate(text.trim_end().len());
    text
}

/// Posts a message and clears the draft that it was; the first to a direct channel opens it.
pub(crate) fn post(case: Case<'_>, user: UserId, wish: &PostWish) -> Result<Decision, Rejection> {
    let place = Place::find(case.workspace, user, &wish.channel)?;
    let mut decision = post_at(case, user, place, wish)?;
    // A poll and a forwarded message were no drafts; what is being written beside them stays.
    let written = decision.events.iter().find_map(Event::posting).filter(|_| wish.attach.is_none());
    let place = written.map(|it| (it.channel, it.thread.as_ref().map(|thread| thread.root)));
    if let Some((channel, root)) = place {
        draft::clear(case, user, channel, root, &mut decision);
    }
    Ok(decision)
}

/// Posts a message in a channel that `user` may read.
pub(crate) fn post_at(
    case: Case<'_>,
    user: UserId,
    place: Place,
    wish: &PostWish,
) -> Result<Decision, Rejection> {
    let readers = place.audience(case.workspace);
    channel::may_post(case, user, &place)?;
    let (channel, mut events) = place.opened(case, user)?;
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
    events.push(if is_beside {
        Event::ThreadReplied(posting)
    } else {
        Event::MessagePosted(posting)
    });
    Ok(Decision::new(user, events))
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

/// A copy of a message. Of one that only passes on another it is that other; of one that says something to it, both.
fn forwarded(case: Case<'_>, user: UserId, id: Seq) -> Result<Forward, Rejection> {
    let message = readable(case, user, id)?;
    if message.is_notice() {
        return Err(Rejection::MessageIsNotice);
    }
    let text = message.text.clone().ok_or(Rejection::MessageDeleted)?;
    match &message.attached {
        Some(Attached::Forward(earlier)) if text.is_empty() => Ok(earlier.clone()),
        Some(Attached::Forward(earlier)) => Ok(copy_of(message, quoting(case, &text, earlier))),
        Some(Attached::Notice(_) | Attached::Poll(_)) | None => Ok(copy_of(message, text)),
    }
}

fn copy_of(message: &Message, text: String) -> Forward {
    let Message { id, channel, sender, ts, .. } = *message;
    Forward { message: id, channel, sender, ts, text }
}

/// What was said to a forwarded message, and below it that message as a quote in Markdown, cut to a message's length.
fn quoting(case: Case<'_>, said: &str, earlier: &Forward) -> String {
    let sender = case.workspace.user_name(earlier.sender);
    let lines = earlier.text.lines().map(|line| format!("\n> {line}"));
    let whole = format!("{said}\n\n> {sender}:{}", lines.collect::<String>());
    match whole.char_indices().nth(MESSAGE_CHARS_MAX) {
        None => whole,
        Some(_) => whole.chars().take(MESSAGE_CHARS_MAX - 1).chain(['…']).collect(),
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
    channel::may_speak(case, user, message.channel)?;
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

/// What somebody has said is theirs to take back, also where they may no longer look, and in an archived channel.
pub(crate) fn delete(case: Case<'_>, user: UserId, id: Seq) -> Result<Decision, Rejection> {
    let said = case.facts.find_message(id).filter(|message| message.sender == user);
    let message = said.map_or_else(|| readable(case, user, id), Ok)?;
    if message.sender != user && !moderates(case, user, message) {
        return Err(Rejection::NotTheSender);
    }
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
        .find_message(id)
        .filter(|message| may_see(user, message.channel, message.id, case.workspace))
        .ok_or(Rejection::MessageNotFound)
}

/// Whether `user`, who reads the message, may delete it for its sender. A direct channel is nobody's to look after, and
/// what the server says of a channel is not taken back.
fn moderates(case: Case<'_>, user: UserId, message: &Message) -> bool {
    let channel = case.workspace.channel(message.channel);
    let is_direct = matches!(channel.kind, ChannelKind::Direct { .. });
    case.facts.is_moderated
        && !is_direct
        && !message.is_notice()
        && message.sender != UserId::SYSTEM
        && (case.is_admin(user) || channel.owner == Some(user))
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
mod tests;
