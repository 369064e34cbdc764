//! Direct channels: a fixed set of people, one channel per set; of one person alone for notes to oneself.

use std::collections::BTreeSet;

use crate::channel::Place;
use crate::decide::{Case, Decision};
use crate::event::{ChannelOrigin, Event};
use crate::ids::{UserId, UserName};
use crate::personal::PersonalChange;
use crate::quota;
use crate::rejection::Rejection;
use crate::workspace::Workspace;

/// Members of one direct channel. Beyond it a public channel is the better place: every name stands in the channel's
/// own name.
pub const DIRECT_MEMBERS_MAX: usize = 50;

/// Opens the direct channel among `user` and the people named; an open one stays as it is, and is listed again if
/// `user` had closed it.
pub(crate) fn open(
    case: Case<'_>,
    user: UserId,
    names: &[UserName],
) -> Result<Decision, Rejection> {
    let mut members = accounts(case.workspace, names)?;
    members.insert(user);
    let events = match place(case.workspace, members)? {
        Place::Open(channel) if case.workspace.is_hidden(user, channel) => {
            let change = PersonalChange::DirectHidden { channel, on: false };
            vec![Event::PersonalChanged { change }]
        }
        Place::Open(_) => Vec::new(),
        Place::Unopened(members) => {
            may_open(case, user, &members)?;
            vec![opened(members)]
        }
    };
    Ok(Decision::new(user, events))
}

/// The direct channel of exactly these people. Who is not among them learns nothing, not even who has an account.
pub(crate) fn find(
    workspace: &Workspace,
    user: UserId,
    names: &[UserName],
) -> Result<Place, Rejection> {
    let own_name = workspace.user_name(user);
    if !names.iter().any(|name| name.as_str().eq_ignore_ascii_case(own_name)) {
        return Err(Rejection::NotAMember);
    }
    place(workspace, accounts(workspace, names)?)
}

/// Refuses another channel of three people and more to who has opened enough, or with people who are in enough.
pub(crate) fn may_open(
    case: Case<'_>,
    user: UserId,
    members: &BTreeSet<UserId>,
) -> Result<(), Rejection> {
    if members.len() < 3 {
        return Ok(());
    }
    quota::may_make(case, user, quota::Kind::Direct)?;
    quota::may_put(case, user, members)
}

/// The event that opens a channel among `members`.
pub(crate) fn opened(members: BTreeSet<UserId>) -> Event {
    Event::ChannelCreated { origin: ChannelOrigin::Direct { members } }
}

/// Refuses words that nobody would read: all the others were deactivated.
pub(crate) fn is_answered(
    case: Case<'_>,
    user: UserId,
    members: &BTreeSet<UserId>,
) -> Result<(), Rejection> {
    let is_gone =
        |member: &UserId| case.workspace.users.get(member).is_none_or(|it| it.is_deactivated);
    let mut others = members.iter().filter(|member| **member != user).peekable();
    if others.peek().is_some() && others.all(is_gone) {
        return Err(Rejection::AccountDeactivated);
    }
    Ok(())
}

fn place(workspace: &Workspace, members: BTreeSet<UserId>) -> Result<Place, Rejection> {
    if !(1..=DIRECT_MEMBERS_MAX).contains(&members.len()) {
        return Err(Rejection::DirectMembers { members_max: DIRECT_MEMBERS_MAX });
    }
    Ok(match workspace.direct_ids.get(&members) {
        Some(channel) => Place::Open(*channel),
        None => Place::Unopened(members),
    })
}

