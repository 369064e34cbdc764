//! Direct channels: closing one until it goes on, and notes to oneself.

use serde_json::json;

use crate::support::TestServer;

#[tokio::test]
async fn a_closed_conversation_comes_back_with_something_new() {
    let server = TestServer::start().await;
    let [alice, bob] = server.people(["alice", "bob"]).await;
    let channel = alice.open_direct(&["bob"]).await;
    bob.send(&channel, "hi").await;
    let names = async || alice.get("/dms").await.expect(200).as_array().unwrap().len();
    let body = json!({"channel": channel});
    alice.post("/dms/close", &body).await.expect(204);
    assert_eq!(names().await, 0);
    alice.post("/dms/open", &body).await.expect(204);
    assert_eq!(names().await, 1);
    alice.post("/dms/close", &body).await.expect(204);
    bob.send(&channel, "are you there?").await;
    assert_eq!(names().await, 1, "it goes on");
    alice.post("/dms/close", &body).await.expect(204);
    alice.post("/dms", &json!({"users": ["bob"]})).await.expect(200);
    assert_eq!(names().await, 1, "opened again by its people");
}

#[tokio::test]
async fn alice_writes_notes_to_herself() {
    let server = TestServer::start().await;
    let [alice, mallory] = server.people(["alice", "mallory"]).await;
    let made = alice.post("/dms", &json!({"users": []})).await.expect(201);
    assert_eq!((&made["channel"], &made["members"]), (&json!("dm:alice"), &json!(["alice"])));
    alice.post("/dms", &json!({"users": ["alice"]})).await.expect(200);
    let note = alice.send("dm:alice:alice", "milk").await;
    assert_eq!(note["channel"], "dm:alice");
    assert_eq!(alice.messages("dm:alice").await, [note]);
    mallory.get("/messages/dm:alice").await.expect_problem(403, "not-a-member");
}
