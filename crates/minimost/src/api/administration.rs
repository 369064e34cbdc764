//! What administrators see and do: people's accounts, and the settings of the whole.

use axum::Json;
use axum::extract::State;
use chat::role::AccountChange;
use chat::settings::{EditHistoryVisibility, SettingsChange, SignupMode};
use chat::{ClientMsgId, Command, Rejection, Timestamp, UserId, UserName, Workspace};
use serde::Serialize;
use serde_json::Value;
use utoipa::ToSchema;

use super::extract::{Answer, LoggedIn, Peer, UserPath};
use super::fields::{Field, Input, Origin, Present, fields};
use super::messages::submit;
use super::people;
use super::problem::ApiError;
use super::security;
use crate::app::App;
use crate::wire::{ProfileView, SettingsView};

fields! {
    /// Another role.
    RoleInput {
        is_admin: bool,
        #[schema(value_type = Option<String>)]
        client_msg_id: Option<ClientMsgId>,
    }
}

fields! {
    /// The wish to deactivate an account, to bring it back, or to let its owner log in again.
    AccountInput {
        #[schema(value_type = Option<String>)]
        client_msg_id: Option<ClientMsgId>,
    }
}

fields! {
    /// Settings of the whole; what is left out stays.
    SettingsInput {
        /// `open`, `invite` or `closed`.
        #[schema(value_type = Option<String>)]
        signup: Option<SignupMode>,
        /// `everyone`, `sender`, `administrators` or `nobody`.
        #[schema(value_type = Option<String>)]
        edit_history: Option<EditHistoryVisibility>,
        #[schema(value_type = Option<String>)]
        client_msg_id: Option<ClientMsgId>,
    }
}

impl Present for SignupMode {}

impl Field for SignupMode {
    fn read(value: Option<Value>, _: Origin) -> Result<SignupMode, &'static str> {
        let mode = serde_json::from_value(value.unwrap_or_default());
        mode.map_err(|_| "must be open, invite or closed")
    }
}

impl Present for EditHistoryVisibility {}

impl Field for EditHistoryVisibility {
    fn read(value: Option<Value>, _: Origin) -> Result<EditHistoryVisibility, &'static str> {
        let visibility = serde_json::from_value(value.unwrap_or_default());
        visibility.map_err(|_| "must be everyone, sender, administrators or nobody")
    }
}

/// An account, as administrators see it.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct PersonView {
    #[serde(flatten)]
    profile: ProfileView,
    /// Unix seconds.
    created_ts: f64,
    /// Unix seconds of the last sign of life; null when there never was one.
    last_seen_ts: Option<f64>,
    /// Of the person's mailbox on disk.
    storage_bytes: u64,
    /// Unix seconds until when log-ins are not looked at, from one address at least; null when they are.
    locked_until_ts: Option<f64>,
}

/// Every account, by name; administrators only.
#[utoipa::path(get, path = "/admin/people", responses((status = 200, body = Vec<PersonView>)))]
pub(super) async fn people(
    State(app): State<App>,
    asker: LoggedIn,
) -> Result<Answer<Vec<PersonView>>, ApiError> {
    asker.administrator()?;
    let last_seen = app.hub.last_seen();
    let storage = app.mailboxes.storage_bytes(&asker.workspace).await;
    let now = app.clock.now();
    let locked_names = app.auth.locked_names(now);
    let mut people = Vec::new();
    for (id, user) in &asker.workspace.users {
        people.push(PersonView {
            profile: people::view(*id, &asker.workspace)?,
            created_ts: user.created_ts.as_seconds(),
            last_seen_ts: last_seen.get(id).copied().map(Timestamp::as_seconds),
            storage_bytes: storage.get(id).copied().unwrap_or_default(),
            locked_until_ts: user
                .locked_until
                .filter(|until| *until > now)
                .max(locked_names.get(&user.name.folded()).copied())
                .map(Timestamp::as_seconds),
        });
    }
    people.sort_by(|left, right| left.profile.username.cmp(&right.profile.username));
    Ok(asker.answer(&app, people))
}

/// Makes somebody an administrator or a member; administrators only.
#[utoipa::path(post, path = "/admin/people/{user}/role", params(("user" = String, Path)),
    request_body = RoleInput, responses((status = 200, body = ProfileView)))]
pub(super) async fn set_role(
    State(app): State<App>,
    asker: LoggedIn,
    peer: Peer,
    UserPath(name): UserPath,
    Input(input): Input<RoleInput>,
) -> Result<Json<ProfileView>, ApiError> {
    let change = AccountChange::Role { is_admin: input.is_admin };
    change_account(&app, &asker, peer, input.client_msg_id, name, change).await
}

