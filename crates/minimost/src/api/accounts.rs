//! Signing up, logging in and out, passwords, and who there is.

use std::sync::Arc;

use axum::body::Body;
use axum::extract::State;
use axum::http::header::ALLOW;
use axum::http::{HeaderName, HeaderValue, Response, StatusCode};
use axum::response::IntoResponse;
use axum::{Extension, Json};
use chat::account;
use chat::signal::PresenceState;
use chat::{Actor, Command, Rejection, UserId, UserName, Workspace};
use serde::Serialize;
use serde_json::{Value, json};
use tracing::warn;
use utoipa::ToSchema;

use super::extract::{Answer, LoggedIn, Peer, Reader};
use super::fields::{Input, Origin, fields};
use super::knock::{LoginKnock, SignupKnock};
use super::problem::{ApiError, BadRequest, FieldProblem, see_other};
use super::seats::Seats;
use super::{security, session_cookie};
use crate::app::App;
use crate::auth::{LoginError, Token, Verified, token_hash};
use crate::wire::ProfileView;

/// An account, as its owner sees it.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct Account {
    id: u64,
    #[serde(flatten)]
    profile: ProfileView,
    /// Unix seconds.
    created_ts: f64,
    /// The session's token: only after login and signup.
    #[serde(skip_serializing_if = "Option::is_none")]
    token: Option<String>,
}

impl Account {
    pub(super) fn new(user: UserId, workspace: &Workspace) -> Option<Account> {
        let found = workspace.users.get(&user)?;
        Some(Account {
            id: user.0.get(),
            profile: ProfileView::new(user, workspace)?,
            created_ts: found.created_ts.as_seconds(),
            token: None,
        })
    }
}

fields! {
    /// A new account.
    SignUpInput {
        username: String,
        password: String,
        confirm_password: Option<String>,
        /// The token of an invite, where one is needed.
        invite: Option<String>,
    }
}

fields! {
    /// A login.
    LogInInput {
        username: String,
        password: String,
    }
}

fields! {
    /// A new password.
    #[expect(clippy::struct_field_names, reason = "the wire names them")]
    ChangePasswordInput {
        current_password: String,
        new_password: String,
        confirm_password: Option<String>,
    }
}

/// Creates an account and opens its first session.
#[utoipa::path(post, path = "/signup", request_body = SignUpInput, security(()),
    responses((status = 201, body = Account), (status = 303, description = "a form that accepts HTML: to /")))]
pub(super) async fn sign_up(
    State(app): State<App>,
    SignupKnock(peer): SignupKnock,
    reader: Reader,
    Input(input): Input<SignUpInput>,
) -> Result<Response<Body>, ApiError> {
    let name = UserName::parse(&input.username)?;
    let confirmation = input.confirm_password.as_deref();
    check_password(&app, name.as_str(), "password", &input.password, confirmation)?;
    let invite = input.invite.as_deref().map(str::trim).filter(|token| !token.is_empty());
    let invite = invite.map(token_hash);
    // Looked up before hashing, which is dear; the writer decides again.
    account::admitted(&app.workspace(), invite.as_ref(), app.clock.now())?;
    if app.workspace().find_user(name.as_str()).is_some() {
        return Err(Rejection::NameTaken(name).into());
    }
    let token = Token::generate();
    let password_hash = app.auth.passwords.hash(input.password).await?;
    let (name_wish, token_hash) = (name.clone(), token.hash());
    let greet = app.config.chat.greet_new_accounts;
    let command = Command::SignUp { name: name_wish, password_hash, token_hash, invite, greet };
    let receipt = app.writer.submit(Actor::Anonymous, None, command).await?;
    let (user, _) = receipt.workspace.find_user(name.as_str()).ok_or(Rejection::NotLoggedIn)?;
    security::signed_up(peer.0, name.as_str());
    Ok(session_opened(&app, StatusCode::CREATED, user, &token, reader))
}

/// Opens a session.
#[utoipa::path(post, path = "/login", request_body = LogInInput, security(()),
    responses((status = 200, body = Account), (status = 303, description = "a form that accepts HTML: to /")))]
