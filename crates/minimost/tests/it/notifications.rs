//! Notifications: what a person is told of, why, and when not.

use serde_json::json;

use crate::support::TestServer;

#[tokio::test]
async fn a_mention_notifies_who_is_named_and_says_why() {
    let server = TestServer::start().await;
    let [alice, bob] = server.people(["alice", "bob"]).await;
    let mut events = bob.events().await;
    let silent = alice.send("general", "nothing for anybody").await;
    let message = alice.send("general", "hi @bob").await;
    let told = events.next_named("notify").await;
    let expected = json!({
        "id": message["id"], "channel": "general", "thread_id": null, "sender": "alice",
        "content": "hi @bob", "reason": "mention",
    });
    assert_eq!((told.id, told.data), (None, expected), "the first message told nobody");
    let why = bob.get(&format!("/why/{}", message["id"])).await.expect(200);
    assert_eq!((&why["notifies"], &why["reason"]), (&json!(true), &json!("mention")));
    let why = bob.get(&format!("/why/{}", silent["id"])).await.expect(200);
    assert_eq!((&why["notifies"], &why["reason"]), (&json!(false), &json!("not_named")));
    let why = alice.get(&format!("/why/{}", message["id"])).await.expect(200);
    assert_eq!(why["reason"], "own");
}
