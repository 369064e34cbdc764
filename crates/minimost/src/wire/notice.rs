//! What a notice says: an English sentence for people, the same as fields for programs and other languages.

use chat::notice::Notice;
use chat::{UserId, Workspace};
use serde_json::{Value, json};

use super::message::names;

/// The sentence.
pub(super) fn sentence(notice: &Notice, workspace: &Workspace) -> String {
    let name = |user: &UserId| workspace.user_name(*user).to_owned();
    match notice {
        Notice::ChannelRenamed { actor, name: to } => {
            format!("{} has renamed the channel to \"{to}\"", name(actor))
        }
        Notice::TopicChanged { actor, topic } if topic.is_empty() => {
            format!("{} has removed the topic", name(actor))
        }
        Notice::TopicChanged { actor, topic } => {
            format!("{} has set the topic to \"{topic}\"", name(actor))
        }
        Notice::DescriptionChanged { actor } => {
            format!("{} has changed the description", name(actor))
        }
        Notice::MembersAdded { actor, users } => {
            format!("{} added {} to this channel", name(actor), listed(users, workspace))
        }
        Notice::MemberLeft { user } => format!("{} has left the channel", name(user)),
        Notice::MemberRemoved { actor, user } => {
            format!("{} removed {} from this channel", name(actor), name(user))
        }
        Notice::OwnerChanged { owner, .. } => format!("{} owns the channel now", name(owner)),
        Notice::ChannelArchived { actor } => format!("{} has archived the channel", name(actor)),
        Notice::ChannelUnarchived { actor } => {
            format!("{} has brought the channel back", name(actor))
        }
        Notice::AccountCreated { user } => format!("{} joined MiniMost. Welcome!", name(user)),
        Notice::PostersChanged { actor, posters: None } => {
            format!("{} has let everybody post here", name(actor))
        }
        Notice::PostersChanged { actor, .. } => {
            format!("{} has chosen who posts here", name(actor))
        }
    }
}

/// The fields; `notice` says which.
pub(super) fn metadata(notice: &Notice, workspace: &Workspace) -> Value {
    let name = |user: &UserId| workspace.user_name(*user);
    match notice {
        Notice::ChannelRenamed { actor, name: to } => {
            json!({"notice": "channel_renamed", "actor": name(actor), "name": to})
        }
        Notice::TopicChanged { actor, topic } => {
            json!({"notice": "topic_changed", "actor": name(actor), "topic": topic})
        }
        Notice::DescriptionChanged { actor } => {
            json!({"notice": "description_changed", "actor": name(actor)})
        }
        Notice::MembersAdded { actor, users } => {
            let users = names(users, workspace);
            json!({"notice": "members_added", "actor": name(actor), "users": users})
        }
        Notice::MemberLeft { user } => json!({"notice": "member_left", "user": name(user)}),
        Notice::MemberRemoved { actor, user } => {
            json!({"notice": "member_removed", "actor": name(actor), "user": name(user)})
        }
        Notice::OwnerChanged { actor, owner } => {
            json!({"notice": "owner_changed", "actor": name(actor), "owner": name(owner)})
        }
        Notice::ChannelArchived { actor } => {
            json!({"notice": "channel_archived", "actor": name(actor)})
        }
        Notice::ChannelUnarchived { actor } => {
            json!({"notice": "channel_unarchived", "actor": name(actor)})
        }
        Notice::AccountCreated { user } => json!({"notice": "account_created", "user": name(user)}),
        Notice::PostersChanged { actor, posters } => {
            let posters = posters.as_ref().map(|posters| names(posters, workspace));
            json!({"notice": "posters_changed", "actor": name(actor), "posters": posters})
        }
    }
}

/// `alice`, `alice and bob`, `alice, bob and carol`.
fn listed(users: &[UserId], workspace: &Workspace) -> String {
    let names = names(users, workspace);
    match names.split_last() {
        None => String::new(),
        Some((only, [])) => only.clone(),
        Some((last, others)) => format!("{} and {last}", others.join(", ")),
    }
}
