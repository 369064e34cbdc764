//! The workspace as it is stored: facts only. The indexes over them are made again on reading, so they cannot be forgotten.

use std::sync::Arc;

use imbl::OrdMap;
use serde::Deserialize;

use super::{Channel, ChannelKind, Session, User, Workspace};
use crate::ids::{ChannelId, Seq, SessionId, Timestamp, UserId};

#[derive(Deserialize)]
pub(super) struct StoredWorkspace {
    head: Seq,
    last_ts: Timestamp,
    users: OrdMap<UserId, User>,
    sessions: OrdMap<SessionId, Session>,
    channels: OrdMap<ChannelId, Arc<Channel>>,
}

impl From<StoredWorkspace> for Workspace {
    fn from(stored: StoredWorkspace) -> Workspace {
        let StoredWorkspace { head, last_ts, users, sessions, channels } = stored;
        let mut workspace =
            Workspace { head, last_ts, users, sessions, channels, ..Workspace::default() };
        for (id, user) in &workspace.users {
            workspace.user_ids.insert(user.name.folded(), *id);
        }
        for (id, session) in &workspace.sessions {
            workspace.session_ids.insert(session.token_hash.clone(), *id);
        }
        for (id, channel) in &workspace.channels {
            match &channel.kind {
                ChannelKind::Public { slug, .. } => {
                    workspace.slugs.insert(slug.clone(), *id);
                }
                ChannelKind::Direct { members } => {
                    workspace.direct_ids.insert(members.clone(), *id);
                }
            }
        }
        workspace
    }
}
