//! The channels of `GET /state`: each as its reader has it.

use std::collections::BTreeMap;

use chat::audience::history_start;
use chat::notification::Level;
use chat::{ChannelId, Seq, UserId, Workspace};
use serde::Serialize;
use utoipa::ToSchema;

use super::pins::pinned;
use crate::reading::Counts;
use crate::wire::ChannelView;

/// A channel, what waits in it, and how the asker wishes to be told.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct ChannelState {
    #[serde(flatten)]
    channel: ChannelView,
    unread: u64,
    mentions: u64,
    last_read_id: Option<u64>,
    newest_id: Option<u64>,
    /// The first id that the asker may see: 0 for all, or that of their joining.
    history_start_id: u64,
    /// `default`, `all`, `mentions` or `none`.
    #[schema(value_type = String)]
    level: Level,
    muted: bool,
    /// A direct channel that was closed, until something newer is said in it.
    is_hidden: bool,
    /// Pinned messages that the asker may see, newest pin first.
    pins: Vec<u64>,
}

/// Every channel of `user`, archived and closed ones too.
pub(super) fn channel_states(
    user: UserId,
    workspace: &Workspace,
    counts: &BTreeMap<ChannelId, Counts>,
) -> Vec<ChannelState> {
    let state = |id: ChannelId| {
        let found = workspace.channels.get(&id)?;
        let waiting = counts.get(&id).copied().unwrap_or_default();
        let personal = &workspace.users.get(&user)?.personal;
        let notifications = personal.notifications.get(&id).copied().unwrap_or_default();
        Some(ChannelState {
            channel: ChannelView::new(id, workspace)?,
            unread: waiting.unread,
            mentions: waiting.mentions,
            last_read_id: found.markers.get(&user).map(|marker| marker.up_to.get()),
            newest_id: found.newest.map(Seq::get),
            history_start_id: history_start(user, id, workspace)?.get(),
            level: notifications.level,
            muted: notifications.is_muted,
            is_hidden: workspace.is_hidden(user, id),
            pins: pinned(user, id, workspace).into_iter().map(Seq::get).collect(),
        })
    };
    workspace.channels_of(user).into_iter().filter_map(state).collect()
}
