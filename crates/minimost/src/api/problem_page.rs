//! A problem on the wire: JSON for programs, a small page for people.

use axum::body::Body;
use axum::extract::Path;
use axum::extract::rejection::PathRejection;
use axum::http::header::{CACHE_CONTROL, CONTENT_LENGTH, CONTENT_TYPE};
use axum::http::{HeaderMap, HeaderValue, Response, StatusCode};
use serde_json::{Map, Value};

use super::extract::prefers_html;
use super::problem::{ApiError, BadRequest, Pending, ProblemKind, see_other};

/// The media type of a problem.
pub(super) const PROBLEM: &str = "application/problem+json";

const NO_STORE: HeaderValue = HeaderValue::from_static("no-store");

/// Writes the document into `response`, or sends a page that needs a session to the login.
pub(super) fn render(
    response: axum::response::Response,
    pending: &Pending,
    request_id: &str,
    is_page: bool,
) -> axum::response::Response {
    if is_page && pending.kind.is_for_want_of_session() {
        return see_other("/login");
    }
    let (mut parts, _) = response.into_parts();
    let kind = pending.kind;
    let (content_type, body) = if is_page {
        ("text/html; charset=utf-8", html(kind.title(), &pending.detail, kind.status()))
    } else {
        (PROBLEM, document(pending, request_id))
    };
    // The router has counted the empty body that it saw.
    parts.headers.remove(CONTENT_LENGTH);
    parts.headers.insert(CONTENT_TYPE, HeaderValue::from_static(content_type));
    parts.headers.insert(CACHE_CONTROL, NO_STORE);
    Response::from_parts(parts, Body::from(body))
}

/// The document of a problem.
pub(super) fn document(pending: &Pending, request_id: &str) -> String {
    let mut members = Map::new();
    members.insert("type".to_owned(), format!("/problems/{}", pending.kind.slug()).into());
    members.insert("title".to_owned(), pending.kind.title().into());
    members.insert("status".to_owned(), pending.kind.status().as_u16().into());
    members.insert("detail".to_owned(), pending.detail.clone().into());
    members.insert("instance".to_owned(), format!("/requests/{request_id}").into());
    members.extend(pending.members.clone());
    Value::Object(members).to_string()
}

/// `GET /problems/<slug>`: what a problem means.
pub(super) async fn explain(
    slug: Result<Path<String>, PathRejection>,
    headers: HeaderMap,
) -> Result<axum::response::Response, ApiError> {
    // What is not UTF-8 names none either.
    let named = slug.ok().and_then(|Path(slug)| ProblemKind::from_slug(&slug));
    let kind = named.ok_or(BadRequest::RouteNotFound)?;
    let (content_type, body) = if prefers_html(&headers) {
        ("text/html; charset=utf-8", html(kind.title(), kind.explanation(), kind.status()))
    } else {
        let explained = serde_json::json!({
            "type": format!("/problems/{}", kind.slug()),
            "title": kind.title(),
            "status": kind.status().as_u16(),
            "detail": kind.explanation(),
        });
        ("application/json", explained.to_string())
    };
    let mut response = Response::new(Body::from(body));
    response.headers_mut().insert(CONTENT_TYPE, HeaderValue::from_static(content_type));
    Ok(response)
}

fn html(title: &str, detail: &str, status: StatusCode) -> String {
    let (title, detail) = (escaped(title), escaped(detail));
    let number = status.as_u16();
    format!(
        "<!doctype html><html lang=en><meta charset=utf-8>\
         <meta name=viewport content='width=device-width'><title>{title}</title>\
         <style>body{{font:1rem/1.5 system-ui;max-width:36rem;margin:15vh auto;padding:0 1rem}}</style>\
         <h1>{title}</h1><p>{detail}</p><p>{number} · <a href='/'>back to the chat</a>"
    )
}

fn escaped(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '&' => out.push_str("&amp;"),
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '"' => out.push_str("&quot;"),
            '\'' => out.push_str("&#39;"),
            _ => out.push(c),
        }
    }
    out
}
