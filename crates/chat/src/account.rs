//! Accounts: who is asking, signing up, logging in and out, passwords and locks. What a session is stands in `session`.
//!
//! Passwords arrive verified or hashed; `verified_against` names the `password_set` event that they were verified
//! against, so that a verification that another password has overtaken counts for nothing.

use crate::command::Actor;
use crate::decide::{Case, Decision};
use crate::event::Event;
use crate::greeting::greeting;
use crate::ids::{PasswordHash, Seq, SessionId, Timestamp, TokenHash, UserId, UserName};
use crate::invite;
use crate::password_reset;
use crate::rejection::Rejection;
use crate::session::{self, SESSIONS_MAX, SessionEnd};
use crate::settings::SignupMode;
use crate::workspace::{User, Workspace};

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

/// An administrator, or the server itself.
pub(crate) fn administrator_or_system(case: Case<'_>, actor: Actor) -> Result<UserId, Rejection> {
    match actor {
        Actor::System => Ok(UserId::SYSTEM),
        Actor::Anonymous | Actor::User { .. } => administrator(case, actor),
    }
}

/// The account of this name, whatever its case.
pub(crate) fn named<'a>(case: Case<'a>, name: &UserName) -> Result<(UserId, &'a User), Rejection> {
    let found = case.workspace.find_user(name.as_str());
    found.ok_or_else(|| Rejection::NoSuchUser(vec![name.to_string()]))
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
    invite: Option<&TokenHash>,
    greet: bool,
) -> Result<Decision, Rejection> {
    let is_first = case.workspace.users.is_empty();
    name.may_be_account()?;
    let invite = admitted(case.workspace, invite, case.now)?;
    let is_group = case.workspace.find_group(name.as_str()).is_some();
    if is_group || case.workspace.find_user(name.as_str()).is_some() {
        return Err(Rejection::NameTaken(name.clone()));
    }
    let user = UserId(case.next_seq);
    let mut events = vec![
        Event::AccountCreated { name: name.clone(), is_admin: is_first, invite },
        Event::PasswordSet { user, password_hash: password_hash.clone() },
        Event::SessionOpened { user, token_hash: token_hash.clone() },
    ];
    events.extend(greet.then(|| greeting(case, user)).flatten());
    Ok(Decision::new(user, events))
}

/// Whether somebody may sign up now, and the invite that is used up a little by it. An open door asks for none, and
/// the first account needs none.
pub fn admitted(
    workspace: &Workspace,
    invite: Option<&TokenHash>,
    now: Timestamp,
) -> Result<Option<Seq>, Rejection> {
    if workspace.users.is_empty() {
        return Ok(None);
    }
    let holding = invite.map(|token_hash| invite::admitting(workspace, token_hash, now));
    match workspace.settings.signup {
        SignupMode::Open => Ok(holding.and_then(Result::ok)),
        SignupMode::Invite => holding.unwrap_or(Err(Rejection::InviteInvalid)).map(Some),
        SignupMode::Closed => Err(Rejection::SignupClosed),
    }
}

pub(crate) fn log_in(
    case: Case<'_>,
    user: UserId,
    verified_against: Seq,
    token_hash: &TokenHash,
) -> Result<Decision, Rejection> {
    let account = verified(case, user, verified_against)?;
    if account.is_deactivated {
        return Err(Rejection::AccountDeactivated);
    }
    if let Some(until) = account.locked_until.filter(|until| case.now < *until) {
        return Err(Rejection::AccountLocked { until });
    }
    let excess = (account.sessions.len() + 1).saturating_sub(SESSIONS_MAX);
    let opened = vec![Event::SessionOpened { user, token_hash: token_hash.clone() }];
    let oldest = account.sessions.iter().take(excess).copied();
    Ok(session::close(case, user, oldest, SessionEnd::Displaced, Decision::new(user, opened)))
}

