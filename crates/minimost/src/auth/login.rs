//! Logging in: the right password, not too many wrong ones before it.

use std::collections::HashMap;

use chat::ids::SessionId;
use chat::{Seq, Timestamp, UserId, UserName, Workspace};

use super::attempts::{Attempt, Failure, Who};
use super::password::{PasswordBusy, Verdict};
use super::{Auth, Network, PASSWORD_CHARS_MAX};

/// Somebody who knows the password.
#[derive(Debug)]
pub struct Verified {
    pub user: UserId,
    /// The event that set the hash it was compared with.
    pub password_set: Seq,
    /// The hash should be replaced by one of today's kind.
    pub is_outdated: bool,
}

/// Why a login came to nothing.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
pub enum LoginError {
    /// Unknown names read the same as wrong passwords.
    #[error("wrong user name or password")]
    Wrong,
    /// Too many failures before this attempt, which was not looked at, or it was one too many.
    #[error("the account is locked")]
    Locked { until: Timestamp },
    /// This failure was one too many from all addresses together; the account has to be locked now.
    #[error("the account gets locked")]
    LockNow { user: UserId, until: Timestamp },
    #[error(transparent)]
    Busy(#[from] PasswordBusy),
}

impl Auth {
    /// Checks a name and a password that somebody at the door gives.
    pub async fn verify_login(
        &self,
        workspace: &Workspace,
        network: Network,
        name: &str,
        password: String,
        now: Timestamp,
    ) -> Result<Verified, LoginError> {
        let found = workspace.find_user(name);
        let locked_until = found.and_then(|(_, user)| user.locked_until);
        if let Some(until) = locked_until.filter(|until| *until > now)
            && self.rules.max_login_attempts_per_name > 0
        {
            return Err(LoginError::Locked { until });
        }
        // What cannot be a name is nobody's secret.
        let name = UserName::parse(name).ok().map(|name| name.folded());
        let user = found.map(|(user, _)| user);
        let who = name.map(|name| Who::AtTheDoor { network, name, user });
        self.verify(workspace, who, user, password, now).await
    }

    /// Checks the password of somebody who is in, whoever is locked out meanwhile.
    pub async fn verify_own(
        &self,
        workspace: &Workspace,
        user: UserId,
        session: SessionId,
        password: String,
        now: Timestamp,
    ) -> Result<Verified, LoginError> {
        self.verify(workspace, Some(Who::Inside(session)), Some(user), password, now).await
    }

    /// Until when a password is not looked at, by folded name; the log knows of locks that hold everywhere.
    pub fn locked_names(&self, now: Timestamp) -> HashMap<String, Timestamp> {
        self.attempts.locked_names(now)
    }

    /// Forgets what failed for an account, wherever it was tried from.
    pub fn unlock(&self, user: UserId, name: &UserName) {
        self.attempts.unlock(user, &name.folded());
    }

    async fn verify(
        &self,
        workspace: &Workspace,
        who: Option<Who>,
        user: Option<UserId>,
        password: String,
        now: Timestamp,
    ) -> Result<Verified, LoginError> {
        let attempt = match who {
            Some(who) => {
                let _waiting = self.passwords.wait()?;
                let begun = self.attempts.begin(who, now).await;
                Some(begun.map_err(|until| LoginError::Locked { until })?)
            }
            None => None,
        };
        let account = user.and_then(|user| workspace.users.get(&user));
        let verdict = if password.chars().nth(PASSWORD_CHARS_MAX).is_some() {
            Verdict::Wrong
        } else {
            let hash = account.map(|account| account.password_hash.clone());
            self.passwords.verify(password, hash).await?
        };
        let (Some(user), Some(account), Verdict::Right { is_outdated }) = (user, account, verdict)
        else {
            let failure = attempt.map(|attempt| attempt.wrong(now));
            return Err(refusal(failure.unwrap_or(Failure::Counted), user));
        };
        attempt.into_iter().for_each(Attempt::right);
        Ok(Verified { user, password_set: account.password_set, is_outdated })
    }
}

fn refusal(failure: Failure, user: Option<UserId>) -> LoginError {
    match (failure, user) {
        (Failure::Counted, _) => LoginError::Wrong,
        (Failure::LockedEverywhere { until }, Some(user)) => LoginError::LockNow { user, until },
        (Failure::LockedHere { until } | Failure::LockedEverywhere { until }, _) => {
            LoginError::Locked { until }
        }
    }
}
