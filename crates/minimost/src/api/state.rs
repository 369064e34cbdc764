//! `GET /state`: all that a screen needs to start, at one cursor.
//!
//! What everybody is told the same is written once for all of them: at nine in the morning thousands ask, and it is by far
//! the largest part.

use std::collections::BTreeMap;
use std::sync::Arc;

use axum::Extension;
use axum::body::Body;
use axum::extract::State;
use axum::http::Response;
use chat::message::MESSAGE_CHARS_MAX;
use chat::signal::TYPING_SECONDS;
use chat::{Rejection, Seq, Workspace};
use serde::Serialize;
use serde_json::Value;
use utoipa::ToSchema;

use super::accounts::{self, Account};
use super::channel_state::{ChannelState, channel_states};
use super::encoding::MayCompress;
use super::extract::LoggedIn;
use super::problem::ApiError;
use super::shared_json::{SharedMembers, joined};
use super::threads::ThreadsState;
use super::versions::Versions;
use super::{drafts, notifications, preferences, presence, reminders, saved, scheduled};
use crate::app::App;
use crate::reading::Waiting;
use crate::wire::{
    DoNotDisturbView, DraftView, GroupView, ProfileView, ReminderView, ScheduledView, SettingsView,
};

/// All that a screen needs to start.
#[derive(Debug, ToSchema)]
#[expect(dead_code, reason = "says in OpenAPI what is joined of its parts")]
pub(super) struct StateView {
    #[schema(inline)]
    #[serde(flatten)]
    own: OwnState,
    #[schema(inline)]
    #[serde(flatten)]
    house: HouseState,
    #[schema(inline)]
    #[serde(flatten)]
    presence: PresenceState,
}

/// What the asker alone is told.
#[derive(Debug, Serialize, ToSchema)]
struct OwnState {
    me: Account,
    channels: Vec<ChannelState>,
    #[schema(value_type = Object)]
    preferences: BTreeMap<String, Value>,
    /// Ids of the messages that the asker keeps, newest save first.
    saved: Vec<u64>,
    drafts: Vec<DraftView>,
    scheduled: Vec<ScheduledView>,
    reminders: Vec<ReminderView>,
    #[serde(rename = "override")]
    own_override: Option<&'static str>,
    do_not_disturb: DoNotDisturbView,
    keywords: Vec<String>,
    /// What waits in the threads that one follows.
    threads: ThreadsState,
}

/// What everybody is told the same.
#[derive(Debug, Serialize, ToSchema)]
struct HouseState {
    /// The names of all accounts, the asker's included, sorted.
    users: Vec<String>,
    /// Everybody, the asker included, sorted by name.
    people: Vec<ProfileView>,
    groups: Vec<GroupView>,
    settings: SettingsView,
    limits: LimitsView,
    /// Whether administrators and owners of channels may delete what others said there.
    moderation: bool,
}

/// Who is there.
#[derive(Debug, Serialize, ToSchema)]
struct PresenceState {
    /// As in `GET /online_users`; the live stream brings what has changed since.
    presence: BTreeMap<String, &'static str>,
}

/// What a client has to know before it sends.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct LimitsView {
    message_chars_max: usize,
    typing_seconds: u64,
}

/// What was written for all who ask.
#[derive(Default)]
pub(super) struct Shared {
    /// By the last event that changed any of it.
    house: Versions<Seq, SharedMembers>,
    /// By the last round of presence that was told.
    presence: Versions<u64, SharedMembers>,
}

/// All that a screen needs to start, at one cursor.
#[utoipa::path(get, path = "/state", responses((status = 200, body = StateView)))]
pub(super) async fn state(
    State(app): State<App>,
    Extension(shared): Extension<Arc<Shared>>,
    may_compress: MayCompress,
    asker: LoggedIn,
) -> Result<Response<Body>, ApiError> {
    app.writer.flush_markers(asker.user).await?;
    let head = app.workspace().head;
    let start = app.reading.start_of(asker.user, head).await?;
    let asker = asker.at(start.workspace);
    let start = start.found;
    let own = OwnState::new(&app, &asker, start.waiting)?;
    let house = shared.house.get(start.house_changed, {
        let (app, workspace) = (app.clone(), Arc::clone(&asker.workspace));
        move || SharedMembers::of(&HouseState::new(&app, &workspace))
    });
    // What changes after this round is told to the streams, also to those that begin later.
    let presence = shared.presence.get(app.hub.presence_round(), {
        let (app, workspace) = (app.clone(), Arc::clone(&asker.workspace));
        move || SharedMembers::of(&PresenceState { presence: presence::online(&app, &workspace) })
    });
    let response = joined(&own, &[house.await, presence.await], may_compress);
    Ok(asker.mark(&app, response))
}

impl OwnState {
    fn new(app: &App, asker: &LoggedIn, waiting: Waiting) -> Result<OwnState, Rejection> {
        let (user, workspace) = (asker.user, &asker.workspace);
        let Waiting { channels, threads } = waiting;
        Ok(OwnState {
            me: Account::new(user, workspace).ok_or(Rejection::NotLoggedIn)?,
            channels: channel_states(user, workspace, &channels),
            preferences: preferences::of(user, workspace),
            saved: saved::saved_ids(user, workspace),
            drafts: drafts::drafts(user, workspace),
            scheduled: scheduled::scheduled(user, workspace),
            reminders: reminders::reminders(user, workspace),
            own_override: presence::own_override(app, user),
            do_not_disturb: notifications::do_not_disturb_of(user, workspace),
            keywords: notifications::keywords_of(user, workspace),
            threads: ThreadsState::new(threads),
        })
    }
}

impl HouseState {
    fn new(app: &App, workspace: &Workspace) -> HouseState {
        HouseState {
            users: accounts::names(workspace),
            people: ProfileView::all(workspace),
            groups: GroupView::all(workspace),
            settings: SettingsView::new(workspace.settings),
            limits: LimitsView {
                message_chars_max: MESSAGE_CHARS_MAX,
                typing_seconds: TYPING_SECONDS,
            },
            moderation: app.config.chat.moderation,
        }
    }
}
