//! Sessions: how long they last, how they end, and for how long it is told why.
//!
//! Whoever shows the token of a session that has ended learns why, for thirty days: a screen has to know whether what was
//! not sent yet waits for the next log-in or has to go. Nobody else is told anything.

use serde::{Deserialize, Serialize};

use crate::command::Actor;
use crate::decide::{Case, Decision};
use crate::event::Event;
use crate::ids::{Seq, SessionId, Timestamp, TokenHash, UserId};
use crate::workspace::{Session, Workspace};

/// How long a session lasts from its opening: 30 days.
pub const SESSION_SECONDS: i64 = 30 * 24 * 60 * 60;

/// Sessions of one account; a log-in beyond it closes the oldest, so that a script that logs in for every call cannot
/// fill the memory.
pub const SESSIONS_MAX: usize = 50;

/// How long it is told why a session ended: 30 days.
pub const ENDED_SESSION_SECONDS: i64 = 30 * 24 * 60 * 60;

/// Of how many sessions of one account that is; one more has the oldest forgotten at once. As many as can end together.
pub const ENDED_SESSIONS_MAX: usize = SESSIONS_MAX;

/// Sessions forgotten at once, so that no commit is slow; the next sweep forgets more.
const FORGOTTEN_AT_ONCE: usize = 1_000;

/// Why a session ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum SessionEnd {
    /// It was as old as a session gets.
    Expired,
    /// Its owner logged out.
    LoggedOut,
    /// The account has another password: its owner set it in another session, or it was reset.
    NewPassword,
    /// A newer one took the place of the oldest.
    Displaced,
    /// An administrator ended it, or the account is deactivated.
    Revoked,
}

/// What is kept of a session that has ended.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[expect(missing_docs, reason = "fields named by the glossary; a retelling would say less")]
pub struct EndedSession {
    pub user: UserId,
    pub session: SessionId,
    pub token_hash: TokenHash,
    pub why: SessionEnd,
    pub ended_ts: Timestamp,
}

impl Session {
    /// Whether it lasts no longer; the sweep that closes it may not have come by yet.
    pub fn has_expired(&self, now: Timestamp) -> bool {
        now >= self.opened_ts.plus_micros(SESSION_SECONDS * 1_000_000)
    }
}

impl EndedSession {
    /// Whether it is told no longer; the sweep that forgets it may not have come by yet.
    fn is_over(&self, now: Timestamp) -> bool {
        now >= self.ended_ts.plus_micros(ENDED_SESSION_SECONDS * 1_000_000)
    }
}

impl Workspace {
    /// Who an actor is and in which session, when that holds: it is open, theirs, and has not expired. Whoever asks
    /// whether somebody is logged in asks here.
    pub fn find_open_session(&self, actor: Actor, now: Timestamp) -> Option<(UserId, SessionId)> {
        let Actor::User { user, session } = actor else { return None };
        let open = self.sessions.get(&session)?;
        (open.user == user && !open.has_expired(now)).then_some((user, session))
    }

    /// Why the session with this token ended, when there was one and that is still told.
    pub fn find_session_end(&self, token_hash: &TokenHash, now: Timestamp) -> Option<SessionEnd> {
        let (user, why) = match self.find_session(token_hash) {
            Some((_, open)) if open.has_expired(now) => (open.user, SessionEnd::Expired),
            Some(_) => return None,
            None => {
                let ended = self.ended_sessions.get(self.ended_ids.get(token_hash)?)?;
                if ended.is_over(now) {
                    return None;
                }
                (ended.user, ended.why)
            }
        };
        // However it ended, what matters to a screen is that nobody comes back to this account.
        let is_gone = self.users.get(&user).is_some_and(|user| user.is_deactivated);
        Some(if is_gone { SessionEnd::Revoked } else { why })
    }

    /// Whether there is something to forget about sessions that ended at `ended_by` or before.
    pub fn has_sessions_to_forget(&self, ended_by: Timestamp) -> bool {
        self.ended_sessions.values().next().is_some_and(|oldest| oldest.ended_ts <= ended_by)
    }
}

