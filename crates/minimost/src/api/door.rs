//! What happens around every request: who may ask from where, panics, problems, headers.
//!
//! One function instead of a stack of middleware: it is what every request pays.

use std::net::IpAddr;
use std::panic::AssertUnwindSafe;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use axum::Router;
use axum::body::Body;
use axum::http::header::{
    ACCEPT, CACHE_CONTROL, CONNECTION, CONTENT_LENGTH, CONTENT_TYPE, EXPECT, HOST,
};
use axum::http::uri::Authority;
use axum::http::{
    HeaderMap, HeaderName, HeaderValue, Method, Request, Response, StatusCode, Uri, Version,
};
use axum::response::IntoResponse;
use chat::UserId;
use futures_util::FutureExt;
use hyper::body::Incoming;
use rand::TryRngCore;
use tower::ServiceExt;
use tracing::{Instrument, debug_span, error};

use super::cross_site::is_cross_site;
use super::encoding::{compress, may_compress};
use super::extract::{Peer, is_bearer, prefers_html, user_in_head, user_of};
use super::problem::{ApiError, BadRequest, Pending};
use super::problem_page;
use super::router;
use super::seats::{Connection, Seats, Wish};
use super::unread::{Answer, Remains};
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
         blob:; media-src 'self' blob:; connect-src 'self'; worker-src 'self'; object-src \
         'none'; base-uri 'none'; form-action 'self'; frame-ancestors 'none'",
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
    seats: Arc<Seats>,
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
            seats: Seats::new(&app.config.limits, app.config.listen.tls_proxy),
            router: router(app.clone()),
            app,
            run,
            requests: AtomicU64::new(0),
            security_headers: security_headers.into(),
        }
    }

    /// Who holds how much of the server.
    pub(super) fn seats(&self) -> &Arc<Seats> {
        &self.seats
    }

    /// Whose session the head of a request shows, before it is read as HTTP should be.
    pub(super) fn user_in(&self, head: &[u8]) -> Option<UserId> {
        user_in_head(head, &self.app)
    }

    /// Answers one request.
    pub(super) async fn answer(
        &self,
        request: Request<Incoming>,
        connection: &Arc<Connection>,
    ) -> Response<Body> {
        let answering = connection.begin();
        let remains = Remains::new(connection);
        let mut request = request.map(|body| remains.watch(Body::new(body)));
        take_host_of_target(&mut request);
        let peer = Peer::new(connection.peer, request.headers(), self.is_behind_tls);
        request.extensions_mut().insert(peer);
        // The body is sent when it is asked for, and it is not any more.
        let is_body_held_back = request.headers().contains_key(EXPECT);
        let number = self.requests.fetch_add(1, Ordering::Relaxed);
        let request_id = || self.request_id(number);
        // Only a problem needs to know, and few requests accept HTML at all.
        let is_page = request.headers().contains_key(ACCEPT) && prefers_html(request.headers());
        let (method, uri) = (request.method().clone(), request.uri().clone());
        let is_compressed = may_compress(request.method(), request.headers());
        let span = debug_span!("request", id = number, method = %method, path = shown_path(&uri));
        let response = self.answer_if_allowed(request, connection, peer);
        let mut response = response.instrument(span).await;
        if !remains.read_away(is_body_held_back).await {
            response = closing(response);
        }
        if let Some(pending) = response.extensions_mut().remove::<Pending>() {
            let id = request_id();
            log_fault(&pending, &id, &method, &uri);
            response = problem_page::render(response, &pending, &id, is_page);
        }
        if is_compressed {
            response = compress(response).await;
        }
        self.finish(response.headers_mut());
        response.map(|body| Body::new(Answer { body, _answering: answering }))
    }

    async fn answer_if_allowed(
        &self,
        mut request: Request<Body>,
        connection: &Connection,
        peer: Peer,
    ) -> Response<Body> {
        if let Err(refusal) = self.admit(&request) {
            return ApiError::from(refusal).into_response();
        }
        let user = connection.asks_who().then(|| user_of(request.headers(), &self.app));
        let room = match connection.take_turn(user.flatten(), peer.0, wish(request.uri())) {
            Ok(room) => room,
            Err(too_much) => {
                let refused = ApiError::from(too_much).into_response();
                // A proxy's connection carries others too.
                return if self.is_behind_tls { refused } else { closing(refused) };
            }
        };
        request.extensions_mut().insert(room);
        request.extensions_mut().insert(Arc::clone(&self.seats));
        let answering = AssertUnwindSafe(self.router.clone().oneshot(request)).catch_unwind();
        match answering.await {
            Ok(Ok(response)) => response,
            Ok(Err(never)) => match never {},
            Err(_panic) => ApiError::internal("a handler panicked").into_response(),
        }
    }

    /// Refuses what is not addressed to us, and what another site has a browser ask for.
    fn admit(&self, request: &Request<Body>) -> Result<(), BadRequest> {
        let headers = request.headers();
        if request.version() == Version::HTTP_11 && !names_one_host(headers) {
            return Err(BadRequest::MalformedRequest);
        }
        if !self.is_behind_tls && !names_this_machine(headers) {
            return Err(BadRequest::UnknownHost);
        }
        // A browser never sends a bearer token on its own. Only one that logs somebody in excuses: beside any other
        // `Authorization`, which a proxy's password dialog adds, it is the cookie that does.
        if is_cross_site(request.method(), request.uri(), headers, self.is_behind_tls)
            && !is_bearer(headers, &self.app)
        {
            return Err(BadRequest::CrossSite);
        }
        Ok(())
    }

    /// The answer to what was not even read as a request, as it goes to the socket; the connection ends with it.
    pub(super) fn answer_unread(&self, problem: BadRequest) -> Vec<u8> {
        let id = self.request_id(self.requests.fetch_add(1, Ordering::Relaxed));
        let mut response = ApiError::from(problem).into_response();
        let pending = response.extensions_mut().remove::<Pending>();
        let body = pending.map(|pending| problem_page::document(&pending, &id)).unwrap_or_default();
        let mut response = closing(response);
        let status = response.status();
        let headers = response.headers_mut();
        headers.insert(CONTENT_TYPE, HeaderValue::from_static(problem_page::PROBLEM));
        headers.insert(CONTENT_LENGTH, HeaderValue::from(body.len()));
        self.finish(headers);
        let mut answer = written_head(status, response.headers());
        answer.extend_from_slice(body.as_bytes());
        answer
    }

    fn request_id(&self, number: u64) -> String {
        format!("{:08x}-{number}", self.run)
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

/// A head as it goes to the socket.
pub(super) fn written_head(status: StatusCode, headers: &HeaderMap) -> Vec<u8> {
    let mut head = format!("HTTP/1.1 {status}\r\n").into_bytes();
    for (name, value) in headers {
        head.extend_from_slice(name.as_str().as_bytes());
        head.extend_from_slice(b": ");
        head.extend_from_slice(value.as_bytes());
        head.extend_from_slice(b"\r\n");
    }
    head.extend_from_slice(b"\r\n");
    head
}

/// An answer after which the connection closes, and that says so.
fn closing(mut response: Response<Body>) -> Response<Body> {
    response.headers_mut().insert(CONNECTION, HeaderValue::from_static("close"));
    response
}

/// Whether a request ends sessions; who logs in with a session ends that one's use.
fn wish(uri: &Uri) -> Wish {
    match uri.path() {
        "/logout" | "/change-password" | "/login" => Wish::EndSessions,
        _ => Wish::Other,
    }
}

/// A target that names a host is meant for that one, whatever the header beside it says (RFC 9112, 3.2.2). From here on
/// it looks like any other request.
fn take_host_of_target(request: &mut Request<Body>) {
    let target = request.uri().authority().zip(request.uri().path_and_query());
    let Some((host, path)) = target else { return };
    let (host, path) = (HeaderValue::from_str(host.as_str()), path.clone());
    // The header has to be there all the same, once; else the request is refused for that.
    if let Ok(host) = host
        && (names_one_host(request.headers()) || request.version() < Version::HTTP_11)
    {
        request.headers_mut().insert(HOST, host);
        *request.uri_mut() = Uri::from(path);
    }
}

/// Whether a request names its host as it must (RFC 9112, 3.2): in one header, and without a user's name.
fn names_one_host(headers: &HeaderMap) -> bool {
    let mut hosts = headers.get_all(HOST).iter();
    let host = hosts.next().filter(|host| !host.as_bytes().contains(&b'@'));
    host.is_some() && hosts.next().is_none()
}

/// A path as the diagnostics may hold it: the end of a reset link is a secret.
fn shown_path(uri: &Uri) -> &str {
    const RESET: &str = "/reset-password/";
    if uri.path().starts_with(RESET) { RESET } else { uri.path() }
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
        error!(request.id = id, %method, path = shown_path(uri), "request {id} failed: {causes}");
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
    fn a_reset_link_is_not_in_the_diagnostics() {
        assert_eq!(shown_path(&Uri::from_static("/reset-password/secret?a=b")), "/reset-password/");
        assert_eq!(shown_path(&Uri::from_static("/c/general?a=b")), "/c/general");
    }

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
