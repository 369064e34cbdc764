//! What administrators do to the whole workspace: settings, groups, invites.

use std::sync::Arc;

use super::Workspace;
use crate::event::{Event, LoggedEvent};
use crate::ids::TokenHash;
use crate::invite::{Invite, InviteTerms, RevokedInvite};
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
            self.groups_saved.insert(id, record.seq);
        } else if let Event::GroupDeleted { group } = event {
            if let Some(gone) = self.groups.remove(group) {
                self.group_ids.remove(&gone.handle.folded());
            }
            self.groups_saved.remove(group);
        } else if let Event::InviteCreated { token_hash, terms } = event {
            self.invite_ids.insert(token_hash.clone(), record.seq);
            self.invites.insert(record.seq, made(record, token_hash.clone(), terms.clone()));
        } else if let Event::InviteRevoked { invite: id, kept } = event
            && let Some(invite) = self.invites.get_mut(id)
        {
            invite.revoked_ts = Some(record.ts);
            if let Some(RevokedInvite { token_hash, expires, uses_max }) = kept {
                let (expires, uses_max) = (*expires, *uses_max);
                invite.terms = InviteTerms { expires, uses_max, note: String::new() };
                invite.token_hash.clone_from(token_hash);
                self.invite_ids.insert(token_hash.clone(), *id);
            }
        }
    }

    /// An invite whose making is erased was revoked later; that event has what is kept of it.
    pub(super) fn add_revoked_invite(&mut self, record: &LoggedEvent) {
        let invite = made(record, TokenHash(String::new()), InviteTerms::default());
        self.invites.insert(record.seq, invite);
    }
}

fn made(record: &LoggedEvent, token_hash: TokenHash, terms: InviteTerms) -> Invite {
    let (created_by, created_ts) = (record.actor, record.ts);
    Invite { token_hash, terms, created_by, created_ts, uses: 0, revoked_ts: None }
}
