//! docs/openapi.json is what the server says of itself, and docs/api.md names the same routes.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

use serde_json::Value;

use crate::support::TestServer;

fn docs(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../../docs").join(name)
}

#[tokio::test]
async fn the_committed_document_is_the_served_one() {
    let server = TestServer::start().await;
    let served = server.stranger().get("/openapi.json").await.expect(200);
    let text = format!("{}\n", serde_json::to_string_pretty(&served).unwrap());
    if std::env::var_os("UPDATE_OPENAPI").is_some() {
        fs::write(docs("openapi.json"), &text).unwrap();
    }
    let committed = fs::read_to_string(docs("openapi.json")).unwrap_or_default();
    assert!(committed == text, "docs/openapi.json is stale: UPDATE_OPENAPI=1 rewrites it");
}

/// `GET /messages/{}` and so on, out of the table in docs/api.md.
fn routes_in_prose() -> BTreeSet<String> {
    let prose = fs::read_to_string(docs("api.md")).unwrap();
    let rows = prose.lines().filter_map(|line| line.strip_prefix("| `"));
    let mut routes = BTreeSet::new();
    for row in rows {
        let Some((route, _)) = row.split_once('`') else { continue };
        let Some((method, path)) = route.split_once(' ') else { continue };
        routes.insert(format!("{method} {}", unnamed(path, '<', '>')));
    }
    routes
}

/// The path with its parameters, in these brackets, as `{}`.
fn unnamed(path: &str, open: char, close: char) -> String {
    let parts = path.split(open).enumerate().map(|(at, part)| match part.split_once(close) {
        Some((_, rest)) if at > 0 => format!("{{}}{rest}"),
        _ => part.to_owned(),
    });
    parts.collect()
}

fn routes_in_document(document: &Value) -> BTreeSet<String> {
    let paths = document["paths"].as_object().unwrap();
    let routes = paths.iter().flat_map(|(path, operations)| {
        let path = unnamed(path, '{', '}');
        let methods = operations.as_object().unwrap().keys();
        methods.map(move |method| format!("{} {path}", method.to_uppercase()))
    });
    routes.collect()
}

#[test]
fn prose_and_document_name_the_same_routes() {
    let document = minimost::api::openapi::openapi();
    let mut prose = routes_in_prose();
    assert!(prose.len() > 30, "the table was not found: {prose:?}");
    for about_the_server in ["GET /openapi.json", "GET /healthz"] {
        assert!(prose.remove(about_the_server), "{about_the_server} is not in the prose");
    }
    assert_eq!(prose, routes_in_document(&document));
}
