//! Direct channels: who talks with whom, notes to oneself, and putting a conversation away until it goes on.

use axum::body::Body;
use axum::extract::State;
use axum::http::{Response, StatusCode};
use chat::personal::PersonalWish;
use chat::workspace::ChannelKind;
use chat::{ChannelId, ChannelName, ClientMsgId, Command, Rejection};
use serde::Serialize;
use utoipa::ToSchema;

use super::channels::created;
use super::extract::{Answer, LoggedIn};
use super::fields::{Input, fields};
use super::members::user_names;
use super::messages::submit;
use super::problem::ApiError;
use crate::app::App;
use crate::reading::At;
use crate::wire::ChannelView;

fields! {
    /// The other people of a direct channel.
    OpenDirectInput {
        /// Nobody, or oneself: notes to oneself.
        users: Vec<String>,
        #[schema(value_type = Option<String>)]
        client_msg_id: Option<ClientMsgId>,
    }
}

fields! {
    /// A direct channel of the asker's.
    HideDirectInput {
        channel: String,
        #[schema(value_type = Option<String>)]
        client_msg_id: Option<ClientMsgId>,
    }
}

/// A direct channel, and what waits in it.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct DirectView {
    channel: String,
    /// The other members; nobody for notes to oneself.
    users: Vec<String>,
    unread: u64,
    mentions: u64,
}

/// Direct channels that are not closed, newest activity first.
#[utoipa::path(get, path = "/dms", responses((status = 200, body = Vec<DirectView>)))]
pub(super) async fn list(
    State(app): State<App>,
    asker: LoggedIn,
) -> Result<Answer<Vec<DirectView>>, ApiError> {
    app.writer.flush_markers(asker.user).await?;
    let At { workspace, found: counts } =
        app.reading.counts(asker.user, app.workspace().head).await?;
    let mut directs: Vec<_> = workspace
        .channels_of(asker.user)
        .into_iter()
        .filter(|id| !workspace.is_hidden(asker.user, *id))
        .filter_map(|id| Some((id, workspace.channels.get(&id)?)))
        .filter_map(|(id, channel)| match &channel.kind {
            ChannelKind::Direct { members } => Some((channel.newest.unwrap_or(id.0), id, members)),
            ChannelKind::Public { .. } | ChannelKind::Private { .. } => None,
        })
        .collect();
    directs.sort_by(|(left, ..), (right, ..)| right.cmp(left));
    let view = |(_, id, members): (_, ChannelId, &std::collections::BTreeSet<_>)| {
        let others = members.iter().filter(|member| **member != asker.user);
        let mut users: Vec<_> =
            others.map(|member| workspace.user_name(*member).to_owned()).collect();
        users.sort();
        let waiting = counts.get(&id).copied().unwrap_or_default();
        DirectView {
            channel: workspace.channel_name(id),
            users,
            unread: waiting.unread,
            mentions: waiting.mentions,
        }
    };
    let body = directs.into_iter().map(view).collect();
    Ok(Answer { body, cursor: app.cursor(&workspace) })
}

/// Opens the direct channel with these people; one that is open already is answered with 200.
#[utoipa::path(post, path = "/dms", request_body = OpenDirectInput,
    responses((status = 201, body = ChannelView), (status = 200, body = ChannelView)))]
pub(super) async fn open(
    State(app): State<App>,
    asker: LoggedIn,
    Input(input): Input<OpenDirectInput>,
) -> Result<Response<Body>, ApiError> {
    let mut names = user_names(&input.users)?;
    let command = Command::OpenDirect { names: names.clone() };
    let receipt = submit(&app, &asker, input.client_msg_id, command).await?;
    names.extend(receipt.workspace.users.get(&asker.user).map(|own| own.name.clone()));
    let channel = receipt.workspace.find_channel(&ChannelName::Direct(names));
    created(&asker, &receipt, channel, "direct")
}

/// Closes a direct channel: it is not listed until something newer is said in it.
#[utoipa::path(post, path = "/dms/close", request_body = HideDirectInput,
    responses((status = 204)))]
pub(super) async fn close(
    State(app): State<App>,
    asker: LoggedIn,
    Input(input): Input<HideDirectInput>,
) -> Result<StatusCode, ApiError> {
    hide(&app, &asker, input, true).await
}

/// Lists a direct channel again that was closed.
#[utoipa::path(post, path = "/dms/open", request_body = HideDirectInput,
    responses((status = 204)))]
pub(super) async fn show(
    State(app): State<App>,
    asker: LoggedIn,
    Input(input): Input<HideDirectInput>,
) -> Result<StatusCode, ApiError> {
    hide(&app, &asker, input, false).await
}

async fn hide(
    app: &App,
    asker: &LoggedIn,
    input: HideDirectInput,
    on: bool,
) -> Result<StatusCode, ApiError> {
    let channel = ChannelName::parse(&input.channel).map_err(|_| Rejection::ChannelNotFound)?;
    let command = Command::ChangePersonal(PersonalWish::HideDirect { channel, on });
    submit(app, asker, input.client_msg_id, command).await?;
    Ok(StatusCode::NO_CONTENT)
}
