//! JSON that many answers have in common: written and compressed once, then joined with what is said to one person.
//!
//! Neighbours: `state` joins, `gzip` has the format.

use std::hash::Hash;
use std::num::NonZeroUsize;
use std::sync::{Arc, Mutex, PoisonError};

use axum::body::Body;
use axum::http::header::{CONTENT_ENCODING, CONTENT_TYPE, VARY};
use axum::http::{HeaderValue, Response};
use axum::response::IntoResponse;
use bytes::Bytes;
use lru::LruCache;
use serde::Serialize;
use tokio::sync::OnceCell;
use tokio::task::spawn_blocking;

use super::encoding::MayCompress;
use super::gzip::{Compressed, Gzip};

/// Versions that are kept: who asked a moment ago may need the one before.
const VERSIONS_MAX: NonZeroUsize = NonZeroUsize::new(4).expect("it is not zero");

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

/// The last versions of what is shared, each made once for all who ask for it.
pub(super) struct Versions<K: Hash + Eq> {
    newest: Mutex<LruCache<K, Arc<OnceCell<Arc<SharedMembers>>>>>,
}

impl<K: Hash + Eq> Default for Versions<K> {
    fn default() -> Versions<K> {
        Versions { newest: Mutex::new(LruCache::new(VERSIONS_MAX)) }
    }
}

impl<K: Hash + Eq> Versions<K> {
    /// A version, which `make` makes beside the runtime's threads where nobody has yet.
    pub(super) async fn get(
        &self,
        version: K,
        make: impl FnOnce() -> SharedMembers + Send + 'static,
    ) -> Arc<SharedMembers> {
        let cell = {
            let mut newest = self.newest.lock().unwrap_or_else(PoisonError::into_inner);
            Arc::clone(newest.get_or_insert(version, Arc::default))
        };
        let made = cell.get_or_init(async || {
            Arc::new(spawn_blocking(make).await.expect("what is shared can always be written"))
        });
        Arc::clone(made.await)
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

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicUsize, Ordering};

    use serde_json::json;

    use super::*;

    #[tokio::test]
    async fn a_version_is_made_once_for_all_who_ask_for_it() {
        let versions = Versions::default();
        let made = Arc::new(AtomicUsize::new(0));
        let ask = |version: u64| {
            let made = Arc::clone(&made);
            versions.get(version, move || {
                made.fetch_add(1, Ordering::Relaxed);
                SharedMembers::of(&json!({"version": version}))
            })
        };
        let (one, same, other) = tokio::join!(ask(1), ask(1), ask(2));
        assert_eq!(one.plain, same.plain);
        assert_ne!(one.plain, other.plain);
        assert_eq!(made.load(Ordering::Relaxed), 2);
    }
}
