//! Everything that is not a success: one error type, one table, one shape (RFC 9457).
//!
//! Only this file knows status codes other than 2xx. Neighbours: every handler returns [`ApiError`]; `door` finishes
//! the document with the request's id.

use std::fmt;
use std::time::Duration;

use axum::http::{HeaderValue, Response, header};
use axum::response::IntoResponse;
use chat::{Rejection, SessionEnd};
use serde::Serialize;
use serde_json::{Map, Value, json};
use utoipa::ToSchema;

use crate::auth::{LoginError, PasswordBusy, TooSoon};
use crate::live::ConnectError;
use crate::reading::ReadingError;
use crate::write::SubmitError;

pub use super::problem_kind::ProblemKind;

/// Why a request was not answered as it wished.
#[derive(Debug)]
pub enum ApiError {
    /// The rules said no.
    Rejected(Rejection),
    /// The request itself was wrong, too much or too early.
    BadRequest(BadRequest),
    /// The machine failed; the operator reads about it, the client gets the request's id.
    Fault(Fault),
}

/// What was wrong with a request.
#[derive(Clone, Debug, PartialEq)]
pub enum BadRequest {
    MalformedBody {
        detail: &'static str,
    },
    InvalidFields(Vec<FieldProblem>),
    PasswordRules(Vec<FieldProblem>),
    BodyTooLarge {
        bytes_max: usize,
    },
    BodyTimeout,
    UnsupportedMediaType,
    FilesNotSupported,
    RouteNotFound,
    MethodNotAllowed,
    CrossSite,
    UnknownHost,
    MalformedRequest,
    HeadersTooLarge,
    UriTooLong,
    TooMuchAtOnce,
    /// The session whose token was shown has ended.
    SessionEnded(SessionEnd),
    WrongCredentials,
    WrongCurrentPassword(Vec<FieldProblem>),
    AccountLocked {
        seconds: u64,
    },
    TooManyRequests(TooSoon),
    TooManyStreams {
        streams_max: usize,
    },
    StreamNotFound,
    Busy,
    Closing,
}

/// What failed, with its cause.
#[derive(Debug)]
pub struct Fault {
    pub kind: ProblemKind,
    pub source: Box<dyn std::error::Error + Send + Sync>,
}

/// What is wrong with one field of a body or one parameter of a query.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, ToSchema)]
pub struct FieldProblem {
    /// A JSON Pointer into the body (RFC 6901).
    #[serde(skip_serializing_if = "Option::is_none")]
    pub pointer: Option<String>,
    /// The name of a query parameter.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub parameter: Option<String>,
    pub detail: String,
}

/// The document of every answer that is not a success; some kinds have further members.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct Problem {
    /// `/problems/<slug>`; branch on this.
    #[serde(rename = "type")]
    pub kind: String,
    /// The same for every occurrence.
    pub title: String,
    pub status: u16,
    /// What was wrong this time.
    pub detail: String,
    /// Names the request in the server's diagnostics.
    pub instance: String,
    /// With `invalid-fields`, `password-rules` and `wrong-current-password`: every field that was wrong.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub errors: Option<Vec<FieldProblem>>,
}

/// A problem on its way through the response's extensions to `door`, which knows the request.
#[derive(Clone, Debug)]
pub(super) struct Pending {
    pub(super) kind: ProblemKind,
    pub(super) detail: String,
    pub(super) members: Map<String, Value>,
    pub(super) fault: Option<std::sync::Arc<Fault>>,
}

impl IntoResponse for ApiError {
    fn into_response(self) -> axum::response::Response {
        let kind = self.kind();
        let detail = self.to_string();
        let members = self.members();
        let retry_after = self.retry_after();
        let fault = match self {
            ApiError::Fault(fault) => Some(std::sync::Arc::new(fault)),
            ApiError::Rejected(_) | ApiError::BadRequest(_) => None,
        };
        let mut response = Response::new(axum::body::Body::empty());
        *response.status_mut() = kind.status();
        if let Some(wait) = retry_after {
            let seconds = HeaderValue::from(wait.as_secs());
            response.headers_mut().insert(header::RETRY_AFTER, seconds);
        }
        response.extensions_mut().insert(Pending { kind, detail, members, fault });
        response
    }
}

/// Sends a browser elsewhere, after a form or for want of a session.
pub(super) fn see_other(location: &str) -> axum::response::Response {
    let mut response = Response::new(axum::body::Body::empty());
    *response.status_mut() = axum::http::StatusCode::SEE_OTHER;
    response.headers_mut().insert(
        header::LOCATION,
        HeaderValue::from_str(location).expect("where we lead is printable ASCII"),
    );
    response
}

