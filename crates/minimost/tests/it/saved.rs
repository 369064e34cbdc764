//! Saved messages: a person's own list. Here: outsiders, late joiners, who was removed, and a restart on files that
//! were compared with the log; bad input is in `every_wish.rs`.

use serde_json::{Value, json};

use crate::support::{Person, TestServer};

#[tokio::test]
async fn a_saved_message_is_on_ones_own_list_and_on_nobody_elses() {
    let server = TestServer::start().await;
    let [alice, bob] = server.people(["alice", "bob"]).await;
    let first = alice.send("general", "first").await;
    let second = alice.send("general", "second").await;
    let mut events = bob.events().await;
    bob.post(&format!("/save/{}", second["id"]), &json!({})).await.expect(204);
    bob.post(&format!("/save/{}", first["id"]), &json!({"on": true})).await.expect(204);

    let event = events.next_named("message_saved").await;
    assert_eq!((&event.data["id"], &event.data["on"]), (&second["id"], &json!(true)));
    let saved = bob.get("/saved").await.expect(200);
    assert_eq!(saved[0]["message"], first, "newest save first");
    assert_eq!(saved[1], json!({"message": second, "saved_ts": event.data["saved_ts"]}));
    assert_eq!(bob.state().await["saved"], json!([first["id"], second["id"]]));
    assert_eq!(alice.get("/saved").await.expect(200), json!([]));

    bob.post(&format!("/save/{}", first["id"]), &json!({})).await.expect(204);
    assert_eq!(bob.state().await["saved"], json!([second["id"]]), "again forgets");
}

#[tokio::test]
async fn what_one_may_no_longer_see_is_left_out_and_can_be_forgotten() {
    let server = TestServer::start().await;
    let [alice, bob, carol, mallory] = server.people(["alice", "bob", "carol", "mallory"]).await;
    let channel = alice.create_private(&["bob"]).await;
    let secret = alice.send(&channel, "cake on friday").await;
    let public = alice.send("general", "good morning").await;
    let deleted = alice.send("general", "oops").await;
    alice.add(&channel, "carol").await;
    let path = format!("/save/{}", secret["id"]);
    for stranger in [&carol, &mallory] {
        stranger.post(&path, &json!({})).await.expect_problem(404, "message-not-found");
        assert_eq!(stranger.get("/saved").await.expect(200), json!([]));
    }
    for message in [&secret, &public, &deleted] {
        bob.post(&format!("/save/{}", message["id"]), &json!({})).await.expect(204);
    }
    assert_eq!(contents(&bob).await, ["oops", "good morning", "cake on friday"]);

    alice.delete(&deleted["id"]).await;
    assert_eq!(contents(&bob).await, ["good morning", "cake on friday"]);
    alice.remove(&channel, "bob").await;
    assert_eq!(contents(&bob).await, ["good morning"]);
    assert!(!bob.state().await["saved"].as_array().unwrap().contains(&secret["id"]));
    bob.post(&path, &json!({"on": true})).await.expect_problem(404, "message-not-found");

    let all = json!({"users": ["bob"], "history": "start"});
    alice.post(&format!("/channels/{channel}/members"), &all).await.expect(200);
    assert_eq!(contents(&bob).await, ["good morning", "cake on friday"], "he sees it again");
    alice.remove(&channel, "bob").await;
    bob.post(&path, &json!({"on": false})).await.expect(204);
    alice.post(&format!("/channels/{channel}/members"), &all).await.expect(200);
    assert_eq!(contents(&bob).await, ["good morning"], "he has forgotten it meanwhile");
}

#[tokio::test]
async fn what_is_older_than_the_mailbox_is_saved_too_and_outlives_a_restart() {
    let mut server = TestServer::with(|config| config.chat.mailbox_messages_per_channel = 3).await;
    let [alice, bob] = server.people(["alice", "bob"]).await;
    let first = alice.send("general", "the first").await;
    bob.post(&format!("/save/{}", first["id"]), &json!({})).await.expect(204);
    for number in 0..6 {
        alice.send("general", &format!("message {number}")).await;
    }
    alice.edit(&first["id"], "the very first").await;
    let newest = bob.messages("general").await[6]["id"].clone();
    bob.post(&format!("/save/{newest}"), &json!({})).await.expect(204);
    assert_eq!(contents(&bob).await, ["message 5", "the very first"]);
    server.restart_checked().await;
    assert_eq!(contents(&bob.at(&server)).await, ["message 5", "the very first"]);
}

async fn contents(person: &Person) -> Vec<Value> {
    let saved = person.get("/saved").await.expect(200);
    saved.as_array().unwrap().iter().map(|it| it["message"]["content"].clone()).collect()
}
