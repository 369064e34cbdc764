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
        (Some(names), _) => direct::accounts(case, names)?,
        (None, before) => before.map(|before| before.members.clone()).unwrap_or_default(),
    };
    let settings = GroupSettings { handle, name, members };
    if before.is_some_and(|before| **before == settings) && !case.facts.is_named {
        return Ok(Decision::nothing(admin));
    }
    Ok(Decision::new(admin, vec![Event::GroupSaved { group, settings }]))
}

/// Takes a group away; messages that named it keep naming its people.
pub(crate) fn delete(case: Case<'_>, actor: Actor, group: Seq) -> Result<Decision, Rejection> {
    let admin = account::administrator(case, actor)?;
    if !case.workspace.groups.contains_key(&group) {
        return Err(Rejection::GroupNotFound);
    }
    Ok(Decision::new(admin, vec![Event::GroupDeleted { group }]))
}
