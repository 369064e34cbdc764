//! Drafts: what one is still writing, on every device.

use serde_json::json;

use crate::support::TestServer;

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
