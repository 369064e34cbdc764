//! Pins: messages that a channel keeps in view.

use crate::channel;
use crate::decide::{Case, Decision};
use crate::event::Event;
use crate::ids::{Seq, UserId};
use crate::message;
use crate::rejection::Rejection;

/// Pins of one channel; contract/http.md, 6.1. Deleted messages leave by themselves.
pub const PINS_MAX: usize = 50;

/// Pins, unpins or toggles (`on` is `None`); any member does.
pub(crate) fn pin(
    case: Case<'_>,
    user: UserId,
    id: Seq,
    on: Option<bool>,
) -> Result<Decision, Rejection> {
    let message = message::readable(case, user, id)?;
    if message.deleted {
        return Err(Rejection::MessageDeleted);
    }
    channel::is_open(case, message.channel)?;
    let pins = &case.workspace.channel(message.channel).pins;
    let is_on = pins.contains_key(&id);
    let on = on.unwrap_or(!is_on);
    if on == is_on && !case.facts.is_named {
        return Ok(Decision::nothing(user));
    }
    if on && !is_on && pins.len() >= PINS_MAX {
        return Err(Rejection::TooMany { what: "pins in a channel", max: PINS_MAX });
    }
    let channel = message.channel;
    Ok(Decision::new(user, vec![Event::MessagePinned { channel, message: id, on }]))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::command::{Actor, ChannelWish, Command};
    use crate::testing::Story;
    use crate::testing::wish::{channel, user_of};

    fn pin(message: Seq, on: Option<bool>) -> Command {
        Command::PinMessage { message, on }
    }

    fn scene() -> (Story, [Actor; 3]) {
        let mut story = Story::new();
        story.create_channel("general");
        let people = ["alice", "bob", "mallory"].map(|name| story.sign_up(name));
        (story, people)
    }

    fn pins(story: &Story) -> Vec<Seq> {
        let id = story.channel_id(&channel("general"));
        story.workspace.channel(id).pins.keys().copied().collect()
    }

    #[test]
    fn any_member_pins_and_unpins() {
        let (mut story, [alice, bob, _]) = scene();
        let message = story.post(alice, "general", "the rules");
        story.given(bob, &pin(message, None));
        let id = story.channel_id(&channel("general"));
        assert_eq!(story.workspace.channel(id).pins[&message].by, user_of(bob));
        assert_eq!(story.when(alice, &pin(message, Some(true))), Ok(vec![]), "it is pinned");
        story.given(alice, &pin(message, None));
        assert!(pins(&story).is_empty());
        assert_eq!(story.when(alice, &pin(message, Some(false))), Ok(vec![]), "it is not");
    }

    #[test]
    fn what_is_hidden_deleted_or_archived_is_not_pinned() {
        let (mut story, [alice, bob, mallory]) = scene();
        let hidden = story.post(alice, "dm:alice:bob", "psst");
        assert_eq!(story.when(mallory, &pin(hidden, None)), Err(Rejection::MessageNotFound));
        assert!(story.when(bob, &pin(hidden, None)).is_ok());
        let message = story.post(alice, "general", "oops");
        story.given(bob, &pin(message, None));
        story.given(alice, &Command::DeleteMessage { message });
        assert!(pins(&story).is_empty(), "it leaves by itself");
        assert_eq!(story.when(bob, &pin(message, None)), Err(Rejection::MessageDeleted));
        let late = story.post(alice, "general", "late");
        let (channel, change) = (channel("general"), ChannelWish::Archived(true));
        story.given(alice, &Command::ChangeChannel { channel, change });
        assert_eq!(story.when(bob, &pin(late, None)), Err(Rejection::ChannelArchived));
    }

    #[test]
    fn a_channel_has_fifty_pins_and_another_in_place_of_one() {
        let (mut story, [alice, ..]) = scene();
        let messages: Vec<_> =
            (0..=PINS_MAX).map(|_| story.post(alice, "general", "the rules")).collect();
        for message in &messages[1..] {
            story.given(alice, &pin(*message, None));
        }
        let full = Err(Rejection::TooMany { what: "pins in a channel", max: PINS_MAX });
        assert_eq!(story.when(alice, &pin(messages[0], None)), full);
        story.given(alice, &Command::DeleteMessage { message: messages[1] });
        assert!(story.when(alice, &pin(messages[0], None)).is_ok());
    }
}
