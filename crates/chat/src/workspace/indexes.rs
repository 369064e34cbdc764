//! The indexes over the facts of a workspace, made anew when it is read.

use super::{ChannelKind, Workspace};

impl Workspace {
    /// Makes all of them; there are none yet.
    pub(super) fn make_indexes(&mut self) {
        let workspace = self;
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
    }
}
