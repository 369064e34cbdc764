//! A message as it is now: what its events make of it, and the rules for posting, editing and deleting it.
//!
//! Neighbours: `decide` calls the rules here; `fold` in the server feeds [`Message::apply`] from the log.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::audience::{channel_audience, may_read};
use crate::channel::Place;
use crate::decide::{Case, Decision};
use crate::direct;
use crate::event::{Body, Event, EventKind, LoggedEvent, Mentions};
use crate::ids::{ChannelId, ChannelName, ClientMsgId, Seq, Timestamp, UserId};
use crate::mention::mentions;
use crate::rejection::Rejection;

/// Characters (Unicode scalar values) of one message after trimming trailing white space; contract/rules.md, 6.2.
pub const MESSAGE_CHARS_MAX: usize = 10_000;

/// One message as it is now. A tombstone has `deleted_ts`, no text, no mentions, no reply and no reactions.
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
}

impl Message {
    /// The message that a `message_posted` record made; a redacted one makes a tombstone without a time.
    ///
    /// # Panics
    ///
    /// When the record is of another kind.
    pub fn posted(record: &LoggedEvent) -> Message {
        assert_eq!(
            record.kind,
            EventKind::MessagePosted,
            "record {} begins no message",
            record.seq
        );
        let mut message = Message {
            id: record.seq,
            channel: record.channel.expect("a message_posted record names its channel"),
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
        };
        if let Some(Event::MessagePosted { text, mentions, reply_to, .. }) = record.event() {
            message.text = Some(text.clone());
            message.mentions = mentions.clone();
            message.reply_to = *reply_to;
        } else {
            message.deleted = true;
        }
        message
    }

    /// Applies a later record whose target is this message; others change nothing.
    ///
    /// A tombstone stays one: its edits and reactions leave their times only, so that folding a redacted history and
    /// following the live one come to the same.
    pub fn apply(&mut self, record: &LoggedEvent) {
        if record.target != Some(self.id) {
            return;
        }
        match record.kind {
            EventKind::MessageEdited => self.edited_ts = Some(record.ts),
            EventKind::MessageReacted => self.reactions_ts = Some(record.ts),
            EventKind::MessageDeleted => self.bury(record.ts),
            EventKind::AccountCreated
            | EventKind::PasswordSet
            | EventKind::AccountLocked
            | EventKind::SessionOpened
            | EventKind::SessionClosed
            | EventKind::ChannelCreated
            | EventKind::ChannelRenamed
            | EventKind::MessagePosted
            | EventKind::ChannelRead => {}
        }
        if self.deleted {
            return;
        }
        match &record.body {
            Body::Present(Event::MessageEdited { text, mentions, .. }) => {
                self.text = Some(text.clone());
                self.mentions = mentions.clone();
            }
            Body::Present(Event::MessageReacted { reaction, on, .. }) => {
                self.set_reaction(reaction, record.actor, *on);
            }
            Body::Present(_) | Body::Redacted { .. } => {}
        }
    }

    fn bury(&mut self, ts: Timestamp) {
        self.deleted = true;
        self.deleted_ts = Some(ts);
        self.text = None;
        self.mentions = Mentions::Nobody;
        self.reply_to = None;
        self.reactions.clear();
    }

    fn set_reaction(&mut self, reaction: &str, reactor: UserId, on: bool) {
        let reactors = self.reactions.entry(reaction.to_owned()).or_default();
        reactors.retain(|other| *other != reactor);
        if on {
            reactors.push(reactor);
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
pub(crate) fn post(
    case: Case<'_>,
    user: UserId,
    name: &ChannelName,
    text: &str,
    reply_to: Option<Seq>,
) -> Result<Decision, Rejection> {
    let place = Place::find(case, user, name)?;
    let text = checked(text)?;
    let mentions = mentions(&text, &place.audience(case), case.workspace);
    let (channel, opening) = match place {
        Place::Open(channel) => (channel, None),
        Place::Unopened(members) => (ChannelId(case.next_seq), Some(direct::opened(members))),
    };
    if let Some(target) = reply_to {
        let target = readable(case, user, target)?;
        if target.deleted {
            return Err(Rejection::MessageNotFound);
        }
        if target.channel != channel {
            return Err(Rejection::ReplyNotInChannel);
        }
    }
    let posted = Event::MessagePosted { channel, text, mentions, reply_to };
    Ok(Decision::new(user, opening.into_iter().chain([posted]).collect()))
}

/// The same text again is no event: nobody would see a difference but the mark of the edit.
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
    let text = checked(text)?;
    if message.text.as_ref() == Some(&text) {
        return Ok(Decision::nothing(user));
    }
    let readers = channel_audience(message.channel, case.workspace);
    let edited = Event::MessageEdited {
        channel: message.channel,
        message: id,
        mentions_before: message.mentions.clone(),
        mentions: mentions(&text, &readers, case.workspace),
        text,
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
    };
    Ok(Decision::new(user, vec![deleted]))
}

/// The message, when `user` may read it; to everybody else it does not exist.
pub(crate) fn readable(case: Case<'_>, user: UserId, id: Seq) -> Result<&Message, Rejection> {
    case.facts
        .messages
        .get(&id)
        .filter(|message| may_read(user, message.channel, case.workspace))
        .ok_or(Rejection::MessageNotFound)
}

fn own(case: Case<'_>, user: UserId, id: Seq) -> Result<&Message, Rejection> {
    let message = readable(case, user, id)?;
    if message.sender == user { Ok(message) } else { Err(Rejection::NotTheSender) }
}

fn checked(text: &str) -> Result<String, Rejection> {
    let text = normalized(text);
    let chars = text.chars().count();
    match chars {
        0 => Err(Rejection::TextEmpty),
        1..=MESSAGE_CHARS_MAX => Ok(text),
        _ => Err(Rejection::TextTooLong { chars, chars_max: MESSAGE_CHARS_MAX }),
    }
}
