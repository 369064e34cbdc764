//! Members: joining and leaving, adding and removing, and who looks after a channel.

use axum::body::Body;
use axum::extract::State;
use axum::http::{Response, StatusCode};
use chat::command::ChannelWish;
use chat::member::History;
use chat::{ClientMsgId, Command, Place, Rejection, UserName};
use serde_json::Value;

use super::channels::{change, changed};
use super::extract::{Answer, ChannelPath, LoggedIn};
use super::fields::{Field, Input, Origin, fields};
use super::messages::submit;
use super::problem::ApiError;
use crate::app::App;
use crate::wire::ChannelView;

fields! {
    /// The wish to come or to go.
    MembershipInput {
        #[schema(value_type = Option<String>)]
        client_msg_id: Option<ClientMsgId>,
    }
}

fields! {
    /// New members of a private channel.
    AddMembersInput {
        users: Vec<String>,
        /// `join` (when left out): they see what is said from now on; `start`: everything.
        #[schema(value_type = Option<String>)]
        history: HistoryFrom,
        #[schema(value_type = Option<String>)]
        client_msg_id: Option<ClientMsgId>,
    }
}

fields! {
    /// A member.
    MemberInput {
        user: String,
        #[schema(value_type = Option<String>)]
        client_msg_id: Option<ClientMsgId>,
    }
}

/// How much of the history new members see.
#[derive(Clone, Copy, Debug)]
pub(super) struct HistoryFrom(History);

impl Field for HistoryFrom {
    fn read(value: Option<Value>, origin: Origin) -> Result<HistoryFrom, &'static str> {
        match Option::<String>::read(value, origin)?.as_deref() {
            None | Some("join") => Ok(HistoryFrom(History::FromJoin)),
            Some("start") => Ok(HistoryFrom(History::FromStart)),
            Some(_) => Err("must be join or start"),
        }
    }
}

/// Makes the asker a member of a public channel, who reads all of it.
#[utoipa::path(post, path = "/channels/{channel}/join", params(("channel" = String, Path)),
    request_body = MembershipInput, responses((status = 200, body = ChannelView)))]
pub(super) async fn join(
    State(app): State<App>,
    asker: LoggedIn,
    ChannelPath(name): ChannelPath,
    Input(input): Input<MembershipInput>,
) -> Result<Response<Body>, ApiError> {
    let command = Command::JoinChannel { channel: name.clone() };
    let receipt = submit(&app, &asker, input.client_msg_id, command).await?;
    Ok(changed(&asker, &name, &receipt))
}

/// Ends the asker's membership; a private channel that its owner leaves passes to who has been in it longest.
#[utoipa::path(post, path = "/channels/{channel}/leave", params(("channel" = String, Path)),
    request_body = MembershipInput, responses((status = 204)))]
pub(super) async fn leave(
    State(app): State<App>,
    asker: LoggedIn,
    ChannelPath(channel): ChannelPath,
    Input(input): Input<MembershipInput>,
) -> Result<StatusCode, ApiError> {
    let command = Command::LeaveChannel { channel };
    submit(&app, &asker, input.client_msg_id, command).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// Adds people to a private channel; who is in it already stays as they are. Every member may.
#[utoipa::path(post, path = "/channels/{channel}/members", params(("channel" = String, Path)),
    request_body = AddMembersInput, responses((status = 200, body = ChannelView)))]
pub(super) async fn add(
    State(app): State<App>,
    asker: LoggedIn,
    ChannelPath(name): ChannelPath,
    Input(input): Input<AddMembersInput>,
) -> Result<Response<Body>, ApiError> {
    let (names, HistoryFrom(history)) = (user_names(&input.users)?, input.history);
    let command = Command::AddMembers { channel: name.clone(), names, history };
    let receipt = submit(&app, &asker, input.client_msg_id, command).await?;
    Ok(changed(&asker, &name, &receipt))
}

/// Takes somebody out; the owner may, and administrators who are members.
#[utoipa::path(post, path = "/channels/{channel}/members/remove",
    params(("channel" = String, Path)), request_body = MemberInput,
    responses((status = 200, body = ChannelView), (status = 204)))]
pub(super) async fn remove(
    State(app): State<App>,
    asker: LoggedIn,
    ChannelPath(channel): ChannelPath,
    Input(input): Input<MemberInput>,
) -> Result<Response<Body>, ApiError> {
    let name = user_name(&input.user)?;
    let command = Command::RemoveMember { channel: channel.clone(), name };
    let receipt = submit(&app, &asker, input.client_msg_id, command).await?;
    Ok(changed(&asker, &channel, &receipt))
}

/// Hands a channel over to another member; the owner may, and any administrator, who is answered with 204 where they
/// may not look.
#[utoipa::path(post, path = "/channels/{channel}/owner", params(("channel" = String, Path)),
    request_body = MemberInput, responses((status = 200, body = ChannelView), (status = 204)))]
pub(super) async fn hand_over(
    State(app): State<App>,
    asker: LoggedIn,
    ChannelPath(name): ChannelPath,
    Input(input): Input<MemberInput>,
) -> Result<Response<Body>, ApiError> {
    let owner = user_name(&input.user)?;
    change(&app, &asker, name, ChannelWish::Owner(owner), input.client_msg_id).await
}

/// Members of a channel but the one who asks, sorted.
#[utoipa::path(get, path = "/channel_members/{channel}", params(("channel" = String, Path)),
    responses((status = 200, body = Vec<String>)))]
pub(super) async fn list(
    State(app): State<App>,
    asker: LoggedIn,
    ChannelPath(name): ChannelPath,
) -> Result<Answer<Vec<String>>, ApiError> {
    let members = match asker.place(&name)? {
        Place::Open(channel) => asker.workspace.member_ids(channel),
        Place::Unopened(members) => members.into_iter().collect(),
    };
    let others = members.into_iter().filter(|member| *member != asker.user);
    let mut names: Vec<_> =
        others.map(|member| asker.workspace.user_name(member).to_owned()).collect();
    names.sort();
    Ok(asker.answer(&app, names))
}

/// Written names as names of users; what cannot be a name is the name of nobody.
pub(super) fn user_names(words: &[String]) -> Result<Vec<UserName>, Rejection> {
    let mut nobody = Vec::new();
    let mut names = Vec::new();
    for word in words {
        match UserName::parse(word) {
            Ok(name) => names.push(name),
            Err(_) => nobody.push(word.clone()),
        }
    }
    if nobody.is_empty() { Ok(names) } else { Err(Rejection::NoSuchUser(nobody)) }
}

pub(super) fn user_name(word: &str) -> Result<UserName, Rejection> {
    UserName::parse(word).map_err(|_| Rejection::NoSuchUser(vec![word.to_owned()]))
}
