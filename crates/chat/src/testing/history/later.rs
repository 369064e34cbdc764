//! Drafts, messages that go out later, reminders, and what the server does when their time has come.

use super::Narrator;
use crate::command::{Actor, Command};
use crate::ids::{Seq, UserId};
use crate::personal::Personal;

impl Narrator {
    pub(super) fn later(&mut self, actor: Actor) -> Command {
        let channel = self.channel(actor);
        let thread = if self.prng.percent(30) { self.message_near(&channel) } else { None };
        match self.prng.below(16) {
            0..=5 => {
                let text = if self.prng.percent(80) { self.text() } else { String::new() };
                Command::SaveDraft { channel, thread, text }
            }
            6..=8 => {
                let (text, send_at) = (self.text(), self.soon());
                Command::ScheduleMessage { channel, thread, text, send_at }
            }
            9 => {
                let schedule =
                    self.own(actor, |personal| personal.scheduled.keys().copied().collect());
                let text = if self.prng.percent(60) { Some(self.text()) } else { None };
                let send_at = if self.prng.percent(60) { Some(self.soon()) } else { None };
                Command::ChangeSchedule { schedule, text, send_at }
            }
            10..=11 => {
                let schedule =
                    self.own(actor, |personal| personal.scheduled.keys().copied().collect());
                Command::CancelSchedule { schedule }
            }
            12..=14 => {
                let message = if self.prng.percent(50) { self.message_of(actor) } else { None };
                let text = if self.prng.percent(80) { self.text() } else { String::new() };
                Command::SetReminder { message, text, due: self.soon() }
            }
            _ => {
                let reminder =
                    self.own(actor, |personal| personal.reminders.keys().copied().collect());
                Command::EndReminder { reminder }
            }
        }
    }

    /// What stands first on the agenda, when its time has come.
    pub(super) fn due(&self) -> Option<Command> {
        let story = &self.history.story;
        let ((due, id), user) = story.workspace.agenda.get_min()?;
        let (id, user) = (*id, *user);
        let is_scheduled = story.workspace.users[&user].personal.scheduled.contains_key(&id);
        (*due <= story.now).then_some(if is_scheduled {
            Command::SendScheduled { user, schedule: id }
        } else {
            Command::FireReminder { user, reminder: id }
        })
    }

    /// Something of the actor's own, seldom of somebody else.
    fn own(&mut self, actor: Actor, of: impl Fn(&Personal) -> Vec<Seq>) -> Seq {
        let user = match actor {
            Actor::User { user, .. } if self.prng.percent(90) => user,
            Actor::User { .. } | Actor::System | Actor::Anonymous => self.user(),
        };
        let ids = self.personal(user).map(of).unwrap_or_default();
        self.prng.pick(&ids).unwrap_or(Seq(1))
    }

    fn personal(&self, user: UserId) -> Option<&Personal> {
        Some(&self.history.story.workspace.users.get(&user)?.personal)
    }
}
