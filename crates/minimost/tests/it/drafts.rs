//! Drafts: what one is still writing, on every device. Here: others, who was removed, restarts on files that were
//! compared with the log, and bad input.

use serde_json::{Value, json};

use crate::support::{Answer, Person, TestServer, files_with};

#[tokio::test]
async fn a_draft_follows_its_writer_until_it_is_sent() {
    let server = TestServer::start().await;
    let [alice, bob] = server.people(["alice", "bob"]).await;
    let mut events = alice.events().await;
    alice.post("/drafts/general", &json!({"text": "I thi"})).await.expect(204);
    alice.post("/drafts/general", &json!({"text": "I think"})).await.expect(204);
    let first = events.next_named("draft_saved").await.data;
    assert_eq!(first["text"], "I thi");
    let draft = events.next_named("draft_saved").await.data;
    let expected = json!({
        "channel": "general", "thread_id": null, "text": "I think", "ts": draft["ts"],
    });
    assert_eq!(draft, expected);
    assert_eq!(alice.get("/drafts").await.expect(200), json!([draft]));
    assert_eq!(alice.state().await["drafts"], json!([draft]));
    assert_eq!(bob.get("/drafts").await.expect(200), json!([]));

    alice.send("general", "I think so").await;
    assert_eq!(events.next_named("draft_saved").await.data["text"], "");
    assert_eq!(alice.get("/drafts").await.expect(200), json!([]));
}

#[tokio::test]
async fn the_text_of_a_superseded_draft_is_forgotten() {
    let mut server = TestServer::start().await;
    let alice = server.sign_up("alice").await;
    let data = server.data_dir().to_owned();
    save(&alice, "general", "kumquat-one").await.expect(204);
    assert_ne!(files_with(&data, "kumquat-one"), [""; 0], "it is on disk");
    save(&alice, "general", "kumquat-two").await.expect(204);
    save(&alice, "random", "kumquat-three").await.expect(204);
    server.restart_checked().await;
    assert_eq!(files_with(&data, "kumquat-one"), [""; 0]);
    assert!(files_with(&data, "kumquat-two").contains(&"workspace.db".to_owned()));

    let alice = alice.at(&server);
    let drafts = alice.get("/drafts").await.expect(200);
    assert_eq!(drafts[0]["text"], "kumquat-three", "newest first, after a restart too");
    save(&alice, "random", "").await.expect(204);
    alice.send("general", "something else").await;
    assert_eq!(alice.get("/drafts").await.expect(200), json!([]));
    server.restart_checked().await;
    assert_eq!(files_with(&data, "kumquat"), [""; 0]);
}

#[tokio::test]
async fn a_draft_in_a_thread_stands_beside_the_one_in_its_channel() {
    let server = TestServer::start().await;
    let [alice, bob] = server.people(["alice", "bob"]).await;
    let root = bob.send("general", "who deploys?").await;
    let in_thread = |text: &str| json!({"text": text, "thread_id": root["id"]});
    save(&alice, "general", "to all").await.expect(204);
    alice.post("/drafts/general", &in_thread("to the thr")).await.expect(204);
    let drafts = alice.get("/drafts").await.expect(200);
    assert_eq!((&drafts[0]["thread_id"], &drafts[0]["text"]), (&root["id"], &json!("to the thr")));
    assert_eq!((&drafts[1]["thread_id"], &drafts[1]["text"]), (&Value::Null, &json!("to all")));
    alice.post("/send/general", &in_thread("to the thread")).await.expect(201);
    let drafts = alice.get("/drafts").await.expect(200);
    assert_eq!(drafts.as_array().unwrap().len(), 1);
    assert_eq!(drafts[0]["text"], "to all", "a reply clears the draft of its thread only");
    let elsewhere = alice.post("/drafts/random", &in_thread("x")).await;
    assert!(matches!(elsewhere.status, 404 | 409 | 422), "{elsewhere:?}");
}

#[tokio::test]
async fn drafts_in_a_channel_that_one_has_left_are_not_shown() {
    let server = TestServer::start().await;
    let [alice, bob] = server.people(["alice", "bob"]).await;
    let channel = alice.create_private(&["bob"]).await;
    let mut events = alice.events().await;
    save(&bob, &channel, "about the cake").await.expect(204);
    save(&bob, "general", "to all").await.expect(204);
    assert_eq!(bob.get("/drafts").await.expect(200).as_array().unwrap().len(), 2);
    let cursor = bob.cursor().await;
    let marker = bob.send("random", "hello").await;
    assert_eq!(events.next_event().await.data, marker, "nobody else hears of drafts");

    alice.remove(&channel, "bob").await;
    let drafts = bob.get("/drafts").await.expect(200);
    assert_eq!((drafts.as_array().unwrap().len(), &drafts[0]["text"]), (1, &json!("to all")));
    assert_eq!(bob.state().await["drafts"], drafts);
    let early = format!("{}.0", cursor.split_once('.').unwrap().0);
    let mut replay = bob.events_from(&early).await;
    let draft = replay.next_named("draft_saved").await;
    assert_eq!(draft.data["text"], "to all", "nor is it replayed");
    save(&bob, &channel, "more").await.expect_problem(403, "not-a-member");
}

#[tokio::test]
async fn a_draft_that_cannot_be_is_refused_and_changes_nothing() {
    let server = TestServer::start().await;
    let alice = server.sign_up("alice").await;
    // What is too long for a message is still to be cut, and a draft until then.
    save(&alice, "general", &"x".repeat(10_001)).await.expect(204);
    save(&alice, "general", &"😀".repeat(30_000)).await.expect(204);
    save(&alice, "general", "good").await.expect(204);
    let before = alice.get("/drafts").await.expect(200);
    save(&alice, "general", &"x".repeat(30_001)).await.expect_problem(422, "invalid-value");
    save(&alice, "nowhere", "x").await.expect_problem(404, "channel-not-found");
    save(&alice, "private:999999", "x").await.expect_problem(403, "not-a-member");
    alice.post("/drafts/general", &json!({})).await.expect_problem(400, "invalid-fields");
    let wish = json!({"text": "x", "thread_id": 99_999});
    alice.post("/drafts/general", &wish).await.expect_problem(404, "message-not-found");
    save(&server.stranger(), "general", "x").await.expect_problem(401, "not-logged-in");
    assert_eq!(alice.get("/drafts").await.expect(200), before);
    save(&alice, "random", "").await.expect(204);
    assert_eq!(alice.get("/drafts").await.expect(200), before, "nothing cleared is nothing");
}

async fn save(person: &Person, channel: &str, text: &str) -> Answer {
    person.post(&format!("/drafts/{channel}"), &json!({"text": text})).await
}
