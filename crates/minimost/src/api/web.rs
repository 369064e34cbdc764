//! The web client: files that the build script put into the binary.

use std::borrow::Cow;

use axum::body::Body;
use axum::http::uri::PathAndQuery;
use axum::http::{HeaderMap, HeaderValue, Response, Uri};
use bytes::Bytes;
use percent_encoding::{NON_ALPHANUMERIC, utf8_percent_encode};

use super::encoding::Encoded;
use super::extract::LoggedIn;
use super::problem::{ApiError, BadRequest, see_other};

/// A file of the client.
struct File {
    /// From the root of the site, without the leading slash.
    path: &'static str,
    content_type: &'static str,
    etag: &'static str,
    bytes: &'static [u8],
    /// Where compressing it was worth it.
    gzip: Option<&'static [u8]>,
    brotli: Option<&'static [u8]>,
}

// `FILES: &[File]`, sorted by path.
include!(concat!(env!("OUT_DIR"), "/web_files.rs"));

/// Vite puts a hash of the content into the names below this folder, so they never change.
const HASHED: &str = "assets/";

const IMMUTABLE: HeaderValue = HeaderValue::from_static("public, max-age=31536000, immutable");
const NO_CACHE: HeaderValue = HeaderValue::from_static("no-cache");
const NO_STORE: HeaderValue = HeaderValue::from_static("no-store");

/// Of an address that the door leads on to; no link of ours is longer, and a proxy refuses long headers.
const TO_BYTES_MAX: usize = 2_000;

/// `/`, `/c/<channel>`, `/c/<channel>/<message>` and `/view/<view>`: the chat, for those who are logged in.
pub(super) async fn chat(
    asker: Option<LoggedIn>,
    uri: Uri,
    headers: HeaderMap,
) -> Result<Response<Body>, ApiError> {
    if asker.is_none() {
        return Ok(see_other(&door_to(&uri)));
    }
    index(&headers)
}

/// The door, that leads on to where somebody was going; the client goes nowhere but to places of this house.
fn door_to(uri: &Uri) -> String {
    match uri.path_and_query().map_or("/", PathAndQuery::as_str) {
        to if to == "/" || to.len() > TO_BYTES_MAX => "/login".to_owned(),
        to => format!("/login?to={}", utf8_percent_encode(to, NON_ALPHANUMERIC)),
    }
}

/// `/login`, `/signup` and `/forgot-password`: the same page, for everybody.
pub(super) async fn door(headers: HeaderMap) -> Result<Response<Body>, ApiError> {
    index(&headers)
}

/// `/reset-password/<token>`: the same page, and no cache keeps an address that is a secret.
pub(super) async fn reset(headers: HeaderMap) -> Result<Response<Body>, ApiError> {
    answer_with("index.html", &headers, NO_STORE)
}

/// What no route names: a file of the client, or nothing.
pub(super) async fn file(uri: Uri, headers: HeaderMap) -> Result<Response<Body>, ApiError> {
    answer(uri.path().trim_start_matches('/'), &headers)
}

fn index(headers: &HeaderMap) -> Result<Response<Body>, ApiError> {
    answer("index.html", headers)
}

fn answer(path: &str, headers: &HeaderMap) -> Result<Response<Body>, ApiError> {
    let cache = if path.starts_with(HASHED) { IMMUTABLE } else { NO_CACHE };
    answer_with(path, headers, cache)
}

fn answer_with(
    path: &str,
    headers: &HeaderMap,
    cache: HeaderValue,
) -> Result<Response<Body>, ApiError> {
    let found = FILES.binary_search_by(|file| file.path.cmp(path));
    let file = &FILES[found.map_err(|_| BadRequest::RouteNotFound)?];
    let encoded = Encoded {
        content_type: file.content_type,
        etag: Cow::Borrowed(file.etag),
        plain: Bytes::from_static(file.bytes),
        gzip: file.gzip.map(Bytes::from_static),
        brotli: file.brotli.map(Bytes::from_static),
    };
    Ok(encoded.answer(headers, cache))
}
