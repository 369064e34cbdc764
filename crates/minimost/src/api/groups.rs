//! User groups: many people under one `@handle`.

use axum::Json;
use axum::body::Body;
use axum::extract::State;
use axum::http::{Response, StatusCode};
use axum::response::IntoResponse;
use chat::group::GroupWish;
use chat::{ClientMsgId, Command, Rejection, Seq, UserName};

use super::extract::{Answer, GroupPath, LoggedIn};
use super::fields::{Input, fields};
use super::members::user_names;
use super::messages::submit;
use super::problem::ApiError;
use crate::app::App;
use crate::wire::GroupView;
use crate::write::Receipt;

fields! {
    /// A new group.
    NewGroupInput {
        /// What follows the `@`.
        handle: String,
        /// The name to show; the handle when left out.
        name: Option<String>,
        members: Option<Vec<String>>,
        #[schema(value_type = Option<String>)]
        client_msg_id: Option<ClientMsgId>,
    }
}

fields! {
    /// Changes of a group; what is left out stays.
    ChangeGroupInput {
        handle: Option<String>,
        name: Option<String>,
        members: Option<Vec<String>>,
        #[schema(value_type = Option<String>)]
        client_msg_id: Option<ClientMsgId>,
    }
}

fields! {
    /// The wish to take a group away.
    DeleteGroupInput {
        #[schema(value_type = Option<String>)]
        client_msg_id: Option<ClientMsgId>,
    }
}

/// All groups, by handle.
#[utoipa::path(get, path = "/groups", responses((status = 200, body = Vec<GroupView>)))]
pub(super) async fn list(State(app): State<App>, asker: LoggedIn) -> Answer<Vec<GroupView>> {
    let groups = GroupView::all(&asker.workspace);
    asker.answer(&app, groups)
}

/// Makes a group; administrators only.
#[utoipa::path(post, path = "/groups", request_body = NewGroupInput,
    responses((status = 201, body = GroupView), (status = 200, body = GroupView)))]
pub(super) async fn create(
    State(app): State<App>,
    asker: LoggedIn,
    Input(input): Input<NewGroupInput>,
) -> Result<Response<Body>, ApiError> {
    let wish = wish(Some(&input.handle), input.name, input.members.as_deref())?;
    let command = Command::SaveGroup { group: None, wish };
    let receipt = submit(&app, &asker, input.client_msg_id, command).await?;
    let group = view(receipt.seq.ok_or(Rejection::GroupNotFound)?, &receipt)?;
    let status = if receipt.is_new { StatusCode::CREATED } else { StatusCode::OK };
    Ok((status, Json(group)).into_response())
}

/// Changes a group; administrators only.
#[utoipa::path(post, path = "/groups/{id}", params(("id" = u64, Path)),
    request_body = ChangeGroupInput, responses((status = 200, body = GroupView)))]
pub(super) async fn change(
    State(app): State<App>,
    asker: LoggedIn,
    GroupPath(group): GroupPath,
    Input(input): Input<ChangeGroupInput>,
) -> Result<Json<GroupView>, ApiError> {
    let wish = wish(input.handle.as_deref(), input.name, input.members.as_deref())?;
    let command = Command::SaveGroup { group: Some(group), wish };
    let receipt = submit(&app, &asker, input.client_msg_id, command).await?;
    view(group, &receipt).map(Json)
}

/// Takes a group away; administrators only.
#[utoipa::path(post, path = "/groups/{id}/delete", params(("id" = u64, Path)),
    request_body = DeleteGroupInput, responses((status = 204)))]
pub(super) async fn delete(
    State(app): State<App>,
    asker: LoggedIn,
    GroupPath(group): GroupPath,
    Input(input): Input<DeleteGroupInput>,
) -> Result<StatusCode, ApiError> {
    submit(&app, &asker, input.client_msg_id, Command::DeleteGroup { group }).await?;
    Ok(StatusCode::NO_CONTENT)
}

fn wish(
    handle: Option<&str>,
    name: Option<String>,
    members: Option<&[String]>,
) -> Result<GroupWish, ApiError> {
    let handle = handle.map(UserName::parse).transpose()?;
    let members = members.map(user_names).transpose()?;
    Ok(GroupWish { handle, name, members })
}

fn view(group: Seq, receipt: &Receipt) -> Result<GroupView, ApiError> {
    let workspace = &receipt.workspace;
    let found = workspace.groups.get(&group).ok_or(Rejection::GroupNotFound)?;
    Ok(GroupView::new(group, found, workspace))
}
