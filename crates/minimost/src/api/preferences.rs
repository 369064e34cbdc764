//! Preferences: what a client keeps of its person's choices, so that they follow to every device. Values are any JSON
//! and mean nothing here.

use std::collections::BTreeMap;

use axum::Json;
use axum::extract::State;
use chat::personal::PersonalWish;
use chat::{ClientMsgId, Command, UserId, Workspace};
use serde_json::Value;

use super::extract::{Answer, LoggedIn};
use super::fields::{Fields, FromFields, Input};
use super::messages::submit;
use super::problem::ApiError;
use crate::app::App;

/// Changes of preferences: any keys of 1 to 64 of `a-z 0-9 _ . -` but `client_msg_id`, any values; null clears.
#[derive(Debug)]
pub(super) struct PreferencesInput {
    changes: BTreeMap<String, Option<String>>,
    client_msg_id: Option<ClientMsgId>,
}

impl FromFields for PreferencesInput {
    fn take(fields: &mut Fields) -> Option<PreferencesInput> {
        let client_msg_id = fields.take("client_msg_id")?;
        let text = |value: Value| (!value.is_null()).then(|| value.to_string());
        let changes = fields.take_rest().into_iter().map(|(key, value)| (key, text(value)));
        Some(PreferencesInput { changes: changes.collect(), client_msg_id })
    }
}

/// One's own preferences.
#[utoipa::path(get, path = "/preferences", responses((status = 200, body = Object)))]
pub(super) async fn get(
    State(app): State<App>,
    asker: LoggedIn,
) -> Answer<BTreeMap<String, Value>> {
    let preferences = of(asker.user, &asker.workspace);
    asker.answer(&app, preferences)
}

/// Changes one's own preferences; answers with all of them.
#[utoipa::path(post, path = "/preferences",
    request_body(content = Object, description = "any keys; null clears"),
    responses((status = 200, body = Object)))]
pub(super) async fn change(
    State(app): State<App>,
    asker: LoggedIn,
    Input(input): Input<PreferencesInput>,
) -> Result<Json<BTreeMap<String, Value>>, ApiError> {
    let command = Command::ChangePersonal(PersonalWish::Preferences(input.changes));
    let receipt = submit(&app, &asker, input.client_msg_id, command).await?;
    Ok(Json(of(asker.user, &receipt.workspace)))
}

/// The preferences of a person.
pub(super) fn of(user: UserId, workspace: &Workspace) -> BTreeMap<String, Value> {
    let found = workspace.users.get(&user).into_iter();
    let kept = found.flat_map(|user| user.personal.preferences.iter());
    // What is kept was JSON when it came.
    kept.map(|(key, text)| (key.clone(), serde_json::from_str(text).unwrap_or_default())).collect()
}