pub(super) async fn log_in(
    State(app): State<App>,
    knock: LoginKnock,
    reader: Reader,
    Input(input): Input<LogInInput>,
) -> Result<Response<Body>, ApiError> {
    let verified = verify(&app, &knock, &input).await?;
    let (user, token) = (verified.user, Token::generate());
    app.auth.right_logins.check(&(user, verified.password_set)).inspect_err(|error| {
        security::refused(knock.address(), &input.username, &app.workspace(), error);
    })?;
    let command =
        Command::LogIn { user, verified_against: verified.password_set, token_hash: token.hash() };
    let receipt =
        app.writer.submit(Actor::Anonymous, None, command).await.inspect_err(|error| {
            security::refused(knock.address(), &input.username, &app.workspace(), error);
        })?;
    security::logged_in(knock.address(), receipt.workspace.user_name(user));
    if verified.is_outdated {
        upgrade(&app, &verified, input.password).await?;
    }
    Ok(session_opened(&app, StatusCode::OK, user, &token, reader))
}

/// A browser forgets the answers that it kept. Not what its pages stored, nor its cookies: other accounts have theirs on this
/// origin, and what is not sent yet is the client's to ask about.
const CLEAR_CACHE: [(HeaderName, HeaderValue); 1] =
    [(HeaderName::from_static("clear-site-data"), HeaderValue::from_static("\"cache\""))];

/// Ends the session, and says that its user is gone.
#[utoipa::path(post, path = "/logout",
    responses((status = 204), (status = 303, description = "a page: to /login?logged_out=1")))]
pub(super) async fn log_out(
    State(app): State<App>,
    asker: LoggedIn,
    peer: Peer,
    reader: Reader,
) -> Result<Response<Body>, ApiError> {
    app.writer.submit(asker.actor(), None, Command::LogOut).await?;
    security::logged_out(peer.0, asker.workspace.user_name(asker.user));
    app.hub.set_override(asker.user, None);
    app.hub.update_presence(asker.user, PresenceState::Offline, None);
    let response = match reader {
        Reader::Page => see_other("/login?logged_out=1"),
        Reader::Program => StatusCode::NO_CONTENT.into_response(),
    };
    Ok((session_cookie::clear(&app), CLEAR_CACHE, response).into_response())
}

/// A look must not log anybody out, so this is not the `GET` without its body.
pub(super) async fn log_out_head() -> impl IntoResponse {
    ([(ALLOW, "GET,POST")], ApiError::from(BadRequest::MethodNotAllowed))
}

/// Sets a new password; every other session of the account ends.
#[utoipa::path(post, path = "/change-password", request_body = ChangePasswordInput,
    responses((status = 200, description = "`{\"ok\":true}`")))]
pub(super) async fn change_password(
    State(app): State<App>,
    Extension(seats): Extension<Arc<Seats>>,
    asker: LoggedIn,
    peer: Peer,
    Input(input): Input<ChangePasswordInput>,
) -> Result<Json<Value>, ApiError> {
    // Now that the whole of it is there: half of it, with a stolen session, would count for nothing as well.
    app.auth.password_changes.check(&asker.session)?;
    let name = asker.workspace.user_name(asker.user);
    let confirmation = input.confirm_password.as_deref();
    check_password(&app, name, "new_password", &input.new_password, confirmation)?;
    let (now, workspace) = (app.clock.now(), app.workspace());
    let current = input.current_password;
    let verified = app.auth.verify_own(&workspace, asker.user, asker.session, current, now).await;
    let verified = verified.map_err(|error| match error {
        // Nobody is logging in: the name is known to be right.
        LoginError::Wrong => {
            let wrong = FieldProblem::new(Origin::Json, "current_password", "is not the password");
            security::mistook_own_password(peer.0, name, &error);
            BadRequest::WrongCurrentPassword(vec![wrong]).into()
        }
        error => {
            security::mistook_own_password(peer.0, name, &error);
            error.into_problem(now)
        }
    })?;
    let password_hash = app.auth.passwords.hash(input.new_password).await?;
    let command =
        Command::ChangePassword { verified_against: verified.password_set, password_hash };
    app.writer.submit(asker.actor(), None, command).await?;
    // What has been begun under one of the sessions that ended has nobody to be for.
    seats.cut_off(asker.user);
    security::changed_password(peer.0, name);
    Ok(Json(json!({ "ok": true })))
}

