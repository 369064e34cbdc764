//! The shapes that people and programs see: docs/api.md, "Shapes".

use std::collections::BTreeMap;

use chat::event::Mentions;
use chat::workspace::ChannelKind;
use chat::{ChannelId, Message, Seq, Workspace};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// A message as it is now.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct MessageView {
    pub id: u64,
    /// `general` or `dm:alice:bob`.
    pub channel: String,
    pub sender: String,
    /// Null once deleted.
    pub content: Option<String>,
    /// `text`, or `system` for notices.
    pub content_type: String,
    /// Unix seconds.
    pub ts: f64,
    pub edited: bool,
    pub edited_ts: Option<f64>,
    pub deleted: bool,
    pub deleted_ts: Option<f64>,
    pub reply_to_id: Option<u64>,
    /// Short name of the emoji to the names of those who reacted, in their order.
    pub reactions: BTreeMap<String, Vec<String>>,
    pub reactions_ts: Option<f64>,
    /// Names, or exactly `["@everyone"]`.
    pub mentions: Vec<String>,
    /// The first file.
    pub filename: Option<String>,
    pub files: Vec<String>,
    pub metadata: Option<serde_json::Value>,
    pub client_msg_id: Option<String>,
}

/// A place messages go.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct ChannelView {
    pub id: u64,
    /// The name in URLs: `general`, `dm:alice:bob`.
    pub channel: String,
    /// `public` or `direct`.
    pub kind: String,
    /// The name to show.
    pub name: String,
    /// Unix seconds.
    pub created_ts: f64,
    /// Of a direct channel, sorted; null for a public one, where everybody is.
    pub members: Option<Vec<String>>,
}

impl MessageView {
    /// Puts names in the place of numbers.
    pub fn new(message: &Message, workspace: &Workspace) -> MessageView {
        let seconds = |ts: Option<chat::Timestamp>| ts.map(chat::Timestamp::as_seconds);
        MessageView {
            id: message.id.get(),
            channel: workspace.channel_name(message.channel),
            sender: workspace.user_name(message.sender).to_owned(),
            content: message.text.clone(),
            content_type: "text".to_owned(),
            ts: message.ts.as_seconds(),
            edited: message.edited_ts.is_some(),
            edited_ts: seconds(message.edited_ts),
            deleted: message.deleted,
            deleted_ts: seconds(message.deleted_ts),
            reply_to_id: message.reply_to.map(Seq::get),
            reactions: message
                .reactions
                .iter()
                .map(|(name, users)| {
                    let users = users.iter().map(|user| workspace.user_name(*user).to_owned());
                    (name.clone(), users.collect())
                })
                .collect(),
            reactions_ts: seconds(message.reactions_ts),
            mentions: mention_names(&message.mentions, workspace),
            filename: None,
            files: Vec::new(),
            metadata: None,
            client_msg_id: message.client_msg_id.as_ref().map(|id| id.as_str().to_owned()),
        }
    }
}

/// The names in the `mentions` of a message.
pub fn mention_names(mentions: &Mentions, workspace: &Workspace) -> Vec<String> {
    match mentions {
        Mentions::Nobody => Vec::new(),
        Mentions::Users(users) => {
            users.iter().map(|user| workspace.user_name(*user).to_owned()).collect()
        }
        Mentions::Everyone => vec!["@everyone".to_owned()],
    }
}

impl ChannelView {
    /// A channel of `workspace`; `None` when there is none.
    pub fn new(channel: ChannelId, workspace: &Workspace) -> Option<ChannelView> {
        let found = workspace.channels.get(&channel)?;
        let wire_name = workspace.channel_name(channel);
        let (kind, name, members) = match &found.kind {
            ChannelKind::Public { name, .. } => ("public", name.clone(), None),
            ChannelKind::Direct { members } => {
                let mut names: Vec<_> =
                    members.iter().map(|user| workspace.user_name(*user).to_owned()).collect();
                names.sort();
                ("direct", names.join(", "), Some(names))
            }
        };
        let created_ts = found.created_ts.as_seconds();
        let (id, kind) = (channel.0.get(), kind.to_owned());
        Some(ChannelView { id, channel: wire_name, kind, name, created_ts, members })
    }
}
