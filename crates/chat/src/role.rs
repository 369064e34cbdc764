//! Roles: administrators, members, deactivated accounts.

use serde::{Deserialize, Serialize};

use crate::account;
use crate::command::Actor;
use crate::decide::{Case, Decision};
use crate::event::Event;
use crate::ids::{UserId, UserName};
use crate::password_reset;
use crate::rejection::Rejection;
use crate::session::{self, SessionEnd};

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
    let by = account::administrator_or_system(case, actor)?;
    let (user, found) = account::named(case, name)?;
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
    let events = vec![Event::AccountChanged { user, change: change.clone() }];
    let mut changed = Decision::new(by, events);
    if *change != AccountChange::Deactivated {
        return Ok(changed);
    }
    password_reset::end(case, user, &mut changed);
    let sessions = found.sessions.iter().copied();
    Ok(session::close(case, user, sessions, SessionEnd::Revoked, changed))
}

fn has_other_administrators(case: Case<'_>, user: UserId) -> bool {
    let mut others = case.workspace.users.iter().filter(|(id, _)| **id != user);
    others.any(|(_, other)| other.is_admin && !other.is_deactivated)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::audience::may_read;
    use crate::command::Command;
    use crate::ids::{PasswordHash, SessionId, TokenHash};
    use crate::testing::Story;
    use crate::testing::wish::{channel, name, names, post, user_of};

    fn set(whom: &str, change: AccountChange) -> Command {
        Command::ChangeAccount { name: name(whom), change }
    }

    fn role(whom: &str, is_admin: bool) -> Command {
        set(whom, AccountChange::Role { is_admin })
    }

    fn deactivate(whom: &str) -> Command {
        set(whom, AccountChange::Deactivated)
    }

    fn scene() -> (Story, [Actor; 3]) {
        let mut story = Story::new();
        story.create_channel("general");
        let people = ["alice", "bob", "mallory"].map(|name| story.sign_up(name));
        (story, people)
    }

    fn log_in(story: &mut Story, who: Actor) -> Result<Actor, Rejection> {
        let user = user_of(who);
        let verified_against = story.workspace.users[&user].password_set;
        let token_hash = TokenHash(format!("token {}", story.workspace.head));
        let log_in = Command::LogIn { user, verified_against, token_hash };
        let session = SessionId(story.workspace.head.next());
        story.when(Actor::Anonymous, &log_in).map(|_| Actor::User { user, session })
    }

    #[test]
    fn administrators_and_the_server_change_roles_and_nobody_else() {
        let (mut story, [alice, bob, mallory]) = scene();
        for command in
            [role("mallory", true), deactivate("bob"), set("bob", AccountChange::Reactivated)]
        {
            assert_eq!(story.when(mallory, &command), Err(Rejection::NotAnAdministrator));
            let anonymous = story.when(Actor::Anonymous, &command);
            assert_eq!(anonymous, Err(Rejection::NotLoggedIn));
        }
        story.given(alice, &role("BOB", true));
        assert_eq!(story.when(alice, &role("bob", true)), Ok(vec![]), "he is one");
        story.given(bob, &role("alice", false));
        assert_eq!(story.when(alice, &role("bob", false)), Err(Rejection::NotAnAdministrator));
        story.given(Actor::System, &role("alice", true));
        let unknown = Rejection::NoSuchUser(vec!["zoe".to_owned()]);
        assert_eq!(story.when(alice, &role("zoe", true)), Err(unknown));
    }

    #[test]
    fn the_last_administrator_stays_one() {
        let (mut story, [alice, ..]) = scene();
        for command in [role("alice", false), deactivate("alice")] {
            assert_eq!(story.when(alice, &command), Err(Rejection::LastAdministrator));
            assert_eq!(story.when(Actor::System, &command), Err(Rejection::LastAdministrator));
        }
        story.given(alice, &role("bob", true));
        story.given(alice, &deactivate("bob"));
        let refused = story.when(alice, &role("alice", false));
        assert_eq!(refused, Err(Rejection::LastAdministrator), "bob is gone");
        assert!(story.when(alice, &role("bob", false)).is_ok(), "he was none any more");
        story.given(alice, &set("bob", AccountChange::Reactivated));
        story.given(alice, &role("bob", true));
        assert!(story.when(alice, &deactivate("alice")).is_ok());
    }

    #[test]
    fn who_is_deactivated_is_logged_out_everywhere_and_cannot_come_in() {
        let (mut story, [alice, bob, _]) = scene();
        let phone = log_in(&mut story, bob).unwrap();
        let happened = story.given(alice, &deactivate("bob"));
        assert_eq!(happened.len(), 3, "the change and two sessions");
        for session in [bob, phone] {
            assert_eq!(story.when(session, &post("general", "hi")), Err(Rejection::NotLoggedIn));
        }
        assert_eq!(log_in(&mut story, bob), Err(Rejection::AccountDeactivated));
        assert_eq!(story.when(alice, &deactivate("bob")), Ok(vec![]), "he is gone");
        story.given(alice, &set("bob", AccountChange::Reactivated));
        let bob = log_in(&mut story, bob).unwrap();
        assert!(story.when(bob, &post("general", "back")).is_ok());
    }

    #[test]
    fn who_is_deactivated_reads_nothing_and_their_name_stays_theirs() {
        let (mut story, [alice, bob, _]) = scene();
        let plans = story.create_private(alice, &["bob"]);
        let places = [story.channel_id(&channel("general")), story.channel_id(&plans)];
        let reads = |story: &Story, place| may_read(user_of(bob), place, &story.workspace);
        assert!(places.iter().all(|place| reads(&story, *place)));
        story.given(alice, &deactivate("bob"));
        assert!(!places.iter().any(|place| reads(&story, *place)));
        let general = story.workspace.member_ids(places[0]);
        assert!(!general.contains(&user_of(bob)), "nobody counts him");
        let again = Command::SignUp {
            name: name("Bob"),
            password_hash: PasswordHash::default(),
            token_hash: TokenHash("another".to_owned()),
            invite: None,
            greet: false,
        };
        let taken = story.when(Actor::Anonymous, &again);
        assert_eq!(taken, Err(Rejection::NameTaken(name("Bob"))));
    }

    #[test]
    fn words_that_nobody_would_read_are_refused() {
        let (mut story, [alice, bob, mallory]) = scene();
        story.post(bob, "dm:alice:bob", "psst");
        story.given(alice, &deactivate("bob"));
        let refused = Err(Rejection::AccountDeactivated);
        assert_eq!(story.when(alice, &post("dm:alice:bob", "hello?")), refused);
        assert_eq!(story.when(mallory, &post("dm:bob:mallory", "hello?")), refused, "unopened");
        assert!(story.when(alice, &post("dm:alice:bob:mallory", "we are two")).is_ok());
        assert!(story.when(alice, &post("dm:alice", "a note")).is_ok(), "to herself");
        let open = Command::OpenDirect { names: names(&["bob"]) };
        assert!(story.when(mallory, &open).is_ok(), "what was said can be read");
    }
}
