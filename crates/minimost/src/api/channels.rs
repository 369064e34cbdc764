//! Channels: what there is, making public ones, and changing what is said about any of them.
//!
//! Neighbours: `members` says who comes and goes, `directory` what there is to join; `private_channels` and `directs`
//! make the others.

use axum::Json;
use axum::body::Body;
use axum::extract::State;
use axum::http::{Response, StatusCode};
use axum::response::IntoResponse;
use chat::command::ChannelWish;
use chat::workspace::ChannelKind;
use chat::{ChannelId, ChannelName, ClientMsgId, Command, Rejection, Slug, UserId, may_read};
use serde_json::Value;

use super::extract::{Answer, ChannelPath, LoggedIn};
use super::fields::{Field, Input, Origin, fields};
use super::members::user_names;
use super::messages::submit;
use super::problem::ApiError;
use crate::app::App;
use crate::wire::ChannelView;
use crate::write::Receipt;

fields! {
    /// A new public channel.
    CreateChannelInput {
        /// `[a-z0-9][a-z0-9-]{0,31}`, for ever.
        channel: String,
        /// The name to show; the slug when left out.
        name: Option<String>,
        /// What it is about, in a line of at most 250 characters.
        topic: Option<String>,
        /// What it is for, in at most 1,000 characters.
        description: Option<String>,
        /// Everybody is in it, now and later; made by administrators only.
        is_default: Option<bool>,
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
    /// What a channel is about.
    TopicInput {
        /// At most 250 characters; an empty one is none.
        topic: String,
        #[schema(value_type = Option<String>)]
        client_msg_id: Option<ClientMsgId>,
    }
}

fields! {
    /// What a channel is for.
    DescriptionInput {
        /// At most 1,000 characters; an empty one is none.
        description: String,
        #[schema(value_type = Option<String>)]
        client_msg_id: Option<ClientMsgId>,
    }
}

fields! {
    /// Whether a channel is put away.
    ArchiveInput {
        /// True when left out.
        on: Option<bool>,
        #[schema(value_type = Option<String>)]
        client_msg_id: Option<ClientMsgId>,
    }
}

fields! {
    /// Who may post.
    PostersInput {
        /// Null, or empty in a form: everybody.
        #[schema(value_type = Option<Vec<String>>)]
        users: Posters,
        #[schema(value_type = Option<String>)]
        client_msg_id: Option<ClientMsgId>,
    }
}

/// The people who may post, or `None` for everybody. It cannot be left out: forgetting it must not open a channel.
#[derive(Debug)]
pub(super) struct Posters(Option<Vec<String>>);

impl Field for Posters {
    fn read(value: Option<Value>, origin: Origin) -> Result<Posters, &'static str> {
        match value {
            Some(Value::Null) => Ok(Posters(None)),
            Some(Value::String(text)) if text.is_empty() && origin == Origin::Form => {
                Ok(Posters(None))
            }
            value => Vec::read(value, origin).map(|names| Posters(Some(names))),
        }
    }
}

/// Public channels that the asker is in, in their order; archived ones are in `GET /state`.
#[utoipa::path(get, path = "/channels", responses((status = 200, body = Vec<String>)))]
pub(super) async fn list(State(app): State<App>, asker: LoggedIn) -> Answer<Vec<String>> {
    let slug = |id: ChannelId| {
        let channel = asker.workspace.channels.get(&id)?;
        match &channel.kind {
            ChannelKind::Public { slug, .. } if channel.archived_ts.is_none() => {
                Some(slug.to_string())
            }
            ChannelKind::Public { .. }
            | ChannelKind::Private { .. }
            | ChannelKind::Direct { .. } => None,
        }
    };
    let slugs = asker.workspace.channels_of(asker.user).into_iter().filter_map(slug).collect();
    asker.answer(&app, slugs)
}

/// Creates a public channel; its creator looks after it and is its first member.
#[utoipa::path(post, path = "/channels", request_body = CreateChannelInput,
    responses((status = 201, body = ChannelView), (status = 200, body = ChannelView)))]
pub(super) async fn create(
    State(app): State<App>,
    asker: LoggedIn,
    Input(input): Input<CreateChannelInput>,
) -> Result<Response<Body>, ApiError> {
    let slug = Slug::parse(&input.channel)?;
    let command = Command::CreateChannel {
        slug: slug.clone(),
        name: input.name.unwrap_or(input.channel),
        topic: input.topic.unwrap_or_default(),
        description: input.description.unwrap_or_default(),
        is_default: input.is_default.unwrap_or(false),
    };
    let receipt = submit(&app, &asker, input.client_msg_id, command).await?;
    let channel = receipt.workspace.find_channel(&ChannelName::Public(slug));
    created(&asker, &receipt, channel, "public")
}

/// Gives a channel another name to show: in a private channel every member may, in a public one its owner and
/// administrators.
#[utoipa::path(post, path = "/channels/{channel}/rename", params(("channel" = String, Path)),
    request_body = RenameChannelInput, responses((status = 200, body = ChannelView)))]
