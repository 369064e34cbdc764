//! Invites, and what somebody at the door has to know.

use axum::Json;
use axum::body::Body;
use axum::extract::State;
use axum::http::{Response, StatusCode};
use axum::response::IntoResponse;
use chat::invite::{Invite, InviteState, InviteTerms};
use chat::settings::SignupMode;
use chat::{ClientMsgId, Command, Rejection, Seq, Timestamp, Workspace};
use serde::Serialize;
use utoipa::{IntoParams, ToSchema};

use super::extract::{Answer, InvitePath, LoggedIn};
use super::fields::{Input, Query, fields};
use super::messages::submit;
use super::problem::ApiError;
use crate::app::App;
use crate::auth::{Token, token_hash};
use crate::wire::SettingsView;

/// An invite to come takes effect at once and lasts ten years at most: far enough for anybody.
const EXPIRES_IN_SECONDS_MAX: u64 = 10 * 366 * 24 * 3600;

fields! {
    /// A new invite.
    NewInviteInput {
        /// Without it the invite does not expire.
        expires_in_seconds: Option<u64>,
        /// Without it any number of people may use it.
        uses_max: Option<u64>,
        /// Whom it is for.
        note: Option<String>,
        #[schema(value_type = Option<String>)]
        client_msg_id: Option<ClientMsgId>,
    }
}

fields! {
    /// The wish to end an invite.
    RevokeInviteInput {
        #[schema(value_type = Option<String>)]
        client_msg_id: Option<ClientMsgId>,
    }
}

fields! {
    /// What somebody at the door holds.
    #[derive(IntoParams)]
    #[into_params(parameter_in = Query)]
    SignupInfoInput {
        /// The token of an invite.
        invite: Option<String>,
    }
}

/// An invite, as administrators see it.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct InviteView {
    id: u64,
    created_by: String,
    /// Unix seconds.
    created_ts: f64,
    /// Unix seconds.
    expires_ts: Option<f64>,
    uses: u32,
    uses_max: Option<u32>,
    /// Unix seconds.
    revoked_ts: Option<f64>,
    note: String,
}

/// An invite that was just made. Only its hash is kept: this is the one time that the token is shown.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct NewInviteView {
    #[serde(flatten)]
    invite: InviteView,
    /// Absent when the answer is to a repeat.
    #[serde(skip_serializing_if = "Option::is_none")]
    token: Option<String>,
    /// Where it is used: `/signup?invite=<token>`.
    #[serde(skip_serializing_if = "Option::is_none")]
    path: Option<String>,
}

/// Whether somebody may sign up.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct SignupInfo {
    /// `open`, `invite` or `closed`.
    signup: String,
    /// Of the invite in the query: `valid`, `invalid`, `expired`, `used_up` or `revoked`.
    invite: Option<&'static str>,
    /// Nobody has an account here yet: the first will be the administrator's.
    is_empty: bool,
}

/// All invites, newest first; administrators only.
#[utoipa::path(get, path = "/admin/invites", responses((status = 200, body = Vec<InviteView>)))]
pub(super) async fn list(
    State(app): State<App>,
    asker: LoggedIn,
) -> Result<Answer<Vec<InviteView>>, ApiError> {
    asker.administrator()?;
    let invites = asker.workspace.invites.iter().rev();
    let invites = invites.map(|(id, invite)| InviteView::new(*id, invite, &asker.workspace));
    let invites = invites.collect();
    Ok(asker.answer(&app, invites))
}

/// Makes an invite; administrators only.
#[utoipa::path(post, path = "/admin/invites", request_body = NewInviteInput,
    responses((status = 201, body = NewInviteView), (status = 200, body = NewInviteView)))]
