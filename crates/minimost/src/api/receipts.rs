//! Receipts: who else has read a message.

use axum::extract::State;
use chat::audience::may_see;
use chat::{ChannelId, EventKind, LoggedEvent, Rejection, Timestamp, UserId, Workspace};
use serde::Serialize;
use utoipa::ToSchema;

use super::extract::{Answer, LoggedIn, MessagePath};
use super::problem::ApiError;
use crate::app::App;

/// Somebody who has read a message.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct ReceiptView {
    user: String,
    /// Unix seconds: of the last message that they have read in the channel; in a thread, when they read there last.
    last_read_ts: f64,
}

/// Who has read a message, without the asker and its sender.
#[utoipa::path(get, path = "/receipts/{id}", params(("id" = u64, Path)),
    responses((status = 200, body = Vec<ReceiptView>)))]
pub(super) async fn of_message(
    State(app): State<App>,
    asker: LoggedIn,
    MessagePath(id): MessagePath,
) -> Result<Answer<Vec<ReceiptView>>, ApiError> {
    let posted = app.reading.posted(asker.user, id, asker.workspace.head).await?;
    let posted = posted.found.ok_or(Rejection::MessageNotFound)?;
    let channel = posted.channel.ok_or(Rejection::MessageNotFound)?;
    let readers = if posted.kind == EventKind::ThreadReplied {
        let head = asker.workspace.head;
        app.reading.thread_readers(&posted, head).await?.found.into_iter().collect()
    } else {
        channel_readers(&posted, channel, &app.workspace())
    };
    let workspace = app.workspace();
    let sees = |user: UserId| may_see(user, channel, posted.seq, &workspace);
    let others = readers
        .into_iter()
        .filter(|(user, _)| *user != asker.user && *user != posted.actor && sees(*user));
    let mut views: Vec<_> = others
        .map(|(user, ts)| ReceiptView {
            user: workspace.user_name(user).to_owned(),
            last_read_ts: ts.as_seconds(),
        })
        .collect();
    views.sort_by(|left, right| left.user.cmp(&right.user));
    Ok(asker.answer(&app, views))
}

fn channel_readers(
    posted: &LoggedEvent,
    channel: ChannelId,
    workspace: &Workspace,
) -> Vec<(UserId, Timestamp)> {
    let markers = workspace.channels.get(&channel).into_iter().flat_map(|it| &it.markers);
    let passed = markers.filter(|(_, marker)| marker.up_to >= posted.seq);
    passed.map(|(user, marker)| (*user, marker.ts)).collect()
}
