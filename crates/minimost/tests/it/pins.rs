//! Pins: messages that a channel keeps in view.

use serde_json::{Value, json};

use crate::support::{Person, TestServer};

#[tokio::test]
async fn a_pinned_message_is_in_view_for_everybody_in_the_channel() {
    let server = TestServer::start().await;
    let [alice, bob] = server.people(["alice", "bob"]).await;
    let plan = alice.send("general", "the plan").await;
    let mut events = alice.events().await;

    let pins = bob.post(&format!("/pin/{}", plan["id"]), &json!({})).await.expect(200);
    let event = events.next_named("message_pinned").await;
    let expected = json!([{
        "id": plan["id"], "channel": "general", "sender": "alice", "ts": plan["ts"],
        "content": "the plan", "filename": null, "pinned_by": "bob",
        "pinned_ts": event.data["pinned_ts"],
    }]);
    assert_eq!(pins, expected);
    assert_eq!((&event.data["user"], &event.data["on"]), (&json!("bob"), &json!(true)));
    assert_eq!(pins_of(&alice, "general").await, expected);
    let pins = alice.post(&format!("/pin/{}", plan["id"]), &json!({})).await.expect(200);
    assert_eq!(pins, json!([]), "again unpins");
}

async fn pins_of(person: &Person, channel: &str) -> Value {
    person.get(&format!("/pins/{channel}")).await.expect(200)
}