/// Ends an account's sessions and lets nobody in any more; administrators only.
#[utoipa::path(post, path = "/admin/people/{user}/deactivate",
    params(("user" = String, Path)), request_body = AccountInput,
    responses((status = 200, body = ProfileView)))]
pub(super) async fn deactivate(
    State(app): State<App>,
    asker: LoggedIn,
    peer: Peer,
    UserPath(name): UserPath,
    Input(input): Input<AccountInput>,
) -> Result<Json<ProfileView>, ApiError> {
    let change = AccountChange::Deactivated;
    change_account(&app, &asker, peer, input.client_msg_id, name, change).await
}

/// Brings a deactivated account back; administrators only.
#[utoipa::path(post, path = "/admin/people/{user}/reactivate",
    params(("user" = String, Path)), request_body = AccountInput,
    responses((status = 200, body = ProfileView)))]
pub(super) async fn reactivate(
    State(app): State<App>,
    asker: LoggedIn,
    peer: Peer,
    UserPath(name): UserPath,
    Input(input): Input<AccountInput>,
) -> Result<Json<ProfileView>, ApiError> {
    let change = AccountChange::Reactivated;
    change_account(&app, &asker, peer, input.client_msg_id, name, change).await
}

/// Lets somebody log in again whose password was mistaken too often; administrators only.
#[utoipa::path(post, path = "/admin/people/{user}/unlock",
    params(("user" = String, Path)), request_body = AccountInput,
    responses((status = 200, body = ProfileView)))]
pub(super) async fn unlock(
    State(app): State<App>,
    asker: LoggedIn,
    peer: Peer,
    UserPath(name): UserPath,
    Input(input): Input<AccountInput>,
) -> Result<Json<ProfileView>, ApiError> {
    let command = Command::UnlockAccount { name: name.clone() };
    let receipt = submit(&app, &asker, input.client_msg_id, command).await?;
    let (user, profile) = profile(&receipt.workspace, &name)?;
    app.auth.unlock(user, &name);
    let by = asker.workspace.user_name(asker.user);
    security::administered(peer.0, by, receipt.workspace.user_name(user), "was unlocked");
    Ok(Json(profile))
}

/// The settings of the whole; administrators only.
#[utoipa::path(get, path = "/admin/settings", responses((status = 200, body = SettingsView)))]
pub(super) async fn settings(
    State(app): State<App>,
    asker: LoggedIn,
) -> Result<Answer<SettingsView>, ApiError> {
    asker.administrator()?;
    let settings = SettingsView::new(asker.workspace.settings);
    Ok(asker.answer(&app, settings))
}

/// Changes the settings of the whole; administrators only.
#[utoipa::path(post, path = "/admin/settings", request_body = SettingsInput,
    responses((status = 200, body = SettingsView)))]
pub(super) async fn change_settings(
    State(app): State<App>,
    asker: LoggedIn,
    Input(input): Input<SettingsInput>,
) -> Result<Json<SettingsView>, ApiError> {
    let signup = input.signup.map(SettingsChange::Signup);
    let edit_history = input.edit_history.map(SettingsChange::EditHistory);
    let changes = signup.into_iter().chain(edit_history).collect();
    let command = Command::ChangeSettings { changes };
    let receipt = submit(&app, &asker, input.client_msg_id, command).await?;
    Ok(Json(SettingsView::new(receipt.workspace.settings)))
}

async fn change_account(
    app: &App,
    asker: &LoggedIn,
    peer: Peer,
    client_msg_id: Option<ClientMsgId>,
    name: UserName,
    change: AccountChange,
) -> Result<Json<ProfileView>, ApiError> {
    let what = match change {
        AccountChange::Role { is_admin: true } => "became an administrator",
        AccountChange::Role { is_admin: false } => "became a member",
        AccountChange::Deactivated => "was deactivated",
        AccountChange::Reactivated => "was reactivated",
    };
    let command = Command::ChangeAccount { name: name.clone(), change };
    let receipt = submit(app, asker, client_msg_id, command).await?;
    let (user, profile) = profile(&receipt.workspace, &name)?;
    let by = asker.workspace.user_name(asker.user);
    security::administered(peer.0, by, receipt.workspace.user_name(user), what);
    Ok(Json(profile))
}

fn profile(workspace: &Workspace, name: &UserName) -> Result<(UserId, ProfileView), ApiError> {
    let found = workspace.find_user(name.as_str());
    let (user, _) = found.ok_or_else(|| Rejection::NoSuchUser(vec![name.to_string()]))?;
    Ok((user, people::view(user, workspace)?))
}
