//! Reminders: what the server is asked to say again later.

use std::time::Duration;

use serde_json::json;

use crate::support::TestServer;

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
        "id": reminder["id"], "message_id": message["id"], "text": "", "due_ts": due,
        "fired_ts": null,
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
