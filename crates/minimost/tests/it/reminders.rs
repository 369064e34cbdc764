//! Reminders: what the server is asked to say again later. Here: others, who was removed, restarts (one of them while
//! it becomes due) on files that were compared with the log, and bad input.

use std::time::Duration;

use serde_json::{Value, json};

use crate::support::{Person, TestServer, files_with};

#[tokio::test]
async fn a_reminder_comes_when_it_is_due_and_to_nobody_else() {
    let server = TestServer::start().await;
    let [alice, bob] = server.people(["alice", "bob"]).await;
    let message = alice.send("general", "water the plants").await;
    let mut events = bob.events().await;
    let due = 1_800_000_060.0;
    let wish = json!({"message_id": message["id"], "due_ts": due});
    let reminder = bob.post("/remind", &wish).await.expect(201);
    let expected = json!({
        "id": reminder["id"], "message_id": message["id"], "channel": "general", "text": "",
        "due_ts": due, "fired_ts": null,
    });
    assert_eq!(reminder, expected);
    assert_eq!(events.next_named("reminder_set").await.data, expected);
    assert_eq!(alice.get("/reminders").await.expect(200), json!([]));

    server.advance(Duration::from_secs(61));
    let fired = events.next_named("reminder_due").await.data;
    assert!(fired["fired_ts"].is_number(), "{fired}");
    assert_eq!(bob.get("/reminders").await.expect(200), json!([fired]));
    assert_eq!(bob.state().await["reminders"], json!([fired]));
    bob.post(&format!("/reminders/{}/done", fired["id"]), &json!({})).await.expect(204);
    assert_eq!(events.next_named("reminder_ended").await.data, json!({"id": fired["id"]}));
    assert_eq!(bob.get("/reminders").await.expect(200), json!([]));
}

#[tokio::test]
async fn what_became_due_while_the_server_was_down_is_told_at_the_start_and_once() {
    let mut server = TestServer::start().await;
    let bob = server.sign_up("bob").await;
    let reminder = remind(&bob, &json!({"text": "tea", "due_ts": later(60)})).await;
    let cursor = bob.cursor().await;
    server.stop().await;
    server.advance(Duration::from_secs(61));
    server.restart_stopped().await;
    let bob = bob.at(&server);
    let fired = bob.events_from(&cursor).await.next_named("reminder_due").await.data;
    assert_eq!((&fired["id"], &fired["text"]), (&reminder["id"], &json!("tea")));

    server.restart_checked().await;
    let bob = bob.at(&server);
    assert_eq!(bob.get("/reminders").await.expect(200), json!([fired]), "told of, not done");
    let mut events = bob.events().await;
    let marker = remind(&bob, &json!({"text": "cake", "due_ts": later(120)})).await;
    server.advance(Duration::from_secs(60));
    let next = events.next_named("reminder_due").await.data;
    assert_eq!(next["id"], marker["id"], "of the first nobody speaks again");
}

#[tokio::test]
async fn nobody_is_reminded_of_what_they_may_not_see() {
    let server = TestServer::start().await;
    let [alice, bob, carol, mallory] = server.people(["alice", "bob", "carol", "mallory"]).await;
    let channel = alice.create_private(&["bob"]).await;
    let secret = alice.send(&channel, "cake on friday").await;
    alice.add(&channel, "carol").await;
    let wish = json!({"message_id": secret["id"], "due_ts": later(60)});
    for stranger in [&carol, &mallory] {
        stranger.post("/remind", &wish).await.expect_problem(404, "message-not-found");
        assert_eq!(stranger.get("/reminders").await.expect(200), json!([]));
    }
    remind(&bob, &wish).await;
    let own = remind(&bob, &json!({"text": "my own words", "due_ts": later(70)})).await;
    assert_eq!(bob.get("/reminders").await.expect(200).as_array().unwrap().len(), 2);
    alice.remove(&channel, "bob").await;
    assert_eq!(bob.get("/reminders").await.expect(200), json!([own]));
    assert_eq!(bob.state().await["reminders"], json!([own]));
    let mut events = bob.events().await;
    server.advance(Duration::from_secs(71));
    let fired = events.next_named("reminder_due").await.data;
    assert_eq!(fired["id"], own["id"], "the other comes before it, and he is not told");
}

#[tokio::test]
async fn what_is_done_is_forgotten_and_only_by_its_owner() {
    let mut server = TestServer::start().await;
    let [alice, bob] = server.people(["alice", "bob"]).await;
    let data = server.data_dir().to_owned();
    let wish = json!({"text": "kumquat", "due_ts": later(60), "client_msg_id": "r1"});
    let reminder = remind(&bob, &wish).await;
    assert_eq!(bob.post("/remind", &wish).await.expect(200), reminder, "a repeat leaves one");
    assert_ne!(files_with(&data, "kumquat"), [""; 0], "it is on disk");
    let done = format!("/reminders/{}/done", reminder["id"]);
    alice.post(&done, &json!({})).await.expect_problem(404, "reminder-not-found");
    assert_eq!(bob.get("/reminders").await.expect(200), json!([reminder]));
    bob.post(&done, &json!({})).await.expect(204);
    bob.post(&done, &json!({})).await.expect_problem(404, "reminder-not-found");
    server.restart_checked().await;
    assert_eq!(files_with(&data, "kumquat"), [""; 0]);
}

#[tokio::test]
async fn a_wish_that_makes_no_sense_is_refused_and_changes_nothing() {
    let server = TestServer::start().await;
    let bob = server.sign_up("bob").await;
    let oops = bob.send("general", "oops").await;
    bob.delete(&oops["id"]).await;
    let wishes = [
        (json!({"due_ts": later(60)}), 422, "invalid-value"),
        (json!({"text": "  ", "due_ts": later(60)}), 422, "invalid-value"),
        (json!({"text": "x".repeat(501), "due_ts": later(60)}), 422, "invalid-value"),
        (json!({"text": "x", "due_ts": 5.0}), 422, "invalid-value"),
        (json!({"text": "x", "due_ts": -1e300}), 422, "invalid-value"),
        (json!({"text": "x"}), 400, "invalid-fields"),
        (json!({"message_id": oops["id"], "due_ts": later(60)}), 409, "message-deleted"),
        (json!({"message_id": 99_999, "due_ts": later(60)}), 404, "message-not-found"),
    ];
    for (wish, status, problem) in wishes {
        bob.post("/remind", &wish).await.expect_problem(status, problem);
    }
    for path in ["/reminders/0/done", "/reminders/x/done"] {
        bob.post(path, &json!({})).await.expect_problem(404, "reminder-not-found");
    }
    assert_eq!(bob.get("/reminders").await.expect(200), json!([]));
    for _ in 0..100 {
        remind(&bob, &json!({"text": "tea", "due_ts": later(60)})).await;
    }
    let one_more = json!({"text": "tea", "due_ts": later(60)});
    bob.post("/remind", &one_more).await.expect_problem(409, "too-many");
}

async fn remind(person: &Person, wish: &Value) -> Value {
    person.post("/remind", wish).await.expect(201)
}

/// So many seconds after the time at which every test begins.
fn later(seconds: u32) -> Value {
    json!(1_800_000_000.0 + f64::from(seconds))
}
