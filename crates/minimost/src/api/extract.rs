//! Who is asking, and for what: taken from a request once, certain inside the handlers.

use std::net::{IpAddr, SocketAddr};
use std::sync::Arc;

use axum::Json;
use axum::body::Body;
use axum::extract::{FromRequestParts, OptionalFromRequestParts, Path};
use axum::http::header::{ACCEPT, AUTHORIZATION, COOKIE};
use axum::http::request::Parts;
use axum::http::{Extensions, HeaderMap, HeaderName, HeaderValue, Response};
use axum::response::IntoResponse;
use chat::ids::SessionId;
use chat::{
    Actor, ChannelId, ChannelName, Place, Rejection, Seq, TokenHash, UserId, UserName, Workspace,
};
use serde::Serialize;

use super::problem::{ApiError, BadRequest};
use super::session_cookie;
use crate::app::App;
use crate::auth::{Network, token_hash};

const CURSOR: HeaderName = HeaderName::from_static("minimost-cursor");

/// A user with a session, and the workspace at the arrival of the request.
pub(super) struct LoggedIn {
    pub(super) user: UserId,
    pub(super) session: SessionId,
    pub(super) workspace: Arc<Workspace>,
}

impl LoggedIn {
    /// On whose behalf commands run.
    pub(super) fn actor(&self) -> Actor {
        Actor::User { user: self.user, session: self.session }
    }

    /// Refuses everybody but administrators, for reads; who may do something is for the rules to say.
    pub(super) fn administrator(&self) -> Result<(), ApiError> {
        let is_admin = self.workspace.users.get(&self.user).is_some_and(|user| user.is_admin);
        if is_admin { Ok(()) } else { Err(Rejection::NotAnAdministrator.into()) }
    }

    /// What a name means to this user, who may read there.
    pub(super) fn place(&self, name: &ChannelName) -> Result<Place, ApiError> {
        Place::find(&self.workspace, self.user, name).map_err(|refused| match refused {
            // Of people who are not there, or too many, there can be no channel.
            Rejection::NoSuchUser(_) | Rejection::DirectMembers { .. } => {
                Rejection::ChannelNotFound.into()
            }
            refused => refused.into(),
        })
    }

    /// A channel that this user may read.
    pub(super) fn channel(&self, name: &ChannelName) -> Result<ChannelId, ApiError> {
        Ok(self.place(name)?.channel().ok_or(Rejection::ChannelNotFound)?)
    }

    /// The same person, with the workspace that an answer was found in.
    pub(super) fn at(self, workspace: Arc<Workspace>) -> LoggedIn {
        LoggedIn { workspace, ..self }
    }

    /// An answer of a read, which says for which head it stands.
    pub(super) fn answer<T: Serialize>(&self, app: &App, body: T) -> Answer<T> {
        Answer { body, cursor: app.cursor(&self.workspace) }
    }

    /// An answer that is written already, with the head that it stands for.
    pub(super) fn mark(&self, app: &App, response: Response<Body>) -> Response<Body> {
        mark(response, app.cursor(&self.workspace))
    }
}

/// A JSON answer with `Minimost-Cursor`.
pub(super) struct Answer<T> {
    pub(super) body: T,
    pub(super) cursor: String,
}

impl<T: Serialize> IntoResponse for Answer<T> {
    fn into_response(self) -> Response<Body> {
        mark(Json(self.body).into_response(), self.cursor)
    }
}

fn mark(mut response: Response<Body>, cursor: String) -> Response<Body> {
    let cursor = HeaderValue::try_from(cursor).expect("a cursor is hex, digits and dots");
    response.headers_mut().insert(CURSOR, cursor);
    response
}

impl FromRequestParts<App> for LoggedIn {
    type Rejection = ApiError;

