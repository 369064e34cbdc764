//! Signing up, logging in and out, passwords, locks.

use super::{CAST, Narrator};
use crate::command::{Actor, Command};
use crate::ids::{PasswordHash, Seq, SessionId, UserId};
use crate::testing::story::token_hash;
use crate::testing::wish;

impl Narrator {
    pub(super) fn account_step(&mut self, actor: Actor) -> (Actor, Command) {
        let user = self.user();
        let password_set = self.history.story.workspace.users[&user].password_set;
        let verified_against = if self.prng.percent(90) { password_set } else { Seq(1) };
        let number = self.number();
        let password_hash = PasswordHash(format!("$fake$password {number}"));
        match self.prng.below(14) {
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
            11 => (Actor::System, self.create_reset(user)),
            12 => self.reset_step(user, password_hash),
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

    fn create_reset(&mut self, user: UserId) -> Command {
        let name = self.history.story.workspace.users[&user].name.clone();
        let minutes = [1, 60, 0][self.prng.below(3)];
        Command::CreatePasswordReset { name, token_hash: token_hash(self.number()), minutes }
    }

    /// Somebody uses a link, whether it holds or not, or its time is over.
    fn reset_step(&mut self, user: UserId, password_hash: PasswordHash) -> (Actor, Command) {
        let resets: Vec<_> = self
            .history
            .story
            .workspace
            .resets
            .iter()
            .map(|(user, reset)| (*user, reset.token_hash.clone()))
            .collect();
        let picked = self.prng.pick(&resets);
        if self.prng.percent(30) {
            let user = picked.map_or(user, |(user, _)| user);
            return (Actor::System, Command::ExpirePasswordReset { user });
        }
        let token_hash = picked.map_or_else(|| token_hash(0), |(_, token_hash)| token_hash);
        (Actor::Anonymous, Command::ResetPassword { token_hash, password_hash })
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
