//! What one connection carries: questions at once, in halves and after each other, and a stream at its end.

use serde_json::json;

use crate::support::{Person, TestServer, Wire};

fn ask(path: &str, alice: &Person) -> String {
    let token = &alice.token;
    format!("GET {path} HTTP/1.1\r\nHost: localhost\r\nAuthorization: Bearer {token}\r\n\r\n")
}

#[tokio::test]
async fn questions_at_once_in_halves_and_one_by_one_are_answered_in_their_order() {
    let server = TestServer::start().await;
    let alice = server.sign_up("alice").await;
    let mut wire = Wire::open(&server).await;
    let (me, health) = (ask("/me", &alice), ask("/healthz", &alice));
    // Two and a half; the rest when the first two are answered.
    let (half, rest) = me.split_at(me.len() / 2);
    wire.say(&format!("{me}{health}{half}")).await;
    assert!(wire.hear().await.unwrap().body.contains("alice"));
    assert!(wire.hear().await.unwrap().body.contains("status"));
    wire.say(rest).await;
    assert!(wire.hear().await.unwrap().body.contains("alice"));
    for byte in me.split_inclusive('\n') {
        wire.say(byte).await;
    }
    assert!(wire.hear().await.unwrap().body.contains("alice"));
    wire.say(&health.replace("\r\n\r\n", "\r\nConnection: close\r\n\r\n")).await;
    assert!(wire.hear().await.unwrap().body.contains("status"));
    assert!(wire.has_ended().await, "as was asked");
}

#[tokio::test]
async fn a_stream_is_an_answer_like_any_other_and_the_last_of_its_connection() {
    let server = TestServer::start().await;
    let alice = server.sign_up("alice").await;
    let mut wire = Wire::open(&server).await;
    wire.say(&ask("/me", &alice)).await;
    assert_eq!(wire.hear().await.unwrap().status, 200);
    wire.say(&ask("/events", &alice)).await;
    let head = wire.hear().await.unwrap();
    assert_eq!(head.status, 200);
    for (name, value) in [
        ("content-type", "text/event-stream; charset=utf-8"),
        ("transfer-encoding", "chunked"),
        ("connection", "close"),
        ("cache-control", "no-cache"),
        ("x-content-type-options", "nosniff"),
    ] {
        assert_eq!(head.header(name), Some(value));
    }
    assert!(head.header("date").unwrap().ends_with(" gmt"), "{head:?}");
    assert!(wire.hear_chunk().await.unwrap().contains("event: hello"));
    // It is no place for more questions.
    wire.say(&ask("/me", &alice)).await;
    let sent = alice.send("general", "across").await;
    loop {
        let piece = wire.hear_chunk().await.unwrap();
        assert!(!piece.contains("HTTP/1.1"), "{piece}");
        if piece.contains("\"across\"") {
            assert!(piece.contains(&format!("\"id\":{}", sent["id"])), "{piece}");
            break;
        }
    }
    alice.post("/logout", &json!({})).await.expect(204);
    while wire.hear_chunk().await.is_some() {}
    assert!(wire.has_ended().await, "the stream is over, and it was the last");
}

#[tokio::test]
async fn a_stream_that_is_asked_for_behind_answers_that_nobody_takes_comes_after_them() {
    let server = TestServer::start().await;
    let alice = server.sign_up("alice").await;
    let mut wire = Wire::open(&server).await;
    // More than the buffers of both kernels hold.
    let long = alice.get("/emoji").await;
    let answers = 32 * 1024 * 1024 / long.json().to_string().len();
    let questions = ask("/emoji", &alice).repeat(answers);
    wire.say(&format!("{questions}{}", ask("/events", &alice))).await;
    for _ in 0..answers {
        assert_eq!(wire.hear().await.unwrap().status, 200);
    }
    assert_eq!(wire.hear().await.unwrap().header("transfer-encoding"), Some("chunked"));
    assert!(wire.hear_chunk().await.unwrap().contains("event: hello"));
}

#[tokio::test]
async fn an_old_program_has_its_stream_until_the_connection_ends() {
    let server = TestServer::start().await;
    let alice = server.sign_up("alice").await;
    let mut wire = Wire::open(&server).await;
    wire.say(&ask("/events", &alice).replace("HTTP/1.1", "HTTP/1.0")).await;
    let head = wire.hear().await.unwrap();
    assert_eq!((head.status, head.header("transfer-encoding")), (200, None));
    alice.send("general", "across").await;
    alice.post("/logout", &json!({})).await.expect(204);
    let said = wire.hear_all().await;
    assert!(said.contains("event: hello") && said.contains("\"across\""), "{said}");
}

#[tokio::test]
async fn who_streams_and_goes_is_gone() {
    let server = TestServer::with(|config| config.limits.connections_per_person = 1).await;
    let alice = server.sign_up("alice").await;
    let mut wire = Wire::open(&server).await;
    wire.say(&ask("/events", &alice)).await;
    assert_eq!(wire.hear().await.unwrap().status, 200);
    alice.get("/me").await.expect_problem(429, "too-much-at-once");
    drop(wire);
    while alice.get("/me").await.status != 200 {}
}

#[tokio::test]
async fn who_talks_into_a_stream_without_end_loses_it() {
    let server = TestServer::start().await;
    let mallory = server.sign_up("mallory").await;
    let mut wire = Wire::open(&server).await;
    wire.say(&ask("/events", &mallory)).await;
    assert_eq!(wire.hear().await.unwrap().status, 200);
    assert!(wire.hear_chunk().await.unwrap().contains("event: hello"));
    // A little between two events is too much in the end as well.
    let talk = "x".repeat(20 * 1024);
    for round in 0.. {
        assert!(round < 10, "200 KiB are more than 64");
        if !wire.try_say(&talk).await {
            break;
        }
        mallory.send("general", "across").await;
        if wire.hear_chunk().await.is_none() {
            break;
        }
    }
}

#[tokio::test]
async fn what_stands_behind_a_head_that_is_refused_is_not_done() {
    let server = TestServer::start().await;
    let alice = server.sign_up("alice").await;
    let twice =
        "POST /login HTTP/1.1\r\nHost: localhost\r\nContent-Length: 5\r\nContent-Length: 6\r\n\r\n";
    let old = "POST /login HTTP/1.0\r\nHost: localhost\r\nTransfer-Encoding: chunked\r\n\r\n";
    for refused in [twice, old, "no head at all\r\n\r\n"] {
        let mut wire = Wire::open(&server).await;
        let said = r#"{"text":"behind it"}"#;
        let send = ask("/send/general", &alice).replace("GET", "POST").replace(
            "\r\n\r\n",
            &format!(
                "\r\nContent-Type: application/json\r\nContent-Length: {}\r\n\r\n",
                said.len()
            ),
        );
        wire.say(&format!("{}{refused}{send}{said}", ask("/healthz", &alice))).await;
        assert_eq!(wire.hear().await.unwrap().status, 200);
        assert_eq!(wire.hear().await.unwrap().status, 400, "{refused}");
        assert!(wire.has_ended().await, "{refused}");
        assert!(alice.messages("general").await.is_empty(), "{refused}");
    }
}
