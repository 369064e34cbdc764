//! What administrators do: roles, settings, groups, invites.

use super::{Narrator, seconds_as_micros};
use crate::command::{Actor, Command};
use crate::group::GroupWish;
use crate::ids::Seq;
use crate::invite::InviteTerms;
use crate::role::AccountChange;
use crate::settings::{EditHistoryVisibility, SettingsChange, SignupMode};
use crate::testing::story::token_hash;
use crate::testing::wish;

const HANDLES: [&str; 4] = ["devs", "Owls", "grace", "night-shift"];

impl Narrator {
    pub(super) fn house_step(&mut self) -> (Actor, Command) {
        let admin = self.administrator();
        let command = match self.prng.below(10) {
            0..=3 => self.change_account(),
            4 => Command::ChangeSettings { changes: vec![self.settings_change()] },
            5..=6 => self.save_group(),
            7 if self.prng.percent(40) => Command::DeleteGroup { group: self.group() },
            8 if self.prng.percent(40) => Command::RevokeInvite { invite: self.invite() },
            _ => self.create_invite(),
        };
        (admin, command)
    }

    /// Who is gone mostly comes back before somebody else goes.
    fn change_account(&mut self) -> Command {
        let users = self.history.story.workspace.users.iter();
        let gone: Vec<_> = users.filter(|(_, it)| it.is_deactivated).map(|(id, _)| *id).collect();
        let back = self.prng.pick(&gone).filter(|_| self.prng.percent(70));
        let user = back.unwrap_or_else(|| self.user());
        let name = self.history.story.workspace.users[&user].name.clone();
        let change = match self.prng.below(4) {
            _ if back.is_some() => AccountChange::Reactivated,
            0 => AccountChange::Deactivated,
            1 => AccountChange::Reactivated,
            _ => AccountChange::Role { is_admin: self.prng.percent(60) },
        };
        Command::ChangeAccount { name, change }
    }

    /// A closed door is mostly opened next.
    fn settings_change(&mut self) -> SettingsChange {
        if self.history.story.workspace.settings.signup != SignupMode::Open {
            return SettingsChange::Signup(SignupMode::Open);
        }
        match self.prng.below(6) {
            0 => SettingsChange::Signup(SignupMode::Closed),
            1 => SettingsChange::Signup(SignupMode::Invite),
            2 => SettingsChange::EditHistory(EditHistoryVisibility::Sender),
            3 => SettingsChange::EditHistory(EditHistoryVisibility::Administrators),
            4 => SettingsChange::EditHistory(EditHistoryVisibility::Nobody),
            _ => SettingsChange::EditHistory(EditHistoryVisibility::Everyone),
        }
    }

    fn save_group(&mut self) -> Command {
        let group = if self.prng.percent(50) { Some(self.group()) } else { None };
        let handle = self.prng.pick(&HANDLES).map(wish::name);
        let name = self.prng.percent(50).then(|| format!("Group {}", self.number()));
        let members = if self.prng.percent(70) { Some(self.names()) } else { None };
        Command::SaveGroup { group, wish: GroupWish { handle, name, members } }
    }

    fn create_invite(&mut self) -> Command {
        let ahead = seconds_as_micros(self.prng.below(3_600));
        let expires = self.prng.percent(50).then(|| self.history.story.now.plus_micros(ahead));
        let uses_max = [None, Some(0), Some(1), Some(3)][self.prng.below(4)];
        let note = format!("for step {}", self.number());
        let token_hash = token_hash(self.number());
        Command::CreateInvite { token_hash, terms: InviteTerms { expires, uses_max, note } }
    }

    fn group(&mut self) -> Seq {
        let groups: Vec<_> = self.history.story.workspace.groups.keys().copied().collect();
        self.prng.pick(&groups).unwrap_or(Seq(1))
    }

    fn invite(&mut self) -> Seq {
        let invites: Vec<_> = self.history.story.workspace.invites.keys().copied().collect();
        self.prng.pick(&invites).unwrap_or(Seq(1))
    }

    /// Mostly an administrator whose session holds.
    fn administrator(&mut self) -> Actor {
        let users = &self.history.story.workspace.users;
        let is_admin =
            |actor: &Actor| matches!(actor, Actor::User { user, .. } if users[user].is_admin);
        let admins: Vec<_> = self.current_sessions().into_iter().filter(is_admin).collect();
        let admin = self.prng.pick(&admins).filter(|_| self.prng.percent(95));
        admin.unwrap_or_else(|| self.someone())
    }
}
