//! Notifications: what one wants to be told of, when not, and why a message does or does not notify.
//!
//! Neighbours: `chat::notification` decides; `live/notify.rs` tells.

use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use chat::notification::{DoNotDisturbWish, Level, verdict};
use chat::personal::PersonalWish;
use chat::{Body, ClientMsgId, Command, Rejection, UserId, Workspace};
use serde::Serialize;
use serde_json::Value;
use utoipa::ToSchema;

use super::extract::{Answer, ChannelPath, LoggedIn, MessagePath};
use super::fields::{Change, Field, Input, Origin, Present, fields};
use super::messages::timestamp;
use super::problem::ApiError;
use crate::app::App;
use crate::reading::At;
use crate::wire::{DoNotDisturbView, VerdictView};

/// A time of day, in minutes after midnight.
#[derive(Clone, Copy, Debug)]
pub(super) struct ClockTime(u16);

/// Days of the week.
#[derive(Clone, Debug)]
pub(super) struct Days(Vec<u8>);

fields! {
    /// What of a channel notifies; what is left out stays.
    NotificationsInput {
        /// `default`, `all`, `mentions` or `none`.
        #[schema(value_type = Option<String>)]
        level: Option<Level>,
        muted: Option<bool>,
        #[schema(value_type = Option<String>)]
        client_msg_id: Option<ClientMsgId>,
    }
}

fields! {
    /// When one is not to be disturbed; what is left out stays.
    DoNotDisturbInput {
        enabled: Option<bool>,
        /// `22:00`.
        #[schema(value_type = Option<String>)]
        from: Option<ClockTime>,
        #[schema(value_type = Option<String>)]
        to: Option<ClockTime>,
        /// 1 (Monday) to 7: the days on which a night begins.
        #[schema(value_type = Option<Vec<u8>>)]
        days: Option<Days>,
        /// Unix seconds; null clears.
        #[schema(value_type = Option<f64>)]
        until_ts: Change<f64>,
        #[schema(value_type = Option<String>)]
        client_msg_id: Option<ClientMsgId>,
    }
}

fields! {
    /// Words that notify, instead of those before.
    KeywordsInput {
        /// At most 50, of 1 to 64 characters.
        keywords: Vec<String>,
        #[schema(value_type = Option<String>)]
        client_msg_id: Option<ClientMsgId>,
    }
}

/// What of a channel notifies.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct NotificationsView {
    /// `default`, `all`, `mentions` or `none`.
    #[schema(value_type = String)]
    level: Level,
    muted: bool,
}

/// Words that notify.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct KeywordsView {
    keywords: Vec<String>,
}

/// What of a channel notifies.
#[utoipa::path(get, path = "/notifications/{channel}", params(("channel" = String, Path)),
    responses((status = 200, body = NotificationsView)))]
pub(super) async fn of_channel(
    State(app): State<App>,
    asker: LoggedIn,
    ChannelPath(name): ChannelPath,
) -> Result<Answer<NotificationsView>, ApiError> {
    let channel = asker.place(&name)?.channel();
    let own = asker.workspace.users.get(&asker.user);
    let own = own.zip(channel).and_then(|(user, id)| user.personal.notifications.get(&id));
    let own = own.copied();
    let own = own.unwrap_or_default();
    let view = NotificationsView { level: own.level, muted: own.is_muted };
    Ok(asker.answer(&app, view))
}

/// Says what of a channel notifies.
#[utoipa::path(post, path = "/notifications/{channel}", params(("channel" = String, Path)),
    request_body = NotificationsInput, responses((status = 204)))]
pub(super) async fn set(
    State(app): State<App>,
    asker: LoggedIn,
    ChannelPath(channel): ChannelPath,
    Input(input): Input<NotificationsInput>,
) -> Result<StatusCode, ApiError> {
    let (level, is_muted) = (input.level, input.muted);
    let wish = PersonalWish::Notifications { channel, level, is_muted };
    change(&app, &asker, input.client_msg_id, wish).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// When one is not to be disturbed.
#[utoipa::path(get, path = "/do_not_disturb",
    responses((status = 200, body = DoNotDisturbView)))]
pub(super) async fn do_not_disturb(
    State(app): State<App>,
    asker: LoggedIn,
) -> Answer<DoNotDisturbView> {
    let view = do_not_disturb_of(asker.user, &asker.workspace);
    asker.answer(&app, view)
}

/// Says when one is not to be disturbed.
#[utoipa::path(post, path = "/do_not_disturb", request_body = DoNotDisturbInput,
    responses((status = 200, body = DoNotDisturbView)))]
pub(super) async fn set_do_not_disturb(
    State(app): State<App>,
    asker: LoggedIn,
    Input(input): Input<DoNotDisturbInput>,
) -> Result<Json<DoNotDisturbView>, ApiError> {
    let until: Option<Option<f64>> = input.until_ts.into();
    let wish = PersonalWish::DoNotDisturb(DoNotDisturbWish {
        is_enabled: input.enabled,
        from_minute: input.from.map(|ClockTime(minute)| minute),
        to_minute: input.to.map(|ClockTime(minute)| minute),
        days: input.days.map(|Days(days)| days),
        until: until.map(|until| until.map(timestamp)),
    });
    let workspace = change(&app, &asker, input.client_msg_id, wish).await?;
    Ok(Json(do_not_disturb_of(asker.user, &workspace)))
}