    async fn from_request_parts(parts: &mut Parts, app: &App) -> Result<LoggedIn, ApiError> {
        let asker = logged_in(&parts.headers, app);
        let asker = asker.ok_or_else(|| without_session(&parts.headers, app))?;
        parts.extensions.insert(Shown(asker.actor()));
        Ok(asker)
    }
}

/// For the soft routes, which answer strangers too.
impl OptionalFromRequestParts<App> for LoggedIn {
    type Rejection = std::convert::Infallible;

    async fn from_request_parts(
        parts: &mut Parts,
        app: &App,
    ) -> Result<Option<LoggedIn>, Self::Rejection> {
        let asker = logged_in(&parts.headers, app);
        if let Some(asker) = &asker {
            parts.extensions.insert(Shown(asker.actor()));
        }
        Ok(asker)
    }
}

/// Who a request said it was with its head.
#[derive(Clone, Copy)]
struct Shown(Actor);

/// Whether the session that a request showed with its head is still open: its body may come much later.
pub(super) fn is_still_logged_in(extensions: &Extensions, app: &App) -> bool {
    let is_open =
        |Shown(actor): &Shown| app.workspace().find_open_session(*actor, app.clock.now()).is_some();
    extensions.get::<Shown>().is_none_or(is_open)
}

fn logged_in(headers: &HeaderMap, app: &App) -> Option<LoggedIn> {
    match bearer(headers) {
        Some(token) => with_token(token, app),
        None => session_cookie::tokens(headers).find_map(|token| with_token(token, app)),
    }
}

/// What whoever shows no session is told: why it ended, when they hold the token of one that did.
fn without_session(headers: &HeaderMap, app: &App) -> ApiError {
    let (workspace, now) = (app.workspace(), app.clock.now());
    let end = |token: &str| workspace.find_session_end(&token_hash(token), now);
    let end = match bearer(headers) {
        Some(token) => end(token),
        None => session_cookie::tokens(headers).find_map(end),
    };
    end.map_or_else(|| Rejection::NotLoggedIn.into(), |end| BadRequest::SessionEnded(end).into())
}

/// Whose session a request shows.
pub(super) fn user_of(headers: &HeaderMap, app: &App) -> Option<UserId> {
    logged_in(headers, app).map(|asker| asker.user)
}

/// Whose session a head shows that nobody has read as HTTP yet; whatever cannot be read shows none.
pub(super) fn user_in_head(head: &[u8], app: &App) -> Option<UserId> {
    let mut lines = [httparse::EMPTY_HEADER; HEADERS_MAX];
    let mut request = httparse::Request::new(&mut lines);
    request.parse(head).ok()?;
    let mut headers = HeaderMap::new();
    for line in request.headers.iter() {
        let mut known = [AUTHORIZATION, COOKIE].into_iter();
        let name = known.find(|name| line.name.eq_ignore_ascii_case(name.as_str()));
        if let (Some(name), Ok(value)) = (name, HeaderValue::from_bytes(line.value)) {
            headers.try_append(name, value).ok()?;
        }
    }
    user_of(&headers, app)
}

/// Headers of a request, as many as hyper takes.
const HEADERS_MAX: usize = 100;

/// Whether a bearer token has logged in whoever asks.
pub(super) fn is_bearer(headers: &HeaderMap, app: &App) -> bool {
    bearer(headers).and_then(|token| with_token(token, app)).is_some()
}

fn with_token(token: &str, app: &App) -> Option<LoggedIn> {
    let workspace = app.workspace();
    let (session, found) = workspace.find_session(&token_hash(token))?;
    let actor = Actor::User { user: found.user, session };
    let (user, session) = workspace.find_open_session(actor, app.clock.now())?;
    Some(LoggedIn { user, session, workspace })
}

/// The token in `Authorization: Bearer <token>` (RFC 6750, 2.1).
fn bearer(headers: &HeaderMap) -> Option<&str> {
    let value = headers.get(AUTHORIZATION)?.to_str().ok()?;
    let (scheme, token) = value.split_once(' ')?;
    scheme.eq_ignore_ascii_case("bearer").then(|| token.trim())
}

