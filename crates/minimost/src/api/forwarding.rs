//! Forwarding: a copy of a message, passed on in a new one.

use axum::body::Body;
use axum::extract::State;
use axum::http::Response;
use chat::command::AttachWish;
use chat::{ChannelName, ClientMsgId, Command, PostWish, Rejection};

use super::extract::{LoggedIn, MessagePath};
use super::fields::{Input, fields};
use super::messages::{posted, submit};
use super::problem::ApiError;
use crate::app::App;
use crate::wire::MessageView;

fields! {
    /// Where a message is passed on to.
    ForwardInput {
        channel: String,
        /// A word of one's own.
        text: Option<String>,
        #[schema(value_type = Option<String>)]
        client_msg_id: Option<ClientMsgId>,
    }
}

/// Posts a copy of a message that the asker may see.
#[utoipa::path(post, path = "/forward/{id}", params(("id" = u64, Path)),
    request_body = ForwardInput,
    responses((status = 201, body = MessageView), (status = 200, body = MessageView)))]
pub(super) async fn forward(
    State(app): State<App>,
    asker: LoggedIn,
    MessagePath(message): MessagePath,
    Input(input): Input<ForwardInput>,
) -> Result<Response<Body>, ApiError> {
    let channel = ChannelName::parse(&input.channel).map_err(|_| Rejection::ChannelNotFound)?;
    let attach = Some(AttachWish::Forward(message));
    let wish = PostWish { attach, ..PostWish::text(channel, input.text.unwrap_or_default()) };
    let command = Command::PostMessage(wish);
    posted(&submit(&app, &asker, input.client_msg_id, command).await?)
}
