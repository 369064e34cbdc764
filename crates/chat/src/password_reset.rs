//! Reset links: by one of them somebody who has forgotten their password sets a new one. It holds once, for a time, and
//! each person has one at most.
//!
//! What is kept of a link is the hash of its token, and that is erased as soon as the link no longer holds.

use serde::{Deserialize, Serialize};

use crate::account;
use crate::command::Actor;
use crate::decide::{Case, Decision};
use crate::event::Event;
use crate::ids::{PasswordHash, Seq, Timestamp, TokenHash, UserId, UserName};
use crate::rejection::Rejection;
use crate::session::{self, SessionEnd};
use crate::workspace::Workspace;

/// How long a link holds when nobody says otherwise.
pub const RESET_MINUTES: u32 = 60;

/// How long a link holds at most: a week. Whoever finds it meanwhile has the account.
pub const RESET_MINUTES_MAX: u32 = 7 * 24 * 60;

/// A link that waits to be used.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[expect(missing_docs, reason = "fields named by the glossary; a retelling would say less")]
pub struct PasswordReset {
    pub token_hash: TokenHash,
    pub expires: Timestamp,
    /// The event that made it; redacted when it holds no longer.
    pub made: Seq,
}

impl PasswordReset {
    /// Whether it holds no longer; the sweep that erases it may not have come by yet.
    pub fn has_expired(&self, now: Timestamp) -> bool {
        now >= self.expires
    }
}

impl Workspace {
    /// Whose link has this token, while it holds.
    pub fn find_reset(
        &self,
        token_hash: &TokenHash,
        now: Timestamp,
    ) -> Option<(UserId, &PasswordReset)> {
        let user = *self.reset_ids.get(token_hash)?;
        let reset = self.resets.get(&user)?;
        (!reset.has_expired(now)).then_some((user, reset))
    }
}

/// Makes a link in the place of the one before.
pub(crate) fn create(
    case: Case<'_>,
    actor: Actor,
    name: &UserName,
    token_hash: &TokenHash,
    minutes: u32,
) -> Result<Decision, Rejection> {
    let by = account::administrator_or_system(case, actor)?;
    let (user, found) = account::named(case, name)?;
    if by == user {
        // Whoever sits down at an administrator's open screen must not get the account for good.
        return Err(Rejection::invalid("user", "their own password an administrator changes"));
    }
    if found.is_deactivated {
        return Err(Rejection::AccountDeactivated);
    }
    if !(1..=RESET_MINUTES_MAX).contains(&minutes) {
        let reason = format!("1 to {RESET_MINUTES_MAX}");
        return Err(Rejection::invalid("expires_in_minutes", reason));
    }
    let expires = case.now.plus_micros(i64::from(minutes) * 60_000_000);
    let created = Event::PasswordResetCreated { user, token_hash: token_hash.clone(), expires };
    let before = case.workspace.resets.get(&user).map(|reset| reset.made);
    Ok(Decision::superseding(by, vec![created], before))
}

/// Sets a new password by a link. All sessions end, whoever opened them; a lock is taken away, because the guesses that
/// led to it were at the password from before. Nobody is logged in.
pub(crate) fn redeem(
    case: Case<'_>,
    token_hash: &TokenHash,
    password_hash: &PasswordHash,
) -> Result<Decision, Rejection> {
    let found = case.workspace.find_reset(token_hash, case.now);
    let (user, _) = found.ok_or(Rejection::ResetInvalid)?;
    let account = case.workspace.users.get(&user).filter(|account| !account.is_deactivated);
    let account = account.ok_or(Rejection::ResetInvalid)?;
    let events = vec![Event::PasswordSet { user, password_hash: password_hash.clone() }];
    let mut set = Decision::superseding(user, events, [account.password_set]);
    end(case, user, &mut set);
    let is_locked = account.locked_until.is_some_and(|until| case.now < until);
    set.events.extend(is_locked.then_some(Event::AccountLocked { user, until: case.now }));
    let sessions = account.sessions.iter().copied();
    Ok(session::close(case, user, sessions, SessionEnd::NewPassword, set))
}

