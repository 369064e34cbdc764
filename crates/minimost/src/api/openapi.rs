//! This surface as OpenAPI 3.1, made from the types; docs/openapi.json is a copy of it.

use axum::Json;
use axum::extract::State;
use chat::Timestamp;
use serde_json::{Value, json};
use utoipa::openapi::security::{ApiKey, ApiKeyValue, HttpAuthScheme, HttpBuilder, SecurityScheme};
use utoipa::{Modify, OpenApi};

use super::extract::LoggedIn;
use super::problem::{Problem, ProblemKind};
use super::{
    accounts, administration, channels, directory, directs, drafts, edit_history, forwarding,
    groups, invites, log_state, members, mentions, messages, notifications, password_reset, people,
    pins, polls, preferences, presence, private_channels, read_markers, receipts, reminders, saved,
    scheduled, session_cookie, state, stream, threads,
};
use crate::app::App;

#[derive(OpenApi)]
#[openapi(
    info(title = "MiniMost", description = "docs/api.md says it in prose."),
    paths(
        accounts::sign_up, accounts::log_in, accounts::log_out, accounts::change_password,
        accounts::me, accounts::users, state::state,
        channels::list, channels::create, channels::rename, channels::set_topic,
        channels::describe, channels::archive, channels::set_posters, directory::directory,
        members::join, members::leave, members::add, members::remove, members::hand_over,
        members::list, private_channels::list, private_channels::create,
        private_channels::rename, private_channels::add_member, private_channels::leave,
        private_channels::list_members, directs::list, directs::open, directs::close,
        directs::show,
        messages::page, messages::one, messages::send, messages::edit, messages::delete,
        messages::react, messages::emoji, mentions::list,
        threads::one, threads::list, threads::follow, threads::read,
        edit_history::history, pins::pin, pins::list, saved::save, saved::list,
        forwarding::forward, polls::create, polls::vote, polls::close,
        drafts::list, drafts::save, scheduled::list, scheduled::schedule, scheduled::change,
        scheduled::cancel, reminders::list, reminders::remind, reminders::done,
        read_markers::mark_read, read_markers::last_read, read_markers::receipts,
        read_markers::of_channel, read_markers::mark_unread, read_markers::mark_all_read,
        receipts::of_message,
        read_markers::channel_unreads, read_markers::unread_count,
        notifications::of_channel, notifications::set, notifications::do_not_disturb,
        notifications::set_do_not_disturb, notifications::keywords, notifications::set_keywords,
        notifications::why,
        people::people, people::profile, people::change_profile, people::set_status,
        people::own_settings, people::set_own_settings, people::user_colors,
        preferences::get, preferences::change,
        groups::list, groups::create, groups::change, groups::delete,
        administration::people, administration::set_role, administration::deactivate,
        administration::reactivate, administration::unlock, password_reset::create,
        password_reset::info, password_reset::redeem,
        administration::settings, administration::change_settings,
        log_state::log_state, log_state::compare,
        invites::list, invites::create, invites::revoke, invites::signup_info,
        presence::online_users, presence::update, presence::set_override, presence::get_override,
        presence::typing, presence::typists,
        stream::events, stream::viewing,
    ),
    components(schemas(Problem)),
    security(("session" = []), ("bearer" = [])),
    modifiers(&Finish),
)]
struct Document;

/// What the derive cannot say: the ways to log in, and that everything may end in a problem.
struct Finish;

impl Modify for Finish {
    fn modify(&self, document: &mut utoipa::openapi::OpenApi) {
        let components = document.components.get_or_insert_default();
        let cookie =
            SecurityScheme::ApiKey(ApiKey::Cookie(ApiKeyValue::new(session_cookie::PLAIN)));
        let bearer = HttpBuilder::new().scheme(HttpAuthScheme::Bearer).build();
        components.add_security_scheme("session", cookie);
        components.add_security_scheme("bearer", SecurityScheme::Http(bearer));
    }
}

/// The whole document.
pub fn openapi() -> Value {
    let mut document = serde_json::to_value(Document::openapi()).expect("OpenAPI is JSON");
    let kinds: Vec<_> = ProblemKind::ALL.iter().map(|kind| problem_type(*kind)).collect();
    document["components"]["schemas"]["Problem"]["properties"]["type"]["enum"] =
        kinds.iter().map(|kind| kind["type"].clone()).collect();
    document["x-problems"] = kinds.into();
    let problem = json!({
        "description": "Any problem; branch on its `type`.",
        "content": {
            "application/problem+json": { "schema": { "$ref": "#/components/schemas/Problem" } },
        },
    });
    let paths = document["paths"].as_object_mut().into_iter().flat_map(|paths| paths.values_mut());
    for operation in paths.filter_map(Value::as_object_mut).flat_map(|path| path.values_mut()) {
        operation["responses"]["default"] = problem.clone();
    }
    document
}

fn problem_type(kind: ProblemKind) -> Value {
    json!({
        "type": format!("/problems/{}", kind.slug()),
        "status": kind.status().as_u16(),
        "title": kind.title(),
        "explanation": kind.explanation(),
    })
}

/// `GET /openapi.json`.
pub(super) async fn document() -> Json<Value> {
    Json(openapi())
}

/// `GET /healthz`. Administrators are told of files that may still hold what was erased.
pub(super) async fn health(State(app): State<App>, asker: Option<LoggedIn>) -> Json<Value> {
    let mut health = json!({ "status": "ok", "head": app.workspace().head.get() });
    if let Some(asker) = asker.filter(|asker| asker.administrator().is_ok()) {
        let still = app.held_files.join(app.mailboxes.still_erasing());
        health["still_erasing"] = still.map_or(Value::Null, |still| {
            let held = still.held.iter().map(|user| asker.workspace.user_name(*user));
            json!({
                "files": still.files,
                "since_ts": still.since.map(Timestamp::as_seconds),
                "held": held.collect::<Vec<_>>(),
                "held_files": still.held_files,
            })
        });
    }
    Json(health)
}
