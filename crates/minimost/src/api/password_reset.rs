//! Reset links: an administrator makes one, and whoever has it sets a new password.
//!
//! `control` makes them for the operator. The page at the link is the client's; here is what it asks.

use axum::Json;
use axum::body::Body;
use axum::extract::State;
use axum::http::{Response, StatusCode};
use axum::response::IntoResponse;
use chat::password_reset::RESET_MINUTES;
use chat::{Actor, ClientMsgId, Command, Rejection};
use serde::Serialize;
use serde_json::json;
use utoipa::{IntoParams, ToSchema};

use super::accounts::check_password;
use super::extract::{LoggedIn, Peer, Reader, ResetPath, UserPath};
use super::fields::{Input, Query, fields};
use super::knock::ResetKnock;
use super::messages::submit;
use super::problem::{ApiError, see_other};
use super::security;
use crate::app::App;
use crate::auth::{Token, token_hash};

fields! {
    /// The wish for a reset link.
    ResetLinkInput {
        /// 1 to 10,080, a week; 60 when left out.
        expires_in_minutes: Option<u64>,
        #[schema(value_type = Option<String>)]
        client_msg_id: Option<ClientMsgId>,
    }
}

fields! {
    /// A new password, by a reset link.
    ResetPasswordInput {
        password: String,
        confirm_password: Option<String>,
    }
}

fields! {
    /// What somebody at the door holds.
    #[derive(IntoParams)]
    #[into_params(parameter_in = Query)]
    ResetInfoInput {
        /// The last part of a reset link.
        token: String,
    }
}

/// A reset link that was just made. Only its hash is kept: this is the one time that the token is shown.
#[derive(Serialize, ToSchema)]
pub(super) struct ResetLinkView {
    username: String,
    /// Absent, as what follows, when the answer is to a repeat: another link may have taken its place.
    #[serde(skip_serializing_if = "Option::is_none")]
    token: Option<String>,
    /// Where it is used: `/reset-password/<token>`.
    #[serde(skip_serializing_if = "Option::is_none")]
    path: Option<String>,
    /// Unix seconds.
    #[serde(skip_serializing_if = "Option::is_none")]
    expires_ts: Option<f64>,
}

/// What a reset link is good for.
#[derive(Serialize, ToSchema)]
pub(super) struct ResetInfo {
    /// Whose password it sets; null when it does not hold.
    username: Option<String>,
    /// Unix seconds.
    expires_ts: Option<f64>,
}

/// Makes a reset link for somebody else, in the place of the one before; administrators only.
#[utoipa::path(post, path = "/admin/people/{user}/reset_password",
    params(("user" = String, Path)), request_body = ResetLinkInput,
    responses((status = 201, body = ResetLinkView), (status = 200, body = ResetLinkView)))]
pub(super) async fn create(
    State(app): State<App>,
    asker: LoggedIn,
    peer: Peer,
    UserPath(name): UserPath,
    Input(input): Input<ResetLinkInput>,
) -> Result<Response<Body>, ApiError> {
    let minutes = input.expires_in_minutes.unwrap_or(u64::from(RESET_MINUTES));
    // What does not fit is refused with what is too much.
    let minutes = u32::try_from(minutes).unwrap_or(u32::MAX);
    let token = Token::generate();
    let (name_wish, token_hash) = (name.clone(), token.hash());
    let command = Command::CreatePasswordReset { name: name_wish, token_hash, minutes };
    let receipt = submit(&app, &asker, input.client_msg_id, command).await?;
    let found = receipt.workspace.find_user(name.as_str());
    let (user, account) = found.ok_or_else(|| Rejection::NoSuchUser(vec![name.to_string()]))?;
    let username = account.name.to_string();
    if !receipt.is_new {
        let view = ResetLinkView { username, token: None, path: None, expires_ts: None };
        return Ok((StatusCode::OK, Json(view)).into_response());
    }
    let by = asker.workspace.user_name(asker.user);
    security::administered(peer.0, by, &username, "was given a reset link");
    let expires = receipt.workspace.resets.get(&user).map(|reset| reset.expires.as_seconds());
    let view = ResetLinkView {
        username,
        path: Some(format!("/reset-password/{}", token.as_str())),
        token: Some(token.as_str().to_owned()),
        expires_ts: expires,
    };
    Ok((StatusCode::CREATED, Json(view)).into_response())
}

/// Whose password a reset link sets. A look does not use it up.
#[utoipa::path(get, path = "/reset_info", params(ResetInfoInput), security(()),
    responses((status = 200, body = ResetInfo)))]
pub(super) async fn info(
    State(app): State<App>,
    Query(input): Query<ResetInfoInput>,
) -> Json<ResetInfo> {
    let workspace = app.workspace();
    let found = workspace.find_reset(&token_hash(&input.token), app.clock.now());
    Json(match found {
        Some((user, reset)) => ResetInfo {
            username: Some(workspace.user_name(user).to_owned()),
            expires_ts: Some(reset.expires.as_seconds()),
        },
        None => ResetInfo { username: None, expires_ts: None },
    })
}

/// Sets a new password by a reset link; every session of the account ends, and none is opened.
#[utoipa::path(post, path = "/reset-password/{token}", params(("token" = String, Path)),
    request_body = ResetPasswordInput, security(()),
    responses((status = 200, description = "`{\"ok\":true}`"),
        (status = 303, description = "a form that accepts HTML: to /login?password_reset=1")))]
pub(super) async fn redeem(
    State(app): State<App>,
    ResetKnock(peer): ResetKnock,
    ResetPath(token_hash): ResetPath,
    reader: Reader,
    Input(input): Input<ResetPasswordInput>,
) -> Result<Response<Body>, ApiError> {
    let workspace = app.workspace();
    // Looked up before hashing, which is dear; the writer decides again.
    let Some((user, _)) = workspace.find_reset(&token_hash, app.clock.now()) else {
        security::refused_link(peer.0);
        return Err(Rejection::ResetInvalid.into());
    };
    let name = workspace.user_name(user);
    let confirmation = input.confirm_password.as_deref();
    check_password(&app, name, "password", &input.password, confirmation)?;
    let password_hash = app.auth.passwords.hash(input.password).await?;
    let command = Command::ResetPassword { token_hash, password_hash };
    app.writer.submit(Actor::Anonymous, None, command).await?;
    // The guesses that failed were at the password from before.
    if let Some(account) = workspace.users.get(&user) {
        app.auth.unlock(user, &account.name);
    }
    security::reset_password(peer.0, name);
    Ok(match reader {
        Reader::Page => see_other("/login?password_reset=1"),
        Reader::Program => Json(json!({ "ok": true })).into_response(),
    })
}
