//! The greeting: a notice in the first public channel says that somebody new is here.

use crate::decide::Case;
use crate::event::Event;
use crate::ids::{Timestamp, UserId};
use crate::notice::{self, Notice};
use crate::workspace::{ChannelKind, Workspace};

/// New accounts that are greeted within [`RUSH_SECONDS`]; whoever comes after them comes in quietly.
///
/// When a whole company signs up at nine, the channel stays one in which people talk, and no bot has thousands of
/// notices to answer.
const GREETED_MAX: usize = 10;

const RUSH_SECONDS: i64 = 60;

/// Greets the account that is made now, unless there is nowhere to do it or too many are coming at once.
pub(crate) fn greeting(case: Case<'_>, user: UserId) -> Option<Event> {
    if is_rush(case.workspace, case.now) {
        return None;
    }
    // Everybody is in it, and ids rise with time.
    let first = case.workspace.channels.iter().find(|(_, channel)| {
        let is_public = matches!(channel.kind, ChannelKind::Public { .. });
        is_public && channel.is_default() && channel.archived_ts.is_none()
    });
    first.map(|(channel, _)| notice::posted(*channel, Notice::AccountCreated { user }))
}

fn is_rush(workspace: &Workspace, now: Timestamp) -> bool {
    let newest = workspace.users.values().rev().take(GREETED_MAX);
    let since = now.plus_micros(-RUSH_SECONDS * 1_000_000);
    newest.filter(|user| user.created_ts > since).count() == GREETED_MAX
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::command::{Actor, ChannelWish, Command};
    use crate::event::Attached;
    use crate::ids::{ChannelId, PasswordHash, Seq, TokenHash};
    use crate::testing::{Story, wish};

    /// Where somebody who comes now is greeted.
    fn greeted_in(story: &mut Story, name: &str, greet: bool) -> Option<ChannelId> {
        let command = Command::SignUp {
            name: wish::name(name),
            password_hash: PasswordHash::default(),
            token_hash: TokenHash(name.to_owned()),
            invite: None,
            greet,
        };
        let happened = story.when(Actor::Anonymous, &command).unwrap();
        let (user, _) = story.workspace.find_user(name).unwrap();
        happened.iter().find_map(|event| {
            let Event::MessagePosted(posting) = event else { return None };
            let notice = Attached::Notice(Notice::AccountCreated { user });
            assert_eq!(posting.attached.as_deref(), Some(&notice));
            Some(posting.channel)
        })
    }

    #[test]
    fn who_is_new_is_greeted_where_everybody_is_first() {
        let mut story = Story::new();
        let (first, second) = (wish::channel("general"), wish::channel("random"));
        assert_eq!(greeted_in(&mut story, "alice", true), None, "there is no channel yet");
        story.create_channel("general");
        story.create_channel("random");
        let general = Some(story.channel_id(&first));
        assert_eq!(greeted_in(&mut story, "bob", true), general);
        assert_eq!(greeted_in(&mut story, "carol", false), None, "nobody wishes it");
        let alice = Actor::User {
            user: UserId(Seq(1)),
            session: *story.workspace.sessions.keys().next().unwrap(),
        };
        let change = ChannelWish::Archived(true);
        story.given(alice, &Command::ChangeChannel { channel: first, change });
        let random = Some(story.channel_id(&second));
        assert_eq!(greeted_in(&mut story, "dora", true), random, "where somebody still writes");
    }

    #[test]
    fn in_a_rush_ten_are_greeted_in_a_minute_and_then_again() {
        let mut story = Story::new();
        story.create_channel("general");
        let greeted = |story: &mut Story, from: usize| {
            let names = (from..from + 15).map(|number| format!("guest{number}"));
            names.filter(|name| greeted_in(story, name, true).is_some()).count()
        };
        assert_eq!(greeted(&mut story, 0), 10);
        story.now = story.now.plus_micros(59_000_000);
        assert_eq!(greeted(&mut story, 100), 0, "the minute is not over");
        story.now = story.now.plus_micros(61_000_000);
        assert_eq!(greeted(&mut story, 200), 10);
    }
}
