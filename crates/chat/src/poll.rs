//! Polls: a question with options, and who voted for what.

use serde::{Deserialize, Serialize};

use crate::channel::{self, at_most, one_line};
use crate::decide::{Case, Decision};
use crate::event::{Attached, Event};
use crate::ids::{Seq, Timestamp, UserId};
use crate::message::{self, Message};
use crate::rejection::Rejection;

/// Options of one poll.
pub const OPTIONS_MAX: usize = 10;

/// Characters of the question and of each option.
pub const POLL_CHARS_MAX: usize = 300;

/// A poll as it was posted; its question is the message's text.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[expect(missing_docs, reason = "fields named by the glossary; a retelling would say less")]
pub struct Poll {
    pub options: Vec<String>,
    pub is_multiple: bool,
    /// No votes from then on.
    pub closes: Option<Timestamp>,
}

/// A question and a poll as they are kept.
pub(crate) fn checked(
    case: Case<'_>,
    question: &str,
    poll: &Poll,
) -> Result<(String, Poll), Rejection> {
    let question = one_line(question);
    if question.is_empty() {
        return Err(Rejection::TextEmpty);
    }
    at_most("question", &question, POLL_CHARS_MAX)?;
    let mut options: Vec<String> = Vec::new();
    for option in &poll.options {
        let option = one_line(option);
        if option.is_empty() || options.contains(&option) {
            return Err(Rejection::invalid("options", "each has a text, and no two the same"));
        }
        at_most("options", &option, POLL_CHARS_MAX)?;
        options.push(option);
    }
    if !(2..=OPTIONS_MAX).contains(&options.len()) {
        return Err(Rejection::invalid("options", format!("two to {OPTIONS_MAX} of them")));
    }
    if poll.closes.is_some_and(|closes| closes <= case.now) {
        return Err(Rejection::invalid("closes_ts", "a time to come"));
    }
    Ok((question, Poll { options, ..poll.clone() }))
}

/// Votes for these options instead of those before; none takes the vote back.
pub(crate) fn vote(
    case: Case<'_>,
    user: UserId,
    id: Seq,
    options: &[u8],
) -> Result<Decision, Rejection> {
    let (message, poll) = open(case, user, id)?;
    let mut options = options.to_vec();
    options.sort_unstable();
    options.dedup();
    if options.iter().any(|option| usize::from(*option) >= poll.options.len()) {
        return Err(Rejection::invalid("options", "there is no such option"));
    }
    if options.len() > 1 && !poll.is_multiple {
        return Err(Rejection::invalid("options", "one of them"));
    }
    let votes = message.votes.iter().filter(|(_, voters)| voters.contains(&user));
    let before: Vec<u8> = votes.map(|(option, _)| *option).collect();
    if before == options && !case.facts.is_named {
        return Ok(Decision::nothing(user));
    }
    let channel = message.channel;
    Ok(Decision::new(user, vec![Event::PollVoted { channel, message: id, options }]))
}

/// Ends a poll; its sender does.
pub(crate) fn close(case: Case<'_>, user: UserId, id: Seq) -> Result<Decision, Rejection> {
    let message = message::readable(case, user, id)?;
    if message.sender != user {
        return Err(Rejection::NotTheSender);
    }
    match open(case, user, id) {
        Err(Rejection::PollClosed) => Ok(Decision::nothing(user)),
        Err(refused) => Err(refused),
        Ok(_) => {
            let channel = message.channel;
            Ok(Decision::new(user, vec![Event::PollClosed { channel, message: id }]))
        }
    }
}

/// The poll of a message that may still be voted in.
fn open<'a>(case: Case<'a>, user: UserId, id: Seq) -> Result<(&'a Message, &'a Poll), Rejection> {
    let message = message::readable(case, user, id)?;
    if message.deleted {
        return Err(Rejection::MessageDeleted);
    }
    let Some(Attached::Poll(poll)) = &message.attached else { return Err(Rejection::NotAPoll) };
    channel::is_open(case, message.channel)?;
    let is_over = poll.closes.is_some_and(|closes| closes <= case.now);
    if is_over || message.poll_closed_ts.is_some() {
        return Err(Rejection::PollClosed);
    }
    Ok((message, poll))
}
