//! People as everybody sees them: profiles, name colours, what they are up to.

use std::collections::BTreeMap;

use axum::Json;
use axum::extract::State;
use chat::profile::{CustomStatus, ProfileWish};
use chat::{ClientMsgId, Command, Rejection, UserId, Workspace};
use serde::Serialize;
use utoipa::ToSchema;

use super::extract::{Answer, LoggedIn, UserPath};
use super::fields::{Change, Input, fields};
use super::messages::{submit, timestamp};
use super::problem::ApiError;
use crate::app::App;
use crate::wire::ProfileView;

fields! {
    /// Changes of one's own profile: what is left out stays, null clears.
    ProfileInput {
        #[schema(value_type = Option<String>)]
        display_name: Change<String>,
        /// `#rrggbb`.
        #[schema(value_type = Option<String>)]
        name_color: Change<String>,
        #[schema(value_type = Option<String>)]
        bio: Change<String>,
        #[schema(value_type = Option<String>)]
        pronouns: Change<String>,
        /// A name of the IANA time zone database.
        #[schema(value_type = Option<String>)]
        time_zone: Change<String>,
        #[schema(value_type = Option<String>)]
        client_msg_id: Option<ClientMsgId>,
    }
}

fields! {
    /// Changes of one's own name colour and bio: what is left out stays, null clears.
    OwnSettingsInput {
        /// `#rrggbb`.
        #[schema(value_type = Option<String>)]
        name_color: Change<String>,
        #[schema(value_type = Option<String>)]
        bio: Change<String>,
        #[schema(value_type = Option<String>)]
        client_msg_id: Option<ClientMsgId>,
    }
}

fields! {
    /// What one is up to; without an emoji and a text nothing.
    StatusInput {
        /// A short name or the emoji itself.
        emoji: Option<String>,
        text: Option<String>,
        /// Unix seconds: from then on it counts as none.
        until_ts: Option<f64>,
        #[schema(value_type = Option<String>)]
        client_msg_id: Option<ClientMsgId>,
    }
}

/// One's own name colour and bio.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct OwnSettingsView {
    name_color: Option<String>,
    bio: Option<String>,
}

/// Everybody, sorted by name.
#[utoipa::path(get, path = "/people", responses((status = 200, body = Vec<ProfileView>)))]
pub(super) async fn people(State(app): State<App>, asker: LoggedIn) -> Answer<Vec<ProfileView>> {
    let people = ProfileView::all(&asker.workspace);
    asker.answer(&app, people)
}

/// One person.
#[utoipa::path(get, path = "/profile/{user}", params(("user" = String, Path)),
    responses((status = 200, body = ProfileView)))]
pub(super) async fn profile(
    State(app): State<App>,
    asker: LoggedIn,
    UserPath(name): UserPath,
) -> Result<Answer<ProfileView>, ApiError> {
    let found = asker.workspace.find_user(name.as_str());
    let found = found.and_then(|(user, _)| ProfileView::new(user, &asker.workspace));
    let profile = found.ok_or_else(|| Rejection::NoSuchUser(vec![name.to_string()]))?;
    Ok(asker.answer(&app, profile))
}

/// Changes one's own profile.
#[utoipa::path(post, path = "/profile", request_body = ProfileInput,
    responses((status = 200, body = ProfileView)))]
pub(super) async fn change_profile(
    State(app): State<App>,
    asker: LoggedIn,
    Input(input): Input<ProfileInput>,
) -> Result<Json<ProfileView>, ApiError> {
    let wish = ProfileWish {
        display_name: input.display_name.into(),
        name_color: input.name_color.into(),
        bio: input.bio.into(),
        pronouns: input.pronouns.into(),
        time_zone: input.time_zone.into(),
    };
    let command = Command::ChangeProfile(wish);
    let receipt = submit(&app, &asker, input.client_msg_id, command).await?;
    view(asker.user, &receipt.workspace).map(Json)
}

/// Says what one is up to.
#[utoipa::path(post, path = "/status", request_body = StatusInput,
    responses((status = 200, body = ProfileView)))]
pub(super) async fn set_status(
    State(app): State<App>,
    asker: LoggedIn,
    Input(input): Input<StatusInput>,
) -> Result<Json<ProfileView>, ApiError> {
    let status = CustomStatus {
        emoji: input.emoji.filter(|emoji| !emoji.is_empty()),
        text: input.text.unwrap_or_default(),
        until: input.until_ts.map(timestamp),
    };
    let command = Command::SetStatus { status: Some(status) };
    let receipt = submit(&app, &asker, input.client_msg_id, command).await?;
    view(asker.user, &receipt.workspace).map(Json)
}

/// One's own name colour and bio.
#[utoipa::path(get, path = "/settings", responses((status = 200, body = OwnSettingsView)))]
pub(super) async fn own_settings(
    State(app): State<App>,
    asker: LoggedIn,
) -> Result<Answer<OwnSettingsView>, ApiError> {
    let settings = OwnSettingsView::new(asker.user, &asker.workspace)?;
    Ok(asker.answer(&app, settings))
}

/// Changes one's own name colour and bio.
#[utoipa::path(post, path = "/settings", request_body = OwnSettingsInput,
    responses((status = 200, body = OwnSettingsView)))]
pub(super) async fn set_own_settings(
    State(app): State<App>,
    asker: LoggedIn,
    Input(input): Input<OwnSettingsInput>,
) -> Result<Json<OwnSettingsView>, ApiError> {
    let (name_color, bio) = (input.name_color.into(), input.bio.into());
    let wish = ProfileWish { name_color, bio, ..ProfileWish::default() };
    let command = Command::ChangeProfile(wish);
    let receipt = submit(&app, &asker, input.client_msg_id, command).await?;
    OwnSettingsView::new(asker.user, &receipt.workspace).map(Json)
}

/// The colours of those who chose one, by name.
#[utoipa::path(get, path = "/user_colors",
    responses((status = 200, body = BTreeMap<String, String>)))]
pub(super) async fn user_colors(
    State(app): State<App>,
    asker: LoggedIn,
) -> Answer<BTreeMap<String, String>> {
    let users = asker.workspace.users.values();
    let colored = users.filter_map(|user| {
        let color = user.profile.name_color.clone()?;
        Some((user.name.to_string(), color))
    });
    let colors = colored.collect();
    asker.answer(&app, colors)
}

impl OwnSettingsView {
    fn new(user: UserId, workspace: &Workspace) -> Result<OwnSettingsView, ApiError> {
        let ProfileView { name_color, bio, .. } = view(user, workspace)?;
        Ok(OwnSettingsView { name_color, bio })
    }
}

impl<T> From<Change<T>> for Option<Option<T>> {
    fn from(change: Change<T>) -> Option<Option<T>> {
        match change {
            Change::Stays => None,
            Change::Clears => Some(None),
            Change::To(value) => Some(Some(value)),
        }
    }
}

/// A person whom a wish was about.
pub(super) fn view(user: UserId, workspace: &Workspace) -> Result<ProfileView, ApiError> {
    ProfileView::new(user, workspace).ok_or_else(|| Rejection::NotLoggedIn.into())
}
