//! Whatever is sent to whatever route: a problem document with a stable type, and nothing changed.

use minimost::api::ProblemKind;
use reqwest::Method;
use reqwest::header::CONTENT_TYPE;
use serde_json::{Value, json};

use crate::support::{Answer, Person, TestServer};

/// Every route that takes a body, with one that it likes.
fn bodies(id: &Value) -> Vec<(String, Value)> {
    let body = |path: &str, body: Value| (path.to_owned(), body);
    vec![
        body("/signup", json!({"username": "carol", "password": "Correct-horse-1"})),
        body("/login", json!({"username": "bob", "password": "Correct-horse-1"})),
        body(
            "/change-password",
            json!({"current_password": "Correct-horse-1", "new_password": "Correct-horse-2"}),
        ),
        body("/channels", json!({"channel": "ops", "name": "Ops"})),
        body("/channels/random/rename", json!({"name": "Random"})),
        body("/channels/random/topic", json!({"topic": "Anything"})),
        body("/channels/random/description", json!({"description": "Anything"})),
        body("/channels/random/members/remove", json!({"user": "bob"})),
        body("/channels/random/owner", json!({"user": "bob"})),
        body("/channels/private:999999/members", json!({"users": ["bob"]})),
        body("/private_channels/create", json!({"name": "Surprise"})),
        body("/private_channels/999999/rename", json!({"name": "Surprise"})),
        body("/private_channels/999999/add_member", json!({"username": "bob"})),
        body("/dms", json!({"users": ["bob"]})),
        body("/dms/close", json!({"channel": "dm:alice:bob"})),
        body("/dms/open", json!({"channel": "dm:alice:bob"})),
        body("/send/general", json!({"text": "hi"})),
        body(&format!("/edit/{id}"), json!({"text": "hi"})),
        body(&format!("/react/{id}"), json!({"reaction": "heart"})),
        body("/viewing", json!({"stream": "1"})),
    ]
}

/// Routes whose fields may all be left out.
fn free_bodies(id: &Value) -> Vec<String> {
    let paths = [
        "/mark_read/general",
        "/channels/random/join",
        "/channels/random/leave",
        "/channels/random/archive",
        "/private_channels/999999/leave",
    ];
    let mut paths: Vec<_> = paths.map(str::to_owned).into();
    paths.push(format!("/delete/{id}"));
    paths
}

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
async fn a_body_that_cannot_be_read_is_refused_everywhere() {
    let server = TestServer::start().await;
    let [alice, _bob] = server.people(["alice", "bob"]).await;
    let id = alice.send("general", "here").await["id"].clone();
    let before = (alice.state().await, alice.cursor().await);
    let json = "application/json";
    let huge = format!("{{\"text\": \"{}\"}}", "x".repeat(200_000)).into_bytes();
    let deep = "[".repeat(100_000).into_bytes();
    let mut paths = free_bodies(&id);
    paths.extend(bodies(&id).into_iter().map(|(path, _)| path));
    for path in &paths {
        for (what, body) in [
            ("half an object", b"{\"text\": ".to_vec()),
            ("an array", b"[1, 2]".to_vec()),
            ("a number", b"7".to_vec()),
            ("null", b"null".to_vec()),
            ("invalid UTF-8", b"{\"text\": \"\xff\xfe\"}".to_vec()),
            ("a lone surrogate", b"{\"text\": \"\\ud800\"}".to_vec()),
            ("a number too large", b"{\"text\": 1e999}".to_vec()),
            ("a deep array", deep.clone()),
        ] {
            let answer = raw(&alice, path, json, body).await;
            expect_refusal(path, what, &answer);
            assert_eq!(answer.status, 400, "{what} to {path}");
        }
        let answer = raw(&alice, path, json, huge.clone()).await;
        answer.expect_problem(413, "body-too-large");
        let answer = raw(&alice, path, "application/x-www-form-urlencoded", b"text=%ff".to_vec());
        answer.await.expect_problem(400, "malformed-body");
        let answer = raw(&alice, path, "multipart/form-data; boundary=x", b"--x\r\n".to_vec());
        answer.await.expect_problem(400, "malformed-body");
        let answer = raw(&alice, path, "application/xml", b"<text/>".to_vec());
        answer.await.expect_problem(415, "unsupported-media-type");
    }
    assert_eq!((alice.state().await, alice.cursor().await), before, "nothing changed");
}

#[tokio::test]
async fn a_field_that_is_missing_or_of_another_type_is_named() {
    let server = TestServer::start().await;
    let [alice, _bob] = server.people(["alice", "bob"]).await;
    let id = alice.send("general", "here").await["id"].clone();
    let before = alice.cursor().await;
    for (path, good) in bodies(&id) {
        let required = good.as_object().unwrap().keys();
        let required = required.filter(|field| path != "/channels" || *field != "name");
        for field in required {
            let pointer = format!("/{field}");
            for wrong in [json!(null), json!({"a": 1}), json!([[1]]), json!(true), json!(1.5)] {
                let mut body = good.clone();
                body[field] = wrong;
                let problem = alice.post(&path, &body).await.expect_problem(400, "invalid-fields");
                assert_eq!(problem["errors"][0]["pointer"], pointer, "{path} {body}");
            }
            let mut body = good.clone();
            body.as_object_mut().unwrap().remove(field);
            let problem = alice.post(&path, &body).await.expect_problem(400, "invalid-fields");
            assert_eq!(problem["errors"][0]["detail"], "is missing", "{path} {body}");
        }
    }
    let both = alice.post("/login", &json!({})).await.expect_problem(400, "invalid-fields");
    assert_eq!(both["errors"].as_array().unwrap().len(), 2, "all at once");
    for (field, wrong) in [
        ("reply_to_id", json!("17")),
        ("reply_to_id", json!(-1)),
        ("reply_to_id", json!(1.5)),
        ("reply_to_id", json!(u64::MAX)),
        ("client_msg_id", json!("")),
        ("client_msg_id", json!("a b")),
        ("client_msg_id", json!("x".repeat(65))),
    ] {
        let mut body = json!({"text": "hi"});
        body[field] = wrong;
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
    let id = alice.send("general", "here").await["id"].clone();
    let before = alice.cursor().await;
    for stranger in [server.stranger(), alice.with_token("wrong"), alice.with_token("\u{e9}")] {
        for (path, body) in bodies(&id).into_iter().skip(2) {
            stranger.post(&path, &body).await.expect_problem(401, "not-logged-in");
        }
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
