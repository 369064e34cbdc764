//! Reminders: what the server is asked to say again later.

use crate::audience::may_see;
use crate::channel::{at_most, one_line};
use crate::decide::{Case, Decision};
use crate::event::Event;
use crate::ids::{Seq, Timestamp, UserId};
use crate::message;
use crate::personal::Reminder;
use crate::rejection::Rejection;
use crate::schedule::to_come;
use crate::workspace::Workspace;

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
    let channel = match about {
        Some(id) => {
            let message = message::readable(case, user, id)?;
            if message.deleted {
                return Err(Rejection::MessageDeleted);
            }
            Some(message.channel)
        }
        None => None,
    };
    let text = one_line(text);
    at_most("text", &text, REMINDER_CHARS_MAX)?;
    if about.is_none() && text.is_empty() {
        return Err(Rejection::invalid("text", "of what?"));
    }
    to_come(case, "due_ts", due)?;
    if case.workspace.users[&user].personal.reminders.len() >= REMINDERS_MAX {
        return Err(Rejection::TooMany { what: "reminders", max: REMINDERS_MAX });
    }
    Ok(Decision::new(user, vec![Event::ReminderSet { message: about, channel, text, due }]))
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

/// Whether `user` is shown a reminder: nobody hears of a message that they may no longer see.
pub fn may_be_shown(user: UserId, reminder: &Reminder, workspace: &Workspace) -> bool {
    let about = reminder.message.zip(reminder.channel);
    about.is_none_or(|(message, channel)| may_see(user, channel, message, workspace))
}

/// Is done with a reminder, told of or not; its text is erased.
pub(crate) fn end(case: Case<'_>, user: UserId, id: Seq) -> Result<Decision, Rejection> {
    find(case, user, id)?;
    let events = vec![Event::ReminderEnded { reminder: id }];
    Ok(Decision { actor: user, events, redacts: vec![id] })
}

fn find(case: Case<'_>, user: UserId, id: Seq) -> Result<&Reminder, Rejection> {
    let account = case.workspace.users.get(&user);
    account.and_then(|it| it.personal.reminders.get(&id)).ok_or(Rejection::ReminderNotFound)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::command::{Actor, Command};
    use crate::ids::Timestamp;
    use crate::testing::Story;
    use crate::testing::wish::user_of;

    const MINUTE: i64 = 60 * 1_000_000;

    fn scene() -> (Story, Actor, Actor) {
        let mut story = Story::new();
        story.create_channel("general");
        let alice = story.sign_up("alice");
        let bob = story.sign_up("bob");
        (story, alice, bob)
    }

    fn remind(message: Option<Seq>, text: &str, due: Timestamp) -> Command {
        Command::SetReminder { message, text: text.to_owned(), due }
    }

    #[test]
    fn the_server_tells_of_a_reminder_when_its_time_comes_and_once() {
        let (mut story, alice, bob) = scene();
        let due = story.now.plus_micros(MINUTE);
        let reminder = story.given(alice, &remind(None, " tea ", due))[0].seq;
        let fire = Command::FireReminder { user: user_of(alice), reminder };
        assert_eq!(story.when(alice, &fire), Err(Rejection::NotAnAdministrator));
        assert_eq!(story.when(Actor::System, &fire), Ok(vec![]), "it is not time yet");
        story.now = due;
        let wrong = Command::FireReminder { user: user_of(bob), reminder };
        assert_eq!(story.when(Actor::System, &wrong), Ok(vec![]), "bob has none");
        let fired = story.given(Actor::System, &fire);
        assert_eq!((fired[0].actor, story.workspace.next_due()), (user_of(alice), None));
        let kept = &story.workspace.users[&user_of(alice)].personal.reminders[&reminder];
        assert_eq!((kept.text.as_str(), kept.fired_ts), ("tea", Some(fired[0].ts)));
        assert_eq!(story.when(Actor::System, &fire), Ok(vec![]), "it was told");
    }

    #[test]
    fn who_is_done_with_a_reminder_leaves_nothing_of_it() {
        let (mut story, alice, bob) = scene();
        let due = story.now.plus_micros(MINUTE);
        let reminder = story.given(alice, &remind(None, "a secret", due))[0].seq;
        let end = Command::EndReminder { reminder };
        assert_eq!(story.when(bob, &end), Err(Rejection::ReminderNotFound));
        assert_eq!(story.run(alice, None, &end).unwrap().redacted, [reminder]);
        assert_eq!(story.workspace.next_due(), None, "before its time");
        assert_eq!(story.when(alice, &end), Err(Rejection::ReminderNotFound));
        story.now = due;
        let fire = Command::FireReminder { user: user_of(alice), reminder };
        assert_eq!(story.when(Actor::System, &fire), Ok(vec![]), "late");
    }

    #[test]
    fn a_reminder_is_of_a_message_that_one_may_see_or_of_some_words() {
        let (mut story, alice, bob) = scene();
        let mallory = story.sign_up("mallory");
        let message = story.post(alice, "dm:alice:bob", "call me");
        let due = story.now.plus_micros(MINUTE);
        assert!(story.when(bob, &remind(Some(message), "", due)).is_ok());
        let hidden = story.when(mallory, &remind(Some(message), "", due));
        assert_eq!(hidden, Err(Rejection::MessageNotFound));
        story.given(alice, &Command::DeleteMessage { message });
        let deleted = story.when(bob, &remind(Some(message), "", due));
        assert_eq!(deleted, Err(Rejection::MessageDeleted));
        let long = "ü".repeat(REMINDER_CHARS_MAX);
        assert!(story.when(bob, &remind(None, &long, due)).is_ok());
        for (text, due) in [
            (" ", due),
            ((long + "!").as_str(), due),
            ("late", story.now.plus_micros(-1)),
            ("never", story.now.plus_micros(400 * 24 * 60 * MINUTE)),
        ] {
            let refused = story.when(bob, &remind(None, text, due));
            assert!(matches!(refused, Err(Rejection::InvalidValue { .. })), "{refused:?}");
        }
    }

    #[test]
    fn one_has_a_hundred_reminders_told_or_not() {
        let (mut story, alice, _) = scene();
        let wish = remind(None, "tea", story.now);
        let first = story.given(alice, &wish)[0].seq;
        for _ in 1..REMINDERS_MAX {
            story.given(alice, &wish);
        }
        story
            .given(Actor::System, &Command::FireReminder { user: user_of(alice), reminder: first });
        let full = Err(Rejection::TooMany { what: "reminders", max: REMINDERS_MAX });
        let again = remind(None, "tea", story.now);
        assert_eq!(story.when(alice, &again), full);
        story.given(alice, &Command::EndReminder { reminder: first });
        assert!(story.when(alice, &again).is_ok());
    }
}