impl fmt::Display for ApiError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            ApiError::Rejected(rejection) => rejection.fmt(f),
            ApiError::BadRequest(bad) => bad.fmt(f),
            ApiError::Fault(fault) => f.write_str(fault.kind.explanation()),
        }
    }
}

impl fmt::Display for BadRequest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            BadRequest::MalformedBody { detail } => f.write_str(detail),
            BadRequest::InvalidFields(errors)
            | BadRequest::PasswordRules(errors)
            | BadRequest::WrongCurrentPassword(errors) => {
                let details: Vec<_> = errors.iter().map(ToString::to_string).collect();
                f.write_str(&details.join("; "))
            }
            BadRequest::BodyTooLarge { bytes_max } => {
                write!(f, "a body has at most {bytes_max} bytes")
            }
            BadRequest::AccountLocked { seconds } => {
                write!(f, "too many failed logins; try again in {} min", seconds.div_ceil(60))
            }
            BadRequest::TooManyRequests(too_soon) => too_soon.fmt(f),
            BadRequest::TooManyStreams { streams_max } => {
                write!(f, "at most {streams_max} live streams are open for one account")
            }
            BadRequest::BodyTimeout
            | BadRequest::UnsupportedMediaType
            | BadRequest::FilesNotSupported
            | BadRequest::RouteNotFound
            | BadRequest::MethodNotAllowed
            | BadRequest::CrossSite
            | BadRequest::UnknownHost
            | BadRequest::MalformedRequest
            | BadRequest::HeadersTooLarge
            | BadRequest::UriTooLong
            | BadRequest::TooMuchAtOnce
            | BadRequest::SessionEnded(_)
            | BadRequest::WrongCredentials
            | BadRequest::StreamNotFound
            | BadRequest::Busy
            | BadRequest::Closing => f.write_str(self.kind().explanation()),
        }
    }
}

impl fmt::Display for FieldProblem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let place = self.pointer.as_deref().map(|pointer| pointer.trim_start_matches('/'));
        let place = place.or(self.parameter.as_deref()).unwrap_or("the request");
        write!(f, "{place} {}", self.detail)
    }
}

impl ApiError {
    fn kind(&self) -> ProblemKind {
        match self {
            ApiError::Rejected(rejection) => ProblemKind::of_rejection(rejection),
            ApiError::BadRequest(bad) => bad.kind(),
            ApiError::Fault(fault) => fault.kind,
        }
    }

    fn members(&self) -> Map<String, Value> {
        let members = match self {
            ApiError::BadRequest(
                BadRequest::InvalidFields(errors)
                | BadRequest::PasswordRules(errors)
                | BadRequest::WrongCurrentPassword(errors),
            ) => json!({ "errors": errors }),
            ApiError::BadRequest(BadRequest::AccountLocked { seconds }) => {
                json!({ "minutes": seconds.div_ceil(60) })
            }
            _ => return Map::new(),
        };
        match members {
            Value::Object(members) => members,
            _ => Map::new(),
        }
    }

    fn retry_after(&self) -> Option<Duration> {
        match self {
            ApiError::BadRequest(BadRequest::TooManyRequests(too_soon)) => {
                Some(too_soon.retry_after)
            }
            ApiError::BadRequest(BadRequest::AccountLocked { seconds })
            | ApiError::Rejected(Rejection::ChannelsTooOften { seconds, .. }) => {
                Some(Duration::from_secs(*seconds))
            }
            _ => self.kind().retry_after(),
        }
    }

    /// A failure that nobody foresaw.
    pub fn internal(source: impl Into<Box<dyn std::error::Error + Send + Sync>>) -> ApiError {
        ApiError::Fault(Fault { kind: ProblemKind::Internal, source: source.into() })
    }
}

