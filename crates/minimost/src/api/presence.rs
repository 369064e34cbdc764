//! Presence and typing: the soft routes answer strangers too, and ignore what they do not understand.

use std::collections::BTreeMap;

use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use chat::signal::{PresenceOverride, PresenceState};
use chat::{UserId, Workspace};
use serde::Serialize;
use serde_json::{Map, Value};
use utoipa::ToSchema;

use super::extract::{Answer, ChannelPath, LoggedIn};
use super::fields::AnyFields;
use crate::app::App;
use crate::live::Said;

/// A sign of life; anything but a known state is ignored.
#[derive(Debug, ToSchema)]
#[expect(dead_code, reason = "says in OpenAPI what `AnyFields` reads")]
pub(super) struct PresenceInput {
    /// `active`, `idle`, `hidden`, `offline`.
    state: String,
    /// When it is said by the clock of who says it, in milliseconds; what the same session said later stands.
    at_ms: Option<i64>,
}

/// How to appear; anything but a known override is ignored.
#[derive(Debug, ToSchema)]
#[expect(dead_code, reason = "says in OpenAPI what `AnyFields` reads")]
pub(super) struct OverrideInput {
    /// `active`, `idle`, `offline`; null, empty or `auto` clears.
    #[schema(rename = "override")]
    value: Option<String>,
}

/// One's own override.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct OverrideView {
    #[serde(rename = "override")]
    value: Option<&'static str>,
}

/// Everybody seen within the hour, as they appear.
#[utoipa::path(get, path = "/online_users",
    responses((status = 200, body = BTreeMap<String, String>)))]
pub(super) async fn online_users(
    State(app): State<App>,
    asker: LoggedIn,
) -> Answer<BTreeMap<String, &'static str>> {
    let online = online(&app, &asker.workspace);
    asker.answer(&app, online)
}

/// A sign of life.
#[utoipa::path(post, path = "/presence", request_body = PresenceInput, security((), ("session" = [])),
    responses((status = 204)))]
pub(super) async fn update(
    State(app): State<App>,
    asker: Option<LoggedIn>,
    AnyFields(fields): AnyFields,
) -> StatusCode {
    if let (Some(asker), Some(fields)) = (asker, fields)
        && let Some(state) = word(&fields, "state").and_then(PresenceState::from_word)
    {
        let at_ms = fields.get("at_ms").and_then(Value::as_i64);
        let said = at_ms.map(|at_ms| Said { session: asker.session, at_ms });
        app.hub.update_presence(asker.user, state, said);
        app.mailboxes.connected(asker.user);
    }
    StatusCode::NO_CONTENT
}

/// Sets or clears one's own override.
#[utoipa::path(post, path = "/presence/override", request_body = OverrideInput,
    security((), ("session" = [])), responses((status = 204)))]
pub(super) async fn set_override(
    State(app): State<App>,
    asker: Option<LoggedIn>,
    AnyFields(fields): AnyFields,
) -> StatusCode {
    let (Some(asker), Some(fields)) = (asker, fields) else { return StatusCode::NO_CONTENT };
    match fields.get("override") {
        None | Some(Value::Null) => app.hub.set_override(asker.user, None),
        Some(Value::String(text)) if text.is_empty() || text == "auto" => {
            app.hub.set_override(asker.user, None);
        }
        Some(Value::String(text)) => {
            if let Some(value) = PresenceOverride::from_word(text) {
                app.hub.set_override(asker.user, Some(value));
            }
        }
        Some(_) => {}
    }
    StatusCode::NO_CONTENT
}

/// One's own override.
#[utoipa::path(get, path = "/presence/override", security((), ("session" = [])),
    responses((status = 200, body = OverrideView)))]
pub(super) async fn get_override(
    State(app): State<App>,
    asker: Option<LoggedIn>,
) -> Json<OverrideView> {
    Json(OverrideView { value: asker.and_then(|asker| own_override(&app, asker.user)) })
}

/// A key was pressed.
#[utoipa::path(post, path = "/typing/{channel}", params(("channel" = String, Path)),
    security((), ("session" = [])), responses((status = 204)))]
pub(super) async fn typing(
    State(app): State<App>,
    asker: Option<LoggedIn>,
    channel: Result<ChannelPath, super::problem::ApiError>,
) -> StatusCode {
    if let (Some(asker), Ok(ChannelPath(name))) = (asker, channel)
        && let Ok(place) = asker.place(&name)
    {
        app.hub.typing(asker.user, place);
    }
    StatusCode::NO_CONTENT
}

/// Who typed within five seconds, but the asker.
#[utoipa::path(get, path = "/typing/{channel}", params(("channel" = String, Path)),
    security((), ("session" = [])), responses((status = 200, body = Vec<String>)))]
pub(super) async fn typists(
    State(app): State<App>,
    asker: Option<LoggedIn>,
    channel: Result<ChannelPath, super::problem::ApiError>,
) -> Json<Vec<String>> {
    let (Some(asker), Ok(ChannelPath(name))) = (asker, channel) else { return Json(Vec::new()) };
    let Ok(place) = asker.place(&name) else { return Json(Vec::new()) };
    let typists = app.hub.typing_in(place, asker.user).into_iter();
    Json(typists.map(|user| asker.workspace.user_name(user).to_owned()).collect())
}

/// Everybody seen within the hour by name.
pub(super) fn online(app: &App, workspace: &Workspace) -> BTreeMap<String, &'static str> {
    let online = app.hub.online().into_iter();
    online.map(|(user, state)| (workspace.user_name(user).to_owned(), state.as_str())).collect()
}

pub(super) fn own_override(app: &App, user: UserId) -> Option<&'static str> {
    app.hub.override_of(user).map(PresenceOverride::as_str)
}

fn word<'a>(fields: &'a Map<String, Value>, name: &str) -> Option<&'a str> {
    fields.get(name)?.as_str()
}
