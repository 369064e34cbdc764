//! JSON that many answers have in common: written and compressed once, then joined with what is said to one person.
//!
//! Neighbours: `state` joins, `gzip` has the format.

use std::sync::Arc;

use axum::body::Body;
use axum::http::header::{CONTENT_ENCODING, CONTENT_TYPE, VARY};
use axum::http::{HeaderValue, Response};
use axum::response::IntoResponse;
use bytes::Bytes;
use serde::Serialize;

use super::encoding::MayCompress;
use super::gzip::{Compressed, Gzip};

/// Members of a JSON object, each with a comma in front.
pub(super) struct SharedMembers {
    plain: Bytes,
    compressed: Compressed,
}

impl SharedMembers {
    /// The members of `object`, which has at least one.
    pub(super) fn of(object: &impl Serialize) -> SharedMembers {
        let mut plain = to_json(object);
        plain[0] = b',';
        plain.pop();
        plain.shrink_to_fit();
        SharedMembers { compressed: Compressed::new(&plain), plain: plain.into() }
    }
}

/// One JSON object: the members of `own`, at least one, and what is shared.
pub(super) fn joined(
    own: &impl Serialize,
    shared: &[Arc<SharedMembers>],
    MayCompress(may_compress): MayCompress,
) -> Response<Body> {
    let mut own = to_json(own);
    own.pop();
    let mut response = if may_compress {
        let gzip = HeaderValue::from_static("gzip");
        ([(CONTENT_ENCODING, gzip)], compressed(&own, shared)).into_response()
    } else {
        plain(own, shared).into_response()
    };
    let headers = response.headers_mut();
    headers.insert(CONTENT_TYPE, HeaderValue::from_static("application/json"));
    headers.insert(VARY, HeaderValue::from_static("accept-encoding"));
    response
}

fn plain(own: Vec<u8>, shared: &[Arc<SharedMembers>]) -> Bytes {
    let mut body = own;
    body.reserve_exact(shared.iter().map(|members| members.plain.len()).sum::<usize>() + 1);
    for members in shared {
        body.extend_from_slice(&members.plain);
    }
    body.push(b'}');
    body.into()
}

fn compressed(own: &[u8], shared: &[Arc<SharedMembers>]) -> Bytes {
    let mut body = Gzip::new();
    body.write(own);
    for members in shared {
        body.put(&members.compressed);
    }
    body.finish(b"}")
}

fn to_json(value: &impl Serialize) -> Vec<u8> {
    serde_json::to_vec(value).expect("serialising our own shapes cannot fail")
}
