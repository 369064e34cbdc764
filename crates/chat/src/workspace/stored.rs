//! The workspace as it is stored: facts only. The indexes over them are made again on reading, so they cannot be forgotten.

use std::sync::Arc;

use imbl::OrdMap;
use serde::Deserialize;

use super::{Channel, ChannelKind, Session, User, Workspace};
use crate::event::Envelope;
use crate::group::GroupSettings;
use crate::ids::{ChannelId, Seq, SessionId, Timestamp, UserId};
use crate::invite::Invite;
use crate::password_reset::PasswordReset;
use crate::session::EndedSession;
use crate::settings::Settings;

#[derive(Deserialize)]
pub(super) struct StoredWorkspace {
    head: Seq,
    last_ts: Timestamp,
    last: Option<Arc<Envelope>>,
    users: OrdMap<UserId, User>,
    sessions: OrdMap<SessionId, Session>,
    ended_sessions: OrdMap<Seq, EndedSession>,
    channels: OrdMap<ChannelId, Arc<Channel>>,
    settings: Settings,
    groups: OrdMap<Seq, Arc<GroupSettings>>,
    groups_saved: OrdMap<Seq, Seq>,
    invites: OrdMap<Seq, Invite>,
    resets: OrdMap<UserId, PasswordReset>,
}

impl From<StoredWorkspace> for Workspace {
    fn from(stored: StoredWorkspace) -> Workspace {
        let mut workspace = Workspace {
            head: stored.head,
            last_ts: stored.last_ts,
            last: stored.last,
            users: stored.users,
            sessions: stored.sessions,
            ended_sessions: stored.ended_sessions,
            channels: stored.channels,
            settings: stored.settings,
            groups: stored.groups,
            groups_saved: stored.groups_saved,
            invites: stored.invites,
            resets: stored.resets,
            ..Workspace::default()
        };
        for (id, user) in &workspace.users {
            workspace.user_ids.insert(user.name.folded(), *id);
            for (seq, scheduled) in &user.personal.scheduled {
                if scheduled.failure.is_none() {
                    workspace.agenda.insert((scheduled.send_at, *seq), *id);
                }
            }
            for (seq, reminder) in &user.personal.reminders {
                if reminder.fired_ts.is_none() {
                    workspace.agenda.insert((reminder.due, *seq), *id);
                }
            }
            if !user.personal.keywords.is_empty() {
                workspace.keyword_users.insert(*id);
            }
        }
        for (id, session) in &workspace.sessions {
            workspace.session_ids.insert(session.token_hash.clone(), *id);
        }
        for (closed, ended) in &workspace.ended_sessions {
            workspace.ended_ids.insert(ended.token_hash.clone(), *closed);
        }
        for (id, channel) in &workspace.channels {
            workspace.open_channels += usize::from(channel.is_counted());
            match &channel.kind {
                ChannelKind::Public { slug, .. } => {
                    workspace.slugs.insert(slug.clone(), *id);
                }
                ChannelKind::Direct { members } => {
                    workspace.direct_ids.insert(members.clone(), *id);
                }
                // Its name holds its id.
                ChannelKind::Private { .. } => {}
            }
        }
        for (id, group) in &workspace.groups {
            workspace.group_ids.insert(group.handle.folded(), *id);
        }
        // Of one that the fold has met erased and not yet revoked no hash is known.
        let known = workspace.invites.iter().filter(|(_, it)| !it.token_hash.0.is_empty());
        for (id, invite) in known {
            workspace.invite_ids.insert(invite.token_hash.clone(), *id);
        }
        for (user, reset) in &workspace.resets {
            workspace.reset_ids.insert(reset.token_hash.clone(), *user);
        }
        workspace
    }
}