pub(crate) fn log_out(case: Case<'_>, actor: Actor) -> Result<Decision, Rejection> {
    let (user, session) = open_session(case, actor)?;
    let end = SessionEnd::LoggedOut;
    Ok(session::close(case, user, [session], end, Decision::nothing(user)))
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
    let events = vec![Event::PasswordSet { user, password_hash: password_hash.clone() }];
    let mut set = Decision { actor: user, events, redacts: vec![account.password_set] };
    // Whoever knows their password needs no link, and one that is out there would undo this.
    password_reset::end(case, user, &mut set);
    let others = account.sessions.iter().copied().filter(|session| *session != own_session);
    Ok(session::close(case, user, others, SessionEnd::NewPassword, set))
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

/// A lock that is over at once.
pub(crate) fn unlock(case: Case<'_>, actor: Actor, name: &UserName) -> Result<Decision, Rejection> {
    let by = administrator(case, actor)?;
    let (user, account) = named(case, name)?;
    let is_locked = account.locked_until.is_some_and(|until| case.now < until);
    if !is_locked && !case.facts.is_named {
        return Ok(Decision::nothing(by));
    }
    Ok(Decision::new(by, vec![Event::AccountLocked { user, until: case.now }]))
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
    case.workspace.find_open_session(actor, case.now).ok_or(Rejection::NotLoggedIn)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::command::Command;
    use crate::personal::PersonalWish;
    use crate::testing::{Story, wish};

    fn sign_up_as(name: &str) -> Command {
        Command::SignUp {
            name: UserName::parse(name).unwrap(),
            password_hash: PasswordHash("$fake$1".to_owned()),
            token_hash: TokenHash("t1".to_owned()),
            invite: None,
            greet: false,
        }
    }

    fn user_of(actor: Actor) -> UserId {
        let Actor::User { user, .. } = actor else { panic!("{actor:?} is nobody") };
        user
    }

    fn password_set(story: &Story, actor: Actor) -> Seq {
        story.workspace.users[&user_of(actor)].password_set
    }

    fn log_in_as(story: &mut Story, actor: Actor, token: &str) -> Result<Vec<Event>, Rejection> {
        let command = Command::LogIn {
            user: user_of(actor),
            verified_against: password_set(story, actor),
            token_hash: TokenHash(token.to_owned()),
        };
        story.when(Actor::Anonymous, &command)
    }

    #[test]
    fn the_first_account_becomes_administrator_and_the_second_does_not() {
        let mut story = Story::new();
        let alice = story.sign_up("alice");
        let bob = story.sign_up("bob");
        assert!(story.workspace.users[&user_of(alice)].is_admin);
        assert!(!story.workspace.users[&user_of(bob)].is_admin);
    }

    #[test]
    fn signing_up_makes_an_account_a_password_and_a_session() {
        let mut story = Story::new();
        let user = UserId(Seq(1));
        let happened = story.when(Actor::Anonymous, &sign_up_as("alice")).unwrap();
        assert_eq!(
            happened,
            [
                Event::AccountCreated { name: wish::name("alice"), is_admin: true, invite: None },
                Event::PasswordSet { user, password_hash: PasswordHash("$fake$1".to_owned()) },
                Event::SessionOpened { user, token_hash: TokenHash("t1".to_owned()) },
            ]
        );
        assert!(story.log.iter().all(|record| record.actor == user));
    }

    #[test]
    fn a_name_is_taken_whatever_its_case() {
        let mut story = Story::new();
        story.sign_up("alice");
        let taken = Rejection::NameTaken(UserName::parse("ALICE").unwrap());
        assert_eq!(story.when(Actor::Anonymous, &sign_up_as("ALICE")), Err(taken));
    }

    #[test]
    fn who_has_not_logged_in_may_only_sign_up_and_log_in() {
        let mut story = Story::new();
        let general = story.create_channel("general");
        let alice = story.sign_up("alice");
        let message = story.post(alice, "general", "hi");
        let commands = [
            Command::LogOut,
            Command::ChangePassword {
                verified_against: password_set(&story, alice),
                password_hash: PasswordHash::default(),
            },
            Command::RenameChannel { channel: general.clone(), name: "Hall".to_owned() },
            Command::OpenDirect { names: vec![UserName::parse("alice").unwrap()] },
            wish::post("general", "hi"),
            Command::EditMessage { message, text: "ho".to_owned() },
            Command::DeleteMessage { message },
            Command::React { message, reaction: "heart".to_owned(), on: None },
            Command::MarkRead { channel: general.clone(), up_to: None },
            Command::JoinChannel { channel: general.clone() },
            Command::LeaveChannel { channel: general.clone() },
            Command::MarkUnread { message },
            Command::MarkAllRead,
            Command::FollowThread { root: message, on: true },
            Command::PinMessage { message, on: None },
            Command::Vote { message, options: Vec::new() },
            Command::SaveDraft { channel: general, thread: None, text: "hi".to_owned() },
            Command::SetReminder { message: Some(message), text: String::new(), due: story.now },
            Command::SetStatus { status: None },
            Command::ChangePersonal(PersonalWish::Keywords(vec!["hi".to_owned()])),
            Command::DeleteGroup { group: message },
        ];
        let gone = Actor::User { user: user_of(alice), session: SessionId(Seq(999)) };
        for command in &commands {
            for actor in [Actor::Anonymous, Actor::System, gone] {
                let outcome = story.when(actor, command);
                assert_eq!(outcome, Err(Rejection::NotLoggedIn), "{actor:?} {command:?}");
            }
        }
    }

    #[test]
    fn a_session_of_somebody_else_is_no_session() {
        let mut story = Story::new();
        let alice = story.sign_up("alice");
        let mallory = story.sign_up("mallory");
        let Actor::User { session, .. } = mallory else { panic!("mallory signed up") };
        let disguised = Actor::User { user: user_of(alice), session };
        assert_eq!(story.when(disguised, &Command::LogOut), Err(Rejection::NotLoggedIn));
    }

    #[test]
    fn only_the_system_expires_sessions_locks_accounts_and_upgrades_hashes() {
        let mut story = Story::new();
        let alice = story.sign_up("alice");
        let Actor::User { user, session } = alice else { panic!("alice signed up") };
        let commands = [
            Command::ExpireSession { session },
            Command::ForgetSessions { ended_by: story.now },
            Command::LockAccount { user, until: story.now },
            Command::UpgradePasswordHash {
                user,
                verified_against: password_set(&story, alice),
                password_hash: PasswordHash::default(),
            },
        ];
        for command in &commands {
            assert_eq!(story.when(alice, command), Err(Rejection::NotAnAdministrator));
            assert_eq!(story.when(Actor::Anonymous, command), Err(Rejection::NotLoggedIn));
            assert!(story.when(Actor::System, command).is_ok());
        }
    }

    #[test]
    fn logging_out_ends_the_own_session_only() {
        let mut story = Story::new();
        let alice = story.sign_up("alice");
        log_in_as(&mut story, alice, "phone").unwrap();
        story.given(alice, &Command::LogOut);
        assert_eq!(story.when(alice, &Command::LogOut), Err(Rejection::NotLoggedIn));
        let phone = story.workspace.find_session(&TokenHash("phone".to_owned()));
        assert!(phone.is_some(), "the phone stays logged in");
    }

    #[test]
    fn the_log_in_beyond_fifty_sessions_closes_the_oldest() {
        let mut story = Story::new();
        let alice = story.sign_up("alice");
        let Actor::User { user, session } = alice else { panic!("alice signed up") };
        for number in 2..=SESSIONS_MAX {
            let happened = log_in_as(&mut story, alice, &format!("token {number}")).unwrap();
            assert_eq!(happened.len(), 1, "session {number} displaces none");
        }
        let happened = log_in_as(&mut story, alice, "one more").unwrap();
        let why = Some(SessionEnd::Displaced);
        assert_eq!(happened[1..], [Event::SessionClosed { user, session, why }]);
        assert_eq!(story.workspace.users[&user].sessions.len(), SESSIONS_MAX);
    }

    #[test]
    fn a_password_that_was_replaced_meanwhile_opens_nothing() {
        let mut story = Story::new();
        let alice = story.sign_up("alice");
        let verified_against = password_set(&story, alice);
        let password_hash = PasswordHash("$fake$2".to_owned());
        let change = Command::ChangePassword { verified_against, password_hash };
        story.given(alice, &change);
        let user = user_of(alice);
        let token_hash = TokenHash("late".to_owned());
        let late = Command::LogIn { user, verified_against, token_hash };
        let refused = Err(Rejection::PasswordChangedMeanwhile);
        assert_eq!(story.when(Actor::Anonymous, &late), refused);
        assert_eq!(story.when(alice, &change), refused);
    }

    #[test]
    fn a_locked_account_cannot_log_in_until_the_time_is_over() {
        let mut story = Story::new();
        let alice = story.sign_up("alice");
        let until = story.now.plus_micros(1_000_000);
        let lock = Command::LockAccount { user: user_of(alice), until };
        story.given(Actor::System, &lock);
        assert_eq!(story.when(Actor::System, &lock), Ok(vec![]), "it is locked already");
        let refused = log_in_as(&mut story, alice, "phone");
        assert_eq!(refused, Err(Rejection::AccountLocked { until }));
        story.now = until;
        assert!(log_in_as(&mut story, alice, "phone").is_ok());
    }

    #[test]
    fn an_administrator_takes_a_lock_away() {
        let mut story = Story::new();
        let [alice, bob] = ["alice", "bob"].map(|name| story.sign_up(name));
        let until = story.now.plus_micros(60_000_000);
        let unlock = Command::UnlockAccount { name: wish::name("bob") };
        assert_eq!(story.when(alice, &unlock), Ok(vec![]), "he is not locked");
        story.given(Actor::System, &Command::LockAccount { user: user_of(bob), until });
        assert_eq!(story.when(bob, &unlock), Err(Rejection::NotAnAdministrator));
        assert_eq!(story.when(Actor::Anonymous, &unlock), Err(Rejection::NotLoggedIn));
        let refused = Err(Rejection::AccountLocked { until });
        assert_eq!(log_in_as(&mut story, bob, "phone"), refused);
        story.given(alice, &unlock);
        assert!(log_in_as(&mut story, bob, "phone").is_ok());
    }

    #[test]
    fn a_new_password_ends_the_other_sessions_and_erases_the_old_hash() {
        let mut story = Story::new();
        let alice = story.sign_up("alice");
        let bob = story.sign_up("bob");
        log_in_as(&mut story, alice, "phone").unwrap();
        let old = password_set(&story, alice);
        let password_hash = PasswordHash("$fake$2".to_owned());
        let change = Command::ChangePassword { verified_against: old, password_hash };
        let batch = story.run(alice, None, &change).unwrap();
        assert_eq!(batch.redacted, [old]);
        assert_eq!(story.workspace.find_session(&TokenHash("phone".to_owned())), None);
        assert!(story.when(alice, &Command::LogOut).is_ok(), "alice's own session stays");
        assert!(story.when(bob, &Command::LogOut).is_ok(), "and so does bob's");
    }

    #[test]
    fn a_better_hash_of_the_same_password_ends_no_session_and_erases_the_old_one() {
        let mut story = Story::new();
        let alice = story.sign_up("alice");
        let old = password_set(&story, alice);
        let password_hash = PasswordHash("$better$1".to_owned());
        let user = user_of(alice);
        let upgrade = Command::UpgradePasswordHash { user, verified_against: old, password_hash };
        let batch = story.run(Actor::System, None, &upgrade).unwrap();
        assert_eq!((batch.events.len(), batch.redacted), (1, vec![old]));
        assert!(story.when(alice, &Command::LogOut).is_ok());
    }

    #[test]
    fn debug_shows_no_hash_of_password_or_token() {
        let mut story = Story::new();
        let command = Command::SignUp {
            name: UserName::parse("alice").unwrap(),
            password_hash: PasswordHash("$secret$".to_owned()),
            token_hash: TokenHash("$secret$".to_owned()),
            invite: None,
            greet: false,
        };
        story.given(Actor::Anonymous, &command);
        let shown = format!("{command:?} {:?} {:?}", story.workspace, story.log);
        assert!(shown.contains("alice") && !shown.contains("$secret$"), "{shown}");
    }
}
