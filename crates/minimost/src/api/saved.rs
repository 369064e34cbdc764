//! Saved messages: what a person keeps for later. Nobody else learns of it.

use axum::extract::State;
use axum::http::StatusCode;
use chat::audience::may_see;
use chat::personal::PersonalWish;
use chat::{ClientMsgId, Command, Seq, Timestamp, UserId, Workspace};
use serde::Serialize;
use utoipa::ToSchema;

use super::extract::{Answer, LoggedIn, MessagePath};
use super::fields::{Input, fields};
use super::messages::submit;
use super::problem::ApiError;
use crate::app::App;
use crate::reading::At;
use crate::wire::MessageView;

fields! {
    /// The wish to save, to forget, or to toggle.
    SaveInput {
        /// Toggles when left out.
        on: Option<bool>,
        #[schema(value_type = Option<String>)]
        client_msg_id: Option<ClientMsgId>,
    }
}

/// A message that the asker keeps.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct SavedView {
    message: MessageView,
    /// Unix seconds.
    saved_ts: f64,
}

/// Saves, forgets or toggles.
#[utoipa::path(post, path = "/save/{id}", params(("id" = u64, Path)), request_body = SaveInput,
    responses((status = 204)))]
pub(super) async fn save(
    State(app): State<App>,
    asker: LoggedIn,
    MessagePath(message): MessagePath,
    Input(input): Input<SaveInput>,
) -> Result<StatusCode, ApiError> {
    let command = Command::ChangePersonal(PersonalWish::Save { message, on: input.on });
    submit(&app, &asker, input.client_msg_id, command).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// What the asker keeps and may still see, newest save first.
#[utoipa::path(get, path = "/saved", responses((status = 200, body = Vec<SavedView>)))]
pub(super) async fn list(
    State(app): State<App>,
    asker: LoggedIn,
) -> Result<Answer<Vec<SavedView>>, ApiError> {
    let saved = saved(asker.user, &asker.workspace);
    let ids = saved.iter().map(|(_, id)| *id).collect();
    let At { workspace, found } =
        app.reading.messages(asker.user, ids, asker.workspace.head).await?;
    let asker = asker.at(workspace);
    let messages = found.iter().filter(|message| !message.deleted);
    let mut times = saved.iter();
    // Both are in the same order, and some messages are missing.
    let views = messages.filter_map(|message| {
        let (ts, _) = times.find(|(_, id)| *id == message.id)?;
        let message = MessageView::new(message, &asker.workspace);
        Some(SavedView { message, saved_ts: ts.as_seconds() })
    });
    let views = views.collect();
    Ok(asker.answer(&app, views))
}

/// The ids of what `user` keeps and may still see, newest save first.
pub(super) fn saved_ids(user: UserId, workspace: &Workspace) -> Vec<u64> {
    saved(user, workspace).into_iter().map(|(_, id)| id.get()).collect()
}

fn saved(user: UserId, workspace: &Workspace) -> Vec<(Timestamp, Seq)> {
    let Some(account) = workspace.users.get(&user) else { return Vec::new() };
    let all = account.personal.saved.iter();
    let seen = all.filter(|(id, saved)| may_see(user, saved.channel, **id, workspace));
    let mut saved: Vec<_> = seen.map(|(id, saved)| (saved.ts, *id)).collect();
    saved.sort_unstable_by(|one, other| other.cmp(one));
    saved
}
