//! Mentions: the messages that name the asker, or everyone.

use axum::body::Body;
use axum::extract::State;
use axum::http::{HeaderName, HeaderValue, Response};
use axum::response::IntoResponse;
use chat::Seq;
use utoipa::IntoParams;

use super::extract::{Answer, LoggedIn};
use super::fields::{Query, fields};
use super::messages::PageLimit;
use super::problem::ApiError;
use crate::app::App;
use crate::reading::{At, Feed};
use crate::wire::MessageView;

/// Unread mentions of one answer.
const UNREAD_MAX: usize = 200;

/// On a page that ends before its limit: there may be more, with ids below this one.
const MORE_BEFORE: HeaderName = HeaderName::from_static("minimost-more-before");

fields! {
    /// Which mentions.
    #[derive(IntoParams)]
    #[into_params(parameter_in = Query)]
    MentionsInput {
        /// Read or not; only the unread ones when left out.
        all: Option<bool>,
        /// With `all`: older than this message.
        before_id: Option<u64>,
        /// With `all`: 1 to 200, 50 when left out.
        #[param(value_type = Option<u64>)]
        #[schema(value_type = Option<u64>)]
        limit: PageLimit,
    }
}

/// Messages of others that name the asker or everyone, newest first: the unread ones, or a page of all. Among all are
/// the asker's own that somebody else deleted.
#[utoipa::path(get, path = "/mentions", params(MentionsInput),
    responses((status = 200, body = Vec<MessageView>)))]
pub(super) async fn list(
    State(app): State<App>,
    asker: LoggedIn,
    Query(input): Query<MentionsInput>,
) -> Result<Response<Body>, ApiError> {
    app.writer.flush_markers(asker.user).await?;
    let head = app.workspace().head;
    let PageLimit(limit) = input.limit;
    let At { workspace, found } = if input.all.unwrap_or(false) {
        let before = input.before_id.map_or(Seq(u64::MAX), Seq);
        app.reading.mentions(asker.user, before, limit, head).await?
    } else {
        let unread = app.reading.unread_mentions(asker.user, UNREAD_MAX, head).await?;
        let At { workspace, found: messages } = unread;
        At { workspace, found: Feed { messages, more_before: None } }
    };
    let messages = found.messages.iter();
    let body: Vec<_> = messages.map(|message| MessageView::new(message, &workspace)).collect();
    let mut response = Answer { body, cursor: app.cursor(&workspace) }.into_response();
    if let Some(id) = found.more_before {
        response.headers_mut().insert(MORE_BEFORE, HeaderValue::from(id.get()));
    }
    Ok(response)
}