impl BadRequest {
    fn kind(&self) -> ProblemKind {
        match self {
            BadRequest::MalformedBody { .. } => ProblemKind::MalformedBody,
            BadRequest::InvalidFields(_) => ProblemKind::InvalidFields,
            BadRequest::PasswordRules(_) => ProblemKind::PasswordRules,
            BadRequest::BodyTooLarge { .. } => ProblemKind::BodyTooLarge,
            BadRequest::BodyTimeout => ProblemKind::BodyTimeout,
            BadRequest::UnsupportedMediaType => ProblemKind::UnsupportedMediaType,
            BadRequest::FilesNotSupported => ProblemKind::FilesNotSupported,
            BadRequest::RouteNotFound => ProblemKind::RouteNotFound,
            BadRequest::MethodNotAllowed => ProblemKind::MethodNotAllowed,
            BadRequest::CrossSite => ProblemKind::CrossSite,
            BadRequest::UnknownHost => ProblemKind::UnknownHost,
            BadRequest::MalformedRequest => ProblemKind::MalformedRequest,
            BadRequest::HeadersTooLarge => ProblemKind::HeadersTooLarge,
            BadRequest::UriTooLong => ProblemKind::UriTooLong,
            BadRequest::TooMuchAtOnce => ProblemKind::TooMuchAtOnce,
            BadRequest::SessionEnded(end) => ProblemKind::of_session_end(*end),
            BadRequest::WrongCredentials => ProblemKind::WrongCredentials,
            BadRequest::WrongCurrentPassword(_) => ProblemKind::WrongCurrentPassword,
            BadRequest::AccountLocked { .. } => ProblemKind::AccountLocked,
            BadRequest::TooManyRequests(_) => ProblemKind::TooManyRequests,
            BadRequest::TooManyStreams { .. } => ProblemKind::TooManyStreams,
            BadRequest::StreamNotFound => ProblemKind::StreamNotFound,
            BadRequest::Busy => ProblemKind::Busy,
            BadRequest::Closing => ProblemKind::Closing,
        }
    }
}

impl From<Rejection> for ApiError {
    fn from(rejection: Rejection) -> ApiError {
        ApiError::Rejected(rejection)
    }
}

impl From<chat::ids::NameError> for ApiError {
    fn from(error: chat::ids::NameError) -> ApiError {
        ApiError::Rejected(Rejection::Name(error))
    }
}

impl From<BadRequest> for ApiError {
    fn from(bad: BadRequest) -> ApiError {
        ApiError::BadRequest(bad)
    }
}

impl From<SubmitError> for ApiError {
    fn from(error: SubmitError) -> ApiError {
        let kind = match error {
            SubmitError::Rejected(rejection) => return ApiError::Rejected(rejection),
            SubmitError::Busy => return ApiError::BadRequest(BadRequest::Busy),
            SubmitError::DiskFull => ProblemKind::DiskFull,
            SubmitError::Unavailable => ProblemKind::LogUnavailable,
            SubmitError::Unknown => ProblemKind::WriteUnknown,
        };
        ApiError::Fault(Fault { kind, source: Box::new(error) })
    }
}

impl From<ReadingError> for ApiError {
    fn from(error: ReadingError) -> ApiError {
        match error {
            ReadingError::Busy => ApiError::BadRequest(BadRequest::Busy),
            ReadingError::Closed => ApiError::BadRequest(BadRequest::Closing),
            ReadingError::Fold(ref fault) if fault.is_log_damage() => {
                let kind = ProblemKind::LogDamaged;
                ApiError::Fault(Fault { kind, source: Box::new(error) })
            }
            ReadingError::Fold(ref fault) if fault.is_refused_by_machine() => {
                let kind = ProblemKind::StorageUnavailable;
                ApiError::Fault(Fault { kind, source: Box::new(error) })
            }
            ReadingError::Fold(_) => ApiError::internal(error),
        }
    }
}

impl From<ConnectError> for ApiError {
    fn from(error: ConnectError) -> ApiError {
        ApiError::BadRequest(match error {
            ConnectError::TooManyStreams { streams_max } => {
                BadRequest::TooManyStreams { streams_max }
            }
            ConnectError::Closing => BadRequest::Closing,
        })
    }
}

impl From<TooSoon> for ApiError {
    fn from(too_soon: TooSoon) -> ApiError {
        ApiError::BadRequest(BadRequest::TooManyRequests(too_soon))
    }
}

impl From<PasswordBusy> for ApiError {
    fn from(PasswordBusy: PasswordBusy) -> ApiError {
        ApiError::BadRequest(BadRequest::Busy)
    }
}

impl LoginError {
    /// The problem that the person sees.
    pub(super) fn into_problem(self, now: chat::Timestamp) -> ApiError {
        match self {
            LoginError::Wrong => BadRequest::WrongCredentials.into(),
            LoginError::Locked { until } | LoginError::LockNow { until, .. } => {
                let micros = u64::try_from(until.0 - now.0).unwrap_or_default();
                BadRequest::AccountLocked { seconds: micros.div_ceil(1_000_000) }.into()
            }
            LoginError::Busy(busy) => busy.into(),
        }
    }
}

/// The path exists, but not for this method.
pub(super) async fn method_not_allowed() -> ApiError {
    BadRequest::MethodNotAllowed.into()
}
