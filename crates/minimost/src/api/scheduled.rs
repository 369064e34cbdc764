//! Scheduled messages: written now, sent when their time comes.

use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use chat::{ClientMsgId, Command, Rejection, Seq, UserId, Workspace, may_read};

use super::extract::{Answer, ChannelPath, LoggedIn, SchedulePath};
use super::fields::{Input, fields};
use super::messages::{submit, timestamp};
use super::problem::ApiError;
use crate::app::App;
use crate::wire::ScheduledView;

fields! {
    /// A message for later.
    ScheduleInput {
        text: String,
        /// Unix seconds, at most a year ahead.
        send_at_ts: f64,
        thread_id: Option<u64>,
        #[schema(value_type = Option<String>)]
        client_msg_id: Option<ClientMsgId>,
    }
}

fields! {
    /// What is to be different about a message that waits.
    RescheduleInput {
        text: Option<String>,
        /// Unix seconds, at most a year ahead.
        send_at_ts: Option<f64>,
        #[schema(value_type = Option<String>)]
        client_msg_id: Option<ClientMsgId>,
    }
}

fields! {
    /// The wish to take a message that waits back.
    CancelInput {
        #[schema(value_type = Option<String>)]
        client_msg_id: Option<ClientMsgId>,
    }
}

/// The asker's messages that wait, the first to be sent first.
#[utoipa::path(get, path = "/scheduled", responses((status = 200, body = Vec<ScheduledView>)))]
pub(super) async fn list(State(app): State<App>, asker: LoggedIn) -> Answer<Vec<ScheduledView>> {
    asker.answer(&app, scheduled(asker.user, &asker.workspace))
}

/// Leaves a message to be sent later.
#[utoipa::path(post, path = "/schedule/{channel}", params(("channel" = String, Path)),
    request_body = ScheduleInput,
    responses((status = 201, body = ScheduledView), (status = 200, body = ScheduledView)))]
pub(super) async fn schedule(
    State(app): State<App>,
    asker: LoggedIn,
    ChannelPath(channel): ChannelPath,
    Input(input): Input<ScheduleInput>,
) -> Result<(StatusCode, Json<ScheduledView>), ApiError> {
    let (thread, send_at) = (input.thread_id.map(Seq), timestamp(input.send_at_ts));
    let command = Command::ScheduleMessage { channel, thread, text: input.text, send_at };
    let receipt = submit(&app, &asker, input.client_msg_id, command).await?;
    let status = if receipt.is_new { StatusCode::CREATED } else { StatusCode::OK };
    let id = receipt.seq.ok_or(Rejection::ScheduleNotFound)?;
    Ok((status, Json(waiting(asker.user, id, &receipt.workspace)?)))
}

/// Changes a message that waits.
#[utoipa::path(post, path = "/scheduled/{id}", params(("id" = u64, Path)),
    request_body = RescheduleInput, responses((status = 200, body = ScheduledView)))]
pub(super) async fn change(
    State(app): State<App>,
    asker: LoggedIn,
    SchedulePath(id): SchedulePath,
    Input(input): Input<RescheduleInput>,
) -> Result<Json<ScheduledView>, ApiError> {
    let send_at = input.send_at_ts.map(timestamp);
    let command = Command::ChangeSchedule { schedule: id, text: input.text, send_at };
    let receipt = submit(&app, &asker, input.client_msg_id, command).await?;
    waiting(asker.user, id, &receipt.workspace).map(Json)
}

/// Takes a message that waits back.
#[utoipa::path(post, path = "/scheduled/{id}/cancel", params(("id" = u64, Path)),
    request_body = CancelInput, responses((status = 204)))]
pub(super) async fn cancel(
    State(app): State<App>,
    asker: LoggedIn,
    SchedulePath(id): SchedulePath,
    Input(input): Input<CancelInput>,
) -> Result<StatusCode, ApiError> {
    let command = Command::CancelSchedule { schedule: id };
    submit(&app, &asker, input.client_msg_id, command).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// What `user` has left to be sent in channels that they may read, the first to be sent first.
pub(super) fn scheduled(user: UserId, workspace: &Workspace) -> Vec<ScheduledView> {
    let Some(account) = workspace.users.get(&user) else { return Vec::new() };
    let all = account.personal.scheduled.iter();
    let mut own: Vec<_> = all.filter(|(_, it)| may_read(user, it.channel, workspace)).collect();
    own.sort_unstable_by_key(|(id, it)| (it.send_at, **id));
    own.into_iter().map(|(id, it)| ScheduledView::new(*id, it, workspace)).collect()
}

/// A message that still waits; a repeat of a wish can come when it has been sent already, or its sender has gone.
fn waiting(user: UserId, id: Seq, workspace: &Workspace) -> Result<ScheduledView, ApiError> {
    let found = workspace.users.get(&user).and_then(|user| user.personal.scheduled.get(&id));
    let found = found.filter(|it| may_read(user, it.channel, workspace));
    let found = found.ok_or(Rejection::ScheduleNotFound)?;
    Ok(ScheduledView::new(id, found, workspace))
}
