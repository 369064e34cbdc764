//! What is compressed on its way, for whom, and what never is.

use std::collections::BTreeSet;
use std::io::Read;

use flate2::read::GzDecoder;
use reqwest::Method;
use reqwest::header::{ACCEPT_ENCODING, ETAG, HeaderMap, IF_NONE_MATCH};
use serde_json::{Value, json};

use crate::support::{PASSWORD, Person, TestServer};

const SEC_FETCH_SITE: &str = "sec-fetch-site";

/// Asks as a browser does, and answers with the headers and the bytes as they came.
async fn ask(person: &Person, path: &str, site: &str) -> (HeaderMap, Vec<u8>) {
    let request = person.request(Method::GET, path).header(ACCEPT_ENCODING, "gzip, br");
    let answer = request.header(SEC_FETCH_SITE, site).send().await.unwrap();
    (answer.headers().clone(), answer.bytes().await.unwrap().to_vec())
}

fn coding(headers: &HeaderMap) -> Option<&str> {
    headers.get("content-encoding").map(|coding| coding.to_str().unwrap())
}

fn unpacked(short: &[u8]) -> Value {
    let mut json = String::new();
    GzDecoder::new(short).read_to_string(&mut json).expect("it is gzip");
    serde_json::from_str(&json).expect("it is JSON")
}

async fn much_talk() -> (TestServer, Person) {
    let server = TestServer::start().await;
    let alice = server.sign_up("alice").await;
    for number in 0..20 {
        alice.send("general", &format!("message {number}: {}", "one two three ".repeat(10))).await;
    }
    (server, alice)
}

#[tokio::test]
async fn a_long_answer_is_compressed_for_whoever_reads_gzip() {
    let (_server, alice) = much_talk().await;
    let plain = alice.get("/messages/general").await;
    assert_eq!(coding(&plain.headers), None, "who says nothing gets it as it is");
    let (headers, short) = ask(&alice, "/messages/general", "same-origin").await;
    assert_eq!(coding(&headers), Some("gzip"));
    assert_eq!(headers["vary"], "accept-encoding");
    assert!(headers.contains_key("minimost-cursor"), "{headers:?}");
    assert!(short.len() * 3 < plain.text.len(), "{} of {} bytes", short.len(), plain.text.len());
    assert_eq!(unpacked(&short), plain.json());

    let (headers, bytes) = ask(&alice, "/me", "same-origin").await;
    assert_eq!(coding(&headers), None, "{} bytes are sent as they are", bytes.len());
}

#[tokio::test]
async fn the_state_is_the_same_compressed_or_not_for_each_and_after_every_change() {
    let server = TestServer::start().await;
    let [alice, bob] = server.people(["alice", "bob"]).await;
    for number in 0..40 {
        server.sign_up(&format!("person{number}")).await;
    }
    for (path, wish) in [
        ("/profile", json!({"display_name": "Alice \u{1f600} of the house"})),
        ("/status", json!({"emoji": "palm_tree", "text": "away"})),
        ("/groups", json!({"handle": "crew", "name": "Crew", "members": ["bob"]})),
        ("/admin/settings", json!({"signup": "closed"})),
        ("/admin/people/bob/role", json!({"is_admin": true})),
        ("/admin/people/person3/deactivate", json!({})),
        ("/preferences", json!({"theme": "dark"})),
    ] {
        let status = alice.post(path, &wish).await.status;
        assert!((200..300).contains(&status), "{path}: {status}");
        for person in [&alice, &bob] {
            let mut plain = person.get("/state").await.expect(200);
            let (headers, short) = ask(person, "/state", "same-origin").await;
            assert_eq!(coding(&headers), Some("gzip"));
            assert_eq!(headers["content-type"], "application/json");
            let mut unpacked = unpacked(&short);
            // Between the two a round of presence may have been told.
            let without_presence = |state: &mut Value| state["presence"].take().is_object();
            assert!(without_presence(&mut plain) && without_presence(&mut unpacked));
            assert_eq!(unpacked, plain, "after {path}");
            assert_eq!(plain["me"]["username"], person.name);
            assert_eq!(plain["people"], person.get("/people").await.expect(200), "after {path}");
            assert_eq!(plain["groups"], person.get("/groups").await.expect(200), "after {path}");
        }
    }
    let settings = alice.get("/admin/settings").await.expect(200);
    assert_eq!(bob.state().await["settings"], settings);
}

#[tokio::test]
async fn what_another_site_has_a_browser_ask_for_is_not_compressed() {
    let (_server, alice) = much_talk().await;
    assert_eq!(coding(&ask(&alice, "/messages/general", "same-origin").await.0), Some("gzip"));
    for site in ["cross-site", "same-site", "none"] {
        assert_eq!(coding(&ask(&alice, "/messages/general", site).await.0), None, "{site}");
    }
}

#[tokio::test]
async fn an_answer_that_holds_a_token_is_not_compressed() {
    let (server, _alice) = much_talk().await;
    let account = json!({"username": "alice", "password": PASSWORD});
    let request = server.stranger().request(Method::POST, "/login").json(&account);
    let answer = request.header(ACCEPT_ENCODING, "gzip").send().await.unwrap();
    assert_eq!((answer.status().as_u16(), coding(answer.headers())), (200, None));
    let answer: Value = serde_json::from_slice(&answer.bytes().await.unwrap()).unwrap();
    assert!(answer["token"].is_string(), "{answer}");
}

#[tokio::test]
async fn the_length_of_a_compressed_answer_is_blurred() {
    let (_server, alice) = much_talk().await;
    let mut lengths = BTreeSet::new();
    for _ in 0..20 {
        lengths.insert(ask(&alice, "/messages/general", "same-origin").await.1.len());
    }
    assert!(lengths.len() > 1, "the same answer has always {lengths:?} bytes");
}

#[tokio::test]
async fn the_live_stream_is_never_compressed() {
    let (_server, alice) = much_talk().await;
    let request = alice.request(Method::GET, &format!("/events?cursor={}", alice.cursor().await));
    let request = request.header(ACCEPT_ENCODING, "gzip").header(SEC_FETCH_SITE, "same-origin");
    let answer = request.send().await.unwrap();
    assert_eq!((answer.status().as_u16(), coding(answer.headers())), (200, None));
}

#[tokio::test]
async fn what_is_the_same_for_everybody_is_sent_once() {
    let (_server, alice) = much_talk().await;
    let (headers, short) = ask(&alice, "/emoji", "same-origin").await;
    assert_eq!(coding(&headers), Some("gzip"));
    assert_eq!(unpacked(&short), alice.get("/emoji").await.json());
    for path in ["/emoji", "/login"] {
        let (headers, _) = ask(&alice, path, "same-origin").await;
        let again = alice.request(Method::GET, path).header(IF_NONE_MATCH, headers[ETAG].clone());
        let again = again.send().await.unwrap();
        assert_eq!(again.status(), 304, "{path}");
        assert!(again.bytes().await.unwrap().is_empty(), "{path}");
        let other = alice.request(Method::GET, path).header(IF_NONE_MATCH, "\"another\"");
        assert_eq!(other.send().await.unwrap().status(), 200, "{path}");
    }
}
