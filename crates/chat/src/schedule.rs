//! Scheduled messages: written now, sent by the server when their time comes.

use serde::{Deserialize, Serialize};

use crate::audience::may_read;
use crate::channel::Place;
use crate::command::PostWish;
use crate::decide::{Case, Decision};
use crate::event::Event;
use crate::ids::{ChannelId, ChannelName, Seq, Timestamp, UserId};
use crate::message;
use crate::personal::ScheduledMessage;
use crate::rejection::Rejection;
use crate::thread;

/// Messages of one person that wait; each is kept in memory.
pub const SCHEDULED_MAX: usize = 100;

/// How far ahead: a year.
pub const AHEAD_SECONDS_MAX: i64 = 366 * 24 * 60 * 60;

/// How a scheduled message ended.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ScheduleOutcome {
    /// It is in its channel.
    Sent,
    /// Its author took it back.
    Cancelled,
    /// The rules refused it, for this reason; it waits for its author to change or cancel it.
    Failed(String),
}

/// Leaves a message to be sent later.
pub(crate) fn schedule(
    case: Case<'_>,
    user: UserId,
    name: &ChannelName,
    thread: Option<Seq>,
    text: &str,
    send_at: Timestamp,
) -> Result<Decision, Rejection> {
    let channel = Place::open(case, user, name)?;
    let thread = match thread {
        Some(message) => Some(thread::root(case, user, message, channel)?.id),
        None => None,
    };
    let text = message::checked(text)?;
    to_come(case, "send_at_ts", send_at)?;
    if case.workspace.users[&user].personal.scheduled.len() >= SCHEDULED_MAX {
        return Err(Rejection::TooMany { what: "scheduled messages", max: SCHEDULED_MAX });
    }
    let scheduled = Event::MessageScheduled { channel, schedule: None, thread, text, send_at };
    let mut decision = Decision::new(user, vec![scheduled]);
    crate::draft::clear(case, user, channel, thread, &mut decision);
    Ok(decision)
}

/// Changes a message that waits, or that could not be sent.
pub(crate) fn change(
    case: Case<'_>,
    user: UserId,
    id: Seq,
    text: Option<&str>,
    send_at: Option<Timestamp>,
) -> Result<Decision, Rejection> {
    let before = waiting(case, user, id)?;
    let text = text.map_or_else(|| Ok(before.text.clone()), message::checked)?;
    let send_at = send_at.unwrap_or(before.send_at);
    to_come(case, "send_at_ts", send_at)?;
    let (channel, thread) = (before.channel, before.thread);
    let changed = Event::MessageScheduled { channel, schedule: Some(id), thread, text, send_at };
    Ok(Decision { actor: user, events: vec![changed], redacts: vec![before.saved] })
}

/// Takes a message that waits back.
pub(crate) fn cancel(case: Case<'_>, user: UserId, id: Seq) -> Result<Decision, Rejection> {
    let before = waiting(case, user, id)?;
    let outcome = ScheduleOutcome::Cancelled;
    let events = vec![Event::ScheduleEnded { schedule: id, outcome }];
    Ok(Decision { actor: user, events, redacts: vec![before.saved] })
}

/// Sends a message whose time has come. What the rules refuse then waits for its author, with the reason.
pub(crate) fn send(case: Case<'_>, user: UserId, id: Seq) -> Decision {
    let Ok(found) = waiting(case, user, id) else { return Decision::nothing(user) };
    if found.send_at > case.now || found.failure.is_some() {
        return Decision::nothing(user);
    }
    let ended = |outcome| Event::ScheduleEnded { schedule: id, outcome };
    match sent(case, user, found) {
        Ok(mut decision) => {
            decision.events.push(ended(ScheduleOutcome::Sent));
            decision.redacts.push(found.saved);
            decision
        }
        Err(refused) => {
            Decision::new(user, vec![ended(ScheduleOutcome::Failed(refused.to_string()))])
        }
    }
}

fn sent(case: Case<'_>, user: UserId, found: &ScheduledMessage) -> Result<Decision, Rejection> {
    let channel: ChannelId = found.channel;
    if !may_read(user, channel, case.workspace) {
        return Err(Rejection::NotAMember);
    }
    let name = ChannelName::parse(&case.workspace.channel_name(channel))?;
    let thread = found.thread;
    let wish = PostWish { thread, ..PostWish::text(name, found.text.clone()) };
    message::post_at(case, user, Place::Open(channel), &wish)
}

fn waiting<'a>(case: Case<'a>, user: UserId, id: Seq) -> Result<&'a ScheduledMessage, Rejection> {
    let account = case.workspace.users.get(&user);
    account.and_then(|it| it.personal.scheduled.get(&id)).ok_or(Rejection::ScheduleNotFound)
}

/// Refuses what is past, and what is too far ahead.
pub(crate) fn to_come(
    case: Case<'_>,
    field: &'static str,
    when: Timestamp,
) -> Result<(), Rejection> {
    let last = case.now.plus_micros(AHEAD_SECONDS_MAX * 1_000_000);
    if (case.now..=last).contains(&when) {
        Ok(())
    } else {
        Err(Rejection::invalid(field, "a time to come, at most a year ahead"))
    }
}
