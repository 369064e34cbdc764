//! Polls: a question with options, and who voted for what.

use serde::{Deserialize, Serialize};

use crate::channel::{self, at_most, one_line};
use crate::decide::{Case, Decision};
use crate::event::{Attached, Event};
use crate::ids::{Seq, Timestamp, UserId};
use crate::message::{self, Message};
use crate::rejection::Rejection;
use crate::schedule::to_come;

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
    if !(2..=OPTIONS_MAX).contains(&poll.options.len()) {
        return Err(Rejection::invalid("options", format!("two to {OPTIONS_MAX} of them")));
    }
    let mut options: Vec<String> = Vec::new();
    for option in &poll.options {
        let option = one_line(option);
        if option.is_empty() || options.contains(&option) {
            return Err(Rejection::invalid("options", "each has a text, and no two the same"));
        }
        at_most("options", &option, POLL_CHARS_MAX)?;
        options.push(option);
    }
    if let Some(closes) = poll.closes {
        // Not this very moment either: nobody could vote.
        to_come(case, "closes_ts", closes.plus_micros(-1))?;
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
fn open(case: Case<'_>, user: UserId, id: Seq) -> Result<(&Message, &Poll), Rejection> {
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::command::{Actor, AttachWish, ChannelWish, Command, PostWish};
    use crate::testing::Story;
    use crate::testing::wish::{channel, user_of};

    fn poll(options: &[&str], is_multiple: bool, closes: Option<Timestamp>) -> Poll {
        let options = options.iter().map(|option| (*option).to_owned()).collect();
        Poll { options, is_multiple, closes }
    }

    fn ask(question: &str, poll: Poll) -> PostWish {
        let wish = PostWish::text(channel("general"), question.to_owned());
        PostWish { attach: Some(AttachWish::Poll(poll)), ..wish }
    }

    fn lunch(is_multiple: bool) -> PostWish {
        ask("Lunch?", poll(&["soup", "salad", "both"], is_multiple, None))
    }

    fn scene() -> (Story, [Actor; 3]) {
        let mut story = Story::new();
        story.create_channel("general");
        let people = ["alice", "bob", "carol"].map(|name| story.sign_up(name));
        (story, people)
    }

    fn vote(message: Seq, options: &[u8]) -> Command {
        Command::Vote { message, options: options.to_vec() }
    }

    #[test]
    fn a_question_and_its_options_are_lines_of_text() {
        let (mut story, [alice, ..]) = scene();
        let wish = ask(" Lunch?\n", poll(&[" soup ", "salad"], false, None));
        let message = story.post_wish(alice, wish);
        let kept = &story.messages[&message];
        assert_eq!(kept.text.as_deref(), Some("Lunch?"));
        let attached = Attached::Poll(poll(&["soup", "salad"], false, None));
        assert_eq!(kept.attached, Some(attached));
    }

    #[test]
    fn a_poll_has_two_to_ten_different_options_and_closes_in_time_to_come() {
        let (mut story, [alice, ..]) = scene();
        let many: Vec<String> = (0..=OPTIONS_MAX).map(|number| number.to_string()).collect();
        let many: Vec<&str> = many.iter().map(String::as_str).collect();
        let long = "ü".repeat(POLL_CHARS_MAX + 1);
        let two = || poll(&["yes", "no"], false, None);
        let refused = [
            ask("Q", poll(&["yes"], false, None)),
            ask("Q", poll(&many, false, None)),
            ask("Q", poll(&["yes", " yes"], false, None)),
            ask("Q", poll(&["yes", " "], false, None)),
            ask("Q", poll(&["yes", &long], false, None)),
            ask("Q", Poll { closes: Some(story.now), ..two() }),
            ask("Q", Poll { closes: Some(Timestamp(i64::MIN)), ..two() }),
            ask("Q", Poll { closes: Some(Timestamp(i64::MAX)), ..two() }),
            ask(&long, two()),
            ask(" \n", two()),
        ];
        for wish in refused {
            assert!(story.when(alice, &Command::PostMessage(wish.clone())).is_err(), "{wish:?}");
        }
        story.post_wish(alice, ask(&long[2..], poll(&many[1..], false, None)));
        let closes = Some(story.now.plus_micros(1));
        story.post_wish(alice, ask("Q", Poll { closes, ..two() }));
    }

    #[test]
    fn a_hundred_thousand_options_are_refused_unread() {
        let (mut story, [alice, ..]) = scene();
        let options = (0..100_000).map(|number| format!("option {number}")).collect();
        let poll = Poll { options, is_multiple: false, closes: None };
        // Compared with each other they would keep everybody waiting for minutes.
        let refused = story.when(alice, &Command::PostMessage(ask("Q", poll)));
        assert_eq!(refused, Err(Rejection::invalid("options", "two to 10 of them")));
    }

    #[test]
    fn a_vote_takes_the_place_of_the_one_before() {
        let (mut story, [alice, bob, carol]) = scene();
        let message = story.post_wish(alice, lunch(false));
        story.given(bob, &vote(message, &[0]));
        story.given(carol, &vote(message, &[0]));
        let votes = |story: &Story| story.messages[&message].votes.clone();
        assert_eq!(votes(&story), [(0, vec![user_of(bob), user_of(carol)])].into());
        assert_eq!(story.when(bob, &vote(message, &[0, 0])), Ok(vec![]), "that is his vote");
        story.given(bob, &vote(message, &[1]));
        assert_eq!(votes(&story), [(0, vec![user_of(carol)]), (1, vec![user_of(bob)])].into());
        story.given(carol, &vote(message, &[]));
        assert_eq!(votes(&story), [(1, vec![user_of(bob)])].into());
        assert_eq!(story.when(carol, &vote(message, &[])), Ok(vec![]), "she has none");
    }

    #[test]
    fn one_option_or_several_as_the_poll_says_and_none_that_is_not_there() {
        let (mut story, [alice, bob, _]) = scene();
        let single = story.post_wish(alice, lunch(false));
        let several = story.post_wish(alice, lunch(true));
        for refused in [vote(single, &[0, 1]), vote(single, &[3]), vote(several, &[0, 255])] {
            let outcome = story.when(bob, &refused);
            assert!(matches!(outcome, Err(Rejection::InvalidValue { .. })), "{refused:?}");
        }
        let channel = story.channel_id(&channel("general"));
        let voted = Event::PollVoted { channel, message: several, options: vec![0, 2] };
        assert_eq!(story.when(bob, &vote(several, &[2, 0, 2])), Ok(vec![voted]));
    }

    #[test]
    fn its_sender_closes_a_poll_and_then_nobody_votes() {
        let (mut story, [alice, bob, _]) = scene();
        let message = story.post_wish(bob, lunch(false));
        let close = Command::ClosePoll { message };
        assert_eq!(story.when(alice, &close), Err(Rejection::NotTheSender), "no administrator");
        let closed = story.given(bob, &close);
        assert_eq!(story.messages[&message].poll_closed_ts, Some(closed[0].ts));
        assert_eq!(story.when(bob, &close), Ok(vec![]), "it is closed");
        assert_eq!(story.when(alice, &vote(message, &[0])), Err(Rejection::PollClosed));
    }

    #[test]
    fn a_poll_closes_by_itself_at_its_time() {
        let (mut story, [alice, bob, _]) = scene();
        let closes = story.now.plus_micros(60_000_000);
        let message = story.post_wish(alice, ask("Q", poll(&["a", "b"], false, Some(closes))));
        story.now = closes.plus_micros(-1);
        story.given(bob, &vote(message, &[0]));
        story.now = closes;
        assert_eq!(story.when(bob, &vote(message, &[1])), Err(Rejection::PollClosed));
        assert_eq!(story.when(alice, &Command::ClosePoll { message }), Ok(vec![]));
    }

    #[test]
    fn what_is_no_poll_or_gone_or_elsewhere_or_archived_takes_no_vote() {
        let (mut story, [alice, bob, carol]) = scene();
        let plain = story.post(alice, "general", "Lunch?");
        assert_eq!(story.when(bob, &vote(plain, &[0])), Err(Rejection::NotAPoll));
        assert_eq!(
            story.when(alice, &Command::ClosePoll { message: plain }),
            Err(Rejection::NotAPoll)
        );
        let gone = story.post_wish(alice, lunch(false));
        story.given(bob, &vote(gone, &[0]));
        story.given(alice, &Command::DeleteMessage { message: gone });
        assert!(story.messages[&gone].votes.is_empty(), "the votes go with it");
        assert_eq!(story.when(bob, &vote(gone, &[0])), Err(Rejection::MessageDeleted));
        let to = channel("dm:alice:bob");
        let hidden = story.post_wish(alice, PostWish { channel: to, ..lunch(false) });
        assert_eq!(story.when(carol, &vote(hidden, &[0])), Err(Rejection::MessageNotFound));
        let message = story.post_wish(alice, lunch(false));
        let (channel, change) = (channel("general"), ChannelWish::Archived(true));
        story.given(alice, &Command::ChangeChannel { channel, change });
        assert_eq!(story.when(bob, &vote(message, &[0])), Err(Rejection::ChannelArchived));
    }

    #[test]
    fn a_poll_is_not_edited() {
        let (mut story, [alice, ..]) = scene();
        let message = story.post_wish(alice, lunch(false));
        let edit = Command::EditMessage { message, text: "Dinner?".to_owned() };
        assert!(matches!(story.when(alice, &edit), Err(Rejection::InvalidValue { .. })));
    }
}