/// Words that notify.
#[utoipa::path(get, path = "/keywords", responses((status = 200, body = KeywordsView)))]
pub(super) async fn keywords(State(app): State<App>, asker: LoggedIn) -> Answer<KeywordsView> {
    let view = KeywordsView { keywords: keywords_of(asker.user, &asker.workspace) };
    asker.answer(&app, view)
}

/// Says which words notify.
#[utoipa::path(post, path = "/keywords", request_body = KeywordsInput,
    responses((status = 200, body = KeywordsView)))]
pub(super) async fn set_keywords(
    State(app): State<App>,
    asker: LoggedIn,
    Input(input): Input<KeywordsInput>,
) -> Result<Json<KeywordsView>, ApiError> {
    let wish = PersonalWish::Keywords(input.keywords);
    let workspace = change(&app, &asker, input.client_msg_id, wish).await?;
    Ok(Json(KeywordsView { keywords: keywords_of(asker.user, &workspace) }))
}

/// Whether a message notifies the asker as they have set it now, and why.
#[utoipa::path(get, path = "/why/{id}", params(("id" = u64, Path)),
    responses((status = 200, body = VerdictView)))]
pub(super) async fn why(
    State(app): State<App>,
    asker: LoggedIn,
    MessagePath(id): MessagePath,
) -> Result<Answer<VerdictView>, ApiError> {
    let At { workspace, found } =
        app.reading.posted_to(asker.user, id, asker.workspace.head).await?;
    let asker = asker.at(workspace);
    let posted = found.ok_or(Rejection::MessageNotFound)?;
    let view = match posted.body {
        Body::Present(_) => {
            VerdictView::new(verdict(&posted, asker.user, &asker.workspace, posted.ts))
        }
        Body::Redacted { .. } => VerdictView::deleted(),
        Body::Damaged => VerdictView::unreadable(),
    };
    Ok(asker.answer(&app, view))
}

/// When `user` is not to be disturbed, as `GET /state` has it too.
pub(super) fn do_not_disturb_of(user: UserId, workspace: &Workspace) -> DoNotDisturbView {
    let own = workspace.users.get(&user).map(|own| &own.personal.do_not_disturb);
    DoNotDisturbView::new(own.unwrap_or(&chat::notification::DoNotDisturb::default()))
}

/// The words that notify `user`, as `GET /state` has them too.
pub(super) fn keywords_of(user: UserId, workspace: &Workspace) -> Vec<String> {
    workspace.users.get(&user).map(|own| own.personal.keywords.clone()).unwrap_or_default()
}

/// Changes what is one's own business; answers with the workspace after it.
async fn change(
    app: &App,
    asker: &LoggedIn,
    client_msg_id: Option<ClientMsgId>,
    wish: PersonalWish,
) -> Result<std::sync::Arc<Workspace>, ApiError> {
    app.auth.sends.check(&asker.user)?;
    let command = Command::ChangePersonal(wish);
    Ok(app.writer.submit(asker.actor(), client_msg_id, command).await?.workspace)
}

impl Present for Level {}
impl Present for ClockTime {}
impl Present for Days {}

impl Field for Level {
    fn read(value: Option<Value>, _: Origin) -> Result<Level, &'static str> {
        let level = value.and_then(|value| serde_json::from_value(value).ok());
        level.ok_or("must be default, all, mentions or none")
    }
}

impl Field for ClockTime {
    fn read(value: Option<Value>, _: Origin) -> Result<ClockTime, &'static str> {
        let parse = |text: &str| {
            let (hour, minute) = text.split_once(':')?;
            let digits = |part: &str| part.len() == 2 && part.bytes().all(|b| b.is_ascii_digit());
            let (hour, minute) =
                (Some(hour).filter(|it| digits(it))?, Some(minute).filter(|it| digits(it))?);
            let (hour, minute): (u16, u16) = (hour.parse().ok()?, minute.parse().ok()?);
            (hour < 24 && minute < 60).then_some(ClockTime(hour * 60 + minute))
        };
        value.as_ref().and_then(Value::as_str).and_then(parse).ok_or("must be like 22:00")
    }
}

impl Field for Days {
    fn read(value: Option<Value>, origin: Origin) -> Result<Days, &'static str> {
        const EXPECTED: &str = "must be a list of 1 (Monday) to 7";
        let values = match value {
            Some(Value::Array(values)) => values,
            Some(Value::String(text)) if origin != Origin::Json => {
                text.split(',').map(|day| Value::String(day.trim().to_owned())).collect()
            }
            _ => return Err(EXPECTED),
        };
        let day = |value: &Value| {
            let number = match value {
                Value::String(text) if origin != Origin::Json => text.parse().ok(),
                value => value.as_u64(),
            };
            let day = number.and_then(|number| u8::try_from(number).ok());
            day.filter(|day| (1..=7).contains(day)).ok_or(EXPECTED)
        };
        values.iter().map(day).collect::<Result<_, _>>().map(Days)
    }
}
