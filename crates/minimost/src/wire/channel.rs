//! A place messages go.

use chat::member::Members;
use chat::workspace::ChannelKind;
use chat::{ChannelId, UserId, Workspace};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::message::{names, seconds};

/// A place messages go.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct ChannelView {
    /// Also the n of `private:<n>`.
    pub id: u64,
    /// The name in URLs: `general`, `private:7`, `dm:alice:bob`.
    pub channel: String,
    /// `public`, `private` or `direct`.
    pub kind: String,
    /// The name to show.
    pub name: String,
    /// Unix seconds.
    pub created_ts: f64,
    /// Sorted; null for a public channel, whose members `GET /channel_members` lists.
    pub members: Option<Vec<String>>,
    pub member_count: usize,
    pub topic: String,
    pub description: String,
    /// A public channel of everybody, that nobody leaves.
    pub is_default: bool,
    /// Unix seconds; null unless archived.
    pub archived_ts: Option<f64>,
    /// Who looks after it.
    pub owner: Option<String>,
    /// Of an announcement channel: who may post, beside its owner and administrators.
    pub posters: Option<Vec<String>>,
}

/// A public channel in the directory.
#[derive(Clone, Debug, PartialEq, Serialize, ToSchema)]
pub struct DirectoryEntry {
    pub channel: String,
    pub name: String,
    pub topic: String,
    pub description: String,
    pub member_count: usize,
    /// Whether the asker is in it.
    pub is_member: bool,
    /// Unix seconds; null unless archived.
    pub archived_ts: Option<f64>,
    /// Unix seconds.
    pub created_ts: f64,
}

impl ChannelView {
    /// A channel of `workspace`; `None` when there is none.
    pub fn new(channel: ChannelId, workspace: &Workspace) -> Option<ChannelView> {
        let found = workspace.channels.get(&channel)?;
        let members = || {
            let mut names = names(&workspace.member_ids(channel), workspace);
            names.sort();
            names
        };
        let (kind, name, members) = match &found.kind {
            ChannelKind::Public { name, .. } => ("public", name.clone(), None),
            ChannelKind::Private { name, .. } => ("private", name.clone(), Some(members())),
            ChannelKind::Direct { .. } => {
                let members = members();
                ("direct", members.join(", "), Some(members))
            }
        };
        let posters = found.posters.as_ref().map(|posters| names(posters, workspace));
        Some(ChannelView {
            id: channel.0.get(),
            channel: workspace.channel_name(channel),
            kind: kind.to_owned(),
            name,
            created_ts: found.created_ts.as_seconds(),
            members,
            member_count: member_count(channel, workspace),
            topic: found.topic.clone(),
            description: found.description.clone(),
            is_default: found.is_default(),
            archived_ts: seconds(found.archived_ts),
            owner: found.owner.map(|owner| workspace.user_name(owner).to_owned()),
            posters,
        })
    }
}

impl DirectoryEntry {
    /// The entry of a public channel, as `asker` sees it; `None` for any other.
    pub fn new(channel: ChannelId, asker: UserId, workspace: &Workspace) -> Option<DirectoryEntry> {
        let found = workspace.channels.get(&channel)?;
        let ChannelKind::Public { slug, name } = &found.kind else { return None };
        Some(DirectoryEntry {
            channel: slug.to_string(),
            name: name.clone(),
            topic: found.topic.clone(),
            description: found.description.clone(),
            member_count: member_count(channel, workspace),
            is_member: workspace.membership(asker, channel).is_some(),
            archived_ts: seconds(found.archived_ts),
            created_ts: found.created_ts.as_seconds(),
        })
    }
}

/// Members of a channel; deactivated accounts are not counted among everybody.
pub(crate) fn member_count(channel: ChannelId, workspace: &Workspace) -> usize {
    match workspace.channels.get(&channel).map(|channel| &channel.members) {
        Some(Members::Listed(members)) => members.len(),
        Some(Members::Everyone) => {
            workspace.users.values().filter(|user| !user.is_deactivated).count()
        }
        None => 0,
    }
}
