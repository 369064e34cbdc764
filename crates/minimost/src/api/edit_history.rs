//! What a message said before it was edited.

use axum::extract::State;
use chat::audience::may_see_earlier_texts;
use chat::{Message, Rejection, Timestamp};
use serde::Serialize;
use utoipa::ToSchema;

use super::extract::{Answer, LoggedIn, MessagePath};
use super::problem::ApiError;
use crate::app::App;
use crate::reading::At;
use crate::wire::{MessageView, is_false};

/// What a message said at some time.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct TextView {
    /// Null when it cannot be read.
    content: Option<String>,
    /// Unix seconds: since when.
    ts: f64,
    /// True, and only there, when the log is damaged where it stands.
    #[serde(skip_serializing_if = "is_false")]
    unreadable: bool,
}

/// What a message has said, oldest first, the current text last; at most the newest 200 texts.
#[utoipa::path(get, path = "/message/{id}/history", params(("id" = u64, Path)),
    responses((status = 200, body = Vec<TextView>)))]
pub(super) async fn history(
    State(app): State<App>,
    asker: LoggedIn,
    MessagePath(id): MessagePath,
) -> Result<Answer<Vec<TextView>>, ApiError> {
    let At { workspace, found } =
        app.reading.edit_history(asker.user, id, asker.workspace.head).await?;
    let asker = asker.at(workspace);
    let workspace = &asker.workspace;
    let found = found.ok_or(Rejection::MessageNotFound)?;
    if !may_see_earlier_texts(asker.user, found.sender, workspace) {
        return Err(Rejection::HistoryHidden.into());
    }
    let said = |(ts, version): &(Timestamp, Message)| {
        let MessageView { content, unreadable, .. } = MessageView::new(version, workspace);
        TextView { content, ts: ts.as_seconds(), unreadable }
    };
    let texts = found.versions.iter().map(said).collect();
    Ok(asker.answer(&app, texts))
}
