//! Problems: a document with a stable type for whatever cannot be read, is not there or is not ours, and nothing
//! changed. `every_wish.rs` says everything wrongly to every writing route.

use minimost::api::ProblemKind;
use reqwest::Method;
use reqwest::header::CONTENT_TYPE;
use serde_json::json;

use crate::support::{Answer, Person, TestServer};

async fn raw(person: &Person, path: &str, content_type: &str, body: Vec<u8>) -> Answer {
    let request = person.request(Method::POST, path).header(CONTENT_TYPE, content_type);
    Answer::of(request.body(body)).await
}

fn expect_refusal(path: &str, what: &str, answer: &Answer) {
    let kind = answer.header("content-type");
    assert!((400..500).contains(&answer.status), "{what} to {path}: {answer:?}");
    assert_eq!(kind.as_deref(), Some("application/problem+json"), "{what} to {path}");
    let problem = answer.json();
    let slug = problem["type"].as_str().unwrap().trim_start_matches("/problems/");
    assert!(ProblemKind::from_slug(slug).is_some(), "{slug} is not in the table");
}

#[tokio::test]
async fn every_wrong_field_is_named_at_once_and_one_that_nobody_asked_for_is_ignored() {
    let server = TestServer::start().await;
    let alice = server.sign_up("alice").await;
    let before = alice.cursor().await;
    let both = alice.post("/login", &json!({})).await.expect_problem(400, "invalid-fields");
    let expected = json!([
        {"pointer": "/username", "detail": "is missing"},
        {"pointer": "/password", "detail": "is missing"},
    ]);
    assert_eq!(both["errors"], expected);
    for name in ["", "a b", "ä", &"x".repeat(65)] {
        let body = json!({"text": "hi", "client_msg_id": name});
        alice.post("/send/general", &body).await.expect_problem(400, "invalid-fields");
    }
    assert_eq!(alice.cursor().await, before, "nothing changed");
    let extra = json!({"text": "hi", "colour": {"deep": [1]}, "id": 99});
    alice.post("/send/general", &extra).await.expect(201);
}

#[tokio::test]
async fn ids_and_names_that_name_nothing_are_not_found() {
    let server = TestServer::start().await;
    let [alice, bob] = server.people(["alice", "bob"]).await;
    bob.send("dm:alice:bob", "psst").await;
    let before = alice.cursor().await;
    for id in ["0", "-1", "1.5", "x", "99999", "9223372036854775808", "1e3", "%00", "1%2f..", "+1"]
    {
        let missing = alice.get(&format!("/message/{id}")).await;
        missing.expect_problem(404, "message-not-found");
        for path in ["edit", "delete", "react"] {
            let body = json!({"text": "x", "reaction": "heart"});
            let missing = alice.post(&format!("/{path}/{id}"), &body).await;
            missing.expect_problem(404, "message-not-found");
        }
    }
    let channels = [
        "nowhere",
        "General",
        "a%2fb",
        "...",
        "dm:",
        "dm::",
        "%ff",
        "dm:a/b",
        "private:",
        "private:0",
        "private:1x",
    ];
    for channel in channels {
        for path in ["messages", "channel_members", "last_read", "read_receipts"] {
            let answer = alice.get(&format!("/{path}/{channel}")).await;
            expect_refusal(channel, path, &answer);
            assert_eq!(answer.status, 404, "{path} of {channel}");
        }
        for path in ["send", "mark_read"] {
            let answer = alice.post(&format!("/{path}/{channel}"), &json!({"text": "x"})).await;
            assert_eq!(answer.status, 404, "{path} to {channel}: {answer:?}");
        }
        alice.post(&format!("/typing/{channel}"), &json!({})).await;
    }
    for path in ["/..%2f..%2fetc/passwd", "/assets/%2e%2e/log.db", "//", "/c", "/log.db"] {
        alice.get(path).await.expect_problem(404, "route-not-found");
    }
    assert_eq!(alice.cursor().await, before, "nothing changed");
}

#[tokio::test]
async fn queries_that_make_no_sense_name_the_parameter() {
    let server = TestServer::start().await;
    let alice = server.sign_up("alice").await;
    for (query, parameter) in [
        ("limit=0", "limit"),
        ("limit=201", "limit"),
        ("limit=x", "limit"),
        ("limit=-1", "limit"),
        ("limit=", "limit"),
        ("before_id=x", "before_id"),
        ("before_id=1&after_id=2", "after_id"),
        ("before_id=1&after=2", "after"),
        ("after=nan", "after"),
        ("after=inf", "after"),
        ("after=1&after=2", "after"),
    ] {
        let answer = alice.get(&format!("/messages/general?{query}")).await;
        let problem = answer.expect_problem(400, "invalid-fields");
        assert_eq!(problem["errors"][0]["parameter"], parameter, "{query}");
    }
    let says = async |query: &str| {
        let answer = alice.get(&format!("/messages/general?{query}")).await;
        answer.expect_problem(400, "invalid-fields")["errors"][0]["detail"].clone()
    };
    assert_eq!(says("limit=x").await, "must be 1 to 200");
    assert_eq!(says("limit=1&limit=2").await, "is given twice");
    alice.page("general", "after=-1e300&before=1e300").await;
    alice.page("general", "before_id=0").await;
    alice.page("general", "after_id=9223372036854775807").await;
}

