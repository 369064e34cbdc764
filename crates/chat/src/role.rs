//! Roles: administrators, members, deactivated accounts.

use serde::{Deserialize, Serialize};

use crate::account;
use crate::command::Actor;
use crate::decide::{Case, Decision};
use crate::event::Event;
use crate::ids::{UserId, UserName};
use crate::rejection::Rejection;

/// What happened to an account.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[expect(missing_docs, reason = "fields named by the glossary; a retelling would say less")]
pub enum AccountChange {
    Role { is_admin: bool },
    Deactivated,
    Reactivated,
}

/// Changes somebody's role. Whoever goes is logged out everywhere; the last administrator cannot go.
pub(crate) fn change(
    case: Case<'_>,
    actor: Actor,
    name: &UserName,
    change: &AccountChange,
) -> Result<Decision, Rejection> {
    let by = match actor {
        Actor::System => UserId::SYSTEM,
        Actor::Anonymous | Actor::User { .. } => account::administrator(case, actor)?,
    };
    let found = case.workspace.find_user(name.as_str());
    let (user, found) = found.ok_or_else(|| Rejection::NoSuchUser(vec![name.to_string()]))?;
    let (is_so_already, loses_an_administrator) = match change {
        AccountChange::Role { is_admin } => {
            (found.is_admin == *is_admin, found.is_admin && !is_admin && !found.is_deactivated)
        }
        AccountChange::Deactivated => (found.is_deactivated, found.is_admin),
        AccountChange::Reactivated => (!found.is_deactivated, false),
    };
    if is_so_already && !case.facts.is_named {
        return Ok(Decision::nothing(by));
    }
    if loses_an_administrator && !is_so_already && !has_other_administrators(case, user) {
        return Err(Rejection::LastAdministrator);
    }
    let mut events = vec![Event::AccountChanged { user, change: change.clone() }];
    if *change == AccountChange::Deactivated {
        let sessions = found.sessions.iter();
        events.extend(sessions.map(|session| Event::SessionClosed { user, session: *session }));
    }
    Ok(Decision::new(by, events))
}

fn has_other_administrators(case: Case<'_>, user: UserId) -> bool {
    let mut others = case.workspace.users.iter().filter(|(id, _)| **id != user);
    others.any(|(_, other)| other.is_admin && !other.is_deactivated)
}