pub(super) async fn create(
    State(app): State<App>,
    asker: LoggedIn,
    Input(input): Input<NewInviteInput>,
) -> Result<Response<Body>, ApiError> {
    let terms = terms(&input, app.clock.now())?;
    let token = Token::generate();
    let command = Command::CreateInvite { token_hash: token.hash(), terms };
    let receipt = submit(&app, &asker, input.client_msg_id, command).await?;
    let id = receipt.seq.ok_or(Rejection::InviteNotFound)?;
    let invite = receipt.workspace.invites.get(&id).ok_or(Rejection::InviteNotFound)?;
    let token = receipt.is_new.then(|| token.as_str().to_owned());
    let view = NewInviteView {
        invite: InviteView::new(id, invite, &receipt.workspace),
        path: token.as_ref().map(|token| format!("/signup?invite={token}")),
        token,
    };
    let status = if receipt.is_new { StatusCode::CREATED } else { StatusCode::OK };
    Ok((status, Json(view)).into_response())
}

/// Ends an invite; administrators only.
#[utoipa::path(post, path = "/admin/invites/{id}/revoke", params(("id" = u64, Path)),
    request_body = RevokeInviteInput, responses((status = 204)))]
pub(super) async fn revoke(
    State(app): State<App>,
    asker: LoggedIn,
    InvitePath(invite): InvitePath,
    Input(input): Input<RevokeInviteInput>,
) -> Result<StatusCode, ApiError> {
    submit(&app, &asker, input.client_msg_id, Command::RevokeInvite { invite }).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// Whether somebody may sign up, with this invite or without.
#[utoipa::path(get, path = "/signup_info", params(SignupInfoInput), security(()),
    responses((status = 200, body = SignupInfo)))]
pub(super) async fn signup_info(
    State(app): State<App>,
    Query(input): Query<SignupInfoInput>,
) -> Json<SignupInfo> {
    let workspace = app.workspace();
    let invite = input.invite.map(|token| {
        let found = workspace.find_invite(&token_hash(token.trim()));
        match found.map(|(_, invite)| invite.state(app.clock.now())) {
            None => "invalid",
            // While nobody may sign up no invite opens the door.
            Some(InviteState::Valid) if workspace.settings.signup == SignupMode::Closed => {
                "invalid"
            }
            Some(InviteState::Valid) => "valid",
            Some(InviteState::Expired) => "expired",
            Some(InviteState::UsedUp) => "used_up",
            Some(InviteState::Revoked) => "revoked",
        }
    });
    Json(SignupInfo {
        signup: SettingsView::new(workspace.settings).signup,
        invite,
        is_empty: workspace.users.is_empty(),
    })
}

impl InviteView {
    fn new(id: Seq, invite: &Invite, workspace: &Workspace) -> InviteView {
        InviteView {
            id: id.get(),
            created_by: workspace.user_name(invite.created_by).to_owned(),
            created_ts: invite.created_ts.as_seconds(),
            expires_ts: invite.terms.expires.map(Timestamp::as_seconds),
            uses: invite.uses,
            uses_max: invite.terms.uses_max,
            revoked_ts: invite.revoked_ts.map(Timestamp::as_seconds),
            note: invite.terms.note.clone(),
        }
    }
}

fn terms(input: &NewInviteInput, now: Timestamp) -> Result<InviteTerms, ApiError> {
    let too_much =
        |field, reason: &str| Rejection::InvalidValue { field, reason: reason.to_owned() };
    let expires = match input.expires_in_seconds {
        None => None,
        Some(seconds) if seconds > EXPIRES_IN_SECONDS_MAX => {
            return Err(too_much("expires_in_seconds", "at most ten years").into());
        }
        Some(seconds) => Some(now.plus_micros(seconds.cast_signed() * 1_000_000)),
    };
    let uses_max = input.uses_max.map(u32::try_from).transpose();
    let uses_max = uses_max.map_err(|_| too_much("uses_max", "at most 4,294,967,295"))?;
    Ok(InviteTerms { expires, uses_max, note: input.note.clone().unwrap_or_default() })
}