/// The one variable part of the path, percent-decoded; `None` when that is not UTF-8.
async fn path_part(parts: &mut Parts, app: &App) -> Option<String> {
    let path = <Path<String> as FromRequestParts<App>>::from_request_parts(parts, app).await;
    path.ok().map(|Path(text)| text)
}

/// The channel in the path: not yet known to exist. A name that cannot be one names no channel.
pub(super) struct ChannelPath(pub(super) ChannelName);

impl FromRequestParts<App> for ChannelPath {
    type Rejection = ApiError;

    async fn from_request_parts(parts: &mut Parts, app: &App) -> Result<ChannelPath, ApiError> {
        let text = path_part(parts, app).await.ok_or(Rejection::ChannelNotFound)?;
        let name = ChannelName::parse(&text).map_err(|_| Rejection::ChannelNotFound)?;
        Ok(ChannelPath(name))
    }
}

/// The private channel whose number is in the path: not yet known to exist.
pub(super) struct PrivatePath(pub(super) ChannelName);

impl FromRequestParts<App> for PrivatePath {
    type Rejection = ApiError;

    async fn from_request_parts(parts: &mut Parts, app: &App) -> Result<PrivatePath, ApiError> {
        let number = path_part(parts, app).await.ok_or(Rejection::ChannelNotFound)?;
        let name = ChannelName::parse(&format!("private:{number}"));
        Ok(PrivatePath(name.map_err(|_| Rejection::ChannelNotFound)?))
    }
}

