//! Bodies and queries as typed fields: JSON, forms and multipart say the same, and every wrong field is named at once.
//!
//! Fields that nobody asked for are ignored, so that an older server understands a newer client.

use axum::body::{Body, HttpBody};
use axum::extract::{FromRequest, FromRequestParts, Multipart, Request};
use axum::http::header::{CONTENT_DISPOSITION, CONTENT_TYPE};
use axum::http::request::Parts;
use bytes::Bytes;
use chat::{ClientMsgId, Rejection};
use futures_util::StreamExt;
use serde_json::{Map, Value};
use std::time::Duration;

use super::extract::{is_still_logged_in, user_of};
use super::problem::{ApiError, BadRequest, FieldProblem};
use super::seats::BodyRoom;
use crate::app::App;

/// Bytes of a body: a message of 10,000 characters, each of them an emoji escaped in 12 bytes, and some room.
pub(super) const BODY_BYTES_MAX: usize = 128 * 1024;

/// How long a body may take, so that a slow sender does not hold a connection for ever.
const BODY_TIMEOUT: Duration = Duration::from_secs(20);

/// Where fields come from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Origin {
    /// Types are as written.
    Json,
    /// Everything is text.
    Form,
    /// Everything is text, and the problem names a parameter.
    Query,
}

/// Fields by name, and what was wrong with the ones that were taken.
pub(super) struct Fields {
    values: Map<String, Value>,
    origin: Origin,
    problems: Vec<FieldProblem>,
}

/// A type of a field.
pub(super) trait Field: Sized {
    /// Reads the value; `None` is an absent field. The error says what was expected.
    fn read(value: Option<Value>, origin: Origin) -> Result<Self, &'static str>;
}

/// The fields of one route.
pub(super) trait FromFields: Sized {
    /// Takes every field; `None` when one was wrong.
    fn take(fields: &mut Fields) -> Option<Self>;
}