/// The account that asks.
#[utoipa::path(get, path = "/me", responses((status = 200, body = Account)))]
pub(super) async fn me(
    State(app): State<App>,
    asker: LoggedIn,
) -> Result<Answer<Account>, ApiError> {
    let account = Account::new(asker.user, &asker.workspace).ok_or(Rejection::NotLoggedIn)?;
    Ok(asker.answer(&app, account))
}

/// All accounts but the one that asks, sorted.
#[utoipa::path(get, path = "/users", responses((status = 200, body = Vec<String>)))]
pub(super) async fn users(State(app): State<App>, asker: LoggedIn) -> Answer<Vec<String>> {
    let mut names = names(&asker.workspace);
    let own_name = asker.workspace.user_name(asker.user);
    names.retain(|name| name != own_name);
    asker.answer(&app, names)
}

/// The names of all accounts, sorted.
pub(super) fn names(workspace: &Workspace) -> Vec<String> {
    let mut names: Vec<_> = workspace.users.values().map(|user| user.name.to_string()).collect();
    names.sort();
    names
}

/// Compares name and password; the failure that is one too many locks the account for every address.
async fn verify(app: &App, knock: &LoginKnock, input: &LogInInput) -> Result<Verified, ApiError> {
    let (now, workspace) = (app.clock.now(), app.workspace());
    let (name, password) = (input.username.as_str(), input.password.clone());
    let verified = app.auth.verify_login(&workspace, knock.network(), name, password, now).await;
    let error = match verified {
        Ok(verified) => return Ok(verified),
        Err(error) => error,
    };
    security::refused(knock.address(), name, &workspace, &error);
    if let LoginError::LockNow { user, until } = error {
        security::locked(knock.address(), workspace.user_name(user));
        // On a full disk the lock holds in memory alone, until the next start.
        let command = Command::LockAccount { user, until };
        if let Err(fault) = app.writer.submit(Actor::System, None, command).await {
            warn!("the lock of an account is not written down: {fault}");
        }
    }
    Err(error.into_problem(now))
}

/// Stores the password under today's kind of hash. One that was changed meanwhile needs no upgrade.
async fn upgrade(app: &App, verified: &Verified, password: String) -> Result<(), ApiError> {
    let password_hash = app.auth.passwords.hash(password).await?;
    let command = Command::UpgradePasswordHash {
        user: verified.user,
        verified_against: verified.password_set,
        password_hash,
    };
    match app.writer.submit(Actor::System, None, command).await {
        Ok(_) | Err(crate::write::SubmitError::Rejected(Rejection::PasswordChangedMeanwhile)) => {
            Ok(())
        }
        Err(error) => Err(error.into()),
    }
}

pub(super) fn check_password(
    app: &App,
    name: &str,
    field: &str,
    password: &str,
    confirmation: Option<&str>,
) -> Result<(), ApiError> {
    let broken = app.auth.broken_rules(name, password);
    let mut problems: Vec<_> =
        broken.iter().map(|rule| FieldProblem::new(Origin::Json, field, rule)).collect();
    if confirmation.is_some_and(|confirmation| confirmation != password) {
        let differs = "is not the same password";
        problems.push(FieldProblem::new(Origin::Json, "confirm_password", differs));
    }
    if problems.is_empty() { Ok(()) } else { Err(BadRequest::PasswordRules(problems).into()) }
}

/// The answer that hands a new session to its owner, who is there now.
fn session_opened(
    app: &App,
    status: StatusCode,
    user: UserId,
    token: &Token,
    reader: Reader,
) -> Response<Body> {
    app.hub.update_presence(user, PresenceState::Active, None);
    let response = match reader {
        Reader::Page => see_other("/"),
        Reader::Program => {
            let mut account = Account::new(user, &app.workspace());
            if let Some(account) = &mut account {
                account.token = Some(token.as_str().to_owned());
            }
            (status, Json(account)).into_response()
        }
    };
    (session_cookie::set(app, token), response).into_response()
}
