//! What a message said before it was edited, and who may know.

use serde_json::json;

use crate::support::TestServer;

#[tokio::test]
async fn an_edited_message_tells_what_it_said() {
    let server = TestServer::start().await;
    let [alice, bob] = server.people(["alice", "bob"]).await;
    let posted = alice.send("general", "frist").await;
    let edited = alice.edit(&posted["id"], "first").await;
    let path = format!("/message/{}/history", posted["id"]);
    let expected = json!([
        {"content": "frist", "ts": posted["ts"]},
        {"content": "first", "ts": edited["edited_ts"]},
    ]);
    assert_eq!(bob.get(&path).await.expect(200), expected);
    alice.delete(&posted["id"]).await;
    bob.get(&path).await.expect_problem(404, "message-not-found");
}
