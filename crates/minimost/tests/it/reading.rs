//! Reading: markers that go back, everything at once, who has read what, and the feed of mentions.

use serde_json::{Value, json};

use crate::support::{Person, TestServer};

async fn receipts(person: &Person, message: &Value) -> Vec<Value> {
    let receipts = person.get(&format!("/receipts/{}", message["id"])).await.expect(200);
    receipts.as_array().unwrap().iter().map(|receipt| receipt["user"].clone()).collect()
}

/// The ids of a page or a feed.
fn ids(messages: &Value) -> Vec<Value> {
    messages.as_array().unwrap().iter().map(|message| message["id"].clone()).collect()
}

#[tokio::test]
async fn what_was_read_can_be_unread_again_and_everything_read_at_once() {
    let server = TestServer::start().await;
    let [alice, bob] = server.people(["alice", "bob"]).await;
    let first = alice.send("general", "one").await;
    let second = alice.send("general", "two @bob").await;
    alice.send("random", "three").await;
    bob.mark_read("general").await;
    assert_eq!(receipts(&alice, &first).await, ["bob"]);
    bob.post(&format!("/mark_unread/{}", second["id"]), &json!({})).await.expect(204);
    assert_eq!(bob.unreads().await["general"], 1);
    assert_eq!(receipts(&alice, &second).await, Vec::<Value>::new(), "the receipt went with it");
    assert_eq!(receipts(&alice, &first).await, ["bob"]);
    assert_eq!(ids(&bob.get("/mentions").await.expect(200)), [second["id"].clone()]);
    bob.post("/mark_all_read", &json!({})).await.expect(204);
    assert_eq!(bob.unreads().await.values().sum::<u64>(), 0);
    assert_eq!(bob.get("/mentions").await.expect(200), json!([]));
    assert_eq!(ids(&bob.get("/mentions?all=true").await.expect(200)), [second["id"].clone()]);
}

#[tokio::test]
async fn a_page_can_be_drawn_around_a_message() {
    let server = TestServer::start().await;
    let alice = server.sign_up("alice").await;
    let mut sent = Vec::new();
    for number in 0..7 {
        sent.push(alice.send("general", &format!("message {number}")).await);
    }
    let page = alice.page("general", &format!("around_id={}&limit=3", sent[3]["id"])).await;
    assert_eq!(page, sent[2..5]);
    let path = format!("/messages/random?around_id={}", sent[3]["id"]);
    alice.get(&path).await.expect_problem(404, "message-not-found");
}