/// Closes sessions of an account as a part of `decision`. Of those that are told about already the oldest are erased
/// where they would be too many.
pub(crate) fn close(
    case: Case<'_>,
    user: UserId,
    sessions: impl IntoIterator<Item = SessionId>,
    why: SessionEnd,
    mut decision: Decision,
) -> Decision {
    let sessions = sessions.into_iter();
    let closed = sessions.map(|session| Event::SessionClosed { user, session, why: Some(why) });
    let closed: Vec<Event> = closed.collect();
    let told = case.workspace.users.get(&user).map(|account| &account.ended);
    let told = told.into_iter().flatten();
    let excess = (told.clone().count() + closed.len()).saturating_sub(ENDED_SESSIONS_MAX);
    let oldest =
        told.take(excess).filter_map(|seq| case.workspace.ended_sessions.get_key_value(seq));
    decision.redacts.extend(oldest.flat_map(|(closed, ended)| records_of(*closed, ended)));
    decision.events.extend(closed);
    decision
}

/// Closing a session that is gone, or that has not expired, is no event.
pub(crate) fn expire(case: Case<'_>, session: SessionId) -> Decision {
    let expired = case.workspace.sessions.get(&session).filter(|s| s.has_expired(case.now));
    let decision = Decision::nothing(UserId::SYSTEM);
    let Some(user) = expired.map(|open| open.user) else { return decision };
    close(case, user, [session], SessionEnd::Expired, decision)
}

/// Tells no longer why sessions ended that did so at `ended_by` or before, and erases them.
pub(crate) fn forget(case: Case<'_>, ended_by: Timestamp) -> Decision {
    let oldest = case.workspace.ended_sessions.iter();
    let oldest = oldest.take_while(|(_, ended)| ended.ended_ts <= ended_by);
    let forgotten: Vec<_> = oldest.take(FORGOTTEN_AT_ONCE).collect();
    let Some((up_to, _)) = forgotten.last() else { return Decision::nothing(UserId::SYSTEM) };
    let events = vec![Event::SessionsForgotten { up_to: **up_to }];
    let redacts = forgotten.iter().flat_map(|(closed, ended)| records_of(**closed, ended));
    Decision { actor: UserId::SYSTEM, events, redacts: redacts.collect() }
}