/// Declares what names something by its id in the path. Anything that cannot be an id names nothing.
macro_rules! id_path {
    ($(#[$meta:meta])* $name:ident, $absent:ident) => {
        $(#[$meta])*
        pub(super) struct $name(pub(super) Seq);

        impl FromRequestParts<App> for $name {
            type Rejection = ApiError;

            async fn from_request_parts(parts: &mut Parts, app: &App) -> Result<$name, ApiError> {
                let id = path_part(parts, app).await.as_deref().and_then(id);
                Ok($name(id.ok_or(Rejection::$absent)?))
            }
        }
    };
}

id_path!(
    /// The message in the path.
    MessagePath,
    MessageNotFound
);
id_path!(
    /// The group in the path.
    GroupPath,
    GroupNotFound
);
id_path!(
    /// The invite in the path.
    InvitePath,
    InviteNotFound
);
id_path!(
    /// The scheduled message in the path.
    SchedulePath,
    ScheduleNotFound
);
id_path!(
    /// The reminder in the path.
    ReminderPath,
    ReminderNotFound
);

fn id(text: &str) -> Option<Seq> {
    let is_number = text.bytes().all(|byte| byte.is_ascii_digit());
    let id = text.parse::<i64>().ok().filter(|_| is_number);
    id.and_then(|id| u64::try_from(id).ok()).map(Seq)
}

/// The person in the path: not yet known to exist. A name that cannot be one names nobody.
pub(super) struct UserPath(pub(super) UserName);

impl FromRequestParts<App> for UserPath {
    type Rejection = ApiError;

    async fn from_request_parts(parts: &mut Parts, app: &App) -> Result<UserPath, ApiError> {
        let text = path_part(parts, app).await.unwrap_or_default();
        let name = UserName::parse(&text).map_err(|_| Rejection::NoSuchUser(vec![text]))?;
        Ok(UserPath(name))
    }
}

/// The reset link in the path. What is kept of one is a hash, so no more is taken out.
pub(super) struct ResetPath(pub(super) TokenHash);

impl FromRequestParts<App> for ResetPath {
    type Rejection = ApiError;

    async fn from_request_parts(parts: &mut Parts, app: &App) -> Result<ResetPath, ApiError> {
        let text = path_part(parts, app).await.ok_or(Rejection::ResetInvalid)?;
        Ok(ResetPath(token_hash(&text)))
    }
}

/// Where the request came from; `door` puts it there.
#[derive(Clone, Copy, Debug)]
pub(super) struct Peer(pub(super) IpAddr);

impl FromRequestParts<App> for Peer {
    type Rejection = std::convert::Infallible;

    async fn from_request_parts(parts: &mut Parts, _: &App) -> Result<Peer, Self::Rejection> {
        let peer = parts.extensions.get::<Peer>().copied();
        Ok(peer.expect("the door puts it into every request"))
    }
}

impl Peer {
    /// Who asks over a connection from `peer`; behind a proxy whoever that says.
    pub(super) fn new(peer: IpAddr, headers: &HeaderMap, is_behind_proxy: bool) -> Peer {
        if !is_behind_proxy {
            return Peer(peer);
        }
        // The last one was added by our own proxy; the ones before are whatever the client wrote.
        let forwarded = headers.get_all("x-forwarded-for").iter().next_back();
        let forwarded = forwarded.and_then(|value| value.to_str().ok());
        let address = forwarded.and_then(|list| {
            let last = list.rsplit(',').next()?.trim();
            // Some proxies write the port too.
            let with_port = || last.parse::<SocketAddr>().ok().map(|address| address.ip());
            last.parse().ok().or_else(with_port)
        });
        Peer(address.unwrap_or(peer))
    }

    pub(super) fn network(self) -> Network {
        Network::from(self.0)
    }
}

/// Whether the answer goes to a person's browser as a page, instead of to a program.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Reader {
    Page,
    Program,
}

impl FromRequestParts<App> for Reader {
    type Rejection = std::convert::Infallible;

    async fn from_request_parts(parts: &mut Parts, _: &App) -> Result<Reader, Self::Rejection> {
        Ok(if prefers_html(&parts.headers) { Reader::Page } else { Reader::Program })
    }
}

/// Whether `Accept` gives `text/html` more weight than JSON (RFC 9110, 12.5.1). `*/*` alone does not.
pub(super) fn prefers_html(headers: &HeaderMap) -> bool {
    let accepts = headers.get_all(ACCEPT).iter().filter_map(|value| value.to_str().ok());
    let (mut html, mut json, mut any) = (None, None, 0.0);
    for range in accepts.flat_map(|accept| accept.split(',')) {
        let mut parts = range.split(';').map(str::trim);
        let media = parts.next().unwrap_or_default().to_ascii_lowercase();
        let weight = parts.find_map(|part| part.strip_prefix("q=")?.parse::<f32>().ok());
        let weight = weight.unwrap_or(1.0);
        match media.as_str() {
            "text/html" => html = Some(weight),
            "application/json" | "application/problem+json" => json = Some(weight),
            "*/*" => any = weight,
            _ => {}
        }
    }
    html.is_some_and(|html| html > json.unwrap_or(any))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn accept(value: &str) -> HeaderMap {
        HeaderMap::from_iter([(ACCEPT, HeaderValue::from_str(value).unwrap())])
    }

    #[test]
    fn a_browser_that_navigates_prefers_a_page_and_everything_else_does_not() {
        let firefox = "text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8";
        assert!(prefers_html(&accept(firefox)));
        assert!(!prefers_html(&accept("*/*")));
        assert!(!prefers_html(&accept("application/json")));
        assert!(!prefers_html(&accept("text/html, application/json")));
        assert!(!prefers_html(&HeaderMap::new()));
    }

    #[test]
    fn a_bearer_is_whoever_says_so() {
        let mut headers = HeaderMap::new();
        headers.insert(AUTHORIZATION, HeaderValue::from_static("bearer other"));
        assert_eq!(bearer(&headers), Some("other"));
        headers.insert(AUTHORIZATION, HeaderValue::from_static("Basic abc"));
        assert_eq!(bearer(&headers), None);
    }
}
