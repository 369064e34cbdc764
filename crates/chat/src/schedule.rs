//! Scheduled messages: written now, sent by the server when their time comes.

use serde::{Deserialize, Serialize};

use crate::audience::may_read;
use crate::channel::{self, Place};
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
    let place = Place::find(case.workspace, user, name)?;
    channel::may_post(case, user, &place)?;
    let (channel, mut events) = place.opened(case, user)?;
    let thread = match thread {
        Some(message) => Some(thread::root(case, user, message, channel)?.id),
        None => None,
    };
    let text = message::checked(text)?;
    to_come(case, "send_at_ts", send_at)?;
    let personal = &case.workspace.users[&user].personal;
    if personal.scheduled.len() >= SCHEDULED_MAX {
        return Err(Rejection::TooMany { what: "scheduled messages", max: SCHEDULED_MAX });
    }
    // The draft that it was goes.
    let draft = personal.drafts.get(&thread.unwrap_or(channel.0));
    personal.has_room_for(&text, draft.map_or(0, |draft| draft.text.len()))?;
    events.push(Event::MessageScheduled { channel, schedule: None, thread, text, send_at });
    let mut decision = Decision::new(user, events);
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
    if !may_read(user, before.channel, case.workspace) {
        return Err(Rejection::ScheduleNotFound);
    }
    let text = text.map_or_else(|| Ok(before.text.clone()), message::checked)?;
    let send_at = send_at.unwrap_or(before.send_at);
    to_come(case, "send_at_ts", send_at)?;
    case.workspace.users[&user].personal.has_room_for(&text, before.text.len())?;
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
    if case.workspace.users.get(&user).is_none_or(|user| user.is_deactivated) {
        return Err(Rejection::AccountDeactivated);
    }
    if !may_read(user, channel, case.workspace) {
        return Err(Rejection::NotAMember);
    }
    let name = ChannelName::parse(&case.workspace.channel_name(channel))?;
    let thread = found.thread;
    let wish = PostWish { thread, ..PostWish::text(name, found.text.clone()) };
    message::post_at(case, user, Place::Open(channel), &wish)
}

