//! Drafts: messages that are still being written, so that another device can go on with them.

use crate::channel::Place;
use crate::decide::{Case, Decision};
use crate::event::Event;
use crate::ids::{ChannelId, ChannelName, Seq, UserId};
use crate::message::{MESSAGE_CHARS_MAX, normalized};
use crate::rejection::Rejection;
use crate::thread;

/// Drafts of one person; each is kept in memory.
pub const DRAFTS_MAX: usize = 200;

/// Keeps a draft in the place of the one before, whose text is erased; an empty text clears it.
pub(crate) fn save(
    case: Case<'_>,
    user: UserId,
    name: &ChannelName,
    thread: Option<Seq>,
    text: &str,
) -> Result<Decision, Rejection> {
    let channel = Place::open(case, user, name)?;
    let thread = match thread {
        Some(message) => Some(thread::root(case, user, message, channel)?.id),
        None => None,
    };
    let text = normalized(text);
    let chars = text.chars().count();
    if chars > MESSAGE_CHARS_MAX {
        return Err(Rejection::TextTooLong { chars, chars_max: MESSAGE_CHARS_MAX });
    }
    let drafts = &case.workspace.users[&user].personal.drafts;
    let before = drafts.get(&thread.unwrap_or(channel.0));
    if before.map_or("", |before| &before.text) == text && !case.facts.is_named {
        return Ok(Decision::nothing(user));
    }
    if before.is_none() && drafts.len() >= DRAFTS_MAX {
        return Err(Rejection::TooMany { what: "drafts", max: DRAFTS_MAX });
    }
    let redacts = before.map(|before| before.saved).into_iter().collect();
    let events = vec![Event::DraftSaved { channel, thread, text }];
    Ok(Decision { actor: user, events, redacts })
}

/// What was a draft is a message now.
pub(crate) fn clear(
    case: Case<'_>,
    user: UserId,
    channel: ChannelId,
    thread: Option<Seq>,
    decision: &mut Decision,
) {
    let drafts = &case.workspace.users[&user].personal.drafts;
    if let Some(draft) = drafts.get(&thread.unwrap_or(channel.0)) {
        decision.redacts.push(draft.saved);
        decision.events.push(Event::DraftSaved { channel, thread, text: String::new() });
    }
}
