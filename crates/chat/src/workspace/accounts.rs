//! What happens to accounts and their sessions.

use std::sync::Arc;

use imbl::OrdSet;

use super::{Session, User, Workspace};
use crate::event::{Event, LoggedEvent};
use crate::ids::{PasswordHash, Seq, SessionId, UserId, UserName};
use crate::password_reset::PasswordReset;
use crate::personal::Personal;
use crate::profile::Profile;
use crate::role::AccountChange;
use crate::session::{ENDED_SESSIONS_MAX, EndedSession, SessionEnd};

impl Workspace {
    pub(super) fn apply_to_account(&mut self, record: &LoggedEvent, event: &Event) {
        if let Event::AccountCreated { name, is_admin, invite } = event {
            self.add_user(record, name, *is_admin);
            if let Some(invite) = invite.and_then(|invite| self.invites.get_mut(&invite)) {
                invite.uses += 1;
            }
        } else if let Event::PasswordSet { user, password_hash } = event {
            let user = self.user_mut(*user);
            user.password_hash = password_hash.clone();
            user.password_set = record.seq;
        } else if let Event::AccountLocked { user, until } = event {
            self.user_mut(*user).locked_until = Some(*until);
        } else if let Event::SessionOpened { user, token_hash } = event {
            let id = SessionId(record.seq);
            let token_hash = token_hash.clone();
            let session = Session { user: *user, token_hash, opened_ts: record.ts };
            self.user_mut(*user).sessions.insert(id);
            self.session_ids.insert(session.token_hash.clone(), id);
            self.sessions.insert(id, session);
        } else if let Event::SessionClosed { session, why, .. } = event {
            self.close_session(record, *session, *why);
        } else if let Event::SessionsForgotten { up_to } = event {
            self.forget_ended_sessions(*up_to);
        } else if let Event::AccountChanged { user, change } = event {
            let user = self.user_mut(*user);
            match change {
                AccountChange::Role { is_admin } => user.is_admin = *is_admin,
                AccountChange::Deactivated => user.is_deactivated = true,
                AccountChange::Reactivated => user.is_deactivated = false,
            }
        } else if let Event::PasswordResetCreated { user, token_hash, expires } = event {
            self.end_reset(*user);
            let (token_hash, expires, made) = (token_hash.clone(), *expires, record.seq);
            self.reset_ids.insert(token_hash.clone(), *user);
            self.resets.insert(*user, PasswordReset { token_hash, expires, made });
        } else if let Event::PasswordResetEnded { user, .. } = event {
            self.end_reset(*user);
        } else if let Event::ProfileChanged { user, profile } = event {
            let user = self.user_mut(*user);
            user.profile = Arc::new(profile.clone());
            user.profile_set = record.seq;
        }
    }

    fn add_user(&mut self, record: &LoggedEvent, name: &UserName, is_admin: bool) {
        let id = UserId(record.seq);
        let user = User {
            name: name.clone(),
            is_admin,
            created_ts: record.ts,
            password_hash: PasswordHash::default(),
            password_set: Seq::ZERO,
            locked_until: None,
            sessions: OrdSet::new(),
            ended: OrdSet::new(),
            directs: OrdSet::new(),
            joined: OrdSet::new(),
            put_into: OrdSet::new(),
            made: Arc::default(),
            is_deactivated: false,
            profile: Arc::new(Profile::default()),
            profile_set: Seq::ZERO,
            personal: Arc::new(Personal::default()),
        };
        self.user_ids.insert(name.folded(), id);
        self.users.insert(id, user);
    }

    fn end_reset(&mut self, user: UserId) {
        if let Some(reset) = self.resets.remove(&user) {
            self.reset_ids.remove(&reset.token_hash);
        }
    }

    fn close_session(&mut self, record: &LoggedEvent, id: SessionId, why: Option<SessionEnd>) {
        let Some(Session { user, token_hash, .. }) = self.sessions.remove(&id) else { return };
        self.session_ids.remove(&token_hash);
        self.user_mut(user).sessions.remove(&id);
        let Some(why) = why else { return };
        let ended = EndedSession { user, session: id, token_hash, why, ended_ts: record.ts };
        self.ended_ids.insert(ended.token_hash.clone(), record.seq);
        self.ended_sessions.insert(record.seq, ended);
        let kept = &mut self.user_mut(user).ended;
        kept.insert(record.seq);
        // Whoever closed this one has the oldest erased.
        let oldest = kept.get_min().copied().filter(|_| kept.len() > ENDED_SESSIONS_MAX);
        if let Some(closed) = oldest {
            self.forget_ended_session(closed);
        }
    }

    fn forget_ended_sessions(&mut self, up_to: Seq) {
        let closed = self.ended_sessions.range(..=up_to).map(|(closed, _)| *closed);
        let closed: Vec<Seq> = closed.collect();
        for closed in closed {
            self.forget_ended_session(closed);
        }
    }

    fn forget_ended_session(&mut self, closed: Seq) {
        if let Some(ended) = self.ended_sessions.remove(&closed) {
            self.ended_ids.remove(&ended.token_hash);
            self.user_mut(ended.user).ended.remove(&closed);
        }
    }
}
