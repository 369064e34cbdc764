//! `GET /state`: all that a screen needs to start, at one cursor.

use std::collections::BTreeMap;
use std::sync::Arc;

use axum::extract::State;
use chat::message::MESSAGE_CHARS_MAX;
use chat::signal::TYPING_SECONDS;
use chat::{ChannelId, Rejection, Seq, UserId, Workspace};
use serde::Serialize;
use utoipa::ToSchema;

use super::accounts::{self, Account};
use super::extract::{Answer, LoggedIn};
use super::problem::ApiError;
use super::{drafts, presence, reminders, saved, scheduled};
use crate::app::App;
use crate::projection::mailbox::Counts;
use crate::wire::{ChannelView, DraftView, ReminderView, ScheduledView};

/// All that a screen needs to start.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct StateView {
    me: Account,
    /// The names of all accounts, the asker's included, sorted.
    users: Vec<String>,
    channels: Vec<ChannelState>,
    /// Ids of the messages that the asker keeps, newest save first.
    saved: Vec<u64>,
    drafts: Vec<DraftView>,
    scheduled: Vec<ScheduledView>,
    reminders: Vec<ReminderView>,
    /// As in `GET /online_users`.
    presence: BTreeMap<String, &'static str>,
    #[serde(rename = "override")]
    own_override: Option<&'static str>,
    limits: LimitsView,
}

/// A channel, and what waits in it.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct ChannelState {
    #[serde(flatten)]
    channel: ChannelView,
    unread: u64,
    mentions: u64,
    last_read_id: Option<u64>,
    newest_id: Option<u64>,
}

/// What a client has to know before it sends.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct LimitsView {
    message_chars_max: usize,
    typing_seconds: u64,
}

/// All that a screen needs to start, at one cursor.
#[utoipa::path(get, path = "/state", responses((status = 200, body = StateView)))]
pub(super) async fn state(
    State(app): State<App>,
    asker: LoggedIn,
) -> Result<Answer<StateView>, ApiError> {
    app.writer.flush_markers(asker.user).await?;
    let (workspace, counts) = app.mailboxes.counts(asker.user, app.workspace().head).await?;
    let asker = LoggedIn { workspace: Arc::new(workspace), ..asker };
    let workspace = &asker.workspace;
    let view = StateView {
        me: Account::new(asker.user, workspace).ok_or(Rejection::NotLoggedIn)?,
        users: accounts::names(workspace),
        channels: channel_states(asker.user, workspace, &counts),
        saved: saved::saved_ids(asker.user, workspace),
        drafts: drafts::drafts(asker.user, workspace),
        scheduled: scheduled::scheduled(asker.user, workspace),
        reminders: reminders::reminders(asker.user, workspace),
        presence: presence::online(&app, workspace),
        own_override: presence::own_override(&app, asker.user),
        limits: LimitsView { message_chars_max: MESSAGE_CHARS_MAX, typing_seconds: TYPING_SECONDS },
    };
    Ok(asker.answer(&app, view))
}

fn channel_states(
    user: UserId,
    workspace: &Workspace,
    counts: &BTreeMap<ChannelId, Counts>,
) -> Vec<ChannelState> {
    let state = |id: ChannelId| {
        let found = workspace.channels.get(&id)?;
        let waiting = counts.get(&id).copied().unwrap_or_default();
        Some(ChannelState {
            channel: ChannelView::new(id, workspace)?,
            unread: waiting.unread,
            mentions: waiting.mentions,
            last_read_id: found.markers.get(&user).map(|marker| marker.up_to.get()),
            newest_id: found.newest.map(Seq::get),
        })
    };
    workspace.channels_of(user).into_iter().filter_map(state).collect()
}