pub(crate) fn accounts(
    workspace: &Workspace,
    names: &[UserName],
) -> Result<BTreeSet<UserId>, Rejection> {
    let mut found = BTreeSet::new();
    let mut unknown = BTreeSet::new();
    for name in names {
        match workspace.find_user(name.as_str()) {
            Some((user, _)) => {
                found.insert(user);
            }
            None => {
                unknown.insert(name.to_string());
            }
        }
    }
    if unknown.is_empty() {
        Ok(found)
    } else {
        Err(Rejection::NoSuchUser(unknown.into_iter().collect()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::command::{Actor, Command};
    use crate::event::{EventKind, Posting};
    use crate::ids::ChannelId;
    use crate::personal::PersonalWish;
    use crate::testing::{Story, wish};

    fn open_with(names: &[&str]) -> Command {
        let names = names.iter().map(|name| UserName::parse(name).unwrap()).collect();
        Command::OpenDirect { names }
    }

    fn post_to(channel: &str) -> Command {
        wish::post(channel, "psst")
    }

    fn members(actors: &[Actor]) -> BTreeSet<UserId> {
        let user = |actor: &Actor| match actor {
            Actor::User { user, .. } => *user,
            Actor::System | Actor::Anonymous => panic!("not a person"),
        };
        actors.iter().map(user).collect()
    }

    #[test]
    fn a_set_of_people_has_one_channel_whatever_the_order_and_case() {
        let mut story = Story::new();
        let alice = story.sign_up("alice");
        let bob = story.sign_up("bob");
        let happened = story.when(alice, &open_with(&["bob"])).unwrap();
        assert_eq!(happened, [opened(members(&[alice, bob]))]);
        let change = PersonalChange::DirectHidden {
            channel: story.channel_id(&wish::channel("dm:alice:bob")),
            on: false,
        };
        let listed = Ok(vec![Event::PersonalChanged { change }]);
        assert_eq!(story.when(bob, &open_with(&["alice"])), listed, "for him too");
        for names in [&["alice"][..], &["BOB", "alice"], &["Alice", "alice"]] {
            assert_eq!(story.when(bob, &open_with(names)), Ok(vec![]), "{names:?}");
        }
        story.given(bob, &post_to("dm:BOB:alice"));
        assert_eq!(story.workspace.channels.len(), 1);
    }

    #[test]
    fn opening_a_closed_channel_lists_it_again() {
        let mut story = Story::new();
        let alice = story.sign_up("alice");
        let bob = story.sign_up("bob");
        let channel = ChannelId(story.given(alice, &open_with(&["bob"]))[0].seq);
        let name = wish::channel("dm:alice:bob");
        story.given(alice, &post_to("dm:alice:bob"));
        let hide = PersonalWish::HideDirect { channel: name, on: true };
        story.given(alice, &Command::ChangePersonal(hide));
        assert_eq!(story.when(bob, &open_with(&["alice"])), Ok(vec![]), "he never closed it");
        let change = PersonalChange::DirectHidden { channel, on: false };
        let listed = vec![Event::PersonalChanged { change }];
        assert_eq!(story.when(alice, &open_with(&["bob"])), Ok(listed));
    }

    #[test]
    fn the_first_message_opens_the_channel() {
        let mut story = Story::new();
        let alice = story.sign_up("alice");
        let bob = story.sign_up("bob");
        let channel = ChannelId(story.workspace.head.next());
        let posted = Event::MessagePosted(Posting::text(channel, "psst".to_owned()));
        let happened = story.when(alice, &post_to("dm:alice:bob")).unwrap();
        assert_eq!(happened, [opened(members(&[alice, bob])), posted]);
        assert_eq!(story.when(bob, &post_to("dm:alice:bob")).unwrap().len(), 1);
    }

    #[test]
    fn three_people_are_another_channel_than_two_of_them() {
        let mut story = Story::new();
        let alice = story.sign_up("alice");
        story.sign_up("bob");
        story.sign_up("carol");
        story.given(alice, &post_to("dm:alice:bob"));
        story.given(alice, &post_to("dm:alice:bob:carol"));
        assert_eq!(story.workspace.channels.len(), 2);
    }

    #[test]
    fn mallory_is_refused_alike_whether_the_others_talk_exist_or_not() {
        let mut story = Story::new();
        let alice = story.sign_up("alice");
        story.sign_up("bob");
        let mallory = story.sign_up("mallory");
        story.given(alice, &post_to("dm:alice:bob"));
        for channel in ["dm:alice:bob", "dm:alice:nobody", "dm:this:that"] {
            assert_eq!(story.when(mallory, &post_to(channel)), Err(Rejection::NotAMember));
        }
    }

    #[test]
    fn names_without_an_account_are_listed_once_each() {
        let mut story = Story::new();
        let alice = story.sign_up("alice");
        let nobody = Rejection::NoSuchUser(vec!["carol".to_owned(), "zoe".to_owned()]);
        let open = open_with(&["zoe", "carol", "zoe"]);
        assert_eq!(story.when(alice, &open), Err(nobody.clone()));
        assert_eq!(story.when(alice, &post_to("dm:zoe:alice:carol")), Err(nobody));
    }

    #[test]
    fn a_direct_channel_of_one_is_for_notes_to_oneself() {
        let mut story = Story::new();
        let alice = story.sign_up("alice");
        let mallory = story.sign_up("mallory");
        let happened = story.when(alice, &open_with(&[])).unwrap();
        assert_eq!(happened, [opened(members(&[alice]))]);
        assert_eq!(story.when(alice, &open_with(&["alice"])), Ok(vec![]), "it is the same");
        assert_eq!(story.when(alice, &post_to("dm:alice:Alice")).unwrap().len(), 1);
        assert_eq!(story.when(mallory, &post_to("dm:alice")), Err(Rejection::NotAMember));
    }

    #[test]
    fn fifty_people_share_a_direct_channel_and_fifty_one_do_not() {
        let mut story = Story::new();
        let alice = story.sign_up("alice");
        let names: Vec<String> = (1..=50).map(|number| format!("guest{number}")).collect();
        for name in &names {
            story.sign_up(name);
        }
        let names: Vec<&str> = names.iter().map(String::as_str).collect();
        let refused = Err(Rejection::DirectMembers { members_max: DIRECT_MEMBERS_MAX });
        assert_eq!(story.when(alice, &open_with(&names)), refused);
        let happened = story.given(alice, &open_with(&names[1..]));
        assert_eq!(happened[0].kind, EventKind::ChannelCreated);
    }
}
