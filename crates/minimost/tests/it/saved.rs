//! Saved messages: a person's own list.

use serde_json::json;

use crate::support::TestServer;

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