/// Ends a link whose time is over; one that is gone or still holds is left alone.
pub(crate) fn expire(case: Case<'_>, user: UserId) -> Decision {
    let mut decision = Decision::nothing(UserId::SYSTEM);
    let expired = case.workspace.resets.get(&user).filter(|reset| reset.has_expired(case.now));
    if expired.is_some() {
        end(case, user, &mut decision);
    }
    decision
}

/// Ends somebody's link, if they have one, together with what is decided about them.
pub(crate) fn end(case: Case<'_>, user: UserId, decision: &mut Decision) {
    if let Some(reset) = case.workspace.resets.get(&user) {
        decision.events.push(Event::PasswordResetEnded { user, reset: reset.made });
        decision.redacts.push(reset.made);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::command::Command;
    use crate::ids::SessionId;
    use crate::role::AccountChange;
    use crate::testing::Story;
    use crate::testing::wish::{name, user_of};

    fn token(text: &str) -> TokenHash {
        TokenHash(text.to_owned())
    }

    fn create(whom: &str, text: &str, minutes: u32) -> Command {
        Command::CreatePasswordReset { name: name(whom), token_hash: token(text), minutes }
    }

    fn redeem(text: &str) -> Command {
        let password_hash = PasswordHash(format!("$fake$by {text}"));
        Command::ResetPassword { token_hash: token(text), password_hash }
    }

    fn use_link(story: &mut Story, text: &str) -> Result<Vec<Event>, Rejection> {
        story.when(Actor::Anonymous, &redeem(text))
    }

    fn scene() -> (Story, [Actor; 3]) {
        let mut story = Story::new();
        let people = ["alice", "bob", "mallory"].map(|name| story.sign_up(name));
        (story, people)
    }

    fn minutes(count: i64) -> i64 {
        count * 60_000_000
    }

    #[test]
    fn administrators_and_the_server_make_links_and_nobody_else() {
        let (mut story, [alice, bob, mallory]) = scene();
        let wish = create("alice", "stolen", 60);
        assert_eq!(story.when(mallory, &wish), Err(Rejection::NotAnAdministrator));
        assert_eq!(story.when(Actor::Anonymous, &wish), Err(Rejection::NotLoggedIn));
        story.given(Actor::System, &create("ALICE", "by the operator", 60));
        story.given(alice, &create("bob", "by alice", 60));
        let unknown = Rejection::NoSuchUser(vec!["zoe".to_owned()]);
        assert_eq!(story.when(alice, &create("zoe", "whose", 60)), Err(unknown));
        let role = AccountChange::Role { is_admin: true };
        story.given(alice, &Command::ChangeAccount { name: name("bob"), change: role });
        assert!(story.when(bob, &create("alice", "by bob", 60)).is_ok(), "of another");
        let own = story.when(bob, &create("bob", "his own", 60));
        assert!(matches!(own, Err(Rejection::InvalidValue { .. })), "{own:?}");
        story.given(Actor::System, &create("bob", "by the operator", 60));
    }

    #[test]
    fn a_link_sets_a_password_once_ends_every_session_and_opens_none() {
        let (mut story, [alice, bob, mallory]) = scene();
        let old = story.workspace.users[&user_of(bob)].password_set;
        let made = story.given(alice, &create("bob", "link", 60))[0].seq;
        assert_eq!(use_link(&mut story, "guess"), Err(Rejection::ResetInvalid));
        assert!(story.when(bob, &Command::MarkAllRead).is_ok(), "he is in meanwhile");
        let batch = story.run(Actor::Anonymous, None, &redeem("link")).unwrap();
        assert_eq!(batch.redacted, [old, made], "the old hash and the link are erased");
        assert_eq!(story.when(bob, &Command::MarkAllRead), Err(Rejection::NotLoggedIn));
        assert!(story.when(mallory, &Command::MarkAllRead).is_ok(), "others stay");
        let ended = batch.events.iter().filter_map(|record| match record.event() {
            Some(Event::SessionClosed { why, .. }) => Some(*why),
            Some(_) | None => None,
        });
        assert_eq!(ended.collect::<Vec<_>>(), [Some(SessionEnd::NewPassword)]);
        let bob = &story.workspace.users[&user_of(bob)];
        assert!(bob.sessions.is_empty());
        assert_eq!(bob.password_hash, PasswordHash("$fake$by link".to_owned()));
        assert_eq!(use_link(&mut story, "link"), Err(Rejection::ResetInvalid), "it is used");
    }

    #[test]
    fn a_link_holds_for_its_time_and_is_then_erased() {
        let (mut story, [_, bob, _]) = scene();
        for minutes in [0, RESET_MINUTES_MAX + 1] {
            let refused = story.when(Actor::System, &create("bob", "link", minutes));
            assert!(matches!(refused, Err(Rejection::InvalidValue { .. })), "{minutes}");
        }
        let made = story.given(Actor::System, &create("bob", "link", 1))[0].seq;
        let expire = Command::ExpirePasswordReset { user: user_of(bob) };
        assert_eq!(story.when(Actor::System, &expire), Ok(vec![]), "it holds");
        assert_eq!(story.when(bob, &expire), Err(Rejection::NotAnAdministrator));
        story.now = story.now.plus_micros(minutes(1));
        assert_eq!(use_link(&mut story, "link"), Err(Rejection::ResetInvalid));
        let batch = story.run(Actor::System, None, &expire).unwrap();
        assert_eq!((batch.events.len(), batch.redacted), (1, vec![made]));
        assert_eq!(story.when(Actor::System, &expire), Ok(vec![]), "it is gone");
        assert!(story.workspace.reset_ids.is_empty());
    }

    #[test]
    fn a_person_has_one_link_and_another_takes_its_place() {
        let (mut story, [alice, ..]) = scene();
        let first = story.given(alice, &create("bob", "first", 60))[0].seq;
        story.given(alice, &create("mallory", "hers", 60));
        let batch = story.run(Actor::System, None, &create("bob", "second", 60)).unwrap();
        assert_eq!(batch.redacted, [first]);
        assert_eq!(use_link(&mut story, "first"), Err(Rejection::ResetInvalid));
        assert!(use_link(&mut story, "second").is_ok());
        assert!(use_link(&mut story, "hers").is_ok());
        assert!(story.workspace.reset_ids.is_empty());
    }

    #[test]
    fn a_link_ends_with_a_new_password_and_with_the_account() {
        let (mut story, [alice, bob, _]) = scene();
        let link = story.given(alice, &create("bob", "link", 60))[0].seq;
        let verified_against = story.workspace.users[&user_of(bob)].password_set;
        let change =
            Command::ChangePassword { verified_against, password_hash: PasswordHash::default() };
        let batch = story.run(bob, None, &change).unwrap();
        assert_eq!(batch.redacted, [verified_against, link]);
        assert_eq!(use_link(&mut story, "link"), Err(Rejection::ResetInvalid));

        let again = story.given(alice, &create("bob", "again", 60))[0].seq;
        let set = |change| Command::ChangeAccount { name: name("bob"), change };
        let batch = story.run(alice, None, &set(AccountChange::Deactivated)).unwrap();
        assert_eq!(batch.redacted, [again]);
        let refused = story.when(alice, &create("bob", "gone", 60));
        assert_eq!(refused, Err(Rejection::AccountDeactivated));
        story.given(alice, &set(AccountChange::Reactivated));
        assert_eq!(use_link(&mut story, "again"), Err(Rejection::ResetInvalid));
    }

    #[test]
    fn whoever_was_locked_out_by_guesses_logs_in_with_the_new_password() {
        let (mut story, [alice, bob, _]) = scene();
        let user = user_of(bob);
        let until = story.now.plus_micros(minutes(15));
        story.given(Actor::System, &Command::LockAccount { user, until });
        story.given(alice, &create("bob", "link", 60));
        let log_in = |story: &mut Story| {
            let verified_against = story.workspace.users[&user].password_set;
            let token_hash = token("phone");
            story.when(Actor::Anonymous, &Command::LogIn { user, verified_against, token_hash })
        };
        assert_eq!(log_in(&mut story), Err(Rejection::AccountLocked { until }));
        use_link(&mut story, "link").unwrap();
        let session = SessionId(story.workspace.head.next());
        assert!(log_in(&mut story).is_ok());
        let bob = Actor::User { user, session };
        assert!(story.when(bob, &Command::MarkAllRead).is_ok());
    }
}
