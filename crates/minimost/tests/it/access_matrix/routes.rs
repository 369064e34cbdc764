//! Every route, asked by everybody.

use std::collections::BTreeSet;

use reqwest::Method;

use super::scene::{OUTSIDE, ROLES, Scene, Stage};
use super::table;
use crate::support::Answer;

/// A row of `routes.tsv`.
pub struct Row {
    pub method: Method,
    /// As OpenAPI names it.
    pub template: String,
    /// What is asked for.
    pub path: String,
    /// The body, as JSON; empty for none.
    pub body: String,
    /// The status per role, in the order of [`ROLES`].
    pub expected: Vec<String>,
}

pub fn rows() -> Vec<Row> {
    let (header, rows) = table("routes.tsv");
    assert_eq!(header[4..], ROLES.map(str::to_owned), "the columns of the table");
    let row = |mut cells: Vec<String>| {
        let expected = cells.split_off(4);
        let [method, template, path, body]: [String; 4] = cells.try_into().unwrap();
        let path = if path.is_empty() { template.clone() } else { path };
        Row { method: method.parse().unwrap(), template, path, body, expected }
    };
    rows.into_iter().map(row).collect()
}

/// Asks one row for every role, from the one with the least right to the one with the most, and tells what is wrong.
async fn ask(stage: &Stage, row: &Row) -> Vec<String> {
    let mut offences = Vec::new();
    for (role, expected) in ROLES.into_iter().zip(&row.expected) {
        let request = stage.person(role).request(row.method.clone(), &stage.fill(&row.path));
        let request = if row.body.is_empty() {
            request
        } else {
            let body = stage.fill(&row.body).replace("<role>", role);
            request.header("content-type", "application/json").body(body)
        };
        let what = format!("{} {} as {role}", row.method, row.path);
        // A live stream does not end: its status is the answer.
        let answer = if row.template == "/events" {
            let answer = request.send().await.unwrap();
            let (status, headers) = (answer.status().as_u16(), answer.headers().clone());
            Answer { status, headers, text: String::new() }
        } else {
            Answer::of(request).await
        };
        if answer.status.to_string() != *expected {
            let said: String = answer.text.chars().take(120).collect();
            offences.push(format!("{what}: {} instead of {expected}: {said}", answer.status));
        }
        offences.extend(leaks(role, &answer.text).map(|word| format!("{what}: shows {word:?}")));
    }
    offences
}

/// The words in an answer that this role must not read.
fn leaks(role: &str, text: &str) -> impl Iterator<Item = &'static str> {
    let forbidden: &[&'static str] = if OUTSIDE.contains(&role) {
        &["secret-", "Owl"]
    } else if role == "late" {
        &["secret-old"]
    } else {
        &[]
    };
    forbidden.iter().copied().filter(move |word| text.contains(word))
}

#[tokio::test(flavor = "multi_thread")]
async fn every_route_answers_everybody_as_the_table_says() {
    let scene = Scene::build().await;
    let reading = scene.stage().await;
    let mut offences = Vec::new();
    for row in rows() {
        // Reading changes nothing; logging out does, by whatever method.
        offences.extend(if row.method == Method::GET && row.template != "/logout" {
            ask(&reading, &row).await
        } else {
            ask(&scene.stage().await, &row).await
        });
    }
    assert!(offences.is_empty(), "{} offences:\n{}", offences.len(), offences.join("\n"));
}

/// The client's own pages, which are the same for everybody; `web_routes` asks for them.
const PAGES: [&str; 7] = [
    "/",
    "/c/{*channel}",
    "/view/{*view}",
    "/login",
    "/signup",
    "/forgot-password",
    "/reset-password/{token}",
];

/// Every `.route(...)` of the router, as it is written: its path and its methods.
fn routes_of_the_router() -> BTreeSet<(String, String)> {
    let router = include_str!("../../../src/api/mod.rs");
    let mut routes = BTreeSet::new();
    for route in router.split(".route(").skip(1) {
        let path = route.split('"').nth(1).expect("a route begins with its path");
        let handlers = route.split_once(',').expect("and has handlers").1;
        for (word, method) in [("get(", "GET"), ("post(", "POST")] {
            let is_page = method == "GET" && PAGES.contains(&path);
            if handlers.contains(word) && !is_page {
                routes.insert((method.to_owned(), path.to_owned()));
            }
        }
    }
    routes
}

#[test]
fn the_table_has_every_route_that_is_served() {
    let mut missing = routes_of_the_router();
    assert!(missing.len() > 100, "the router was read");
    for row in rows() {
        missing.remove(&(row.method.to_string(), row.template));
    }
    assert!(missing.is_empty(), "routes.tsv lacks {missing:#?}");
}

#[test]
fn the_table_has_every_route_of_the_document() {
    let document = minimost::api::openapi::openapi();
    let mut missing = BTreeSet::new();
    for (path, methods) in document["paths"].as_object().unwrap() {
        for method in methods.as_object().unwrap().keys() {
            missing.insert((method.to_uppercase(), path.clone()));
        }
    }
    assert!(missing.len() > 30, "the document lists the routes");
    for row in rows() {
        missing.remove(&(row.method.to_string(), row.template));
    }
    assert!(missing.is_empty(), "routes.tsv lacks {missing:#?}");
}
