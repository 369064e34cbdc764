//! Signing up, logging in and out, passwords, locks.

use super::{CAST, Narrator};
use crate::command::{Actor, Command};
use crate::ids::{PasswordHash, Seq, SessionId};
use crate::testing::story::token_hash;
use crate::testing::wish;

impl Narrator {
    pub(super) fn account_step(&mut self, actor: Actor) -> (Actor, Command) {
        let user = self.user();
        let password_set = self.history.story.workspace.users[&user].password_set;
        let verified_against = if self.prng.percent(90) { password_set } else { Seq(1) };
        let number = self.number();
        let password_hash = PasswordHash(format!("$fake$password {number}"));
        match self.prng.below(12) {
            0..=2 => {
                let name = self.prng.pick(&CAST).expect("there is a cast");
                (Actor::Anonymous, self.sign_up(name))
            }
            3..=6 => {
                let token_hash = token_hash(number);
                (Actor::Anonymous, Command::LogIn { user, verified_against, token_hash })
            }
            7 => (actor, Command::LogOut),
            8 => {
                let verified_against = self.password_set(actor).unwrap_or(verified_against);
                (actor, Command::ChangePassword { verified_against, password_hash })
            }
            9 => {
                let upgrade =
                    Command::UpgradePasswordHash { user, verified_against, password_hash };
                (Actor::System, upgrade)
            }
            10 => {
                let until = self.history.story.now.plus_micros(60_000_000);
                if self.prng.percent(30) {
                    let name = self.prng.pick(&CAST).expect("there is a cast");
                    return (actor, Command::UnlockAccount { name: wish::name(name) });
                }
                (Actor::System, Command::LockAccount { user, until })
            }
            _ => {
                let sessions: Vec<_> =
                    self.history.story.workspace.sessions.keys().copied().collect();
                let session = self.prng.pick(&sessions).unwrap_or(SessionId(Seq(1)));
                // No chance in this: the histories that are kept stay as long as they are.
                let mut ended = self.history.story.workspace.ended_sessions.values();
                if let Some(third) = ended.nth(2) {
                    let ended_by = third.ended_ts;
                    return (Actor::System, Command::ForgetSessions { ended_by });
                }
                (Actor::System, Command::ExpireSession { session })
            }
        }
    }

    /// Sometimes with an invite, whether it holds or not.
    pub(super) fn sign_up(&mut self, name: &str) -> Command {
        let number = self.number();
        let invites = self.history.story.workspace.invites.values();
        let invites: Vec<_> = invites.map(|invite| invite.token_hash.clone()).collect();
        Command::SignUp {
            name: wish::name(name),
            password_hash: PasswordHash(format!("$fake$password {number}")),
            token_hash: token_hash(number),
            invite: self.prng.pick(&invites),
            greet: true,
        }
    }

    fn password_set(&self, actor: Actor) -> Option<Seq> {
        let Actor::User { user, .. } = actor else { return None };
        self.history.story.workspace.users.get(&user).map(|user| user.password_set)
    }
}
