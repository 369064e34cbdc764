//! Accounts: who is asking, signing up, logging in and out, passwords and locks.
//!
//! Passwords arrive verified or hashed; `verified_against` names the `password_set` event that they were verified
//! against, so that a verification that another password has overtaken counts for nothing.

use crate::command::Actor;
use crate::decide::{Case, Decision};
use crate::event::Event;
use crate::ids::{PasswordHash, Seq, SessionId, Timestamp, TokenHash, UserId, UserName};
use crate::rejection::Rejection;
use crate::workspace::{Session, User};

/// How long a session lasts from its opening: 30 days.
pub const SESSION_SECONDS: i64 = 30 * 24 * 60 * 60;

/// Sessions of one account; a log-in beyond it closes the oldest, so that a script that logs in for every call cannot
/// fill the memory.
pub const SESSIONS_MAX: usize = 50;

impl Session {
    /// Whether it lasts no longer; the sweep that closes it may not have come by yet.
    pub fn has_expired(&self, now: Timestamp) -> bool {
        now >= self.opened_ts.plus_micros(SESSION_SECONDS * 1_000_000)
    }
}

/// The user of a session that holds.
pub(crate) fn logged_in(case: Case<'_>, actor: Actor) -> Result<UserId, Rejection> {
    open_session(case, actor).map(|(user, _)| user)
}

/// The user behind a session that holds, when that is an administrator.
pub(crate) fn administrator(case: Case<'_>, actor: Actor) -> Result<UserId, Rejection> {
    let user = logged_in(case, actor)?;
    let is_admin = case.workspace.users.get(&user).is_some_and(|user| user.is_admin);
    if is_admin { Ok(user) } else { Err(Rejection::NotAnAdministrator) }
}

/// Refuses everybody but the server itself.
pub(crate) fn system_only(actor: Actor) -> Result<(), Rejection> {
    match actor {
        Actor::System => Ok(()),
        Actor::Anonymous => Err(Rejection::NotLoggedIn),
        Actor::User { .. } => Err(Rejection::NotAnAdministrator),
    }
}

/// Refuses everybody but those who have no session yet.
pub(crate) fn at_the_door(actor: Actor) -> Result<(), Rejection> {
    match actor {
        Actor::Anonymous => Ok(()),
        Actor::System | Actor::User { .. } => Err(Rejection::NotLoggedIn),
    }
}

/// The first account ever becomes administrator.
pub(crate) fn sign_up(
    case: Case<'_>,
    name: &UserName,
    password_hash: &PasswordHash,
    token_hash: &TokenHash,
) -> Result<Decision, Rejection> {
    if case.workspace.find_user(name.as_str()).is_some() {
        return Err(Rejection::NameTaken(name.clone()));
    }
    let user = UserId(case.next_seq);
    let is_admin = case.workspace.users.is_empty();
    let events = vec![
        Event::AccountCreated { name: name.clone(), is_admin },
        Event::PasswordSet { user, password_hash: password_hash.clone() },
        Event::SessionOpened { user, token_hash: token_hash.clone() },
    ];
    Ok(Decision::new(user, events))
}

pub(crate) fn log_in(
    case: Case<'_>,
    user: UserId,
    verified_against: Seq,
    token_hash: &TokenHash,
) -> Result<Decision, Rejection> {
    let account = verified(case, user, verified_against)?;
    if let Some(until) = account.locked_until.filter(|until| case.now < *until) {
        return Err(Rejection::AccountLocked { until });
    }
    let excess = (account.sessions.len() + 1).saturating_sub(SESSIONS_MAX);
    let mut events = vec![Event::SessionOpened { user, token_hash: token_hash.clone() }];
    events.extend(account.sessions.iter().take(excess).map(|session| closed(user, *session)));
    Ok(Decision::new(user, events))
}

pub(crate) fn log_out(case: Case<'_>, actor: Actor) -> Result<Decision, Rejection> {
    let (user, session) = open_session(case, actor)?;
    Ok(Decision::new(user, vec![closed(user, session)]))
}

/// Closing a session that is gone, or that has not expired, is no event.
pub(crate) fn expire_session(case: Case<'_>, session: SessionId) -> Decision {
    let expired = case.workspace.sessions.get(&session).filter(|s| s.has_expired(case.now));
    let events = expired.map(|open| closed(open.user, session)).into_iter().collect();
    Decision::new(UserId::SYSTEM, events)
}

/// Who knew the old password may have been somebody else: all other sessions end.
pub(crate) fn change_password(
    case: Case<'_>,
    actor: Actor,
    verified_against: Seq,
    password_hash: &PasswordHash,
) -> Result<Decision, Rejection> {
    let (user, own_session) = open_session(case, actor)?;
    let account = verified(case, user, verified_against)?;
    let mut events = vec![Event::PasswordSet { user, password_hash: password_hash.clone() }];
    let others = account.sessions.iter().filter(|session| **session != own_session);
    events.extend(others.map(|session| closed(user, *session)));
    Ok(Decision { actor: user, events, redacts: vec![account.password_set] })
}

pub(crate) fn upgrade_password_hash(
    case: Case<'_>,
    user: UserId,
    verified_against: Seq,
    password_hash: &PasswordHash,
) -> Result<Decision, Rejection> {
    let account = verified(case, user, verified_against)?;
    let events = vec![Event::PasswordSet { user, password_hash: password_hash.clone() }];
    Ok(Decision { actor: UserId::SYSTEM, events, redacts: vec![account.password_set] })
}

pub(crate) fn lock(case: Case<'_>, user: UserId, until: Timestamp) -> Result<Decision, Rejection> {
    let account = case
        .workspace
        .users
        .get(&user)
        .ok_or_else(|| Rejection::NoSuchUser(vec![user.0.to_string()]))?;
    if account.locked_until == Some(until) {
        return Ok(Decision::nothing(UserId::SYSTEM));
    }
    Ok(Decision::new(UserId::SYSTEM, vec![Event::AccountLocked { user, until }]))
}

/// The account whose password is still the one that was verified.
fn verified(case: Case<'_>, user: UserId, verified_against: Seq) -> Result<&User, Rejection> {
    case.workspace
        .users
        .get(&user)
        .filter(|account| account.password_set == verified_against)
        .ok_or(Rejection::PasswordChangedMeanwhile)
}

fn open_session(case: Case<'_>, actor: Actor) -> Result<(UserId, SessionId), Rejection> {
    let Actor::User { user, session } = actor else { return Err(Rejection::NotLoggedIn) };
    case.workspace
        .sessions
        .get(&session)
        .filter(|open| open.user == user && !open.has_expired(case.now))
        .map(|_| (user, session))
        .ok_or(Rejection::NotLoggedIn)
}

fn closed(user: UserId, session: SessionId) -> Event {
    Event::SessionClosed { user, session }
}
