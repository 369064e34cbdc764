//! Pins: messages that a channel keeps in view.

use axum::Json;
use axum::extract::State;
use chat::audience::may_see;
use chat::{ChannelId, ClientMsgId, Command, Place, Rejection, Seq, UserId, Workspace};
use serde::Serialize;
use utoipa::ToSchema;

use super::extract::{Answer, ChannelPath, LoggedIn, MessagePath};
use super::fields::{Input, fields};
use super::messages::submit;
use super::problem::ApiError;
use crate::app::App;
use crate::reading::At;
use crate::wire::{MessageView, is_false};

/// Characters that the list shows of a message.
const SHOWN_CHARS_MAX: usize = 300;

fields! {
    /// The wish to pin, to unpin, or to toggle.
    PinInput {
        /// Toggles when left out.
        on: Option<bool>,
        #[schema(value_type = Option<String>)]
        client_msg_id: Option<ClientMsgId>,
    }
}

/// A message that a channel keeps in view.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct PinView {
    id: u64,
    channel: String,
    sender: String,
    /// Unix seconds.
    ts: f64,
    /// Its first 300 characters; empty when it cannot be read.
    content: String,
    filename: Option<String>,
    pinned_by: String,
    /// Unix seconds.
    pinned_ts: f64,
    /// True, and only there, when the log is damaged where the message stands.
    #[serde(skip_serializing_if = "is_false")]
    unreadable: bool,
}

/// Pins, unpins or toggles; answers with the pins of the channel.
#[utoipa::path(post, path = "/pin/{id}", params(("id" = u64, Path)), request_body = PinInput,
    responses((status = 200, body = Vec<PinView>)))]
pub(super) async fn pin(
    State(app): State<App>,
    asker: LoggedIn,
    MessagePath(message): MessagePath,
    Input(input): Input<PinInput>,
) -> Result<Json<Vec<PinView>>, ApiError> {
    let command = Command::PinMessage { message, on: input.on };
    let receipt = submit(&app, &asker, input.client_msg_id, command).await?;
    let channel = receipt.message.ok_or(Rejection::MessageNotFound)?.channel;
    pins(&app, asker.user, channel, &receipt.workspace).await.map(Json)
}

/// The pins of a channel that the asker may see, newest first.
#[utoipa::path(get, path = "/pins/{channel}", params(("channel" = String, Path)),
    responses((status = 200, body = Vec<PinView>)))]
pub(super) async fn list(
    State(app): State<App>,
    asker: LoggedIn,
    ChannelPath(name): ChannelPath,
) -> Result<Answer<Vec<PinView>>, ApiError> {
    let pins = match asker.place(&name)? {
        Place::Open(channel) => pins(&app, asker.user, channel, &asker.workspace).await?,
        Place::Unopened(_) => Vec::new(),
    };
    Ok(asker.answer(&app, pins))
}

/// The pinned messages of a channel that `user` may see, newest pin first.
pub(super) fn pinned(user: UserId, channel: ChannelId, workspace: &Workspace) -> Vec<Seq> {
    let Some(found) = workspace.channels.get(&channel) else { return Vec::new() };
    let pins = found.pins.iter().filter(|(id, _)| may_see(user, channel, **id, workspace));
    let mut pins: Vec<_> = pins.map(|(id, pin)| (pin.ts, *id)).collect();
    pins.sort_unstable();
    pins.into_iter().rev().map(|(_, id)| id).collect()
}

async fn pins(
    app: &App,
    user: UserId,
    channel: ChannelId,
    workspace: &Workspace,
) -> Result<Vec<PinView>, ApiError> {
    let ids = pinned(user, channel, workspace);
    let At { workspace, found } = app.reading.messages(user, ids, workspace.head).await?;
    let shown = found.iter().filter(|message| !message.deleted);
    let views = shown.map(|message| MessageView::new(message, &workspace));
    Ok(views.filter_map(|message| PinView::new(message, channel, &workspace)).collect())
}

impl PinView {
    fn new(message: MessageView, channel: ChannelId, workspace: &Workspace) -> Option<PinView> {
        let pin = workspace.channels.get(&channel)?.pins.get(&Seq(message.id))?;
        let unreadable = message.unreadable;
        let forwarded = message.forward.map(|forward| forward.content);
        // A message that only passes on another shows that other.
        let content = message.content.filter(|content| !content.is_empty()).or(forwarded);
        Some(PinView {
            id: message.id,
            channel: message.channel,
            sender: message.sender,
            ts: message.ts,
            content: content.unwrap_or_default().chars().take(SHOWN_CHARS_MAX).collect(),
            filename: message.filename,
            pinned_by: workspace.user_name(pin.by).to_owned(),
            pinned_ts: pin.ts.as_seconds(),
            unreadable,
        })
    }
}