/// Declares the fields of a body or a query: a struct for the handler and for OpenAPI.
macro_rules! fields {
    ($(#[$meta:meta])* $name:ident { $($(#[$field_meta:meta])* $field:ident: $type:ty,)* }) => {
        $(#[$meta])*
        #[derive(Debug, utoipa::ToSchema)]
        pub(super) struct $name {
            $($(#[$field_meta])* pub(super) $field: $type,)*
        }

        impl $crate::api::fields::FromFields for $name {
            fn take(fields: &mut $crate::api::fields::Fields) -> Option<Self> {
                $(let $field = fields.take(stringify!($field));)*
                Some($name { $($field: $field?,)* })
            }
        }
    };
}
pub(super) use fields;

/// The body of a wish that says all by its address; one that cannot be read is refused there too.
pub(super) struct NoFields;

impl FromFields for NoFields {
    fn take(_: &mut Fields) -> Option<NoFields> {
        Some(NoFields)
    }
}

/// The fields of a body.
pub(super) struct Input<T>(pub(super) T);

/// The fields of a query.
pub(super) struct Query<T>(pub(super) T);

/// A JSON object or a form, whatever is in it; `None` for anything else, which the soft routes ignore.
pub(super) struct AnyFields(pub(super) Option<Map<String, Value>>);

impl Fields {
    pub(super) fn new(values: Map<String, Value>, origin: Origin) -> Fields {
        Fields { values, origin, problems: Vec::new() }
    }

    /// Takes a field out; remembers what was wrong with it.
    pub(super) fn take<T: Field>(&mut self, name: &'static str) -> Option<T> {
        let value = self.values.remove(name);
        let is_repeated = self.origin != Origin::Json && matches!(value, Some(Value::Array(_)));
        match T::read(value, self.origin) {
            Ok(value) => Some(value),
            Err(detail) => {
                let detail = if is_repeated { "is given twice" } else { detail };
                self.problems.push(FieldProblem::new(self.origin, name, detail));
                None
            }
        }
    }

    /// All that was not taken, for routes whose fields have names of the asker's choice.
    pub(super) fn take_rest(&mut self) -> Map<String, Value> {
        std::mem::take(&mut self.values)
    }

    fn finish<T: FromFields>(mut self) -> Result<T, ApiError> {
        T::take(&mut self).ok_or_else(|| BadRequest::InvalidFields(self.problems).into())
    }
}

impl FieldProblem {
    /// Something wrong with a field of a body or a parameter of a query.
    pub(super) fn new(origin: Origin, name: &str, detail: &str) -> FieldProblem {
        let (pointer, parameter) = match origin {
            Origin::Json | Origin::Form => (Some(format!("/{name}")), None),
            Origin::Query => (None, Some(name.to_owned())),
        };
        FieldProblem { pointer, parameter, detail: detail.to_owned() }
    }
}

impl<T: FromFields> FromRequest<App> for Input<T> {
    type Rejection = ApiError;

    async fn from_request(request: Request, app: &App) -> Result<Self, ApiError> {
        let (values, origin) = body_fields(request, app).await?;
        Fields::new(values, origin).finish().map(Input)
    }
}

impl<T: FromFields> FromRequestParts<App> for Query<T> {
    type Rejection = ApiError;

    async fn from_request_parts(parts: &mut Parts, _: &App) -> Result<Self, ApiError> {
        let values = form_fields(parts.uri.query().unwrap_or_default().as_bytes())?;
        Fields::new(values, Origin::Query).finish().map(Query)
    }
}

impl FromRequest<App> for AnyFields {
    type Rejection = std::convert::Infallible;

    async fn from_request(request: Request, app: &App) -> Result<Self, Self::Rejection> {
        // Of a stranger nothing is believed, so nothing is gathered either.
        if user_of(request.headers(), app).is_none() {
            return Ok(AnyFields(None));
        }
        Ok(AnyFields(body_fields(request, app).await.ok().map(|(values, _)| values)))
    }
}

/// The fields of any kind of body that we understand.
async fn body_fields(
    request: Request,
    app: &App,
) -> Result<(Map<String, Value>, Origin), ApiError> {
    let (parts, body) = request.into_parts();
    let content_type = parts.headers.get(CONTENT_TYPE).and_then(|value| value.to_str().ok());
    let kind = content_type.unwrap_or_default().split(';').next().unwrap_or_default().trim();
    let kind = kind.to_ascii_lowercase();
    let room = parts.extensions.get::<BodyRoom>().cloned().unwrap_or_default();
    let bytes = whole_body(body, &room).await?;
    if !is_still_logged_in(&parts.extensions, app) {
        return Err(Rejection::NotLoggedIn.into());
    }
    match kind.as_str() {
        "application/x-www-form-urlencoded" => Ok((form_fields(&bytes)?, Origin::Form)),
        "multipart/form-data" => {
            let request = Request::from_parts(parts, Body::from(bytes));
            Ok((multipart_fields(request).await?, Origin::Form))
        }
        _ if bytes.is_empty() => Ok((Map::new(), Origin::Json)),
        // A beacon or a hasty script says text/plain, or nothing.
        "application/json" | "text/plain" | "" => Ok((json_fields(&bytes)?, Origin::Json)),
        other if other.ends_with("+json") => Ok((json_fields(&bytes)?, Origin::Json)),
        _ => Err(BadRequest::UnsupportedMediaType.into()),
    }
}

async fn whole_body(body: Body, room: &BodyRoom) -> Result<Bytes, ApiError> {
    let too_large = || BadRequest::BodyTooLarge { bytes_max: BODY_BYTES_MAX };
    // The length that the request declares; nothing of it is waited for.
    if body.size_hint().lower() > BODY_BYTES_MAX as u64 {
        return Err(too_large().into());
    }
    let mut chunks = body.into_data_stream();
    let gather = async {
        let mut whole = Vec::new();
        while let Some(chunk) = chunks.next().await {
            let chunk = chunk.map_err(|_| malformed("the body broke off"))?;
            let bytes = whole.len() + chunk.len();
            if bytes > BODY_BYTES_MAX {
                return Err(too_large().into());
            }
            if bytes > whole.capacity() {
                // Twice as much each time, whatever length was declared: room is for what has come.
                let capacity = bytes.next_power_of_two().min(BODY_BYTES_MAX);
                room.take(capacity - whole.capacity())?;
                whole.reserve_exact(capacity - whole.len());
            }
            whole.extend_from_slice(&chunk);
        }
        Ok(Bytes::from(whole))
    };
    tokio::time::timeout(BODY_TIMEOUT, gather)
        .await
        .unwrap_or_else(|_| Err(BadRequest::BodyTimeout.into()))
}

fn json_fields(bytes: &[u8]) -> Result<Map<String, Value>, ApiError> {
    if bytes.iter().all(u8::is_ascii_whitespace) {
        return Ok(Map::new());
    }
    match serde_json::from_slice(bytes) {
        Ok(Value::Object(values)) => Ok(values),
        Ok(_) => Err(malformed("the body is JSON, but not an object")),
        Err(_) if std::str::from_utf8(bytes).is_err() => Err(malformed("the body is not UTF-8")),
        Err(_) => Err(malformed("the body is not JSON")),
    }
}

fn form_fields(bytes: &[u8]) -> Result<Map<String, Value>, ApiError> {
    let mut values = Map::new();
    for pair in bytes.split(|byte| *byte == b'&').filter(|pair| !pair.is_empty()) {
        let mut sides = pair.splitn(2, |byte| *byte == b'=');
        let name = form_decoded(sides.next().unwrap_or_default())?;
        let value = form_decoded(sides.next().unwrap_or_default())?;
        add(&mut values, name, value);
    }
    Ok(values)
}

fn form_decoded(bytes: &[u8]) -> Result<String, ApiError> {
    let spaced: Vec<u8> = bytes.iter().map(|b| if *b == b'+' { b' ' } else { *b }).collect();
    let decoded = percent_encoding::percent_decode(&spaced).decode_utf8();
    decoded.map(std::borrow::Cow::into_owned).map_err(|_| malformed("the form is not UTF-8"))
}

async fn multipart_fields(request: Request) -> Result<Map<String, Value>, ApiError> {
    let broken = || malformed("the multipart body is broken");
    let mut parts = Multipart::from_request(request, &()).await.map_err(|_| broken())?;
    let mut values = Map::new();
    while let Some(part) = parts.next_field().await.map_err(|_| broken())? {
        let disposition = part.headers().get(CONTENT_DISPOSITION).cloned();
        let name = part.name().map(str::to_owned);
        let bytes = part.bytes().await.map_err(|_| broken())?;
        match disposition.as_ref().and_then(|it| file_name(it.as_bytes())) {
            // A field for a file in which none was chosen.
            Some(b"") if bytes.is_empty() => continue,
            // Left out as if nobody had asked for it, what was to be sent would be lost without a word.
            Some(_) => return Err(BadRequest::FilesNotSupported.into()),
            None => {}
        }
        let name = name.ok_or_else(|| malformed("a part has no name"))?;
        let text =
            String::from_utf8(bytes.to_vec()).map_err(|_| malformed("a part is not UTF-8"))?;
        add(&mut values, name, text);
    }
    Ok(values)
}

/// The file name of a part, by either of its parameters (RFC 7578, 4.2, and RFC 5987), in any case.
fn file_name(disposition: &[u8]) -> Option<&[u8]> {
    let mut is_quoted = false;
    let mut is_escaped = false;
    let parameters = disposition.split(|byte| {
        let ends = *byte == b';' && !is_quoted;
        is_quoted ^= *byte == b'"' && !is_escaped;
        is_escaped = *byte == b'\\' && is_quoted && !is_escaped;
        ends
    });
    parameters.skip(1).find_map(|parameter| {
        let equals = parameter.iter().position(|byte| *byte == b'=')?;
        let (name, value) =
            (parameter[..equals].trim_ascii(), parameter[equals + 1..].trim_ascii());
        let is_file =
            [&b"filename"[..], b"filename*"].iter().any(|it| name.eq_ignore_ascii_case(it));
        let value = value.strip_prefix(b"\"").unwrap_or(value);
        is_file.then(|| value.strip_suffix(b"\"").unwrap_or(value))
    })
}

/// A repeated field becomes a list.
fn add(values: &mut Map<String, Value>, name: String, value: String) {
    let value = Value::String(value);
    match values.get_mut(&name) {
        None => {
            values.insert(name, value);
        }
        Some(Value::Array(all)) => all.push(value),
        Some(one) => *one = Value::Array(vec![one.take(), value]),
    }
}

fn malformed(detail: &'static str) -> ApiError {
    BadRequest::MalformedBody { detail }.into()
}

/// An empty field of a form is one that was not filled in.
fn is_absent(value: Option<&Value>, origin: Origin) -> bool {
    match value {
        None | Some(Value::Null) => true,
        Some(Value::String(text)) => text.is_empty() && origin != Origin::Json,
        Some(_) => false,
    }
}

impl Field for String {
    fn read(value: Option<Value>, _: Origin) -> Result<String, &'static str> {
        match value {
            Some(Value::String(text)) => Ok(text),
            None | Some(Value::Null) => Err("is missing"),
            Some(_) => Err("must be one string"),
        }
    }
}

impl<T: Field + Present> Field for Option<T> {
    fn read(value: Option<Value>, origin: Origin) -> Result<Option<T>, &'static str> {
        if is_absent(value.as_ref(), origin) { Ok(None) } else { T::read(value, origin).map(Some) }
    }
}

/// A field that changes something: left out it stays, null (empty in a form) clears it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Change<T> {
    Stays,
    Clears,
    To(T),
}

impl<T: Field + Present> Field for Change<T> {
    fn read(value: Option<Value>, origin: Origin) -> Result<Change<T>, &'static str> {
        match value {
            None => Ok(Change::Stays),
            value if is_absent(value.as_ref(), origin) => Ok(Change::Clears),
            value => T::read(value, origin).map(Change::To),
        }
    }
}