#[tokio::test]
async fn other_people_s_messages_are_not_ours_to_change() {
    let server = TestServer::start().await;
    let [alice, mallory] = server.people(["alice", "mallory"]).await;
    let id = alice.send("general", "mine").await["id"].clone();
    let text = json!({"text": "stolen"});
    mallory.post(&format!("/edit/{id}"), &text).await.expect_problem(403, "not-the-sender");
    mallory.post(&format!("/delete/{id}"), &json!({})).await.expect_problem(403, "not-the-sender");
    assert_eq!(alice.texts("general").await, ["mine"]);
    alice.delete(&id).await;
    alice.post(&format!("/edit/{id}"), &text).await.expect_problem(409, "message-deleted");
    let reaction = json!({"reaction": "heart"});
    alice.post(&format!("/react/{id}"), &reaction).await.expect_problem(409, "message-deleted");
    let live = alice.send("general", "mine too").await["id"].clone();
    let reaction = json!({"reaction": "no such thing"});
    alice.post(&format!("/react/{live}"), &reaction).await.expect_problem(422, "unknown-reaction");
    for text in ["", "  \n\t ", "\u{0}"] {
        let answer = alice.post("/send/general", &json!({"text": text})).await;
        answer.expect_problem(422, "text-empty");
    }
    let long = json!({"text": "é".repeat(10_001)});
    alice.post("/send/general", &long).await.expect_problem(422, "text-too-long");
    let emoji = "\u{1f600}".repeat(10_000);
    let escaped = format!("{{\"text\": \"{}\"}}", "\\ud83d\\ude00".repeat(10_000)).into_bytes();
    let sent = raw(&alice, "/send/general", "application/json", escaped).await.expect(201);
    assert_eq!(sent["content"], emoji, "the longest message fits, however it is escaped");
}

#[tokio::test]
async fn without_a_session_nothing_is_to_be_had() {
    let server = TestServer::start().await;
    let alice = server.sign_up("alice").await;
    let before = alice.cursor().await;
    for stranger in [server.stranger(), alice.with_token("wrong"), alice.with_token("\u{e9}")] {
        let reads =
            ["/me", "/state", "/users", "/channels", "/dms", "/messages/general", "/events"];
        for path in reads.into_iter().chain(["/mentions", "/online_users", "/emoji"]) {
            stranger.get(path).await.expect_problem(401, "not-logged-in");
        }
        stranger.get("/healthz").await.expect(200);
    }
    assert_eq!(alice.cursor().await, before, "nothing changed");
}

#[tokio::test]
async fn wrong_paths_and_methods_are_problems_too() {
    let server = TestServer::start().await;
    let alice = server.sign_up("alice").await;
    alice.get("/no/such/thing").await.expect_problem(404, "route-not-found");
    let answer = Answer::of(alice.request(Method::DELETE, "/me")).await;
    assert_eq!(answer.header("allow").as_deref(), Some("GET,HEAD"));
    answer.expect_problem(405, "method-not-allowed");
    alice.get("/send/general").await.expect_problem(405, "method-not-allowed");
    let page = alice.request(Method::GET, "/no/such").header("accept", "text/html");
    let page = Answer::of(page).await;
    assert_eq!(page.status, 404);
    assert!(page.text.contains("There is nothing here"), "{}", page.text);
    let head = Answer::of(alice.request(Method::HEAD, "/me")).await;
    assert_eq!((head.status, head.text.as_str()), (200, ""));
}

#[tokio::test]
async fn every_answer_carries_the_security_headers() {
    let server = TestServer::start().await;
    let alice = server.sign_up("alice").await;
    for path in ["/me", "/login", "/nothing", "/openapi.json", "/problems/not-a-member"] {
        let answer = alice.get(path).await;
        assert_eq!(answer.header("x-content-type-options").as_deref(), Some("nosniff"), "{path}");
        assert_eq!(answer.header("x-frame-options").as_deref(), Some("DENY"), "{path}");
        let policy = answer.header("content-security-policy").unwrap();
        assert!(policy.contains("script-src 'self';"), "{policy}");
    }
    assert_eq!(alice.get("/me").await.header("cache-control").as_deref(), Some("no-store"));
    assert_eq!(alice.get("/login").await.header("cache-control").as_deref(), Some("no-cache"));
}

#[tokio::test]
async fn every_kind_of_problem_is_explained() {
    let server = TestServer::start().await;
    for kind in ProblemKind::ALL {
        let answer = server.stranger().get(&format!("/problems/{}", kind.slug())).await;
        assert_eq!(answer.expect(200)["title"], kind.title());
    }
    server.stranger().get("/problems/none").await.expect_problem(404, "route-not-found");
    let table = ProblemKind::ALL
        .iter()
        .map(|kind| format!("{} {} {}", kind.status().as_u16(), kind.slug(), kind.title()));
    insta::assert_snapshot!(table.collect::<Vec<_>>().join("\n"));
}
