//! Channels, public and direct: what there is, and making more.

use axum::Json;
use axum::body::Body;
use axum::extract::State;
use axum::http::{Response, StatusCode};
use axum::response::IntoResponse;
use chat::workspace::ChannelKind;
use chat::{ChannelId, ChannelName, ClientMsgId, Command, Rejection, Slug, UserName, Workspace};
use serde::Serialize;
use utoipa::ToSchema;

use super::accounts;
use super::extract::{Answer, ChannelPath, LoggedIn};
use super::fields::{Input, fields};
use super::problem::ApiError;
use crate::app::App;
use crate::wire::ChannelView;

fields! {
    /// A new public channel.
    CreateChannelInput {
        /// `[a-z0-9][a-z0-9-]{0,31}`, for ever.
        channel: String,
        /// The name to show; the slug when left out.
        name: Option<String>,
        #[schema(value_type = Option<String>)]
        client_msg_id: Option<ClientMsgId>,
    }
}

fields! {
    /// Another name to show.
    RenameChannelInput {
        name: String,
        #[schema(value_type = Option<String>)]
        client_msg_id: Option<ClientMsgId>,
    }
}

fields! {
    /// The other people of a direct channel.
    OpenDirectInput {
        users: Vec<String>,
        #[schema(value_type = Option<String>)]
        client_msg_id: Option<ClientMsgId>,
    }
}

/// A direct channel, and what waits in it.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct DirectView {
    channel: String,
    /// The other members.
    users: Vec<String>,
    unread: u64,
    mentions: u64,
}

/// Public channels in their order.
#[utoipa::path(get, path = "/channels", responses((status = 200, body = Vec<String>)))]
pub(super) async fn list(State(app): State<App>, asker: LoggedIn) -> Answer<Vec<String>> {
    let slug = |channel: ChannelId| match &asker.workspace.channels.get(&channel)?.kind {
        ChannelKind::Public { slug, .. } => Some(slug.to_string()),
        ChannelKind::Private { .. } | ChannelKind::Direct { .. } => None,
    };
    let slugs = asker.workspace.channels_of(asker.user).into_iter().filter_map(slug).collect();
    asker.answer(&app, slugs)
}

/// Creates a public channel; administrators only.
#[utoipa::path(post, path = "/channels", request_body = CreateChannelInput,
    responses((status = 201, body = ChannelView)))]
pub(super) async fn create(
    State(app): State<App>,
    asker: LoggedIn,
    Input(input): Input<CreateChannelInput>,
) -> Result<Response<Body>, ApiError> {
    let slug = Slug::parse(&input.channel)?;
    let name = input.name.unwrap_or_else(|| input.channel.clone());
    let (topic, description, is_default) = (String::new(), String::new(), false);
    let slug_wish = slug.clone();
    let command = Command::CreateChannel { slug: slug_wish, name, topic, description, is_default };
    let receipt = app.writer.submit(asker.actor(), input.client_msg_id, command).await?;
    let status = if receipt.is_new { StatusCode::CREATED } else { StatusCode::OK };
    Ok((status, Json(view(&ChannelName::Public(slug), &receipt.workspace)?)).into_response())
}

/// Gives a public channel another name to show; administrators only.
#[utoipa::path(post, path = "/channels/{channel}/rename", params(("channel" = String, Path)),
    request_body = RenameChannelInput, responses((status = 200, body = ChannelView)))]
pub(super) async fn rename(
    State(app): State<App>,
    asker: LoggedIn,
    ChannelPath(name): ChannelPath,
    Input(input): Input<RenameChannelInput>,
) -> Result<Json<ChannelView>, ApiError> {
    let command = Command::RenameChannel { channel: name.clone(), name: input.name };
    let receipt = app.writer.submit(asker.actor(), input.client_msg_id, command).await?;
    view(&name, &receipt.workspace).map(Json)
}

/// Direct channels, newest activity first.
#[utoipa::path(get, path = "/dms", responses((status = 200, body = Vec<DirectView>)))]
pub(super) async fn directs(
    State(app): State<App>,
    asker: LoggedIn,
) -> Result<Answer<Vec<DirectView>>, ApiError> {
    app.writer.flush_markers(asker.user).await?;
    let (workspace, counts) = app.mailboxes.counts(asker.user, app.workspace().head).await?;
    let mut directs: Vec<_> = workspace
        .channels_of(asker.user)
        .into_iter()
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
    Ok(Answer { body, cursor: app.cursor(workspace.head) })
}

/// Opens the direct channel with these people; one that is open already is answered with 200.
#[utoipa::path(post, path = "/dms", request_body = OpenDirectInput,
    responses((status = 201, body = ChannelView), (status = 200, body = ChannelView)))]
pub(super) async fn open_direct(
    State(app): State<App>,
    asker: LoggedIn,
    Input(input): Input<OpenDirectInput>,
) -> Result<Response<Body>, ApiError> {
    let unnameable = input.users.iter().filter(|name| UserName::parse(name).is_err());
    let unnameable: Vec<_> = unnameable.cloned().collect();
    if !unnameable.is_empty() {
        return Err(Rejection::NoSuchUser(unnameable).into());
    }
    let names = input.users.iter().map(|name| UserName::parse(name)).collect::<Result<_, _>>()?;
    let command = Command::OpenDirect { names };
    let receipt = app.writer.submit(asker.actor(), input.client_msg_id, command).await?;
    let is_opened = receipt.is_new && receipt.seq.is_some();
    let status = if is_opened { StatusCode::CREATED } else { StatusCode::OK };
    let names: Vec<_> = input.users.iter().map(|name| name.trim()).collect();
    let own_name = asker.workspace.user_name(asker.user);
    let channel = ChannelName::parse(&format!("dm:{own_name}:{}", names.join(":")))?;
    Ok((status, Json(view(&channel, &receipt.workspace)?)).into_response())
}

/// Members of a channel but the one who asks.
#[utoipa::path(get, path = "/channel_members/{channel}", params(("channel" = String, Path)),
    responses((status = 200, body = Vec<String>)))]
pub(super) async fn members(
    State(app): State<App>,
    asker: LoggedIn,
    ChannelPath(name): ChannelPath,
) -> Result<Answer<Vec<String>>, ApiError> {
    let channel = asker.channel(&name)?;
    let view = ChannelView::new(channel, &asker.workspace).ok_or(Rejection::ChannelNotFound)?;
    let mut names = view.members.unwrap_or_else(|| accounts::names(&asker.workspace));
    let own_name = asker.workspace.user_name(asker.user);
    names.retain(|name| name != own_name);
    Ok(asker.answer(&app, names))
}

fn view(name: &ChannelName, workspace: &Workspace) -> Result<ChannelView, ApiError> {
    let channel = workspace.find_channel(name);
    let view = channel.and_then(|channel| ChannelView::new(channel, workspace));
    view.ok_or_else(|| Rejection::ChannelNotFound.into())
}