/// Types that may be left out as `Option`s.
pub(super) trait Present {}
impl Present for String {}
impl Present for bool {}
impl Present for u64 {}
impl Present for f64 {}
impl Present for ClientMsgId {}
impl Present for Vec<String> {}

impl Field for bool {
    fn read(value: Option<Value>, origin: Origin) -> Result<bool, &'static str> {
        match (value, origin) {
            (Some(Value::Bool(value)), _) => Ok(value),
            (Some(Value::String(text)), Origin::Form | Origin::Query) if text == "true" => Ok(true),
            (Some(Value::String(text)), Origin::Form | Origin::Query) if text == "false" => {
                Ok(false)
            }
            _ => Err("must be true or false"),
        }
    }
}

impl Field for u64 {
    fn read(value: Option<Value>, origin: Origin) -> Result<u64, &'static str> {
        let number = match (value, origin) {
            (Some(Value::Number(number)), _) => number.as_u64(),
            (Some(Value::String(text)), Origin::Form | Origin::Query) => text.parse().ok(),
            _ => None,
        };
        // Ids are stored as SQLite integers.
        number.filter(|n| i64::try_from(*n).is_ok()).ok_or("must be a whole number from 0")
    }
}

impl Field for f64 {
    fn read(value: Option<Value>, origin: Origin) -> Result<f64, &'static str> {
        let number = match (value, origin) {
            (Some(Value::Number(number)), _) => number.as_f64(),
            (Some(Value::String(text)), Origin::Form | Origin::Query) => text.parse().ok(),
            _ => None,
        };
        number.filter(|n: &f64| n.is_finite()).ok_or("must be a number")
    }
}

impl Field for ClientMsgId {
    fn read(value: Option<Value>, origin: Origin) -> Result<ClientMsgId, &'static str> {
        let text = String::read(value, origin)?;
        ClientMsgId::parse(&text).map_err(|_| "must be 1 to 64 of A-Z a-z 0-9 _ . -")
    }
}

/// A list of strings, or strings separated by commas.
impl Field for Vec<String> {
    fn read(value: Option<Value>, _: Origin) -> Result<Vec<String>, &'static str> {
        const EXPECTED: &str = "must be a list of strings";
        match value {
            None | Some(Value::Null) => Err("is missing"),
            Some(Value::String(text)) => {
                let words = text.split(',').map(str::trim).filter(|word| !word.is_empty());
                Ok(words.map(str::to_owned).collect())
            }
            Some(Value::Array(values)) => {
                let text = |value: Value| match value {
                    Value::String(text) => Ok(text),
                    _ => Err(EXPECTED),
                };
                values.into_iter().map(text).collect()
            }
            Some(_) => Err(EXPECTED),
        }
    }
}
