//! The live stream: Server-Sent Events (WHATWG HTML, 9.2).
//!
//! Neighbours: `live/outbox` makes the bytes; this file opens the stream and says which channels are on its
//! screens.

use std::convert::Infallible;
use std::sync::Arc;

use axum::body::Body;
use axum::extract::{Extension, State};
use axum::http::header::{CACHE_CONTROL, CONTENT_TYPE};
use axum::http::{HeaderMap, HeaderName, HeaderValue, Response, StatusCode};
use chat::{ChannelName, Place, Rejection};
use futures_util::StreamExt;
use utoipa::IntoParams;

use super::connection::Streamed;
use super::extract::LoggedIn;
use super::fields::{Input, Query, fields};
use super::problem::{ApiError, BadRequest};
use super::seats::Seats;
use crate::app::App;
use crate::live::Connect;

const LAST_EVENT_ID: HeaderName = HeaderName::from_static("last-event-id");

/// Asks nginx not to hold frames back.
const ACCEL_BUFFERING: HeaderName = HeaderName::from_static("x-accel-buffering");

fields! {
    /// Where the stream starts, and what is on the screen.
    #[derive(IntoParams)]
    #[into_params(parameter_in = Query)]
    EventsInput {
        /// A `Minimost-Cursor`, as it was given; the head when left out. `Last-Event-ID` wins.
        cursor: Option<String>,
        /// The channel that is open on the screen; one that there is not, or that one may not read, counts as none.
        channel: Option<String>,
    }
}

/// Channels that one stream has open at once: its screens may be many, and each word of the people there asks them all.
const VIEWED_MAX: usize = 20;

fields! {
    /// Which channels are open on the screens of a stream: all that are, in place of those that were.
    ViewingInput {
        /// From the `hello` frame.
        stream: String,
        /// One of them, for who has one screen.
        channel: Option<String>,
        /// At most 20, with `channel`. One that there is not, or that one may not read, counts as none.
        channels: Option<Vec<String>>,
    }
}

/// Everything that the asker may see, as it happens.
#[utoipa::path(get, path = "/events", params(EventsInput),
    responses((status = 200, content_type = "text/event-stream", description = "docs/api.md, The live stream")))]
pub(super) async fn events(
    State(app): State<App>,
    Extension(seats): Extension<Arc<Seats>>,
    asker: LoggedIn,
    headers: HeaderMap,
    Query(input): Query<EventsInput>,
) -> Result<Response<Body>, ApiError> {
    // What is no text is no cursor either, and is told to resync like any other that cannot be continued.
    let last_event_id = headers.get(LAST_EVENT_ID).map(|id| id.to_str().unwrap_or("not text"));
    let cursor = last_event_id.filter(|id| !id.is_empty()).or(input.cursor.as_deref());
    // An address that leads nowhere must not end the stream: a screen would hear nothing more of any channel.
    let place = input.channel.as_deref().and_then(|channel| place(&asker, channel));
    // Before anybody is said to be connected: where there is no room, nothing has happened.
    let room = seats.hall().begin_stream().ok_or(BadRequest::Busy)?;
    let outbox = app.hub.connect(&Connect {
        user: asker.user,
        session: asker.session,
        cursor: cursor.map(|text| app.parse_cursor(text)),
        place,
    })?;
    app.mailboxes.connected(asker.user);
    let frames = outbox.map(move |frame| {
        // It is free again when the stream is dropped.
        let _ = &room;
        Ok::<_, Infallible>(frame)
    });
    let mut response = Response::new(Body::from_stream(frames));
    response.extensions_mut().insert(Streamed);
    let headers = response.headers_mut();
    headers.insert(CONTENT_TYPE, HeaderValue::from_static("text/event-stream; charset=utf-8"));
    headers.insert(CACHE_CONTROL, HeaderValue::from_static("no-cache"));
    headers.insert(ACCEL_BUFFERING, HeaderValue::from_static("no"));
    Ok(response)
}

/// Says which channels are open on the screens of a stream.
#[utoipa::path(post, path = "/viewing", request_body = ViewingInput, responses((status = 204)))]
pub(super) async fn viewing(
    State(app): State<App>,
    asker: LoggedIn,
    Input(input): Input<ViewingInput>,
) -> Result<StatusCode, ApiError> {
    let channels = || input.channel.iter().chain(input.channels.iter().flatten());
    if channels().count() > VIEWED_MAX {
        let reason = format!("at most {VIEWED_MAX} channels are open at once");
        return Err(Rejection::InvalidValue { field: "channels", reason }.into());
    }
    let places: Vec<_> = channels().filter_map(|channel| place(&asker, channel)).collect();
    if !app.hub.view(asker.user, &input.stream, &places) {
        return Err(BadRequest::StreamNotFound.into());
    }
    Ok(StatusCode::NO_CONTENT)
}

/// Where a name leads, if that is somewhere and the asker may read there.
fn place(asker: &LoggedIn, channel: &str) -> Option<Place> {
    asker.place(&ChannelName::parse(channel).ok()?).ok()
}
