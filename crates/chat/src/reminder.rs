//! Reminders: what the server is asked to say again later.

use crate::channel::{at_most, one_line};
use crate::decide::{Case, Decision};
use crate::event::Event;
use crate::ids::{Seq, Timestamp, UserId};
use crate::message;
use crate::personal::Reminder;
use crate::rejection::Rejection;
use crate::schedule::to_come;

/// Reminders of one person; each is kept in memory.
pub const REMINDERS_MAX: usize = 100;

/// Characters of what one wishes to be told.
pub const REMINDER_CHARS_MAX: usize = 500;

/// Asks to be told of a message, or of something in one's own words.
pub(crate) fn set(
    case: Case<'_>,
    user: UserId,
    about: Option<Seq>,
    text: &str,
    due: Timestamp,
) -> Result<Decision, Rejection> {
    if let Some(id) = about {
        let message = message::readable(case, user, id)?;
        if message.deleted {
            return Err(Rejection::MessageDeleted);
        }
    }
    let text = one_line(text);
    at_most("text", &text, REMINDER_CHARS_MAX)?;
    if about.is_none() && text.is_empty() {
        return Err(Rejection::invalid("text", "of what?"));
    }
    to_come(case, "due_ts", due)?;
    if case.workspace.users[&user].personal.reminders.len() >= REMINDERS_MAX {
        return Err(Rejection::TooMany { what: "reminders", max: REMINDERS_MAX });
    }
    Ok(Decision::new(user, vec![Event::ReminderSet { message: about, text, due }]))
}

/// Tells of a reminder whose time has come; once.
pub(crate) fn fire(case: Case<'_>, user: UserId, id: Seq) -> Decision {
    match find(case, user, id) {
        Ok(found) if found.due <= case.now && found.fired_ts.is_none() => {
            Decision::new(user, vec![Event::ReminderDue { reminder: id }])
        }
        Ok(_) | Err(_) => Decision::nothing(user),
    }
}

/// Is done with a reminder, told of or not; its text is erased.
pub(crate) fn end(case: Case<'_>, user: UserId, id: Seq) -> Result<Decision, Rejection> {
    find(case, user, id)?;
    let events = vec![Event::ReminderEnded { reminder: id }];
    Ok(Decision { actor: user, events, redacts: vec![id] })
}

fn find<'a>(case: Case<'a>, user: UserId, id: Seq) -> Result<&'a Reminder, Rejection> {
    let account = case.workspace.users.get(&user);
    account.and_then(|it| it.personal.reminders.get(&id)).ok_or(Rejection::ReminderNotFound)
}
