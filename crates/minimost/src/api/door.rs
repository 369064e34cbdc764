//! What happens around every request: who may ask from where, panics, problems, headers.
//!
//! One function instead of a stack of middleware: it is what every request pays.

use std::net::IpAddr;
use std::panic::AssertUnwindSafe;
use std::sync::atomic::{AtomicU64, Ordering};

use axum::Router;
use axum::body::Body;
use axum::http::header::{ACCEPT, CACHE_CONTROL, HOST};
use axum::http::uri::Authority;
use axum::http::{HeaderMap, HeaderName, HeaderValue, Method, Request, Response, Uri};
use axum::response::IntoResponse;
use futures_util::FutureExt;
use rand::TryRngCore;
use tower::ServiceExt;
use tracing::{Instrument, debug_span, error};

use super::cross_site::is_cross_site;
use super::encoding::{compress, may_compress};
use super::extract::{Peer, is_bearer, prefers_html};
use super::problem::{ApiError, BadRequest, Pending};
use super::problem_page;
use super::router;
use crate::app::App;

const NO_STORE: HeaderValue = HeaderValue::from_static("no-store");

/// On every answer (contract/rules.md, 14); scripts only from our own files.
const SECURITY_HEADERS: [(&str, &str); 8] = [
    ("x-frame-options", "DENY"),
    ("x-content-type-options", "nosniff"),
    ("referrer-policy", "no-referrer"),
    (
        "content-security-policy",
        "default-src 'self'; script-src 'self'; style-src 'self'; img-src 'self' data: \
         blob:; media-src 'self' blob:; connect-src 'self'; worker-src 'self'; base-uri \
         'self'; form-action 'self'; frame-ancestors 'none'",
    ),
    ("cross-origin-opener-policy", "same-origin"),
    ("cross-origin-embedder-policy", "require-corp"),
    ("cross-origin-resource-policy", "same-origin"),
    (
        "permissions-policy",
        "camera=(self), microphone=(self), display-capture=(self), geolocation=(), payment=(), \
         usb=(), interest-cohort=()",
    ),
];

/// The router with everything that surrounds it.
pub struct Door {
    router: Router,
    /// Random per start, so that ids of requests differ across restarts.
    run: u32,
    requests: AtomicU64,
    security_headers: Vec<(HeaderName, HeaderValue)>,
    app: App,
    /// A proxy in front speaks TLS, and answers for the names by which the server goes; without it they are those of this
    /// machine.
    is_behind_tls: bool,
}

impl Door {
    pub fn new(app: App) -> Door {
        let run = rand::rngs::OsRng.try_next_u32().expect("the operating system has randomness");
        let security_headers = SECURITY_HEADERS
            .map(|(name, value)| (HeaderName::from_static(name), HeaderValue::from_static(value)));
        Door {
            is_behind_tls: app.config.listen.tls_proxy,
            router: router(app.clone()),
            app,
            run,
            requests: AtomicU64::new(0),
            security_headers: security_headers.into(),
        }
    }

    /// Answers one request from `peer`.
    pub async fn answer<B>(&self, request: Request<B>, peer: IpAddr) -> Response<Body>
    where
        B: axum::body::HttpBody<Data = bytes::Bytes> + Send + 'static,
        B::Error: Into<Box<dyn std::error::Error + Send + Sync>>,
    {
        let mut request = request.map(Body::new);
        request.extensions_mut().insert(Peer(peer));
        let number = self.requests.fetch_add(1, Ordering::Relaxed);
        let request_id = || format!("{:08x}-{number}", self.run);
        // Only a problem needs to know, and few requests accept HTML at all.
        let is_page = request.headers().contains_key(ACCEPT) && prefers_html(request.headers());
        let (method, uri) = (request.method().clone(), request.uri().clone());
        let is_compressed = may_compress(&request);
        let span = debug_span!("request", id = number, method = %method, path = uri.path());
        let answering = async {
            if !self.is_behind_tls && !names_this_machine(request.headers()) {
                return ApiError::from(BadRequest::UnknownHost).into_response();
            }
            // A browser never sends a bearer token on its own. Only one that logs somebody in excuses: beside any other
            // `Authorization`, which a proxy's password dialog adds, it is the cookie that does.
            let headers = request.headers();
            if is_cross_site(&method, &uri, headers, self.is_behind_tls)
                && !is_bearer(headers, &self.app)
            {
                return ApiError::from(BadRequest::CrossSite).into_response();
            }
            let answering = AssertUnwindSafe(self.router.clone().oneshot(request)).catch_unwind();
            match answering.await {
                Ok(Ok(response)) => response,
                Ok(Err(never)) => match never {},
                Err(_panic) => ApiError::internal("a handler panicked").into_response(),
            }
        };
        let mut response = answering.instrument(span).await;
        if let Some(pending) = response.extensions_mut().remove::<Pending>() {
            let id = request_id();
            log_fault(&pending, &id, &method, &uri);
            response = problem_page::render(response, &pending, &id, is_page);
        }
        if is_compressed {
            response = compress(response).await;
        }
        self.finish(response.headers_mut());
        response
    }

    fn finish(&self, headers: &mut HeaderMap) {
        headers.reserve(self.security_headers.len() + 4);
        for (name, value) in &self.security_headers {
            headers.insert(name, value.clone());
        }
        // Files of the client and the live stream say it differently; everything else is for one person.
        if !headers.contains_key(CACHE_CONTROL) {
            headers.insert(CACHE_CONTROL, NO_STORE);
        }
    }
}

fn log_fault(pending: &Pending, id: &str, method: &Method, uri: &Uri) {
    if let Some(fault) = &pending.fault {
        let mut causes = fault.source.to_string();
        let mut source = fault.source.source();
        while let Some(cause) = source {
            causes.push_str(": ");
            causes.push_str(&cause.to_string());
            source = cause.source();
        }
        error!(request.id = id, %method, path = uri.path(), "request {id} failed: {causes}");
    }
}

/// Whether `Host` names the loopback. A page of another site whose name was made to resolve to us (DNS rebinding) is of
/// our own origin to the browser, but says its own name here. HTTP/1.0 programs say nothing.
fn names_this_machine(headers: &HeaderMap) -> bool {
    headers.get_all(HOST).iter().all(|host| {
        let host = host.to_str().ok().and_then(|host| host.parse::<Authority>().ok());
        host.is_some_and(|host| {
            let name = host.host().trim_start_matches('[').trim_end_matches(']');
            name.eq_ignore_ascii_case("localhost")
                || name.parse::<IpAddr>().is_ok_and(|address| address.is_loopback())
        })
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_names_of_this_machine_are_ours() {
        let ours = |host: &'static str| {
            names_this_machine(&HeaderMap::from_iter([(HOST, HeaderValue::from_static(host))]))
        };
        for host in
            ["localhost", "LocalHost:6767", "127.0.0.1:1", "127.8.0.1", "[::1]:6767", "[::1]"]
        {
            assert!(ours(host), "{host}");
        }
        for host in ["", "evil.example", "localhost.evil.example:6767", "10.0.0.1", "[::2]", "a b"]
        {
            assert!(!ours(host), "{host}");
        }
        assert!(names_this_machine(&HeaderMap::new()));
    }
}
