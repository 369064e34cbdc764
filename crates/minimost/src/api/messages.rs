//! Messages: pages, and the wishes to post, edit, delete and react.
//!
//! Neighbours: `write` takes the wishes; `reading` answers the pages.

use std::sync::{Arc, LazyLock};

use axum::Json;
use axum::body::Body;
use axum::extract::State;
use axum::http::{HeaderMap, HeaderValue, Response, StatusCode};
use axum::response::IntoResponse;
use chat::reaction::Reactions;
use chat::{ClientMsgId, Command, Message, Place, PostWish, Rejection, Seq, Timestamp};
use serde::Serialize;
use serde_json::Value;
use utoipa::{IntoParams, ToSchema};

use super::encoding::Encoded;
use super::extract::{Answer, ChannelPath, LoggedIn, MessagePath};
use super::fields::{Field, Input, Origin, Query, fields};
use super::problem::{ApiError, BadRequest, FieldProblem};
use crate::app::App;
use crate::reading::{At, CHANGED_MAX, PageQuery};
use crate::wire::MessageView;
use crate::write::Receipt;

/// Messages of one page, unless the query says fewer or more.
const PAGE_MESSAGES: usize = 50;

/// Messages of one page, whatever the query says.
const PAGE_MESSAGES_MAX: usize = 200;

/// How many messages a page has.
#[derive(Clone, Copy, Debug)]
pub(super) struct PageLimit(pub(super) usize);

impl Field for PageLimit {
    fn read(value: Option<Value>, _: Origin) -> Result<PageLimit, &'static str> {
        let Some(value) = value else { return Ok(PageLimit(PAGE_MESSAGES)) };
        let limit = value.as_str().and_then(|text| text.parse().ok());
        let limit = limit.filter(|limit| (1..=PAGE_MESSAGES_MAX).contains(limit));
        limit.map(PageLimit).ok_or("must be 1 to 200")
    }
}

/// A limit, where it matters whether one was asked for.
#[derive(Clone, Copy, Debug)]
pub(super) struct AskedLimit(Option<usize>);

impl Field for AskedLimit {
    fn read(value: Option<Value>, origin: Origin) -> Result<AskedLimit, &'static str> {
        let asked = value.map(|value| PageLimit::read(Some(value), origin)).transpose()?;
        Ok(AskedLimit(asked.map(|PageLimit(limit)| limit)))
    }
}

fields! {
    /// Which messages of a channel: a page by id, or what changed in a time.
    #[derive(IntoParams)]
    #[into_params(parameter_in = Query)]
    PageInput {
        before_id: Option<u64>,
        after_id: Option<u64>,
        /// The message in the middle of the page.
        around_id: Option<u64>,
        /// 1 to 200; when left out 50, of what is new or changed 1,000.
        #[param(value_type = Option<u64>)]
        #[schema(value_type = Option<u64>)]
        limit: AskedLimit,
        /// Unix seconds: what is new or changed since. 0 with a limit is the newest page.
        after: Option<f64>,
        /// Unix seconds: what was said earlier; with `after`, what is new or changed between the two.
        before: Option<f64>,
    }
}

fields! {
    /// A new message.
    SendInput {
        text: String,
        reply_to_id: Option<u64>,
        /// In the thread under this message, or that it is a reply in.
        thread_id: Option<u64>,
        /// A reply in a thread that shows in the channel too.
        also_send_to_channel: Option<bool>,
        #[schema(value_type = Option<String>)]
        client_msg_id: Option<ClientMsgId>,
    }
}

fields! {
    /// Another text for a message.
    EditInput {
        text: String,
        #[schema(value_type = Option<String>)]
        client_msg_id: Option<ClientMsgId>,
    }
}

fields! {
    /// The wish to delete.
    DeleteInput {
        #[schema(value_type = Option<String>)]
        client_msg_id: Option<ClientMsgId>,
    }
}

fields! {
    /// A reaction.
    ReactInput {
        /// A short name or the emoji itself.
        reaction: String,
        /// Toggles when left out.
        on: Option<bool>,
        #[schema(value_type = Option<String>)]
        client_msg_id: Option<ClientMsgId>,
    }
}

/// A reaction that exists.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct EmojiView {
    name: &'static str,
    char: &'static str,
    group: &'static str,
    /// What Slack and GitHub call it. In a text such a name means this emoji, also where it is the `name` of another.
    aliases: Vec<&'static str>,
}

