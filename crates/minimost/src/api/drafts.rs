//! Drafts: messages that are still being written, so that another device can go on with them.

use axum::extract::State;
use axum::http::StatusCode;
use chat::{ClientMsgId, Command, Seq, UserId, Workspace, may_read};

use super::extract::{Answer, ChannelPath, LoggedIn};
use super::fields::{Input, fields};
use super::messages::submit;
use super::problem::ApiError;
use crate::app::App;
use crate::wire::DraftView;

fields! {
    /// What has been written so far.
    DraftInput {
        /// Empty clears it.
        text: String,
        thread_id: Option<u64>,
        #[schema(value_type = Option<String>)]
        client_msg_id: Option<ClientMsgId>,
    }
}

/// The asker's drafts, newest first.
#[utoipa::path(get, path = "/drafts", responses((status = 200, body = Vec<DraftView>)))]
pub(super) async fn list(State(app): State<App>, asker: LoggedIn) -> Answer<Vec<DraftView>> {
    asker.answer(&app, drafts(asker.user, &asker.workspace))
}

/// Keeps a draft in the place of the one before.
#[utoipa::path(post, path = "/drafts/{channel}", params(("channel" = String, Path)),
    request_body = DraftInput, responses((status = 204)))]
pub(super) async fn save(
    State(app): State<App>,
    asker: LoggedIn,
    ChannelPath(channel): ChannelPath,
    Input(input): Input<DraftInput>,
) -> Result<StatusCode, ApiError> {
    let thread = input.thread_id.map(Seq);
    let command = Command::SaveDraft { channel, thread, text: input.text };
    submit(&app, &asker, input.client_msg_id, command).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// The drafts of `user` in channels that they may read, newest first.
pub(super) fn drafts(user: UserId, workspace: &Workspace) -> Vec<DraftView> {
    let Some(account) = workspace.users.get(&user) else { return Vec::new() };
    let drafts = account.personal.drafts.values();
    let mut drafts: Vec<_> =
        drafts.filter(|draft| may_read(user, draft.channel, workspace)).collect();
    drafts.sort_unstable_by_key(|draft| std::cmp::Reverse(draft.saved));
    drafts.into_iter().map(|draft| DraftView::new(draft, workspace)).collect()
}
