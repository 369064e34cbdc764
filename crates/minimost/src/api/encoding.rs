//! What answers are compressed with, and which are.
//!
//! Files of the client are compressed when it is built, `/emoji` once, other JSON as it leaves. The live stream never is:
//! it would wait for its compressor.
//!
//! BREACH (Gluck, Harris, Prado, 2013): where one compressed answer holds a secret beside text that an attacker chose, and
//! the attacker can have it asked for again and again, its length tells the secret. Here nothing that lets somebody in
//! stands in a compressed answer (tokens and invites answer a POST, which is never compressed); an answer that another
//! site had a browser ask for is not compressed; and the lengths are blurred, so that what is said beside what a member
//! wrote to be measured wants very many repeats.
//!
//! Neighbours: `door` compresses what leaves, `gzip` has the format, `web` the files of the client.

use std::borrow::Cow;
use std::convert::Infallible;
use std::hash::{DefaultHasher, Hash, Hasher};

use axum::body::{Body, HttpBody, to_bytes};
use axum::extract::FromRequestParts;
use axum::http::header::{
    ACCEPT_ENCODING, CACHE_CONTROL, CONTENT_ENCODING, CONTENT_LENGTH, CONTENT_TYPE, ETAG,
    IF_NONE_MATCH, VARY,
};
use axum::http::request::Parts;
use axum::http::{HeaderMap, HeaderValue, Method, Response, StatusCode};
use axum::response::IntoResponse;
use bytes::Bytes;

use super::cross_site::SEC_FETCH_SITE;
use super::gzip::Gzip;

/// Answers below this are sent as they are: they fit into one packet.
const COMPRESSED_BYTES_MIN: u64 = 1024;

const BROTLI: &str = "br";
const GZIP: &str = "gzip";

/// Bytes that are the same for everybody, with the shorter ways to write them.
pub(super) struct Encoded {
    pub(super) content_type: &'static str,
    /// Changes with the bytes.
    pub(super) etag: Cow<'static, str>,
    pub(super) plain: Bytes,
    pub(super) gzip: Option<Bytes>,
    pub(super) brotli: Option<Bytes>,
}

impl Encoded {
    /// JSON that is compressed once.
    pub(super) fn json(plain: Vec<u8>) -> Encoded {
        let mut hasher = DefaultHasher::new();
        plain.hash(&mut hasher);
        let etag = Cow::Owned(format!("\"{:016x}\"", hasher.finish()));
        let gzip = Some(Gzip::new().finish(&plain));
        let (content_type, plain) = ("application/json", Bytes::from(plain));
        Encoded { content_type, etag, plain, gzip, brotli: None }
    }

    /// The shortest form that the asker reads, or 304 when they have it.
    pub(super) fn answer(&self, asked: &HeaderMap, cache: HeaderValue) -> Response<Body> {
        let forms = [(BROTLI, &self.brotli), (GZIP, &self.gzip)];
        let form = forms.into_iter().find_map(|(name, form)| {
            form.as_ref().filter(|_| reads(asked, name)).map(|form| (name, form))
        });
        let mut response = if has(asked, &self.etag) {
            StatusCode::NOT_MODIFIED.into_response()
        } else if let Some((name, bytes)) = form {
            ([(CONTENT_ENCODING, HeaderValue::from_static(name))], bytes.clone()).into_response()
        } else {
            self.plain.clone().into_response()
        };
        let headers = response.headers_mut();
        headers.insert(CONTENT_TYPE, HeaderValue::from_static(self.content_type));
        headers.insert(CACHE_CONTROL, cache);
        let etag = HeaderValue::try_from(&*self.etag).expect("a tag is quoted hex");
        headers.insert(ETAG, etag);
        headers.insert(VARY, HeaderValue::from_static("accept-encoding"));
        response
    }
}

/// Whether the answer to a request may be compressed as it leaves.
pub(super) fn may_compress(method: &Method, headers: &HeaderMap) -> bool {
    let mut sites = headers.get_all(SEC_FETCH_SITE).iter();
    // Programs do not say where they stand, and nobody makes them ask.
    let is_own = sites.all(|site| site == "same-origin");
    method == Method::GET && is_own && reads(headers, GZIP)
}

/// Whether the answer may be compressed, for a handler that does it itself.
pub(super) struct MayCompress(pub(super) bool);

impl<S: Sync> FromRequestParts<S> for MayCompress {
    type Rejection = Infallible;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<MayCompress, Infallible> {
        Ok(MayCompress(may_compress(&parts.method, &parts.headers)))
    }
}

/// Compresses a JSON answer whose length is known, which a stream's is not.
pub(super) async fn compress(response: Response<Body>) -> Response<Body> {
    let length = response.body().size_hint().exact();
    let is_json =
        response.headers().get(CONTENT_TYPE).is_some_and(|kind| kind == "application/json");
    let is_long = length.is_some_and(|length| length >= COMPRESSED_BYTES_MIN);
    if !is_json || !is_long || response.headers().contains_key(CONTENT_ENCODING) {
        return response;
    }
    let (mut head, body) = response.into_parts();
    let plain = to_bytes(body, usize::MAX).await.expect("a body of known length is in memory");
    let short = Gzip::new().finish(&plain);
    head.headers.remove(CONTENT_LENGTH);
    head.headers.insert(CONTENT_ENCODING, HeaderValue::from_static(GZIP));
    head.headers.insert(VARY, HeaderValue::from_static("accept-encoding"));
    Response::from_parts(head, Body::from(short))
}

/// Whether `Accept-Encoding` names a coding (RFC 9110, 12.5.3); one of weight zero is refused.
fn reads(asked: &HeaderMap, coding: &str) -> bool {
    let lines = asked.get_all(ACCEPT_ENCODING).iter().filter_map(|line| line.to_str().ok());
    lines.flat_map(|line| line.split(',')).any(|entry| {
        let (name, weight) = entry.split_once(';').unwrap_or((entry, "q=1"));
        let weight = weight.trim().strip_prefix("q=").and_then(|weight| weight.parse::<f32>().ok());
        name.trim().eq_ignore_ascii_case(coding) && weight.is_some_and(|weight| weight > 0.0)
    })
}

/// Whether the asker has what the tag names (RFC 9110, 13.1.2).
fn has(asked: &HeaderMap, etag: &str) -> bool {
    let lines = asked.get_all(IF_NONE_MATCH).iter().filter_map(|line| line.to_str().ok());
    lines.flat_map(|line| line.split(',')).any(|tag| tag.trim().trim_start_matches("W/") == etag)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn reads_gzip(said: &'static str) -> bool {
        reads(&HeaderMap::from_iter([(ACCEPT_ENCODING, HeaderValue::from_static(said))]), GZIP)
    }

    #[test]
    fn who_says_so_reads_gzip() {
        for said in
            ["gzip", "gzip, deflate, br, zstd", "br;q=1.0, GZIP;q=0.5", "deflate,gzip ; q=0.1"]
        {
            assert!(reads_gzip(said), "{said}");
        }
        for said in
            ["", "br", "gzip;q=0", "gzip;q=0.000", "xgzip", "*", "identity;gzip", "gzip;q=x"]
        {
            assert!(!reads_gzip(said), "{said}");
        }
        assert!(!reads(&HeaderMap::new(), GZIP));
    }
}