fn waiting(case: Case<'_>, user: UserId, id: Seq) -> Result<&ScheduledMessage, Rejection> {
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::command::{Actor, ChannelWish, Command};
    use crate::event::EventKind;
    use crate::personal::UNSENT_BYTES_MAX;
    use crate::role::AccountChange;
    use crate::testing::Story;
    use crate::testing::wish::{name, post, user_of};

    const SECOND: i64 = 1_000_000;

    /// Alice, bob, and a private channel of bob's with alice in it.
    fn scene() -> (Story, Actor, Actor) {
        let mut story = Story::new();
        story.create_channel("general");
        let alice = story.sign_up("alice");
        let bob = story.sign_up("bob");
        story.create_private(bob, &["alice"]);
        (story, alice, bob)
    }

    /// The channel that the scene made last.
    fn plans(story: &Story) -> ChannelName {
        let (newest, _) = story.workspace.channels.get_max().unwrap();
        ChannelName::Private(*newest)
    }

    fn later(story: &Story, text: &str, seconds: i64) -> Command {
        let send_at = story.now.plus_micros(seconds * SECOND);
        let (channel, text) = (plans(story), text.to_owned());
        Command::ScheduleMessage { channel, thread: None, text, send_at }
    }

    fn leave_for_later(story: &mut Story, who: Actor, seconds: i64) -> Seq {
        let wish = later(story, "good morning", seconds);
        story.given(who, &wish)[0].seq
    }

    fn send(story: &mut Story, who: Actor, schedule: Seq) -> Vec<Event> {
        let send = Command::SendScheduled { user: user_of(who), schedule };
        story.when(Actor::System, &send).unwrap()
    }

    fn waiting_of(story: &Story, who: Actor) -> Vec<ScheduledMessage> {
        let personal = &story.workspace.users[&user_of(who)].personal;
        personal.scheduled.values().cloned().collect()
    }

    #[test]
    fn a_message_goes_out_when_its_time_comes_and_once() {
        let (mut story, alice, _) = scene();
        let schedule = leave_for_later(&mut story, alice, 60);
        assert_eq!(story.workspace.next_due(), Some(story.now.plus_micros(60 * SECOND)));
        assert_eq!(send(&mut story, alice, schedule), [], "it is not time yet");
        story.now = story.now.plus_micros(60 * SECOND);
        let sent = Command::SendScheduled { user: user_of(alice), schedule };
        let batch = story.run(Actor::System, None, &sent).unwrap();
        assert_eq!(batch.redacted, [schedule], "its text is in the channel now");
        let message = &story.messages[&batch.events[0].seq];
        assert_eq!(
            (message.sender, message.text.as_deref()),
            (user_of(alice), Some("good morning"))
        );
        let ended = Event::ScheduleEnded { schedule, outcome: ScheduleOutcome::Sent };
        assert_eq!(batch.events[1].event(), Some(&ended));
        assert_eq!((story.workspace.next_due(), waiting_of(&story, alice).len()), (None, 0));
        assert_eq!(send(&mut story, alice, schedule), [], "it went out already");
    }

    #[test]
    fn only_the_server_sends_and_only_its_author_changes_and_cancels() {
        let (mut story, alice, bob) = scene();
        let schedule = leave_for_later(&mut story, alice, 60);
        let sends = Command::SendScheduled { user: user_of(alice), schedule };
        assert_eq!(story.when(alice, &sends), Err(Rejection::NotAnAdministrator));
        let change = Command::ChangeSchedule { schedule, text: Some("x".into()), send_at: None };
        for command in [change, Command::CancelSchedule { schedule }] {
            assert_eq!(story.when(bob, &command), Err(Rejection::ScheduleNotFound));
            assert!(story.when(alice, &command).is_ok());
        }
    }

    #[test]
    fn a_change_erases_what_was_written_before_and_moves_the_agenda() {
        let (mut story, alice, _) = scene();
        let schedule = leave_for_later(&mut story, alice, 60);
        let send_at = Some(story.now.plus_micros(90 * SECOND));
        let change = Command::ChangeSchedule { schedule, text: Some("evening".into()), send_at };
        let batch = story.run(alice, None, &change).unwrap();
        assert_eq!(batch.redacted, [schedule]);
        assert_eq!(story.workspace.next_due(), send_at);
        let again = Command::ChangeSchedule { schedule, text: None, send_at };
        let redacted = story.run(alice, None, &again).unwrap().redacted;
        assert_eq!(redacted, [batch.events[0].seq]);
        assert_eq!(waiting_of(&story, alice)[0].text, "evening");
        let cancelled = story.run(alice, None, &Command::CancelSchedule { schedule }).unwrap();
        assert_eq!(cancelled.redacted.len(), 1);
        assert_eq!((story.workspace.next_due(), waiting_of(&story, alice).len()), (None, 0));
        let twice = story.when(alice, &Command::CancelSchedule { schedule });
        assert_eq!(twice, Err(Rejection::ScheduleNotFound));
    }

    #[test]
    fn what_the_rules_refuse_when_the_time_comes_waits_for_its_author_with_the_reason() {
        let (mut story, alice, bob) = scene();
        let schedule = leave_for_later(&mut story, alice, 60);
        let (plans, archive) = (plans(&story), ChannelWish::Archived(true));
        story.given(bob, &Command::ChangeChannel { channel: plans.clone(), change: archive });
        story.now = story.now.plus_micros(60 * SECOND);
        let reason = Rejection::ChannelArchived.to_string();
        let outcome = ScheduleOutcome::Failed(reason.clone());
        let failed = Event::ScheduleEnded { schedule, outcome };
        assert_eq!(send(&mut story, alice, schedule), [failed]);
        assert_eq!(waiting_of(&story, alice)[0].failure, Some(reason));
        assert_eq!(story.workspace.next_due(), None, "the server does not try again");
        assert_eq!(send(&mut story, alice, schedule), []);
        let reopen = ChannelWish::Archived(false);
        story.given(bob, &Command::ChangeChannel { channel: plans, change: reopen });
        story.now = story.now.plus_micros(SECOND);
        let past = Command::ChangeSchedule { schedule, text: Some("x".into()), send_at: None };
        let refused = story.when(alice, &past);
        assert!(matches!(refused, Err(Rejection::InvalidValue { field: "send_at_ts", .. })));
        let send_at = Some(story.now);
        story.given(alice, &Command::ChangeSchedule { schedule, text: None, send_at });
        let happened = send(&mut story, alice, schedule);
        assert_eq!(happened[0].kind(), EventKind::MessagePosted);
    }

    #[test]
    fn who_left_meanwhile_or_was_deactivated_sends_nothing() {
        let (mut story, alice, bob) = scene();
        let carol = story.sign_up("carol");
        let gone = leave_for_later(&mut story, alice, 60);
        let channel = plans(&story);
        story.given(alice, &Command::LeaveChannel { channel });
        let late = leave_for_later(&mut story, bob, 60);
        let change = AccountChange::Role { is_admin: true };
        story.given(alice, &Command::ChangeAccount { name: name("carol"), change });
        let change = AccountChange::Deactivated;
        story.given(carol, &Command::ChangeAccount { name: name("bob"), change });
        story.now = story.now.plus_micros(60 * SECOND);
        assert_eq!(send(&mut story, alice, gone), [], "she took it along");
        let outcome = ScheduleOutcome::Failed(Rejection::AccountDeactivated.to_string());
        let failed = Event::ScheduleEnded { schedule: late, outcome };
        assert_eq!(send(&mut story, bob, late), [failed]);
    }

    #[test]
    fn a_reply_waits_for_its_thread_and_counts_in_it() {
        let (mut story, alice, bob) = scene();
        let plans = plans(&story);
        let root = story.post(bob, &plans, "tomorrow?");
        let reply = story.reply(bob, root, "or later");
        let send_at = story.now.plus_micros(60 * SECOND);
        let (channel, text) = (plans, "yes".to_owned());
        let wish = Command::ScheduleMessage { channel, thread: Some(reply), text, send_at };
        let schedule = story.given(alice, &wish)[0].seq;
        story.now = send_at;
        send(&mut story, alice, schedule);
        let thread = story.messages[&root].thread.clone().unwrap();
        assert_eq!((thread.replies, thread.participants.len()), (2, 2));
    }

    #[test]
    fn a_message_is_left_for_a_time_to_come_within_a_year_where_one_may_read() {
        let (mut story, alice, _) = scene();
        for (seconds, fits) in [(-1, false), (0, true), (AHEAD_SECONDS_MAX, true)] {
            let wish = later(&story, "x", seconds);
            assert_eq!(story.when(alice, &wish).is_ok(), fits, "{seconds}");
        }
        let too_late = later(&story, "x", AHEAD_SECONDS_MAX + 1);
        assert!(story.when(alice, &too_late).is_err());
        let empty = later(&story, " ", 1);
        assert_eq!(story.when(alice, &empty), Err(Rejection::TextEmpty));
        let mallory = story.sign_up("mallory");
        let elsewhere = later(&story, "x", 1);
        assert_eq!(story.when(mallory, &elsewhere), Err(Rejection::NotAMember));
    }

    #[test]
    fn what_is_written_and_not_sent_is_a_megabyte_at_most() {
        let (mut story, alice, bob) = scene();
        let long = "🦀".repeat(10_000);
        for _ in 0..UNSENT_BYTES_MAX / long.len() {
            let wish = later(&story, &long, 60);
            story.given(alice, &wish);
        }
        let what = "bytes of drafts and scheduled messages";
        let full = Err(Rejection::TooMany { what, max: UNSENT_BYTES_MAX });
        let wish = later(&story, &long, 60);
        assert_eq!(story.when(alice, &wish), full);
        assert!(story.when(bob, &wish).is_ok());
        let (channel, thread) = (plans(&story), None);
        let draft = |text: &str| Command::SaveDraft {
            channel: channel.clone(),
            thread,
            text: text.to_owned(),
        };
        assert_eq!(story.when(alice, &draft(&long)), full);
        story.given(alice, &draft(&"x".repeat(8_000)));
        let wish = later(&story, &"x".repeat(5_000), 60);
        story.given(alice, &wish);
        assert!(
            story.workspace.users[&user_of(alice)].personal.drafts.is_empty(),
            "it was the draft"
        );
        let schedule = leave_for_later(&mut story, alice, 60);
        let change = |text: &str| Command::ChangeSchedule {
            schedule,
            text: Some(text.to_owned()),
            send_at: None,
        };
        assert_eq!(story.when(alice, &change(&long)), full);
        assert!(story.when(alice, &change("shorter")).is_ok());
    }

    #[test]
    fn a_hundred_messages_wait_and_one_more_does_not() {
        let (mut story, alice, bob) = scene();
        for _ in 0..SCHEDULED_MAX {
            leave_for_later(&mut story, alice, 60);
        }
        let wish = later(&story, "x", 60);
        let refused = Rejection::TooMany { what: "scheduled messages", max: SCHEDULED_MAX };
        assert_eq!(story.when(alice, &wish), Err(refused));
        assert!(story.when(bob, &wish).is_ok());
        assert!(story.when(alice, &post(&plans(&story), "hello")).is_ok());
    }
}
