//! Private channels by their number, under names that other programs know; `channels` and `members` do the same for
//! `private:<n>`.

use axum::body::Body;
use axum::extract::State;
use axum::http::{Response, StatusCode};
use chat::workspace::ChannelKind;
use chat::{ChannelId, ClientMsgId, Command};
use serde::Serialize;
use utoipa::ToSchema;

use super::channels::{RenameChannelInput, changed, created};
use super::extract::{Answer, ChannelPath, LoggedIn, PrivatePath};
use super::fields::{Input, fields};
use super::members::{self, MembershipInput, user_name, user_names};
use super::messages::submit;
use super::problem::ApiError;
use crate::app::App;
use crate::reading::At;
use crate::wire::ChannelView;

fields! {
    /// A new private channel.
    CreatePrivateInput {
        /// The name to show; it need not be the only one of its kind.
        name: String,
        /// The first members beside its maker.
        members: Option<Vec<String>>,
        /// What it is about, in a line of at most 250 characters.
        topic: Option<String>,
        #[schema(value_type = Option<String>)]
        client_msg_id: Option<ClientMsgId>,
    }
}

fields! {
    /// A new member, who sees what is said from now on.
    AddMemberInput {
        username: String,
        #[schema(value_type = Option<String>)]
        client_msg_id: Option<ClientMsgId>,
    }
}

/// A private channel of the asker's, and what waits in it.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct PrivateView {
    channel: String,
    /// The n of `private:<n>`.
    id: u64,
    /// All members, sorted.
    members: Vec<String>,
    name: String,
    unread: u64,
}

/// A member.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct MemberView {
    username: String,
}

/// Creates a private channel; its maker owns it.
#[utoipa::path(post, path = "/private_channels/create", request_body = CreatePrivateInput,
    responses((status = 201, body = ChannelView), (status = 200, body = ChannelView)))]
pub(super) async fn create(
    State(app): State<App>,
    asker: LoggedIn,
    Input(input): Input<CreatePrivateInput>,
) -> Result<Response<Body>, ApiError> {
    let members = user_names(&input.members.unwrap_or_default())?;
    let topic = input.topic.unwrap_or_default();
    let command = Command::CreatePrivateChannel { name: input.name, topic, members };
    let receipt = submit(&app, &asker, input.client_msg_id, command).await?;
    created(&asker, &receipt, receipt.seq.map(ChannelId), "private")
}

/// The asker's private channels, in the order of their making.
#[utoipa::path(get, path = "/private_channels", responses((status = 200, body = Vec<PrivateView>)))]
pub(super) async fn list(
    State(app): State<App>,
    asker: LoggedIn,
) -> Result<Answer<Vec<PrivateView>>, ApiError> {
    app.writer.flush_markers(asker.user).await?;
    let At { workspace, found: counts } =
        app.reading.counts(asker.user, app.workspace().head).await?;
    let view = |channel: ChannelId| {
        let ChannelKind::Private { name } = &workspace.channels.get(&channel)?.kind else {
            return None;
        };
        let view = ChannelView::new(channel, &workspace)?;
        let unread = counts.get(&channel).copied().unwrap_or_default().unread;
        let (name, members) = (name.clone(), view.members.unwrap_or_default());
        Some(PrivateView { channel: view.channel, id: channel.0.get(), members, name, unread })
    };
    let body = workspace.channels_of(asker.user).into_iter().filter_map(view).collect();
    Ok(Answer { body, cursor: app.cursor(&workspace) })
}

/// As `POST /channels/private:<id>/rename`.
#[utoipa::path(post, path = "/private_channels/{id}/rename", params(("id" = u64, Path)),
    request_body = RenameChannelInput, responses((status = 200, body = ChannelView)))]
pub(super) async fn rename(
    state: State<App>,
    asker: LoggedIn,
    PrivatePath(name): PrivatePath,
    input: Input<RenameChannelInput>,
) -> Result<Response<Body>, ApiError> {
    super::channels::rename(state, asker, ChannelPath(name), input).await
}

/// Adds one person.
#[utoipa::path(post, path = "/private_channels/{id}/add_member", params(("id" = u64, Path)),
    request_body = AddMemberInput, responses((status = 200, body = ChannelView)))]
pub(super) async fn add_member(
    State(app): State<App>,
    asker: LoggedIn,
    PrivatePath(name): PrivatePath,
    Input(input): Input<AddMemberInput>,
) -> Result<Response<Body>, ApiError> {
    let names = vec![user_name(&input.username)?];
    let (channel, history) = (name.clone(), chat::member::History::FromJoin);
    let command = Command::AddMembers { channel, names, history };
    let receipt = submit(&app, &asker, input.client_msg_id, command).await?;
    Ok(changed(&asker, &name, &receipt))
}

/// As `POST /channels/private:<id>/leave`.
#[utoipa::path(post, path = "/private_channels/{id}/leave", params(("id" = u64, Path)),
    request_body = MembershipInput, responses((status = 204)))]
pub(super) async fn leave(
    state: State<App>,
    asker: LoggedIn,
    PrivatePath(name): PrivatePath,
    input: Input<MembershipInput>,
) -> Result<StatusCode, ApiError> {
    members::leave(state, asker, ChannelPath(name), input).await
}

/// All members, the asker's name included, sorted.
#[utoipa::path(get, path = "/private_channels/{id}/members", params(("id" = u64, Path)),
    responses((status = 200, body = Vec<MemberView>)))]
pub(super) async fn list_members(
    State(app): State<App>,
    asker: LoggedIn,
    PrivatePath(name): PrivatePath,
) -> Result<Answer<Vec<MemberView>>, ApiError> {
    let view = ChannelView::new(asker.channel(&name)?, &asker.workspace);
    let names = view.and_then(|view| view.members).unwrap_or_default();
    let members = names.into_iter().map(|username| MemberView { username }).collect();
    Ok(asker.answer(&app, members))
}