/// Messages of a channel, oldest first, tombstones included.
#[utoipa::path(get, path = "/messages/{channel}", params(("channel" = String, Path), PageInput),
    responses((status = 200, body = Vec<MessageView>)))]
pub(super) async fn page(
    State(app): State<App>,
    asker: LoggedIn,
    ChannelPath(name): ChannelPath,
    Query(input): Query<PageInput>,
) -> Result<Answer<Vec<MessageView>>, ApiError> {
    let query = page_query(&input)?;
    let Place::Open(channel) = asker.place(&name)? else {
        return match query {
            PageQuery::Around { .. } => Err(Rejection::MessageNotFound.into()),
            _ => Ok(asker.answer(&app, Vec::new())),
        };
    };
    let page = app.reading.page(asker.user, channel, query, asker.workspace.head).await?;
    let asker = asker.at(page.workspace);
    let Some(messages) = page.found else {
        // Their membership has ended meanwhile.
        asker.place(&name)?;
        return Err(Rejection::NotAMember.into());
    };
    if messages.is_empty() && matches!(query, PageQuery::Around { .. }) {
        return Err(Rejection::MessageNotFound.into());
    }
    let view = |message: &Arc<Message>| MessageView::new(message, &asker.workspace);
    let views = messages.iter().map(view).collect();
    Ok(asker.answer(&app, views))
}

/// One message.
#[utoipa::path(get, path = "/message/{id}", params(("id" = u64, Path)),
    responses((status = 200, body = MessageView)))]
pub(super) async fn one(
    State(app): State<App>,
    asker: LoggedIn,
    MessagePath(id): MessagePath,
) -> Result<Answer<MessageView>, ApiError> {
    let At { workspace, found } = app.reading.message(asker.user, id, asker.workspace.head).await?;
    let message = found.ok_or(Rejection::MessageNotFound)?;
    let asker = asker.at(workspace);
    let view = MessageView::new(&message, &asker.workspace);
    Ok(asker.answer(&app, view))
}

/// Posts a message; a repeat of the same `client_msg_id` is answered with 200 and the message as it is now.
#[utoipa::path(post, path = "/send/{channel}", params(("channel" = String, Path)),
    request_body = SendInput,
    responses((status = 201, body = MessageView), (status = 200, body = MessageView)))]
pub(super) async fn send(
    State(app): State<App>,
    asker: LoggedIn,
    ChannelPath(channel): ChannelPath,
    Input(input): Input<SendInput>,
) -> Result<Response<Body>, ApiError> {
    let wish = PostWish {
        reply_to: input.reply_to_id.map(Seq),
        thread: input.thread_id.map(Seq),
        also_in_channel: input.also_send_to_channel.unwrap_or(false),
        ..PostWish::text(channel, input.text)
    };
    let command = Command::PostMessage(wish);
    let receipt = submit(&app, &asker, input.client_msg_id, command).await?;
    posted(&receipt)
}

/// Replaces the text of one's own message.
#[utoipa::path(post, path = "/edit/{id}", params(("id" = u64, Path)), request_body = EditInput,
    responses((status = 200, body = MessageView)))]
pub(super) async fn edit(
    State(app): State<App>,
    asker: LoggedIn,
    MessagePath(message): MessagePath,
    Input(input): Input<EditInput>,
) -> Result<Json<MessageView>, ApiError> {
    let command = Command::EditMessage { message, text: input.text };
    let receipt = submit(&app, &asker, input.client_msg_id, command).await?;
    message_view(&receipt).map(Json)
}

/// Deletes one's own message, or another's in a channel that one looks after; answers with the tombstone, or with nothing
/// to who may no longer look there.
#[utoipa::path(post, path = "/delete/{id}", params(("id" = u64, Path)), request_body = DeleteInput,
    responses((status = 200, body = MessageView), (status = 204)))]
pub(super) async fn delete(
    State(app): State<App>,
    asker: LoggedIn,
    MessagePath(message): MessagePath,
    Input(input): Input<DeleteInput>,
) -> Result<Response<Body>, ApiError> {
    let command = Command::DeleteMessage { message };
    let receipt = submit(&app, &asker, input.client_msg_id, command).await?;
    Ok(match message_view(&receipt) {
        Ok(tombstone) => Json(tombstone).into_response(),
        Err(_) => StatusCode::NO_CONTENT.into_response(),
    })
}

