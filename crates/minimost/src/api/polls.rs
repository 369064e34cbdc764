//! Polls: a question with options, and votes.

use axum::Json;
use axum::body::Body;
use axum::extract::State;
use axum::http::Response;
use chat::command::AttachWish;
use chat::poll::Poll;
use chat::{ClientMsgId, Command, PostWish};
use serde_json::Value;

use super::extract::{ChannelPath, LoggedIn, MessagePath};
use super::fields::{Field, Input, Origin, fields};
use super::messages::{message_view, posted, submit, timestamp};
use super::problem::ApiError;
use crate::app::App;
use crate::wire::MessageView;

/// The options that somebody votes for, from 0.
#[derive(Clone, Debug)]
pub(super) struct Choice(Vec<u8>);

impl Field for Choice {
    fn read(value: Option<Value>, origin: Origin) -> Result<Choice, &'static str> {
        const EXPECTED: &str = "must be a list of whole numbers from 0";
        let numbers = match value {
            Some(Value::Array(numbers)) => numbers,
            // A form writes a list as `0,2`, and none as nothing.
            Some(Value::String(text)) if origin != Origin::Json => {
                let numbers = text.split(',').map(str::trim).filter(|number| !number.is_empty());
                numbers.map(|number| Value::String(number.to_owned())).collect()
            }
            None | Some(Value::Null) => return Err("is missing"),
            Some(_) => return Err(EXPECTED),
        };
        let number = |value: Value| u64::read(Some(value), origin).map_err(|_| EXPECTED);
        // No poll has that many options, so the rules refuse what does not fit.
        let place = |number| u8::try_from(number).unwrap_or(u8::MAX);
        let places = numbers.into_iter().map(|value| number(value).map(place));
        places.collect::<Result<_, _>>().map(Choice)
    }
}

fields! {
    /// A new poll.
    PollInput {
        question: String,
        /// Two to ten.
        options: Vec<String>,
        /// Whether one may vote for several.
        is_multiple: Option<bool>,
        /// Unix seconds: no votes from then on.
        closes_ts: Option<f64>,
        #[schema(value_type = Option<String>)]
        client_msg_id: Option<ClientMsgId>,
    }
}

fields! {
    /// All that one votes for.
    VoteInput {
        /// From 0; none takes the vote back.
        #[schema(value_type = Vec<u64>)]
        options: Choice,
        #[schema(value_type = Option<String>)]
        client_msg_id: Option<ClientMsgId>,
    }
}

fields! {
    /// The wish to end a poll.
    ClosePollInput {
        #[schema(value_type = Option<String>)]
        client_msg_id: Option<ClientMsgId>,
    }
}

/// Posts a poll.
#[utoipa::path(post, path = "/poll/{channel}", params(("channel" = String, Path)),
    request_body = PollInput,
    responses((status = 201, body = MessageView), (status = 200, body = MessageView)))]
pub(super) async fn create(
    State(app): State<App>,
    asker: LoggedIn,
    ChannelPath(channel): ChannelPath,
    Input(input): Input<PollInput>,
) -> Result<Response<Body>, ApiError> {
    let poll = Poll {
        options: input.options,
        is_multiple: input.is_multiple.unwrap_or(false),
        closes: input.closes_ts.map(timestamp),
    };
    let attach = Some(AttachWish::Poll(poll));
    let wish = PostWish { attach, ..PostWish::text(channel, input.question) };
    let command = Command::PostMessage(wish);
    posted(&submit(&app, &asker, input.client_msg_id, command).await?)
}

/// Votes for these options instead of those before.
#[utoipa::path(post, path = "/vote/{id}", params(("id" = u64, Path)), request_body = VoteInput,
    responses((status = 200, body = MessageView)))]
pub(super) async fn vote(
    State(app): State<App>,
    asker: LoggedIn,
    MessagePath(message): MessagePath,
    Input(input): Input<VoteInput>,
) -> Result<Json<MessageView>, ApiError> {
    let command = Command::Vote { message, options: input.options.0 };
    let receipt = submit(&app, &asker, input.client_msg_id, command).await?;
    message_view(&receipt).map(Json)
}

/// Ends one's own poll.
#[utoipa::path(post, path = "/close_poll/{id}", params(("id" = u64, Path)),
    request_body = ClosePollInput, responses((status = 200, body = MessageView)))]
pub(super) async fn close(
    State(app): State<App>,
    asker: LoggedIn,
    MessagePath(message): MessagePath,
    Input(input): Input<ClosePollInput>,
) -> Result<Json<MessageView>, ApiError> {
    let command = Command::ClosePoll { message };
    let receipt = submit(&app, &asker, input.client_msg_id, command).await?;
    message_view(&receipt).map(Json)
}
