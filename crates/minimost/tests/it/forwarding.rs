//! Forwarding: a copy of a message, passed on in a new one.

use serde_json::json;

use crate::support::TestServer;

#[tokio::test]
async fn a_forwarded_message_carries_the_original_as_it_was() {
    let server = TestServer::start().await;
    let [alice, bob] = server.people(["alice", "bob"]).await;
    let plan = alice.send("general", "the plan").await;
    let wish = json!({"channel": "random", "text": "look", "client_msg_id": "f1"});
    let path = format!("/forward/{}", plan["id"]);
    let forwarded = bob.post(&path, &wish).await.expect(201);
    assert_eq!((&forwarded["content"], &forwarded["channel"]), (&json!("look"), &json!("random")));
    let expected = json!({
        "id": plan["id"], "channel": "general", "sender": "alice", "ts": plan["ts"],
        "content": "the plan",
    });
    assert_eq!(forwarded["forward"], expected);
    alice.edit(&plan["id"], "another plan").await;
    alice.delete(&plan["id"]).await;
    assert_eq!(alice.messages("random").await, std::slice::from_ref(&forwarded), "it is a copy");
    assert_eq!(bob.post(&path, &wish).await.expect(200), forwarded, "a repeat posts nothing");
}
