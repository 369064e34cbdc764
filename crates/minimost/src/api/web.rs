//! The web client: files that the build script put into the binary.

use axum::body::Body;
use axum::http::header::{CACHE_CONTROL, CONTENT_TYPE};
use axum::http::{HeaderValue, Response, Uri};
use axum::response::IntoResponse;
use bytes::Bytes;

use super::extract::LoggedIn;
use super::problem::{ApiError, BadRequest, see_other};

/// A file of the client.
struct File {
    /// From the root of the site, without the leading slash.
    path: &'static str,
    content_type: &'static str,
    bytes: &'static [u8],
}

// `FILES: &[File]`, sorted by path.
include!(concat!(env!("OUT_DIR"), "/web_files.rs"));

/// Vite puts a hash of the content into the names below this folder, so they never change.
const HASHED: &str = "assets/";

const IMMUTABLE: HeaderValue = HeaderValue::from_static("public, max-age=31536000, immutable");
const NO_CACHE: HeaderValue = HeaderValue::from_static("no-cache");

/// `/`, `/c/<channel>`, `/c/<channel>/<message>` and `/view/<view>`: the chat, for those who are logged in.
pub(super) async fn chat(asker: Option<LoggedIn>) -> Result<Response<Body>, ApiError> {
    if asker.is_none() {
        return Ok(see_other("/login"));
    }
    index()
}

/// `/login` and `/signup`: the same page, for everybody.
pub(super) async fn door() -> Result<Response<Body>, ApiError> {
    index()
}

/// What no route names: a file of the client, or nothing.
pub(super) async fn file(uri: Uri) -> Result<Response<Body>, ApiError> {
    answer(uri.path().trim_start_matches('/'))
}

fn index() -> Result<Response<Body>, ApiError> {
    answer("index.html")
}

fn answer(path: &str) -> Result<Response<Body>, ApiError> {
    let found = FILES.binary_search_by(|file| file.path.cmp(path));
    let file = &FILES[found.map_err(|_| BadRequest::RouteNotFound)?];
    let cache = if path.starts_with(HASHED) { IMMUTABLE } else { NO_CACHE };
    let headers =
        [(CONTENT_TYPE, HeaderValue::from_static(file.content_type)), (CACHE_CONTROL, cache)];
    Ok((headers, Bytes::from_static(file.bytes)).into_response())
}
