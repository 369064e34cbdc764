//! What administrators do to the whole workspace: settings, groups, invites.

use std::sync::Arc;

use super::Workspace;
use crate::event::{Event, LoggedEvent};
use crate::invite::Invite;
use crate::settings::SettingsChange;

impl Workspace {
    pub(super) fn apply_to_house(&mut self, record: &LoggedEvent, event: &Event) {
        if let Event::SettingsChanged { change } = event {
            match change {
                SettingsChange::Signup(mode) => self.settings.signup = *mode,
                SettingsChange::EditHistory(visibility) => self.settings.edit_history = *visibility,
            }
        } else if let Event::GroupSaved { group, settings } = event {
            let id = group.unwrap_or(record.seq);
            if let Some(before) = self.groups.get(&id) {
                self.group_ids.remove(&before.handle.folded());
            }
            self.group_ids.insert(settings.handle.folded(), id);
            self.groups.insert(id, Arc::new(settings.clone()));
        } else if let Event::GroupDeleted { group } = event {
            if let Some(gone) = self.groups.remove(group) {
                self.group_ids.remove(&gone.handle.folded());
            }
        } else if let Event::InviteCreated { token_hash, terms } = event {
            self.invite_ids.insert(token_hash.clone(), record.seq);
            let invite = Invite {
                token_hash: token_hash.clone(),
                terms: terms.clone(),
                created_by: record.actor,
                created_ts: record.ts,
                uses: 0,
                revoked_ts: None,
            };
            self.invites.insert(record.seq, invite);
        } else if let Event::InviteRevoked { invite } = event
            && let Some(invite) = self.invites.get_mut(invite)
        {
            invite.revoked_ts = Some(record.ts);
        }
    }
}
