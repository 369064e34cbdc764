//! User groups: many people under one `@handle`, made by administrators.

use std::collections::BTreeSet;

use serde::{Deserialize, Serialize};

use crate::account;
use crate::channel::display_name;
use crate::command::Actor;
use crate::decide::{Case, Decision};
use crate::direct;
use crate::event::Event;
use crate::ids::{Seq, UserId, UserName};
use crate::rejection::Rejection;

/// Groups of a workspace; every screen holds them all.
pub const GROUPS_MAX: usize = 500;

/// A group as it is now.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[expect(missing_docs, reason = "fields named by the glossary; a retelling would say less")]
pub struct GroupSettings {
    /// What follows the `@`; never the name of a user, in any case.
    pub handle: UserName,
    pub name: String,
    pub members: BTreeSet<UserId>,
}

/// A group to be made (all fields) or changed (`None` stays).
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[expect(missing_docs, reason = "fields named by the glossary; a retelling would say less")]
pub struct GroupWish {
    pub handle: Option<UserName>,
    pub name: Option<String>,
    pub members: Option<Vec<UserName>>,
}

/// Makes a group, or changes one.
pub(crate) fn save(
    case: Case<'_>,
    actor: Actor,
    group: Option<Seq>,
    wish: &GroupWish,
) -> Result<Decision, Rejection> {
    let admin = account::administrator(case, actor)?;
    let before = match group {
        Some(id) => Some(case.workspace.groups.get(&id).ok_or(Rejection::GroupNotFound)?),
        None if case.workspace.groups.len() >= GROUPS_MAX => {
            return Err(Rejection::TooMany { what: "groups", max: GROUPS_MAX });
        }
        None => None,
    };
    let handle = wish.handle.clone().or_else(|| before.map(|before| before.handle.clone()));
    let handle = handle.ok_or_else(|| Rejection::invalid("handle", "it needs one"))?;
    if before.is_none_or(|before| before.handle != handle) {
        handle.may_be_taken()?;
    }
    let holder = case.workspace.find_group(handle.as_str()).map(|(id, _)| id);
    let is_user = case.workspace.find_user(handle.as_str()).is_some();
    if is_user || holder.is_some_and(|holder| Some(holder) != group) {
        return Err(Rejection::HandleTaken(handle));
    }
    let name = match (&wish.name, before) {
        (Some(name), _) => display_name(name)?,
        (None, Some(before)) => before.name.clone(),
        (None, None) => handle.to_string(),
    };
    let members = match (&wish.members, before) {
        (Some(names), _) => direct::accounts(case.workspace, names)?,
        (None, before) => before.map(|before| before.members.clone()).unwrap_or_default(),
    };
    // Whoever was deactivated while in the group may stay in it: a wish names all its members.
    let is_new = |user: &&UserId| before.is_none_or(|before| !before.members.contains(user));
    if members.iter().filter(is_new).any(|user| case.workspace.users[user].is_deactivated) {
        return Err(Rejection::AccountDeactivated);
    }
    let settings = GroupSettings { handle, name, members };
    if before.is_some_and(|before| **before == settings) && !case.facts.is_named {
        return Ok(Decision::nothing(admin));
    }
    let saved = group.and_then(|id| case.workspace.groups_saved.get(&id)).copied();
    Ok(Decision::superseding(admin, vec![Event::GroupSaved { group, settings }], saved))
}

