//! Pins: messages that a channel keeps in view. Here: outsiders, late joiners, who was removed, and restarts on files
//! that were compared with the log; `every_wish.rs` has the rest of bad input.

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

#[tokio::test]
async fn carol_sees_and_pins_nothing_from_before_she_came_and_mallory_nothing_at_all() {
    let server = TestServer::start().await;
    let [alice, _bob, carol, mallory] = server.people(["alice", "bob", "carol", "mallory"]).await;
    let channel = alice.create_private(&["bob"]).await;
    let early = alice.send(&channel, "before carol").await;
    alice.add(&channel, "carol").await;
    let late = alice.send(&channel, "after carol").await;
    let mut events = carol.events().await;
    pin(&alice, &early).await;
    pin(&alice, &late).await;

    let event = events.next_named("message_pinned").await;
    assert_eq!(event.data["id"], late["id"], "of the earlier one she hears nothing");
    assert_eq!(ids(&pins_of(&alice, &channel).await), [&late["id"], &early["id"]], "newest first");
    assert_eq!(ids(&pins_of(&carol, &channel).await), [&late["id"]]);
    let path = format!("/pin/{}", early["id"]);
    for wish in [json!({}), json!({"on": false}), json!({"on": true})] {
        carol.post(&path, &wish).await.expect_problem(404, "message-not-found");
        mallory.post(&path, &wish).await.expect_problem(404, "message-not-found");
    }
    mallory.get(&format!("/pins/{channel}")).await.expect_problem(403, "not-a-member");
    mallory.get("/pins/private:999999").await.expect_problem(403, "not-a-member");
    let pins = carol.post(&format!("/pin/{}", late["id"]), &json!({"on": true})).await.expect(200);
    assert_eq!(ids(&pins), [&late["id"]], "the answer has no more than the list");
    assert_eq!(pins_of(&alice, &channel).await.as_array().unwrap().len(), 2, "nothing changed");
}

#[tokio::test]
async fn a_pin_is_not_seen_by_who_left_and_is_there_when_they_come_back() {
    let mut server = TestServer::start().await;
    let [alice, bob] = server.people(["alice", "bob"]).await;
    let channel = alice.create_private(&["bob"]).await;
    let plan = alice.send(&channel, "the plan").await;
    pin(&bob, &plan).await;
    let pins = async |person: &Person| {
        let state = person.state().await;
        let channels = state["channels"].as_array().unwrap().clone();
        let entry = channels.into_iter().find(|entry| entry["channel"] == *channel);
        entry.map(|entry| entry["pins"].clone())
    };
    assert_eq!(pins(&bob).await, Some(json!([plan["id"]])));
    alice.remove(&channel, "bob").await;
    let mut events = bob.events().await;
    let path = format!("/pin/{}", plan["id"]);
    alice.post(&path, &json!({"on": false})).await.expect(200);
    pin(&alice, &plan).await;
    let end = alice.send("general", "to all").await;
    assert_eq!(events.next_event().await.data, end, "bob hears of no pins any more");
    assert_eq!(pins(&bob).await, None);
    bob.get(&format!("/pins/{channel}")).await.expect_problem(403, "not-a-member");
    bob.post(&path, &json!({})).await.expect_problem(404, "message-not-found");
    server.restart_checked().await;
    let [alice, bob] = [alice.at(&server), bob.at(&server)];
    assert_eq!(pins(&bob).await, None);
    let back = json!({"users": ["bob"], "history": "start"});
    alice.post(&format!("/channels/{channel}/members"), &back).await.expect(200);
    assert_eq!(pins(&bob).await, Some(json!([plan["id"]])));
    assert_eq!(pins_of(&bob, &channel).await[0]["pinned_by"], "alice");
}

#[tokio::test]
async fn a_channel_keeps_fifty_and_a_deleted_one_makes_room() {
    let mut server = TestServer::start().await;
    let alice = server.sign_up("alice").await;
    let long = alice.send("general", &"é".repeat(400)).await;
    let pins = pin(&alice, &long).await;
    assert_eq!(pins[0]["content"], "é".repeat(300));
    for number in 1..50 {
        let message = alice.send("general", &format!("pin {number}")).await;
        pin(&alice, &message).await;
    }
    let one_more = alice.send("general", "one more").await;
    let path = format!("/pin/{}", one_more["id"]);
    alice.post(&path, &json!({})).await.expect_problem(409, "too-many");
    assert_eq!(pins_of(&alice, "general").await.as_array().unwrap().len(), 50);
    alice.delete(&long["id"]).await;
    assert_eq!(pins_of(&alice, "general").await.as_array().unwrap().len(), 49);
    let pins = pin(&alice, &one_more).await;
    assert_eq!((&pins[0]["content"], pins.as_array().unwrap().len()), (&json!("one more"), 50));

    server.restart_checked().await;
    assert_eq!(pins_of(&alice.at(&server), "general").await, pins, "a restart keeps them");
}

#[tokio::test]
async fn a_repeated_wish_to_toggle_does_not_undo_what_came_between() {
    let server = TestServer::start().await;
    let [alice, bob] = server.people(["alice", "bob"]).await;
    let plan = alice.send("general", "the plan").await;
    let path = format!("/pin/{}", plan["id"]);
    let wish = json!({"client_msg_id": "p1"});
    alice.post(&path, &wish).await.expect(200);
    bob.post(&path, &json!({"on": false})).await.expect(200);
    assert_eq!(alice.post(&path, &wish).await.expect(200), json!([]), "bob has unpinned it");
    bob.post("/pin/0", &json!({})).await.expect_problem(404, "message-not-found");
    bob.post("/pin/seventeen", &json!({})).await.expect_problem(404, "message-not-found");
    bob.post(&path, &json!({"on": 1})).await.expect_problem(400, "invalid-fields");
    alice.post("/channels/general/archive", &json!({})).await.expect(200);
    bob.post(&path, &json!({"on": true})).await.expect_problem(409, "channel-archived");
    assert_eq!(pins_of(&bob, "general").await, json!([]));
}

async fn pin(person: &Person, message: &Value) -> Value {
    let path = format!("/pin/{}", message["id"]);
    person.post(&path, &json!({"on": true})).await.expect(200)
}

fn ids(pins: &Value) -> Vec<&Value> {
    pins.as_array().unwrap().iter().map(|pin| &pin["id"]).collect()
}
