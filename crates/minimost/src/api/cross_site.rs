//! Whether another site made somebody's browser ask for a change.
//!
//! Neighbours: `door` asks for every request, and exempts whoever a bearer token has logged in.

use axum::http::header::{HOST, ORIGIN};
use axum::http::{HeaderMap, HeaderName, HeaderValue, Method, Uri};

/// Where a browser says that the page stands which asks.
pub(super) const SEC_FETCH_SITE: HeaderName = HeaderName::from_static("sec-fetch-site");

/// Whether the browser says, or lets one see, that the page that asks for a change is not ours.
///
/// `Sec-Fetch-Site` decides where it is sent: a page cannot write it, and `Origin` is `null` where a page of ours posts a
/// form under `Referrer-Policy: no-referrer`. Older browsers send `Origin` alone. Programs send neither header.
/// `GET /logout` is a change too.
pub(super) fn is_cross_site(
    method: &Method,
    uri: &Uri,
    headers: &HeaderMap,
    is_behind_tls: bool,
) -> bool {
    let is_safe = matches!(*method, Method::GET | Method::HEAD | Method::OPTIONS | Method::TRACE);
    if is_safe && uri.path() != "/logout" {
        return false;
    }
    let mut is_same_origin = false;
    for site in headers.get_all(SEC_FETCH_SITE) {
        match site.as_bytes() {
            b"same-origin" => is_same_origin = true,
            b"none" => {}
            _ => return true,
        }
    }
    let is_foreign = |origin: &HeaderValue| !is_own_origin(origin, headers, is_behind_tls);
    !is_same_origin && headers.get_all(ORIGIN).iter().any(is_foreign)
}

/// Whether an `Origin` is where the request went: scheme, name and port. Of another scheme it is a page that somebody on
/// the way may have written.
fn is_own_origin(origin: &HeaderValue, headers: &HeaderMap, is_behind_tls: bool) -> bool {
    let (scheme, default_port) = if is_behind_tls { ("https", ":443") } else { ("http", ":80") };
    let text = |value: &HeaderValue| value.to_str().ok().map(str::to_ascii_lowercase);
    let Some(host) = headers.get(HOST).and_then(text) else { return false };
    // Browsers leave out the port that goes without saying, and proxies put it in.
    let host = host.strip_suffix(default_port).unwrap_or(&host);
    text(origin).is_some_and(|origin| origin.split_once("://") == Some((scheme, host)))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn is_refused(is_behind_tls: bool, headers: &[(HeaderName, &'static str)]) -> bool {
        let mut map = HeaderMap::new();
        for (name, value) in headers.iter().cloned() {
            map.append(name, HeaderValue::from_static(value));
        }
        is_cross_site(&Method::POST, &Uri::from_static("/send/general"), &map, is_behind_tls)
    }

    #[test]
    fn another_site_cannot_ask_for_a_change() {
        for is_behind_tls in [false, true] {
            let refused = |headers: &[_]| is_refused(is_behind_tls, headers);
            assert!(refused(&[(SEC_FETCH_SITE, "cross-site")]));
            assert!(refused(&[(SEC_FETCH_SITE, "same-site")]));
            assert!(refused(&[(HOST, "chat.example"), (ORIGIN, "https://evil.example")]));
            assert!(refused(&[(HOST, "chat.example"), (ORIGIN, "null")]));
            assert!(refused(&[(ORIGIN, "https://chat.example")]), "sent nowhere");
            let two = [(SEC_FETCH_SITE, "same-origin"), (SEC_FETCH_SITE, "cross-site")];
            assert!(refused(&two), "whichever comes first");
        }
    }

    #[test]
    fn our_pages_and_programs_can() {
        assert!(!is_refused(false, &[]));
        assert!(!is_refused(false, &[(SEC_FETCH_SITE, "same-origin")]));
        assert!(!is_refused(false, &[(SEC_FETCH_SITE, "none")]));
        let own = [(HOST, "chat.example:6767"), (ORIGIN, "http://chat.example:6767")];
        assert!(!is_refused(false, &own));
    }

    #[test]
    fn the_scheme_of_the_origin_is_the_one_that_we_are_reached_by() {
        let host = (HOST, "chat.example");
        let (plain, tls) = ((ORIGIN, "http://chat.example"), (ORIGIN, "https://chat.example"));
        assert!(!is_refused(false, &[host.clone(), plain.clone()]));
        assert!(is_refused(false, &[host.clone(), tls.clone()]));
        assert!(!is_refused(true, &[host.clone(), tls.clone()]));
        assert!(is_refused(true, &[host, plain]));
        assert!(!is_refused(true, &[(HOST, "Chat.example:443"), tls.clone()]));
        assert!(is_refused(true, &[(HOST, "chat.example:80"), tls]));
    }

    #[test]
    fn where_the_browser_says_what_asks_the_origin_is_not_asked() {
        let host = (HOST, "chat.example");
        let null = (ORIGIN, "null");
        let own_page = [(SEC_FETCH_SITE, "same-origin"), host.clone(), null.clone()];
        assert!(!is_refused(false, &own_page), "a form under `Referrer-Policy: no-referrer`");
        let through = [(SEC_FETCH_SITE, "same-origin"), host, (ORIGIN, "https://chat.example")];
        assert!(!is_refused(false, &through), "a proxy that nobody told us of");
        assert!(is_refused(false, &[(SEC_FETCH_SITE, "none"), null]));
    }
}