/// Takes a group away; messages that named it keep naming its people.
pub(crate) fn delete(case: Case<'_>, actor: Actor, group: Seq) -> Result<Decision, Rejection> {
    let admin = account::administrator(case, actor)?;
    if !case.workspace.groups.contains_key(&group) {
        return Err(Rejection::GroupNotFound);
    }
    let saved = case.workspace.groups_saved.get(&group).copied();
    Ok(Decision::superseding(admin, vec![Event::GroupDeleted { group }], saved))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::command::Command;
    use crate::ids::{NameError, PasswordHash, TokenHash};
    use crate::role::AccountChange;
    use crate::testing::Story;
    use crate::testing::wish::{name, names, user_of};

    fn save(group: Option<Seq>, handle: Option<&str>, members: Option<&[&str]>) -> Command {
        let (handle, members) = (handle.map(name), members.map(names));
        Command::SaveGroup { group, wish: GroupWish { handle, name: None, members } }
    }

    fn scene() -> (Story, Actor, Actor) {
        let mut story = Story::new();
        let alice = story.sign_up("alice");
        let bob = story.sign_up("bob");
        (story, alice, bob)
    }

    #[test]
    fn a_word_that_people_use_for_everybody_names_no_group_and_no_user() {
        let (mut story, alice, _) = scene();
        for word in ["all", "ALL", "Channel"] {
            let reserved = Err(Rejection::Name(NameError::Reserved(word.to_owned())));
            assert_eq!(story.when(alice, &save(None, Some(word), Some(&[]))), reserved);
            let (name, invite) = (name(word), None);
            let (password_hash, token_hash) = (PasswordHash::default(), TokenHash(word.to_owned()));
            let sign_up = Command::SignUp { name, password_hash, token_hash, invite, greet: false };
            assert_eq!(story.when(Actor::Anonymous, &sign_up), reserved);
        }
        assert!(story.when(alice, &save(None, Some("all-hands"), Some(&[]))).is_ok());
    }

    #[test]
    fn administrators_make_change_and_delete_groups_and_nobody_else() {
        let (mut story, alice, bob) = scene();
        let group = story.given(alice, &save(None, Some("devs"), Some(&["bob"])))[0].seq;
        let commands = [save(Some(group), None, Some(&["alice"])), Command::DeleteGroup { group }];
        for command in &commands {
            assert_eq!(story.when(bob, command), Err(Rejection::NotAnAdministrator));
            assert!(story.when(alice, command).is_ok());
        }
        for command in &commands {
            assert_eq!(story.when(alice, command), Err(Rejection::GroupNotFound), "it is gone");
        }
    }

    #[test]
    fn a_workspace_has_five_hundred_groups() {
        let (mut story, alice, _) = scene();
        let mut made = Vec::new();
        for number in 0..GROUPS_MAX {
            let handle = format!("g{number}");
            made.push(story.given(alice, &save(None, Some(&handle), Some(&[])))[0].seq);
        }
        let more = save(None, Some("more"), Some(&[]));
        let full = Err(Rejection::TooMany { what: "groups", max: 500 });
        assert_eq!(story.when(alice, &more), full);
        assert!(story.when(alice, &save(Some(made[0]), Some("other"), None)).is_ok());
        story.given(alice, &Command::DeleteGroup { group: made[1] });
        assert!(story.when(alice, &more).is_ok());
    }

    #[test]
    fn a_deactivated_person_stays_in_a_group_and_comes_into_none() {
        let (mut story, alice, _) = scene();
        let group = story.given(alice, &save(None, Some("devs"), Some(&["bob"])))[0].seq;
        let change = AccountChange::Deactivated;
        story.given(alice, &Command::ChangeAccount { name: name("bob"), change });
        let refused = story.when(alice, &save(None, Some("ops"), Some(&["bob"])));
        assert_eq!(refused, Err(Rejection::AccountDeactivated));
        assert!(story.when(alice, &save(Some(group), None, Some(&["alice", "bob"]))).is_ok());
    }

    #[test]
    fn what_is_not_said_stays_as_it_is() {
        let (mut story, alice, bob) = scene();
        let group = story.given(alice, &save(None, Some("devs"), Some(&["bob"])))[0].seq;
        assert_eq!(story.workspace.groups[&group].name, "devs", "for want of a better one");
        let wish = GroupWish { name: Some("Developers".to_owned()), ..GroupWish::default() };
        story.given(alice, &Command::SaveGroup { group: Some(group), wish: wish.clone() });
        let members = [user_of(bob)].into();
        let expected = GroupSettings { handle: name("devs"), name: "Developers".into(), members };
        assert_eq!(*story.workspace.groups[&group], expected);
        let again = Command::SaveGroup { group: Some(group), wish };
        assert_eq!(story.when(alice, &again), Ok(vec![]));
        let nameless = story.when(alice, &save(None, None, Some(&["bob"])));
        assert!(matches!(nameless, Err(Rejection::InvalidValue { field: "handle", .. })));
        let unknown = story.when(alice, &save(Some(group), None, Some(&["bob", "zoe"])));
        assert_eq!(unknown, Err(Rejection::NoSuchUser(vec!["zoe".to_owned()])));
    }

    #[test]
    fn what_a_group_was_is_erased_when_it_is_something_else_or_gone() {
        let (mut story, alice, _) = scene();
        let mut run = |command: &Command| story.run(alice, None, command).unwrap();
        let made = run(&save(None, Some("devs"), Some(&["bob"])));
        let group = made.events[0].seq;
        let changed = run(&save(Some(group), None, Some(&[])));
        assert_eq!((made.redacted, &changed.redacted), (vec![], &vec![group]));
        let deleted = run(&Command::DeleteGroup { group });
        assert_eq!(deleted.redacted, [changed.events[0].seq]);
    }

    #[test]
    fn a_handle_means_one_group_and_no_user_in_any_case() {
        let (mut story, alice, _) = scene();
        let devs = story.given(alice, &save(None, Some("devs"), None))[0].seq;
        for taken in ["Devs", "BOB"] {
            let refused = story.when(alice, &save(None, Some(taken), None));
            assert_eq!(refused, Err(Rejection::HandleTaken(name(taken))));
        }
        assert!(story.when(alice, &save(Some(devs), Some("DEVS"), None)).is_ok(), "its own");
        story.given(alice, &save(Some(devs), Some("coders"), None));
        assert!(story.workspace.find_group("devs").is_none());
        assert!(story.when(alice, &save(None, Some("devs"), None)).is_ok(), "it is free again");
        story.given(alice, &Command::DeleteGroup { group: devs });
        story.sign_up("coders");
    }

    #[test]
    fn nobody_signs_up_under_the_handle_of_a_group() {
        let (mut story, alice, _) = scene();
        story.given(alice, &save(None, Some("devs"), None));
        let sign_up = Command::SignUp {
            name: name("DEVS"),
            password_hash: crate::PasswordHash::default(),
            token_hash: crate::TokenHash("t".to_owned()),
            invite: None,
            greet: false,
        };
        let refused = story.when(Actor::Anonymous, &sign_up);
        assert_eq!(refused, Err(Rejection::NameTaken(name("DEVS"))));
    }
}
