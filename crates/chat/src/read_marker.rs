//! Read markers: how far a person has read in a channel. They may go back, to mark something unread again.

use crate::channel::Place;
use crate::decide::{Case, Decision};
use crate::event::Event;
use crate::ids::{ChannelName, Seq, UserId};
use crate::message;
use crate::rejection::Rejection;
use crate::thread;
use crate::workspace::ReadMarker;

/// Moves the marker of `user` to a message of the channel, or to its newest. Where there is no message there is no event.
pub(crate) fn mark_read(
    case: Case<'_>,
    user: UserId,
    name: &ChannelName,
    up_to: Option<Seq>,
) -> Result<Decision, Rejection> {
    let Place::Open(id) = Place::find(case.workspace, user, name)? else {
        return match up_to {
            Some(_) => Err(Rejection::MessageNotFound),
            None => Ok(Decision::nothing(user)),
        };
    };
    let channel = case.workspace.channel(id);
    let target = match up_to {
        None => channel.newest.zip(channel.newest_ts),
        Some(message) => {
            let found = message::readable(case, user, message)?;
            if found.channel != id {
                return Err(Rejection::MessageNotFound);
            }
            Some((found.id, found.ts))
        }
    };
    let Some((up_to, up_to_ts)) = target else { return Ok(Decision::nothing(user)) };
    if channel.markers.get(&user) == Some(&ReadMarker { up_to, ts: up_to_ts }) {
        return Ok(Decision::nothing(user));
    }
    Ok(Decision::new(user, vec![Event::ChannelRead { channel: id, up_to, up_to_ts }]))
}

/// Moves the marker back to just before a message, never forward: the thread's of a reply that is only there, or the
/// channel's.
pub(crate) fn mark_unread(case: Case<'_>, user: UserId, id: Seq) -> Result<Decision, Rejection> {
    let message = message::readable(case, user, id)?;
    if !message.in_timeline {
        return thread::mark_unread(case, user, message);
    }
    let channel = message.channel;
    let read_up_to = case.workspace.read_up_to(user, channel);
    let event = if id <= read_up_to {
        let (up_to, up_to_ts) = (Seq(id.0.saturating_sub(1)), message.ts.plus_micros(-1));
        Event::ChannelRead { channel, up_to, up_to_ts }
    } else if case.facts.is_named {
        // It is unread already: the marker stays where it is, and the event remembers the name of the wish.
        let found = case.workspace.channel(channel);
        let up_to_ts = found.markers.get(&user).map_or(found.created_ts, |marker| marker.ts);
        Event::ChannelRead { channel, up_to: read_up_to, up_to_ts }
    } else {
        return Ok(Decision::nothing(user));
    };
    Ok(Decision::new(user, vec![event]))
}