pub(super) async fn rename(
    State(app): State<App>,
    asker: LoggedIn,
    ChannelPath(name): ChannelPath,
    Input(input): Input<RenameChannelInput>,
) -> Result<Response<Body>, ApiError> {
    let command = Command::RenameChannel { channel: name.clone(), name: input.name };
    let receipt = submit(&app, &asker, input.client_msg_id, command).await?;
    Ok(changed(&asker, &name, &receipt))
}

/// Says what a channel is about; who renames it may.
#[utoipa::path(post, path = "/channels/{channel}/topic", params(("channel" = String, Path)),
    request_body = TopicInput, responses((status = 200, body = ChannelView)))]
pub(super) async fn set_topic(
    State(app): State<App>,
    asker: LoggedIn,
    ChannelPath(name): ChannelPath,
    Input(input): Input<TopicInput>,
) -> Result<Response<Body>, ApiError> {
    change(&app, &asker, name, ChannelWish::Topic(input.topic), input.client_msg_id).await
}

/// Says what a channel is for; who renames it may.
#[utoipa::path(post, path = "/channels/{channel}/description",
    params(("channel" = String, Path)), request_body = DescriptionInput,
    responses((status = 200, body = ChannelView)))]
pub(super) async fn describe(
    State(app): State<App>,
    asker: LoggedIn,
    ChannelPath(name): ChannelPath,
    Input(input): Input<DescriptionInput>,
) -> Result<Response<Body>, ApiError> {
    let wish = ChannelWish::Description(input.description);
    change(&app, &asker, name, wish, input.client_msg_id).await
}

/// Puts a channel away, to be read only, or brings it back; its owner and administrators who are members may.
#[utoipa::path(post, path = "/channels/{channel}/archive", params(("channel" = String, Path)),
    request_body = ArchiveInput, responses((status = 200, body = ChannelView)))]
pub(super) async fn archive(
    State(app): State<App>,
    asker: LoggedIn,
    ChannelPath(name): ChannelPath,
    Input(input): Input<ArchiveInput>,
) -> Result<Response<Body>, ApiError> {
    let wish = ChannelWish::Archived(input.on.unwrap_or(true));
    change(&app, &asker, name, wish, input.client_msg_id).await
}

/// Chooses who posts in a channel; who archives it may.
#[utoipa::path(post, path = "/channels/{channel}/posters", params(("channel" = String, Path)),
    request_body = PostersInput, responses((status = 200, body = ChannelView)))]
pub(super) async fn set_posters(
    State(app): State<App>,
    asker: LoggedIn,
    ChannelPath(name): ChannelPath,
    Input(input): Input<PostersInput>,
) -> Result<Response<Body>, ApiError> {
    let Posters(names) = input.users;
    let names = names.map(|names| user_names(&names)).transpose()?;
    change(&app, &asker, name, ChannelWish::Posters(names), input.client_msg_id).await
}

/// Submits a wish to change a channel.
pub(super) async fn change(
    app: &App,
    asker: &LoggedIn,
    channel: ChannelName,
    change: ChannelWish,
    client_msg_id: Option<ClientMsgId>,
) -> Result<Response<Body>, ApiError> {
    let command = Command::ChangeChannel { channel: channel.clone(), change };
    let receipt = submit(app, asker, client_msg_id, command).await?;
    Ok(changed(asker, &channel, &receipt))
}

/// The channel as a command has left it. Nothing for who may not look there: an administrator who hands over a private
/// channel, a former member who repeats a wish, or who has just taken themselves out.
pub(super) fn changed(asker: &LoggedIn, name: &ChannelName, receipt: &Receipt) -> Response<Body> {
    let channel = receipt.workspace.find_channel(name);
    match shown(asker.user, channel, receipt) {
        Some(view) => Json(view).into_response(),
        None => StatusCode::NO_CONTENT.into_response(),
    }
}

/// A channel that `user` may know of, after a command.
fn shown(user: UserId, channel: Option<ChannelId>, receipt: &Receipt) -> Option<ChannelView> {
    let workspace = &receipt.workspace;
    let channel = channel?;
    let is_public = matches!(workspace.channels.get(&channel)?.kind, ChannelKind::Public { .. });
    let may_know = is_public || may_read(user, channel, workspace);
    may_know.then(|| ChannelView::new(channel, workspace)).flatten()
}

/// The channel that a command has made, with 201 when it is new. What the same wish made before is answered with 200;
/// a wish of the same name that made something else is another wish.
pub(super) fn created(
    asker: &LoggedIn,
    receipt: &Receipt,
    channel: Option<ChannelId>,
    kind: &str,
) -> Result<Response<Body>, ApiError> {
    let view = shown(asker.user, channel, receipt).ok_or(Rejection::NotAMember)?;
    if view.kind != kind {
        return Err(Rejection::ClientMsgIdReused.into());
    }
    let is_new = receipt.is_new && receipt.seq == channel.map(|channel| channel.0);
    let status = if is_new { StatusCode::CREATED } else { StatusCode::OK };
    Ok((status, Json(view)).into_response())
}
