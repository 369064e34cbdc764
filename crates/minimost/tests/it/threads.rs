//! Threads: replies beside the channel, who follows them, and what waits there.

use serde_json::{Value, json};

use crate::support::{Person, TestServer};

/// Replies in the thread under a message.
async fn reply(person: &Person, root: &Value, text: &str) -> Value {
    let body = json!({"text": text, "thread_id": root["id"]});
    let channel = root["channel"].as_str().unwrap();
    person.post(&format!("/send/{channel}"), &body).await.expect(201)
}

async fn thread(person: &Person, root: &Value) -> Value {
    person.get(&format!("/thread/{}", root["id"])).await.expect(200)
}

/// The threads that somebody follows: their roots, what waits there and how much of it names them.
async fn followed(person: &Person) -> Vec<(Value, Value, Value)> {
    let threads = person.get("/threads").await.expect(200);
    let line = |it: &Value| (it["id"].clone(), it["unread"].clone(), it["mentions"].clone());
    threads.as_array().unwrap().iter().map(line).collect()
}

#[tokio::test]
async fn a_reply_in_a_thread_is_beside_the_channel_and_waits_for_who_follows() {
    let server = TestServer::start().await;
    let [alice, bob, carol] = server.people(["alice", "bob", "carol"]).await;
    let mut events = alice.events().await;
    let root = alice.send("general", "who deploys?").await;
    let first = reply(&bob, &root, "me").await;
    assert_eq!(first["thread_id"], root["id"]);
    assert_eq!(bob.messages("general").await.len(), 1, "the channel shows the root alone");

    let live = events.next_named("thread_replied").await.data;
    assert_eq!(live["id"], first["id"]);
    assert_eq!(live["root_thread"]["replies"], 1);
    let page = thread(&alice, &root).await;
    assert_eq!(page["root"]["thread"], live["root_thread"], "the page says what the stream said");
    assert_eq!(page["replies"], json!([first]));
    assert_eq!((&page["following"], &page["unread"]), (&json!(true), &json!(1)));
    assert_eq!(followed(&alice).await, [(root["id"].clone(), json!(1), json!(0))]);
    assert_eq!(alice.state().await["threads"], json!({"unread": 1, "mentions": 0}));
    assert_eq!(followed(&carol).await, [], "carol has nothing to do with it");
    assert_eq!(alice.unreads().await["general"], 0, "the channel's count is about its timeline");

    alice.post(&format!("/thread/{}/read", root["id"]), &json!({})).await.expect(204);
    assert_eq!(followed(&alice).await, [(root["id"].clone(), json!(0), json!(0))]);
    assert_eq!(thread(&alice, &root).await["last_read_id"], first["id"]);
}
