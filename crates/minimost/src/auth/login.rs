//! Logging in: the right password, not too many wrong ones before it.

use std::collections::HashMap;
use std::sync::{Mutex, MutexGuard, PoisonError};

use chat::{Seq, Timestamp, UserId, Workspace};

use super::password::{PasswordBusy, Verdict};
use super::{Auth, PASSWORD_CHARS_MAX};

const MINUTE_MICROS: i64 = 60 * 1_000_000;

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
    /// Too many failures before this attempt, which was not looked at.
    #[error("the account is locked")]
    Locked { until: Timestamp },
    /// This failure was one too many; the account has to be locked now.
    #[error("the account gets locked")]
    LockNow { user: UserId, until: Timestamp },
    #[error(transparent)]
    Busy(#[from] PasswordBusy),
}

/// Failures in a row; in memory, because a restart is not an attacker's to have.
#[derive(Default)]
pub(super) struct Failures(Mutex<HashMap<UserId, u32>>);

impl Failures {
    fn counts(&self) -> MutexGuard<'_, HashMap<UserId, u32>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Auth {
    /// Checks a name and a password.
    pub async fn verify_login(
        &self,
        workspace: &Workspace,
        name: &str,
        password: String,
        now: Timestamp,
    ) -> Result<Verified, LoginError> {
        let found = workspace.find_user(name);
        if let Some((_, user)) = found
            && let Some(until) = user.locked_until.filter(|until| *until > now)
            && self.rules.max_login_attempts > 0
        {
            return Err(LoginError::Locked { until });
        }
        let verdict = if password.chars().nth(PASSWORD_CHARS_MAX).is_some() {
            Verdict::Wrong
        } else {
            let hash = found.map(|(_, user)| user.password_hash.clone());
            self.passwords.verify(password, hash).await?
        };
        match (found, verdict) {
            (Some((user, account)), Verdict::Right { is_outdated }) => {
                self.failures.counts().remove(&user);
                Ok(Verified { user, password_set: account.password_set, is_outdated })
            }
            (Some((user, _)), Verdict::Wrong) => Err(self.failed(user, now)),
            (None, Verdict::Right { .. } | Verdict::Wrong) => Err(LoginError::Wrong),
        }
    }

    fn failed(&self, user: UserId, now: Timestamp) -> LoginError {
        let attempts_max = self.rules.max_login_attempts;
        if attempts_max == 0 {
            return LoginError::Wrong;
        }
        let mut counts = self.failures.counts();
        let count = counts.entry(user).or_default();
        *count += 1;
        if *count < attempts_max {
            return LoginError::Wrong;
        }
        counts.remove(&user);
        let lockout_micros = i64::from(self.rules.lockout_minutes) * MINUTE_MICROS;
        LoginError::LockNow { user, until: now.plus_micros(lockout_micros) }
    }
}
