//! `GET /state`: all that a screen needs to start, at one cursor.

use std::collections::BTreeMap;

use axum::extract::State;
use chat::Rejection;
use chat::message::MESSAGE_CHARS_MAX;
use chat::signal::TYPING_SECONDS;
use serde::Serialize;
use utoipa::ToSchema;

use super::accounts::{self, Account};
use super::channel_state::{ChannelState, channel_states};
use super::extract::{Answer, LoggedIn};
use super::people::PeopleState;
use super::problem::ApiError;
use super::threads::ThreadsState;
use super::{drafts, notifications, presence, reminders, saved, scheduled};
use crate::app::App;
use crate::reading::Waiting;
use crate::wire::{DoNotDisturbView, DraftView, ReminderView, ScheduledView};

/// All that a screen needs to start.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct StateView {
    me: Account,
    /// The names of all accounts, the asker's included, sorted.
    users: Vec<String>,
    channels: Vec<ChannelState>,
    #[serde(flatten)]
    people: PeopleState,
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
    /// Whether administrators and owners of channels may delete what others said there.
    moderation: bool,
    do_not_disturb: DoNotDisturbView,
    keywords: Vec<String>,
    /// What waits in the threads that one follows.
    threads: ThreadsState,
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
    let head = app.workspace().head;
    let waiting = app.reading.waiting(asker.user, head).await?;
    let asker = asker.at(waiting.workspace);
    let Waiting { channels, threads } = waiting.found;
    let workspace = &asker.workspace;
    let view = StateView {
        me: Account::new(asker.user, workspace).ok_or(Rejection::NotLoggedIn)?,
        users: accounts::names(workspace),
        channels: channel_states(asker.user, workspace, &channels),
        people: PeopleState::new(asker.user, workspace),
        saved: saved::saved_ids(asker.user, workspace),
        drafts: drafts::drafts(asker.user, workspace),
        scheduled: scheduled::scheduled(asker.user, workspace),
        reminders: reminders::reminders(asker.user, workspace),
        presence: presence::online(&app, workspace),
        own_override: presence::own_override(&app, asker.user),
        limits: LimitsView { message_chars_max: MESSAGE_CHARS_MAX, typing_seconds: TYPING_SECONDS },
        moderation: app.config.chat.moderation,
        do_not_disturb: notifications::do_not_disturb_of(asker.user, workspace),
        keywords: notifications::keywords_of(asker.user, workspace),
        threads: ThreadsState::new(threads),
    };
    Ok(asker.answer(&app, view))
}
