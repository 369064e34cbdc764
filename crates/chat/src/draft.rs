//! Drafts: messages that are still being written, so that another device can go on with them.

use crate::channel::Place;
use crate::decide::{Case, Decision};
use crate::event::Event;
use crate::ids::{ChannelId, ChannelName, Seq, UserId};
use crate::message::normalized;
use crate::rejection::Rejection;
use crate::thread;

/// Drafts of one person; each is kept in memory.
pub const DRAFTS_MAX: usize = 200;

/// Characters of one draft. More than a message has: what became too long is still to be cut or divided, and not lost.
pub const DRAFT_CHARS_MAX: usize = 30_000;

/// Keeps a draft in the place of the one before, whose text is erased; an empty text clears it.
pub(crate) fn save(
    case: Case<'_>,
    user: UserId,
    name: &ChannelName,
    thread: Option<Seq>,
    text: &str,
) -> Result<Decision, Rejection> {
    let place = Place::find(case.workspace, user, name)?;
    let is_open = matches!(place, Place::Open(_));
    let (channel, mut events) = place.opened(case, user)?;
    let thread = match thread {
        Some(message) => Some(thread::root(case, user, message, channel)?.id),
        None => None,
    };
    let text = normalized(text);
    let chars = text.chars().count();
    if chars > DRAFT_CHARS_MAX {
        let reason =
            format!("a draft has at most {DRAFT_CHARS_MAX} characters, this one has {chars}");
        return Err(Rejection::invalid("text", reason));
    }
    let personal = &case.workspace.users[&user].personal;
    let drafts = &personal.drafts;
    let before = drafts.get(&thread.unwrap_or(channel.0));
    let is_so_already = before.map_or("", |before| &before.text) == text;
    // An empty text opens nothing, whatever it is called.
    if is_so_already && !(is_open && case.facts.is_named) {
        return Ok(Decision::nothing(user));
    }
    if before.is_none() && drafts.len() >= DRAFTS_MAX {
        return Err(Rejection::TooMany { what: "drafts", max: DRAFTS_MAX });
    }
    personal.has_room_for(&text, before.map_or(0, |before| before.text.len()))?;
    let redacts = before.map(|before| before.saved).into_iter().collect();
    events.push(Event::DraftSaved { channel, thread, text });
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

#[cfg(test)]
mod tests {
    use std::fmt::Display;

    use super::*;
    use crate::command::{Actor, AttachWish, Command, PostWish};
    use crate::event::EventKind;
    use crate::testing::wish::{channel, post, user_of};
    use crate::testing::{Batch, Story};

    fn save(to: &(impl Display + ?Sized), thread: Option<Seq>, text: &str) -> Command {
        Command::SaveDraft { channel: channel(to), thread, text: text.to_owned() }
    }

    fn scene() -> (Story, Actor, Actor) {
        let mut story = Story::new();
        story.create_channel("general");
        let alice = story.sign_up("alice");
        let bob = story.sign_up("bob");
        (story, alice, bob)
    }

    fn run(story: &mut Story, actor: Actor, command: &Command) -> Batch {
        story.run(actor, None, command).unwrap()
    }

    fn drafts(story: &Story, who: Actor) -> Vec<&str> {
        let personal = &story.workspace.users[&user_of(who)].personal;
        personal.drafts.values().map(|draft| draft.text.as_str()).collect()
    }

    #[test]
    fn a_draft_takes_the_place_of_the_one_before_and_erases_it() {
        let (mut story, alice, bob) = scene();
        let first = run(&mut story, alice, &save("general", None, "hel")).events[0].seq;
        let second = run(&mut story, alice, &save("general", None, "hello "));
        assert_eq!(second.redacted, [first]);
        assert_eq!((drafts(&story, alice), drafts(&story, bob).len()), (vec!["hello"], 0));
        assert_eq!(story.when(alice, &save("general", None, "hello")), Ok(vec![]), "as it is");
        let cleared = run(&mut story, alice, &save("general", None, " \n"));
        assert_eq!(cleared.redacted, [second.events[0].seq]);
        assert!(drafts(&story, alice).is_empty());
        assert_eq!(story.when(alice, &save("general", None, "")), Ok(vec![]), "there is none");
    }

    #[test]
    fn each_channel_and_each_thread_has_a_draft_of_its_own() {
        let (mut story, alice, bob) = scene();
        let root = story.post(bob, "general", "who is in?");
        let reply = story.reply(bob, root, "I am");
        story.given(alice, &save("general", None, "one"));
        story.given(alice, &save("general", Some(root), "two"));
        assert_eq!(drafts(&story, alice).len(), 2);
        story.given(alice, &save("general", Some(reply), "three"));
        assert_eq!(drafts(&story, alice), ["one", "three"], "a reply stands for its root");
    }

    #[test]
    fn a_message_clears_the_draft_of_its_place_and_erases_it() {
        let (mut story, alice, bob) = scene();
        let root = story.post(bob, "general", "who is in?");
        let there = run(&mut story, alice, &save("general", None, "hel")).events[0].seq;
        let beside = run(&mut story, alice, &save("general", Some(root), "m")).events[0].seq;
        assert_eq!(run(&mut story, alice, &post("general", "hello")).redacted, [there]);
        assert_eq!(drafts(&story, alice), ["m"]);
        let wish = PostWish::text(channel("general"), "me".to_owned());
        let wish = PostWish { thread: Some(root), ..wish };
        assert_eq!(run(&mut story, alice, &Command::PostMessage(wish)).redacted, [beside]);
        assert!(drafts(&story, alice).is_empty());
        assert_eq!(run(&mut story, alice, &post("general", "hello")).redacted, [], "none left");
    }

    #[test]
    fn what_is_forwarded_or_goes_out_by_itself_leaves_the_draft_alone() {
        let (mut story, alice, bob) = scene();
        let message = story.post(bob, "general", "look");
        let send_at = story.now.plus_micros(1_000_000);
        let (to, text) = (channel("general"), "later".to_owned());
        let later = Command::ScheduleMessage { channel: to.clone(), thread: None, text, send_at };
        let schedule = story.given(alice, &later)[0].seq;
        story.given(alice, &save("general", None, "still writing"));
        let attach = Some(AttachWish::Forward(message));
        story.post_wish(alice, PostWish { attach, ..PostWish::text(to, String::new()) });
        assert_eq!(drafts(&story, alice), ["still writing"]);
        story.now = send_at;
        let user = user_of(alice);
        story.given(Actor::System, &Command::SendScheduled { user, schedule });
        assert_eq!(drafts(&story, alice), ["still writing"]);
    }

    #[test]
    fn a_message_left_for_later_was_the_draft() {
        let (mut story, alice, _) = scene();
        let draft = run(&mut story, alice, &save("general", None, "good morning")).events[0].seq;
        let (channel, text) = (channel("general"), "good morning".to_owned());
        let send_at = story.now.plus_micros(1_000_000);
        let later = Command::ScheduleMessage { channel, thread: None, text, send_at };
        assert_eq!(run(&mut story, alice, &later).redacted, [draft]);
        assert!(drafts(&story, alice).is_empty());
    }

    #[test]
    fn a_draft_is_for_a_place_where_one_may_read_and_no_longer_than_a_message() {
        let (mut story, alice, bob) = scene();
        let plans = story.create_private(alice, &[]);
        let root = story.post(alice, &plans, "psst");
        assert_eq!(story.when(bob, &save(&plans, None, "x")), Err(Rejection::NotAMember));
        let hidden = story.when(bob, &save("general", Some(root), "x"));
        assert_eq!(hidden, Err(Rejection::MessageNotFound));
        assert_eq!(story.when(alice, &save("dm:alice:bob", None, " ")), Ok(vec![]), "nothing");
        let unopened = story.when(alice, &save("dm:alice:bob", None, "x")).unwrap();
        let kinds: Vec<_> = unopened.iter().map(Event::kind).collect();
        assert_eq!(kinds, [EventKind::ChannelCreated, EventKind::DraftSaved], "it opens");
        let unknown = story.when(alice, &save("dm:alice:nobody", None, "x"));
        assert!(matches!(unknown, Err(Rejection::NoSuchUser(_))), "{unknown:?}");
        let elsewhere = story.when(alice, &save("general", Some(root), "x"));
        assert_eq!(elsewhere, Err(Rejection::ReplyNotInChannel));
        let long = "ü".repeat(DRAFT_CHARS_MAX);
        assert!(story.when(alice, &save("general", None, &long)).is_ok());
        let too_long = story.when(alice, &save("general", None, &(long + "!")));
        assert!(matches!(too_long, Err(Rejection::InvalidValue { .. })), "{too_long:?}");
    }

    #[test]
    fn one_has_two_hundred_drafts_and_may_change_each_of_them() {
        let (mut story, alice, bob) = scene();
        let mut roots =
            (0..=DRAFTS_MAX).map(|_| story.post(bob, "general", "hi")).collect::<Vec<_>>();
        let last = roots.pop().unwrap();
        for root in &roots {
            story.given(alice, &save("general", Some(*root), "me too"));
        }
        let refused = story.when(alice, &save("general", Some(last), "me too"));
        assert_eq!(refused, Err(Rejection::TooMany { what: "drafts", max: DRAFTS_MAX }));
        assert!(story.when(alice, &save("general", Some(roots[0]), "me three")).is_ok());
    }
}