/// What the log knows of a session that has ended.
fn records_of(closed: Seq, ended: &EndedSession) -> [Seq; 2] {
    [ended.session.0, closed]
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::command::Command;
    use crate::event::Body;
    use crate::ids::PasswordHash;
    use crate::rejection::Rejection;
    use crate::role::AccountChange;
    use crate::testing::{Story, wish};

    fn hash(token: &str) -> TokenHash {
        TokenHash(token.to_owned())
    }

    fn log_in(story: &mut Story, who: Actor, token: &str) -> Actor {
        let user = wish::user_of(who);
        let verified_against = story.workspace.users[&user].password_set;
        let log_in = Command::LogIn { user, verified_against, token_hash: hash(token) };
        let session = SessionId(story.given(Actor::Anonymous, &log_in)[0].seq);
        Actor::User { user, session }
    }

    fn why(story: &Story, token: &str) -> Option<SessionEnd> {
        story.workspace.find_session_end(&hash(token), story.now)
    }

    fn days(count: i64) -> i64 {
        count * 24 * 3_600_000_000
    }

    fn erased(story: &Story) -> usize {
        let is_erased = |body: &Body| matches!(body, Body::Redacted { .. });
        story.log.iter().filter(|record| is_erased(&record.body)).count()
    }

    #[test]
    fn a_session_ends_after_thirty_days_even_before_the_sweep() {
        let mut story = Story::new();
        story.create_channel("general");
        let alice = story.sign_up("alice");
        let opened_ts = story.workspace.last_ts;
        story.now = opened_ts.plus_micros(days(30) - 1);
        story.post(alice, "general", "still here");
        story.now = opened_ts.plus_micros(days(30));
        assert_eq!(story.when(alice, &Command::LogOut), Err(Rejection::NotLoggedIn));
    }

    #[test]
    fn the_sweep_closes_only_what_has_expired() {
        let mut story = Story::new();
        let Actor::User { user, session } = story.sign_up("alice") else { panic!("signed up") };
        let sweep = Command::ExpireSession { session };
        assert_eq!(story.when(Actor::System, &sweep), Ok(vec![]));
        story.now = story.now.plus_micros(days(31));
        let why = Some(SessionEnd::Expired);
        let closed = vec![Event::SessionClosed { user, session, why }];
        assert_eq!(story.when(Actor::System, &sweep), Ok(closed));
        assert_eq!(story.when(Actor::System, &sweep), Ok(vec![]));
    }

    #[test]
    fn each_way_to_end_is_told_to_who_has_the_token() {
        let mut story = Story::new();
        let [alice, bob] = ["alice", "bob"].map(|name| story.sign_up(name));
        let phone = log_in(&mut story, bob, "phone");
        let desk = log_in(&mut story, bob, "desk");
        assert_eq!(why(&story, "phone"), None, "it goes on");
        story.given(phone, &Command::LogOut);
        assert_eq!(why(&story, "phone"), Some(SessionEnd::LoggedOut));
        let verified_against = story.workspace.users[&wish::user_of(bob)].password_set;
        let password_hash = PasswordHash("$fake$2".to_owned());
        story.given(bob, &Command::ChangePassword { verified_against, password_hash });
        assert_eq!(why(&story, "desk"), Some(SessionEnd::NewPassword));
        assert_eq!(story.when(desk, &Command::LogOut), Err(Rejection::NotLoggedIn));

        log_in(&mut story, bob, "old");
        story.now = story.workspace.last_ts.plus_micros(days(30));
        assert_eq!(why(&story, "old"), Some(SessionEnd::Expired), "before the sweep");
        let session = story.workspace.find_session(&hash("old")).unwrap().0;
        story.given(Actor::System, &Command::ExpireSession { session });
        assert_eq!(why(&story, "old"), Some(SessionEnd::Expired), "and after it");
        assert_eq!(why(&story, "never"), None);

        let alice = log_in(&mut story, alice, "alice again");
        log_in(&mut story, bob, "new");
        let gone =
            Command::ChangeAccount { name: wish::name("bob"), change: AccountChange::Deactivated };
        story.given(alice, &gone);
        assert_eq!(why(&story, "new"), Some(SessionEnd::Revoked));
        assert_eq!(why(&story, "old"), Some(SessionEnd::Revoked), "nobody comes back to it");
    }

    #[test]
    fn it_is_told_for_thirty_days_and_then_erased() {
        let mut story = Story::new();
        let alice = story.sign_up("alice");
        let phone = log_in(&mut story, alice, "phone");
        story.given(phone, &Command::LogOut);
        let ended_ts = story.workspace.last_ts;
        story.now = ended_ts.plus_micros(days(30) - 1);
        assert_eq!(why(&story, "phone"), Some(SessionEnd::LoggedOut));
        story.now = ended_ts.plus_micros(days(30));
        assert_eq!(why(&story, "phone"), None, "before the sweep");
        let forget = |ended_by| Command::ForgetSessions { ended_by };
        let early = forget(ended_ts.plus_micros(-1));
        assert_eq!(story.when(Actor::System, &early), Ok(vec![]));
        assert_eq!(erased(&story), 0);
        story.given(Actor::System, &forget(ended_ts));
        assert_eq!(erased(&story), 2, "that it was opened and that it was closed");
        assert!(story.workspace.ended_sessions.is_empty() && story.workspace.ended_ids.is_empty());
        let mut folded = Workspace::default();
        story.log.iter().for_each(|record| folded.apply(record));
        assert_eq!(folded, story.workspace);
        assert_eq!(story.when(Actor::System, &forget(ended_ts)), Ok(vec![]));
    }

    #[test]
    fn of_who_logs_in_and_out_all_day_the_last_fifty_are_told() {
        let mut story = Story::new();
        let alice = story.sign_up("alice");
        for number in 0..ENDED_SESSIONS_MAX + 10 {
            let session = log_in(&mut story, alice, &format!("token {number}"));
            story.given(session, &Command::LogOut);
        }
        assert_eq!(story.workspace.ended_sessions.len(), ENDED_SESSIONS_MAX);
        assert_eq!(story.workspace.ended_ids.len(), ENDED_SESSIONS_MAX);
        assert_eq!(why(&story, "token 9"), None);
        assert_eq!(why(&story, "token 10"), Some(SessionEnd::LoggedOut));
        assert_eq!(erased(&story), 20, "ten of them, opened and closed");
        let mut folded = Workspace::default();
        story.log.iter().for_each(|record| folded.apply(record));
        assert_eq!(folded, story.workspace);
    }

    #[test]
    fn an_end_from_before_it_was_kept_is_read_and_not_told() {
        let old = r#"{"kind":"session_closed","user":1,"session":3}"#;
        let event: Event = serde_json::from_str(old).unwrap();
        let (user, session) = (UserId(Seq(1)), SessionId(Seq(3)));
        assert_eq!(event, Event::SessionClosed { user, session, why: None });
    }
}
