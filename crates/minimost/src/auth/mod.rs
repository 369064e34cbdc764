//! Who may come in: passwords, sessions, rate limits, lockout.
//!
//! Verifies and counts; it writes nothing. `api/accounts.rs` turns what it finds into commands.

mod attempts;
mod common;
mod login;
mod password;
mod password_rules;
mod rate_limit;
mod session;

use std::num::NonZeroU32;
use std::time::Duration;

use attempts::Attempts;
use chat::ids::SessionId;
use chat::{Seq, UserId};

use crate::clock::Clock;
use crate::config::{self, Limits};

pub use login::{LoginError, Verified};
pub use password::{PasswordBusy, Passwords, Verdict};
pub use password_rules::PASSWORD_CHARS_MAX;
pub use rate_limit::{Network, RateLimit, TooSoon};
pub use session::{Token, token_hash};

/// Everything that stands between a stranger and an account.
pub struct Auth {
    pub passwords: Passwords,
    pub sends: RateLimit<UserId>,
    pub logins: RateLimit<Network>,
    pub signups: RateLimit<Network>,
    /// Log-ins with the right password, which is named by the event that set it: only who knows it counts, and a new
    /// one begins anew.
    pub right_logins: RateLimit<(UserId, Seq)>,
    /// Counted by session: whoever has a stolen one takes this from nobody who logs in anew.
    pub password_changes: RateLimit<SessionId>,
    pub password_resets: RateLimit<Network>,
    attempts: Attempts,
    rules: config::Auth,
}

impl Auth {
    /// Prepares; hashes one password, so that unknown names take as long as known ones.
    pub fn new(rules: &config::Auth, limits: &Limits, clock: &Clock) -> Auth {
        const MINUTE: Duration = Duration::from_secs(60);
        const HOUR: Duration = Duration::from_secs(3600);
        Auth {
            passwords: Passwords::new(rules.argon2_memory_kib),
            sends: RateLimit::new(NonZeroU32::new(limits.sends_per_minute), MINUTE, clock),
            logins: RateLimit::new(NonZeroU32::new(limits.logins_per_minute), MINUTE, clock),
            signups: RateLimit::new(NonZeroU32::new(limits.signups_per_hour), HOUR, clock),
            right_logins: RateLimit::new(
                NonZeroU32::new(limits.logins_per_person_per_hour),
                HOUR,
                clock,
            ),
            password_changes: RateLimit::new(
                NonZeroU32::new(limits.password_changes_per_hour),
                HOUR,
                clock,
            ),
            password_resets: RateLimit::new(
                NonZeroU32::new(limits.password_resets_per_hour),
                HOUR,
                clock,
            ),
            attempts: Attempts::new(attempts::Rules {
                per_address_max: rules.max_login_attempts,
                per_name_max: rules.max_login_attempts_per_name,
                lock_micros: i64::from(rules.lockout_minutes) * 60_000_000,
            }),
            rules: rules.clone(),
        }
    }

    /// Every rule that a new password of `name` breaks, in words; empty when it will do.
    pub fn broken_rules(&self, name: &str, password: &str) -> Vec<String> {
        password_rules::broken(&self.rules, name, password)
    }

    /// Forgets whoever has been quiet for long enough; `boot` calls it every minute.
    pub fn forget_the_quiet(&self) {
        self.sends.forget_the_quiet();
        self.logins.forget_the_quiet();
        self.signups.forget_the_quiet();
        self.right_logins.forget_the_quiet();
        self.password_changes.forget_the_quiet();
        self.password_resets.forget_the_quiet();
    }
}