/// Moves the markers of all channels in which something newer stands.
pub(crate) fn mark_all_read(case: Case<'_>, user: UserId) -> Decision {
    let marked = case.workspace.channels_of(user).into_iter().filter_map(|id| {
        let channel = case.workspace.channel(id);
        let (up_to, up_to_ts) = channel.newest.zip(channel.newest_ts)?;
        let is_newer = up_to > case.workspace.read_up_to(user, id);
        is_newer.then_some(Event::ChannelRead { channel: id, up_to, up_to_ts })
    });
    Decision::new(user, marked.collect())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::command::{Actor, Command};
    use crate::ids::ClientMsgId;
    use crate::testing::Story;

    fn mark(channel: &str, up_to: Option<Seq>) -> Command {
        Command::MarkRead { channel: ChannelName::parse(channel).unwrap(), up_to }
    }

    fn scene() -> (Story, Actor, Actor) {
        let mut story = Story::new();
        story.create_channel("general");
        story.create_channel("random");
        let alice = story.sign_up("alice");
        let bob = story.sign_up("bob");
        (story, alice, bob)
    }

    #[test]
    fn without_a_message_id_the_marker_goes_to_the_newest() {
        let (mut story, alice, bob) = scene();
        story.post(alice, "general", "one");
        let newest = story.post(alice, "general", "two");
        story.post(alice, "random", "elsewhere");
        let happened = story.when(bob, &mark("general", None)).unwrap();
        let channel = story.messages[&newest].channel;
        let up_to_ts = story.messages[&newest].ts;
        assert_eq!(happened, [Event::ChannelRead { channel, up_to: newest, up_to_ts }]);
    }

    #[test]
    fn the_marker_may_go_back_and_where_it_is_already_it_makes_no_event() {
        let (mut story, alice, bob) = scene();
        let Actor::User { user, .. } = bob else { panic!("bob signed up") };
        let first = story.post(alice, "general", "one");
        let second = story.post(alice, "general", "two");
        let channel = story.messages[&first].channel;
        story.given(bob, &mark("general", Some(second)));
        assert_eq!(story.workspace.read_up_to(user, channel), second);
        story.given(bob, &mark("general", Some(first)));
        assert_eq!(story.workspace.read_up_to(user, channel), first);
        assert_eq!(story.when(bob, &mark("general", Some(first))), Ok(vec![]));
    }

    #[test]
    fn where_there_is_no_message_there_is_no_event() {
        let (mut story, alice, _) = scene();
        assert_eq!(story.when(alice, &mark("general", None)), Ok(vec![]));
        assert_eq!(story.when(alice, &mark("dm:alice:bob", None)), Ok(vec![]), "not opened yet");
    }

    #[test]
    fn a_marker_stands_on_a_message_of_its_channel() {
        let (mut story, alice, bob) = scene();
        let elsewhere = story.post(alice, "random", "elsewhere");
        let not_found = Err(Rejection::MessageNotFound);
        assert_eq!(story.when(bob, &mark("general", Some(elsewhere))), not_found);
        assert_eq!(story.when(bob, &mark("general", Some(Seq(999)))), not_found);
        assert_eq!(story.when(bob, &mark("dm:alice:bob", Some(elsewhere))), not_found);
        assert!(story.when(bob, &mark("random", Some(elsewhere))).is_ok());
    }

    #[test]
    fn mallory_has_no_marker_where_she_may_not_read() {
        let (mut story, alice, bob) = scene();
        let mallory = story.sign_up("mallory");
        story.post(alice, "dm:alice:bob", "psst");
        let read = mark("dm:alice:bob", None);
        assert_eq!(story.when(mallory, &read), Err(Rejection::NotAMember));
        assert_eq!(story.when(bob, &read).unwrap().len(), 1);
    }

    #[test]
    fn posting_does_not_move_ones_own_marker() {
        let (mut story, alice, _) = scene();
        let Actor::User { user, .. } = alice else { panic!("alice signed up") };
        let message = story.post(alice, "general", "one");
        let channel = story.messages[&message].channel;
        assert!(story.workspace.read_up_to(user, channel) < message);
    }

    #[test]
    fn a_message_is_unread_again_from_just_before_it() {
        let (mut story, alice, bob) = scene();
        let Actor::User { user, .. } = bob else { panic!("bob signed up") };
        let first = story.post(alice, "general", "one");
        let second = story.post(alice, "general", "two");
        story.given(bob, &mark("general", None));
        story.given(bob, &Command::MarkUnread { message: second });
        let channel = story.messages[&first].channel;
        let up_to = story.workspace.read_up_to(user, channel);
        assert!(first <= up_to && up_to < second);
        let mallory = story.sign_up("mallory");
        let hidden = story.post(alice, "dm:alice:bob", "psst");
        let unread = Command::MarkUnread { message: hidden };
        assert_eq!(story.when(mallory, &unread), Err(Rejection::MessageNotFound));
    }

    #[test]
    fn a_reply_beside_the_channel_is_unread_in_its_thread() {
        let (mut story, alice, bob) = scene();
        let root = story.post(bob, "general", "who is in?");
        let reply = story.reply(alice, root, "me");
        let channel = story.messages[&root].channel;
        let unread = Command::MarkUnread { message: reply };
        let happened = story.when(bob, &unread);
        assert_eq!(happened, Ok(vec![Event::ThreadUnread { channel, root, from: reply }]));
        let carol = story.sign_up("carol");
        assert_eq!(story.when(carol, &unread), Ok(vec![]), "who does not follow has no marker");
    }

    #[test]
    fn what_was_said_before_a_person_came_is_read_until_they_say_otherwise() {
        let (mut story, alice, bob) = scene();
        let Actor::User { user, .. } = bob else { panic!("bob signed up") };
        let lunch = story.create_joined(alice, "lunch");
        let first = story.post(alice, "lunch", "soup?");
        let second = story.post(alice, "lunch", "bread?");
        story.given(bob, &Command::JoinChannel { channel: lunch.clone() });
        let id = story.channel_id(&lunch);
        assert!(story.workspace.read_up_to(user, id) > second);
        story.given(bob, &Command::MarkUnread { message: second });
        let up_to = story.workspace.read_up_to(user, id);
        assert!(first <= up_to && up_to < second);
        story.given(bob, &Command::LeaveChannel { channel: lunch.clone() });
        story.given(bob, &Command::JoinChannel { channel: lunch });
        assert!(story.workspace.read_up_to(user, id) > second, "a new membership begins anew");
    }

    #[test]
    fn what_is_unread_already_stays_so_and_a_named_wish_is_remembered() {
        let (mut story, alice, bob) = scene();
        let Actor::User { user, .. } = bob else { panic!("bob signed up") };
        let first = story.post(alice, "general", "one");
        let second = story.post(alice, "general", "two");
        let channel = story.messages[&first].channel;
        let unread = Command::MarkUnread { message: second };
        assert_eq!(story.when(bob, &unread), Ok(vec![]));
        story.given(bob, &mark("general", Some(first)));
        let marker = story.workspace.channel(channel).markers[&user];
        let id = ClientMsgId::parse("again").unwrap();
        let batch = story.run(bob, Some(id), &unread).unwrap();
        assert_eq!(batch.events.len(), 1);
        assert_eq!(story.workspace.channel(channel).markers[&user], marker);
    }

    #[test]
    fn all_channels_are_read_where_something_newer_stands() {
        let (mut story, alice, bob) = scene();
        story.post(alice, "general", "one");
        story.post(alice, "random", "two");
        let plans = story.create_private(alice, &[]);
        story.post(alice, &plans, "not for bob");
        assert_eq!(story.when(bob, &Command::MarkAllRead).unwrap().len(), 2);
        assert_eq!(story.when(bob, &Command::MarkAllRead), Ok(vec![]), "nothing is newer");
        story.post(alice, "dm:alice:bob", "psst");
        assert_eq!(story.when(bob, &Command::MarkAllRead).unwrap().len(), 1);
    }
}
