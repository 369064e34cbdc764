//! As many as may be: streams leave room for requests, and requests for streams.

use reqwest::Method;
use serde_json::json;

use crate::support::{Person, TestServer, Wire};

const PING: &str = "GET /healthz HTTP/1.1\r\nHost: localhost\r\n\r\n";

async fn ask_for_a_stream(person: &Person) -> reqwest::Response {
    person.request(Method::GET, "/events").send().await.unwrap()
}

/// Connections that were answered and stay, until one is told to come back; and what that one was told.
async fn fill(server: &TestServer) -> (Vec<Wire>, String) {
    let mut here = Vec::new();
    for _ in 0..100 {
        let mut visitor = Wire::open(server).await;
        // Whoever is turned away may hear so before all of it is said.
        visitor.say(PING).await;
        match visitor.hear().await {
            Some(said) if said.status == 200 => here.push(visitor),
            Some(said) => {
                assert_eq!(said.status, 503, "{said:?}");
                assert!(said.header("retry-after").is_some(), "{said:?}");
                return (here, said.body);
            }
            None => unreachable!("it is told before it ends"),
        }
    }
    panic!("a hundred came in");
}

#[tokio::test]
async fn where_all_streams_are_taken_the_next_is_told_to_come_back_and_everybody_sends() {
    let server = TestServer::with(|config| config.limits.streams = 2).await;
    let [alice, bob, carol] = server.people(["alice", "bob", "carol"]).await;
    let mut of_alice = alice.events().await;
    let of_bob = bob.events().await;
    let refused = ask_for_a_stream(&carol).await;
    assert_eq!(refused.status(), 503);
    assert!(refused.headers().contains_key("retry-after"));
    assert!(refused.text().await.unwrap().contains("/problems/busy"));
    let said = carol.send("general", "I hear nothing, and say this").await;
    let heard = of_alice.next_named("message_posted").await;
    assert_eq!(heard.data["id"], said["id"]);
    drop(of_bob);
    // There is room when the server has seen the end of it.
    while ask_for_a_stream(&carol).await.status() != 200 {}
}

#[tokio::test]
async fn a_crowd_of_connections_takes_no_streams_place_and_streams_none_of_theirs() {
    let server = TestServer::with(|config| {
        config.limits.connections = 4;
        config.limits.streams = 8;
    })
    .await;
    let [alice, bob] = server.people(["alice", "bob"]).await;
    let mut streams = Vec::new();
    for _ in 0..3 {
        streams.push(alice.events().await);
        streams.push(bob.events().await);
    }
    let said = bob.send("general", "six streams, and room for this").await;
    for stream in &mut streams {
        assert_eq!(stream.next_named("message_posted").await.data["id"], said["id"]);
    }
    let (mut crowd, told) = fill(&server).await;
    assert!(told.contains("/problems/busy"), "{told}");
    // One of them goes, so that somebody can say something.
    crowd.pop();
    loop {
        let body = json!({"text": "they are all still here"});
        let sent = bob.request(Method::POST, "/send/general").json(&body).send().await;
        match sent.map(|answer| answer.status().as_u16()) {
            Ok(201) => break,
            // Turned away, until the server has seen the end of the one that went.
            Ok(503) | Err(_) => {}
            Ok(other) => panic!("{other}"),
        }
    }
    for stream in &mut streams {
        let heard = stream.next_named("message_posted").await;
        assert_eq!(heard.data["content"], "they are all still here");
    }
    let mut waiting = crowd.pop().unwrap();
    waiting.say(PING).await;
    assert_eq!(waiting.hear().await.unwrap().status, 200, "nor has one of the crowd gone");
}
