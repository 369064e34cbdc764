//! The cookie that names a session.
//!
//! Behind TLS its name begins with `__Host-`: browsers then take it from this host alone, over TLS, for every path, and
//! no neighbour under the same domain can plant one. The name from before is still read, so that nobody is logged out
//! by a new version; the release after the next one forgets it.

use axum::http::header::{COOKIE, SET_COOKIE};
use axum::http::{HeaderMap, HeaderName, HeaderValue};
use axum::response::AppendHeaders;
use chat::session::SESSION_SECONDS;

use crate::app::App;
use crate::auth::Token;

/// Without TLS, and before `__Host-` came.
pub(super) const PLAIN: &str = "session";
const BEHIND_TLS: &str = "__Host-session";

/// `Set-Cookie`, once or twice.
type Cookies = AppendHeaders<Vec<(HeaderName, HeaderValue)>>;

/// Hands a session to its owner.
pub(super) fn set(app: &App, token: &Token) -> Cookies {
    let token = token.as_str();
    AppendHeaders(if app.config.listen.tls_proxy {
        vec![cookie(BEHIND_TLS, token, SESSION_SECONDS, true), cookie(PLAIN, "", 0, true)]
    } else {
        vec![cookie(PLAIN, token, SESSION_SECONDS, false)]
    })
}

/// Takes it away, whatever it is called.
pub(super) fn clear(app: &App) -> Cookies {
    AppendHeaders(if app.config.listen.tls_proxy {
        vec![cookie(BEHIND_TLS, "", 0, true), cookie(PLAIN, "", 0, true)]
    } else {
        vec![cookie(PLAIN, "", 0, false)]
    })
}

/// The tokens that a request's cookies name: the one under today's name first.
pub(super) fn tokens(headers: &HeaderMap) -> impl Iterator<Item = &str> {
    named(headers, BEHIND_TLS).chain(named(headers, PLAIN))
}

fn named<'a>(headers: &'a HeaderMap, name: &'static str) -> impl Iterator<Item = &'a str> {
    // Bytes, because cookies of other programs on this host need not be ASCII.
    let cookies = headers.get_all(COOKIE).iter().map(HeaderValue::as_bytes);
    let pairs = cookies.flat_map(|cookies| cookies.split(|byte| *byte == b';'));
    let mut values = pairs.filter_map(move |pair| {
        let value = pair.trim_ascii().strip_prefix(name.as_bytes())?;
        std::str::from_utf8(value.strip_prefix(b"=")?).ok()
    });
    values.next().into_iter()
}

/// `seconds` 0 takes the cookie away (RFC 6265, 5.2.2).
fn cookie(name: &str, token: &str, seconds: i64, is_secure: bool) -> (HeaderName, HeaderValue) {
    let secure = if is_secure { "; Secure" } else { "" };
    let text = format!("{name}={token}; Path=/; HttpOnly; SameSite=Lax; Max-Age={seconds}{secure}");
    (SET_COOKIE, HeaderValue::try_from(text).expect("a token is base64url"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn both_names_are_read_and_today_s_comes_first() {
        let tokens = |cookies: &'static [u8]| {
            let value = HeaderValue::from_bytes(cookies).unwrap();
            let headers = HeaderMap::from_iter([(COOKIE, value)]);
            tokens(&headers).map(str::to_owned).collect::<Vec<_>>()
        };
        assert_eq!(tokens(b"a=b; session=tok; c=d"), ["tok"]);
        assert_eq!(tokens(b"session=old; __Host-session=new"), ["new", "old"]);
        let foreign = b"theirs=caf\xe9; sessions=x; session=tok; session=second";
        assert_eq!(tokens(foreign), ["tok"], "whatever stands beside it");
        assert_eq!(tokens(b"a=b"), Vec::<String>::new());
    }
}