/// Sets, clears or toggles one's own reaction; answers with all reactions of the message.
#[utoipa::path(post, path = "/react/{id}", params(("id" = u64, Path)), request_body = ReactInput,
    responses((status = 200, body = BTreeMap<String, Vec<String>>)))]
pub(super) async fn react(
    State(app): State<App>,
    asker: LoggedIn,
    MessagePath(message): MessagePath,
    Input(input): Input<ReactInput>,
) -> Result<Json<Reactions<String>>, ApiError> {
    let command = Command::React { message, reaction: input.reaction, on: input.on };
    let receipt = submit(&app, &asker, input.client_msg_id, command).await?;
    message_view(&receipt).map(|message| Json(message.reactions))
}

/// All reactions that exist.
#[utoipa::path(get, path = "/emoji", responses((status = 200, body = Vec<EmojiView>)))]
pub(super) async fn emoji(
    State(app): State<App>,
    asker: LoggedIn,
    headers: HeaderMap,
) -> Response<Body> {
    static ALL: LazyLock<Encoded> = LazyLock::new(|| {
        let all = chat::reaction::all().map(|known| EmojiView {
            name: known.name,
            char: known.emoji,
            group: known.group,
            aliases: known.aliases,
        });
        let json = serde_json::to_vec(&all.collect::<Vec<_>>());
        Encoded::json(json.expect("names and emoji are text"))
    });
    let response = ALL.answer(&headers, HeaderValue::from_static("private, no-cache"));
    asker.mark(&app, response)
}

/// Submits a wish about messages, unless its maker has made too many.
pub(super) async fn submit(
    app: &App,
    asker: &LoggedIn,
    client_msg_id: Option<ClientMsgId>,
    command: Command,
) -> Result<Receipt, ApiError> {
    app.auth.sends.check(&asker.user)?;
    Ok(app.writer.submit(asker.actor(), client_msg_id, command).await?)
}

/// The answer to who posted a message: 201, or 200 when they had posted it before.
pub(super) fn posted(receipt: &Receipt) -> Result<Response<Body>, ApiError> {
    let status = if receipt.is_new { StatusCode::CREATED } else { StatusCode::OK };
    Ok((status, Json(message_view(receipt)?)).into_response())
}

/// The message that a wish was about.
pub(super) fn message_view(receipt: &Receipt) -> Result<MessageView, ApiError> {
    let message = receipt.message.as_ref().ok_or(Rejection::MessageNotFound)?;
    Ok(MessageView::new(message, &receipt.workspace))
}

fn page_query(input: &PageInput) -> Result<PageQuery, ApiError> {
    let AskedLimit(asked) = input.limit;
    let limit = asked.unwrap_or(PAGE_MESSAGES);
    let is_by_time = input.after.is_some() || input.before.is_some();
    let by_id = [input.before_id, input.after_id, input.around_id];
    if by_id.iter().flatten().count() > 1 {
        let detail = "only one of before_id, after_id and around_id";
        return Err(wrong_parameter("after_id", detail));
    }
    if is_by_time && by_id.iter().any(Option::is_some) {
        let detail = "cannot be combined with before_id, after_id or around_id";
        return Err(wrong_parameter("after", detail));
    }
    Ok(match by_id.map(|id| id.map(Seq)) {
        [Some(before), ..] => PageQuery::Before { before, limit },
        [_, Some(after), _] => PageQuery::After { after, limit },
        [.., Some(id)] => PageQuery::Around { id, limit },
        [None, None, None] => match (input.after, input.before.map(timestamp)) {
            (None, None) => PageQuery::Newest { limit },
            (None, Some(before)) => PageQuery::Earlier { before, limit },
            (Some(0.0), None) if asked.is_some() => PageQuery::Newest { limit },
            (Some(since), until) => {
                let limit = asked.unwrap_or(CHANGED_MAX);
                PageQuery::Changed { since: timestamp(since), until, limit }
            }
        },
    })
}

/// A parameter that does not go with the others.
pub(super) fn wrong_parameter(parameter: &str, detail: &str) -> ApiError {
    let problem = FieldProblem::new(Origin::Query, parameter, detail);
    BadRequest::InvalidFields(vec![problem]).into()
}

/// A time that was written as seconds.
#[expect(clippy::cast_possible_truncation, reason = "a float cast saturates, which is far enough")]
pub(super) fn timestamp(seconds: f64) -> Timestamp {
    Timestamp((seconds * 1_000_000.0).round() as i64)
}
