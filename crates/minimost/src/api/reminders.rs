//! Reminders: what the server is asked to say again later.

use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use chat::reminder::may_be_shown;
use chat::{ClientMsgId, Command, Rejection, Seq, UserId, Workspace};

use super::extract::{Answer, LoggedIn, ReminderPath};
use super::fields::{Input, fields};
use super::messages::{submit, timestamp};
use super::problem::ApiError;
use crate::app::App;
use crate::wire::ReminderView;

fields! {
    /// What to be told of, and when.
    RemindInput {
        /// A message, or
        message_id: Option<u64>,
        /// one's own words, or both.
        text: Option<String>,
        /// Unix seconds, at most a year ahead.
        due_ts: f64,
        #[schema(value_type = Option<String>)]
        client_msg_id: Option<ClientMsgId>,
    }
}

fields! {
    /// The wish to be done with a reminder.
    DoneInput {
        #[schema(value_type = Option<String>)]
        client_msg_id: Option<ClientMsgId>,
    }
}

/// The asker's reminders, the first due first, those already told of included.
#[utoipa::path(get, path = "/reminders", responses((status = 200, body = Vec<ReminderView>)))]
pub(super) async fn list(State(app): State<App>, asker: LoggedIn) -> Answer<Vec<ReminderView>> {
    asker.answer(&app, reminders(asker.user, &asker.workspace))
}

/// Asks to be told later.
#[utoipa::path(post, path = "/remind", request_body = RemindInput,
    responses((status = 201, body = ReminderView), (status = 200, body = ReminderView)))]
pub(super) async fn remind(
    State(app): State<App>,
    asker: LoggedIn,
    Input(input): Input<RemindInput>,
) -> Result<(StatusCode, Json<ReminderView>), ApiError> {
    let (text, due) = (input.text.unwrap_or_default(), timestamp(input.due_ts));
    let command = Command::SetReminder { message: input.message_id.map(Seq), text, due };
    let receipt = submit(&app, &asker, input.client_msg_id, command).await?;
    let status = if receipt.is_new { StatusCode::CREATED } else { StatusCode::OK };
    let id = receipt.seq.ok_or(Rejection::ReminderNotFound)?;
    let account = receipt.workspace.users.get(&asker.user);
    let found = account.and_then(|user| user.personal.reminders.get(&id));
    // A repeat can come when one is done with it already, or no longer sees the message.
    let found = found.filter(|it| may_be_shown(asker.user, it, &receipt.workspace));
    let found = found.ok_or(Rejection::ReminderNotFound)?;
    Ok((status, Json(ReminderView::new(id, found, &receipt.workspace))))
}

/// Is done with a reminder, told of or not.
#[utoipa::path(post, path = "/reminders/{id}/done", params(("id" = u64, Path)),
    request_body = DoneInput, responses((status = 204)))]
pub(super) async fn done(
    State(app): State<App>,
    asker: LoggedIn,
    ReminderPath(reminder): ReminderPath,
    Input(input): Input<DoneInput>,
) -> Result<StatusCode, ApiError> {
    let command = Command::EndReminder { reminder };
    submit(&app, &asker, input.client_msg_id, command).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// The reminders of `user` that they may be shown, the first due first.
pub(super) fn reminders(user: UserId, workspace: &Workspace) -> Vec<ReminderView> {
    let Some(account) = workspace.users.get(&user) else { return Vec::new() };
    let all = account.personal.reminders.iter();
    let mut own: Vec<_> = all.filter(|(_, it)| may_be_shown(user, it, workspace)).collect();
    own.sort_unstable_by_key(|(id, it)| (it.due, **id));
    own.into_iter().map(|(id, it)| ReminderView::new(*id, it, workspace)).collect()
}
