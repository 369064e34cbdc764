//! Logging in: the right password, not too many wrong ones before it.

use std::collections::HashMap;
use std::num::NonZeroUsize;
use std::sync::{Mutex, MutexGuard, PoisonError};

use chat::{Seq, Timestamp, UserId, UserName, Workspace};
use lru::LruCache;

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

/// Names without an account whose failures are remembered: some 1 MiB. Beyond it the one that was tried longest ago is
/// forgotten; limits per address make that slow.
const STRANGERS_MAX: NonZeroUsize = NonZeroUsize::new(10_000).expect("10,000 is not 0");

/// Failures in a row; in memory, because a restart is not an attacker's to have.
pub(super) struct Failures {
    known: Mutex<HashMap<UserId, u32>>,
    /// By folded name.
    unknown: Mutex<LruCache<String, Stranger>>,
}

/// What was tried with a name that nobody has. It is counted and locked like any other, so that nobody learns who has an
/// account here.
#[derive(Clone, Copy, Default)]
struct Stranger {
    failures: u32,
    locked_until: Option<Timestamp>,
}

impl Default for Failures {
    fn default() -> Failures {
        Failures { known: Mutex::default(), unknown: Mutex::new(LruCache::new(STRANGERS_MAX)) }
    }
}

impl Failures {
    fn counts(&self) -> MutexGuard<'_, HashMap<UserId, u32>> {
        self.known.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Until when a name that nobody has is locked.
    fn locked_until(&self, name: &str) -> Option<Timestamp> {
        let name = UserName::parse(name).ok()?;
        self.strangers().get(&name.folded()).and_then(|stranger| stranger.locked_until)
    }

    fn strangers(&self) -> MutexGuard<'_, LruCache<String, Stranger>> {
        self.unknown.lock().unwrap_or_else(PoisonError::into_inner)
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
        let locked_until = match found {
            Some((_, user)) => user.locked_until,
            None => self.failures.locked_until(name),
        };
        if let Some(until) = locked_until.filter(|until| *until > now)
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
            (None, Verdict::Right { .. } | Verdict::Wrong) => Err(self.failed_as_nobody(name, now)),
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
        LoginError::LockNow { user, until: self.lockout(now) }
    }

    fn failed_as_nobody(&self, name: &str, now: Timestamp) -> LoginError {
        let attempts_max = self.rules.max_login_attempts;
        // What cannot be a name is nobody's secret.
        let Some(name) = UserName::parse(name).ok().filter(|_| attempts_max > 0) else {
            return LoginError::Wrong;
        };
        let mut strangers = self.failures.strangers();
        let stranger = strangers.get_or_insert_mut(name.folded(), Stranger::default);
        stranger.failures += 1;
        if stranger.failures < attempts_max {
            return LoginError::Wrong;
        }
        let until = self.lockout(now);
        *stranger = Stranger { failures: 0, locked_until: Some(until) };
        LoginError::Locked { until }
    }

    fn lockout(&self, now: Timestamp) -> Timestamp {
        now.plus_micros(i64::from(self.rules.lockout_minutes) * MINUTE_MICROS)
    }
}
